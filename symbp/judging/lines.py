"""Which line of somebody's file made what is wrong, in their own letters: found by its value, whatever it is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.derivation import Derivation
from symbp.judging.answer import Made
from symbp.judging.code import code
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.diagnosis import Finding
from symbp.judging.diagnosis.sequence import with_steps
from symbp.sample import Sample

SAME = 1e-9
"""Relative difference up to which two values are one."""

BELOW = 4
"""How many equations further down are looked at where somebody writes several in one line."""

MOST_TEXT = 110
"""Longest line of theirs that is shown, in characters."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True)
class Lines:
    """The lines of a file that made values, on one sample."""

    file: str
    text: Sequence[str]
    tree: ast.Module
    made: Sequence[Made]
    derivation: Derivation
    sample: Sample
    is_turned: bool

    def sides(self, findings: Sequence[Finding]) -> Iterator[tuple[str, str] | None]:
        """Yield for each finding their line with its place, and the equation as it is right in their letters."""
        bench = Bench(with_steps(self.derivation), [self.sample])
        for each in findings:
            yield self._sides(bench, each)

    def _sides(self, bench: Bench, finding: Finding) -> tuple[str, str] | None:
        name = finding.equation
        if name not in bench.place:
            return None
        right = {each: bench.value(each) for each in bench.order}
        bench.adopt({name: finding.yours.rhs})
        below = [each for each in bench.order[bench.place[name] :] if name in bench.above(each)]
        for each in below[:BELOW]:
            found = self._making(bench.value(each), right[each], [v for n, v in right.items() if n != each])
            if found is not None:
                return f"{self.file}:{found}  {self._shown(found)}", self._in_their_letters(code(finding.right), bench)
        return None

    def _making(self, wrong: Any, right: Any, others: Sequence[Any]) -> int | None:
        """Return the line that made a value which is wrong, up to a constant that is made up for later.

        The first of those lines; where the value is right for something else, what copied it is the last.
        """
        for free in (False, True):
            found = [
                each for each in self.made if _equal(each.array, wrong, free) and not _equal(each.array, right, free)
            ]
            if found:
                copied = any(_equal(found[0].array, each, free) for each in others)
                return self._inside(found[-1] if copied else found[0])
        return None

    def _inside(self, made: Made) -> int:
        """Return the line of one entry of a table that is returned over several lines."""
        key = re.search(r'\["([^"]*)"\]', made.name)
        for node in ast.walk(self.tree):
            if key and isinstance(node, ast.Return | ast.Assign) and node.lineno == made.line:
                for table in ast.walk(node):
                    if isinstance(table, ast.Dict):
                        for own, value in zip(table.keys, table.values, strict=True):
                            if isinstance(own, ast.Constant) and str(own.value) == key[1]:
                                return value.lineno
        return made.line

    def _shown(self, line: int) -> str:
        text = self.text[line - 1].strip() if 0 < line <= len(self.text) else ""
        plain = "".join(letter if letter.isprintable() else " " for letter in text)
        return plain if len(plain) <= MOST_TEXT else plain[: MOST_TEXT - 1] + "…"

    def _in_their_letters(self, text: str, bench: Bench) -> str:
        """Return an equation with their names in the place of ours, where theirs hold the same value."""
        if self.is_turned:
            return text
        return NAME.sub(lambda found: self._known(bench).get(found[0], found[0]), text)

    @cached_property
    def _cache(self) -> dict[str, str]:
        return {}

    def _known(self, bench: Bench) -> Mapping[str, str]:
        if not self._cache:
            symbols = {symbol.name: bench.values[0].get(own) for symbol, own in bench.names.items()}
            for name, value in symbols.items():
                same = [
                    each.name
                    for each in self.made
                    if getattr(value, "ndim", 0) == 2 and _equal(each.array, value, False)
                ]
                theirs = next((each for each in same if NAME.fullmatch(each)), None)
                if theirs is not None and name not in same:
                    self._cache[name] = theirs
        return self._cache


def _equal(theirs: Any, ours: Any, free: bool) -> bool:
    """Whether an array is ours, as it is or turned; ``free`` up to a constant factor."""
    import numpy as np

    ours = np.asarray(ours, dtype=float)
    if theirs.size != ours.size or not ours.size:
        return False
    for each in (ours, ours.T):
        if np.squeeze(each).shape != np.squeeze(theirs).shape:
            continue
        a, b = theirs.ravel(), each.ravel()
        size = float(b @ b)
        factor = float(a @ b) / size if free and size > 0 else 1.0
        if factor and ours.size > 1 and np.linalg.norm(a - factor * b) <= SAME * abs(factor) * np.sqrt(size):
            return True
    return False
