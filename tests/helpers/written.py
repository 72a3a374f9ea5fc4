"""Backward passes written by hand in NumPy, line by line, and mistakes written into their lines.

Nothing here knows the edits of symbp/judging/diagnosis: a mistake is another text of a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from symbp.derivation import Derivation, derive
from symbp.equations import System
from symbp.networks.network import Network
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.source import program
from symbp.numeric.values import TARGETS, target_kinds
from symbp.sample import Sample
from symbp.symbols import Role


@dataclass(frozen=True)
class Mistake:
    """Lines written wrongly. ``kinds`` and ``equations`` hold what coincides on every input: one mistake, many names.

    A kind of "scale" asks for the verdict "scaled" and no finding.
    """

    kinds: frozenset[str]
    equations: frozenset[str]
    lines: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{min(self.kinds)} in {min(self.equations)}"


def mistake(kinds: str, equations: str, **lines: str) -> Mistake:
    """``kinds`` are separated by |, equations by blanks; a keyword is the name of a line and its wrong text."""
    return Mistake(frozenset(kinds.split("|")), frozenset(equations.split()), lines)


@dataclass
class Written:
    """A network, the right lines of its backward pass in order, and mistakes."""

    name: str
    network: Network
    lines: dict[str, str]
    mistakes: list[Mistake] = field(default_factory=list)
    examples: int = 7

    def derivation(self) -> Derivation:
        return derive(self.network)


def each(product: Callable[[Any, Any], Any]) -> Callable[[Any, Any, int], Any]:
    """Return what takes a product example by example, ``tokens`` columns each, and puts the results side by side."""

    def batched(a: Any, b: Any, tokens: int) -> Any:
        examples = range(a.shape[1] // tokens)
        blocks = [slice(at * tokens, (at + 1) * tokens) for at in examples]
        return np.concatenate([product(a[:, block], b[:, block]) for block in blocks], axis=1)

    return batched


HELPERS: dict[str, Any] = {
    "np": np,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "gram": each(lambda a, b: a.T @ b),
    "mix": each(lambda a, b: a @ b),
    "outer": each(lambda a, b: a @ b.T),
}


def samples(
    written: Written,
    derived: Derivation,
    wrong: Sequence[Mistake],
    seed: int,
    count: int = 2,
    intermediates: Sequence[str] = (),
    dtype: type = np.float64,
) -> list[Sample]:
    """Run the lines, some of them replaced, on random inputs; forward values come from the forward list.

    ``dtype`` is the precision in which all of it is computed.
    """
    lines = dict(written.lines)
    for each in wrong:
        lines |= each.lines
    alone, run = forward_of(derived.forward)
    return [
        _sample(written, derived, alone, run, lines, [seed, number], intermediates, dtype) for number in range(count)
    ]


@cache
def forward_of(forward: System) -> tuple[Any, Callable[..., Any]]:
    """Return the forward list as a program, and the program as a function that returns its values as well."""
    alone = program(forward, System((), (*forward.given, *(each.lhs for each in forward))), (), Standins())
    return alone, engines.real().run(alone, traced=True)


def _sample(
    written: Written,
    derived: Derivation,
    alone: Any,
    run: Callable[..., Any],
    lines: Mapping[str, str],
    seed: list[int],
    intermediates: Sequence[str],
    dtype: type,
) -> Sample:
    random = np.random.default_rng(seed)
    kinds = target_kinds(derived.forward)
    arrays: dict[str, dict[str, Any]] = {"parameter": {}, "input": {}, "target": {}}
    for symbol in derived.forward.given:
        shape = tuple(_size(size, written.examples) for size in symbol.shape)
        if symbol.role is Role.TARGET:
            arrays["target"][symbol.name] = TARGETS[kinds.get(symbol, "real")](random, shape)
        elif symbol.role is Role.INPUT:
            arrays["input"][symbol.name] = random.normal(size=shape)
        else:
            arrays["parameter"][symbol.name] = random.normal(size=shape) * 0.8
    arrays = {kind: {name: array.astype(dtype) for name, array in each.items()} for kind, each in arrays.items()}
    inputs, targets = arrays["input"], arrays["target"]
    x = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    y = next(iter(targets.values()), None)
    _, local = run(arrays["parameter"], x, y)
    scope = HELPERS | {key: value for key, value in local.items() if isinstance(value, np.ndarray)}
    scope["m"] = written.examples
    for name, text in lines.items():
        scope[name] = eval(text, scope)
    own = {symbol.name: name for symbol, name in alone.names.items()}
    given = {v.name: scope[f"d{own[v.name]}"] for v in derived.wrt}
    given |= {name: scope[f"d{own[name]}"] for name in intermediates}
    return Sample(arrays["parameter"], inputs, y, {name: np.asarray(each, dtype) for name, each in given.items()})


def _size(size: Any, examples: int) -> int:
    return int(size.subs(dict.fromkeys(size.free_symbols, examples)))
