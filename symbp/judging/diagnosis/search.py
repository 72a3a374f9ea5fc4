"""The search: from the loss down, the simplest edit that explains what departs; what follows from it is carried on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import CodeType
from typing import Any

from sympy import MatrixExpr, Rational

from symbp.equations import Equation
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.hypotheses import Hypothesis, families, family, in_every_step, proposed
from symbp.judging.diagnosis.matching import Given
from symbp.judging.diagnosis.sites import Surroundings, product

MOST_SPENT = 100_000
"""How much one round of a search may cost, in evaluations of a small equation: about a second."""

PROPOSED = 80
"""What it costs to make a hypothesis and compile it, in the same unit."""

NEAREST = 150
"""How many equations above a gradient are doubted at most."""

PAIR_EQUATIONS = 6
"""How many equations two mistakes on one path are looked for in."""

SIMPLEST = 1.2
"""How far from simple the first of two mistakes in one equation may be."""

PAIR_COST = 2.4
"""How far from simple each of two mistakes may be."""


@dataclass(frozen=True)
class Cause:
    """An accepted hypothesis: what it explains, and the right sides it replaced."""

    hypothesis: Hypothesis
    explains: tuple[str, ...]
    replaced: Mapping[str, MatrixExpr]


@dataclass
class Search:
    """One run over the given gradients. ``causes`` are found in order; ``unexplained`` are left over."""

    bench: Bench
    given: Given
    causes: list[Cause] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    departs: str | None = None

    @cached_property
    def place(self) -> Surroundings:
        """What edits look at."""
        return Surroundings(self.bench)

    def run(self) -> None:
        """Explain one departing gradient after the other until none is left that can be."""
        while departing := self._departing():
            if self._one(departing) or self._two(departing):
                continue
            self._give_up(departing)

    def _departing(self) -> list[str]:
        return [name for name in self._ordered if name not in self.unexplained and not self.given.matches_model(name)]

    @cached_property
    def _ordered(self) -> list[str]:
        """The given gradients from the loss down, in each layer intermediates first, then the smallest."""
        first: dict[tuple[str, int], int] = {}
        places = [self.bench.derivation.backward[f"d{name}"].lhs.of for name in self.given.names]
        layers = [(of.path, of.layer) for of in places]
        for index, layer in enumerate(layers):
            first.setdefault(layer, index)
        keyed = [
            (first[layer], self.given.is_parameter(name), self.given.arrays(name)[0].size, index, name)
            for index, (layer, name) in enumerate(zip(layers, self.given.names, strict=True))
        ]
        return [name for *_, name in sorted(keyed)]

    def _one(self, departing: list[str]) -> bool:
        """Accept the best single edit that explains the first gradient it can."""
        for target in departing:
            if found := self._explaining(target, departing):
                self._accept(*min(found, key=self._rank))
                return True
            if self.bench.spent > MOST_SPENT:
                return False
        return False

    def _rank(self, found: tuple[Hypothesis, tuple[str, ...]]) -> tuple[float, ...]:
        """Most explained first, then the simplest, then the equation nearest to what was given."""
        hypothesis, explains = found
        return (-len(explains), hypothesis.cost, -self.bench.place[hypothesis.equation])

    def _explaining(self, target: str, departing: list[str]) -> list[tuple[Hypothesis, tuple[str, ...]]]:
        """Return the hypotheses that reproduce a gradient and break no other, with all they explain.

        One line of a loop over steps makes the same mistake in every step: where that explains everything, no single
        step is looked at.
        """
        doubted = self._doubted(target)
        found = list(self._tried(self._in_steps(doubted), target, departing))
        if any(len(explains) == len(departing) for _, explains in found):
            return found
        singles = (each for equation in doubted for each in self._proposed(equation))
        return [*found, *self._tried(singles, target, departing)]

    def _tried(
        self, hypotheses: Iterable[Hypothesis], target: str, departing: list[str]
    ) -> Iterator[tuple[Hypothesis, tuple[str, ...]]]:
        limit = self.bench.spent + MOST_SPENT
        for hypothesis in hypotheses:
            self.bench.spent += PROPOSED
            fitted = self._reproduces(hypothesis, target)
            if fitted is not None and (explains := self._explained(fitted, departing)):
                yield fitted, explains
            if self.bench.spent > limit:
                return

    def _doubted(self, target: str) -> list[Equation]:
        """Return the equations above a gradient that no matching one vouches for, the nearest first."""
        right = [name for name in self.given.names if self.given.vouches(name)]
        above = sorted(self.bench.above(f"d{target}"), key=self.bench.place.__getitem__, reverse=True)
        backward = self.bench.derivation.backward
        doubted = [name for name in above if not any(self._depends(other, name) for other in reversed(right))]
        return [replace(backward[name], rhs=self.bench.rhs[name]) for name in doubted[:NEAREST]]

    def _depends(self, name: str, equation: str) -> bool:
        """Whether a gradient's value changes with an equation: what meets a zero on its way does not."""
        if equation not in self.bench.above(f"d{name}"):
            return False
        key = (name, equation)
        if key not in self._dependencies:
            changed = {equation: self._code(product(Rational(9, 8), self.bench.rhs[equation]))}
            self._dependencies[key] = not self.given.matches(name, 0, changed)
        return self._dependencies[key]

    @cached_property
    def _dependencies(self) -> dict[tuple[str, str], bool]:
        return {}

    def _in_steps(self, doubted: Iterable[Equation]) -> Iterator[Hypothesis]:
        for key in dict.fromkeys(key for each in doubted if (key := family(each)) is not None):
            yield from self._stepwise(key)

    def _proposed(self, equation: Equation) -> list[Hypothesis]:
        key = (equation.name, equation.rhs)
        if key not in self._cache:
            self._cache[key] = proposed(equation, self.place)
        return self._cache[key]

    @cached_property
    def _cache(self) -> dict[tuple[str, MatrixExpr], list[Hypothesis]]:
        return {}

    def _stepwise(self, key: tuple[str, str]) -> list[Hypothesis]:
        current = [replace(each, rhs=self.bench.rhs[each.name]) for each in self.bench.derivation.backward]
        members = families(current)[key]
        return list(in_every_step((each, self._proposed(each)) for each in members)) if len(members) > 1 else []

    def _code(self, rhs: MatrixExpr) -> CodeType:
        if rhs not in self._codes:
            self._codes[rhs] = self.bench.code(rhs)
        return self._codes[rhs]

    @cached_property
    def _codes(self) -> dict[MatrixExpr, CodeType]:
        return {}

    def _compiled(self, hypothesis: Hypothesis) -> dict[str, CodeType]:
        return {name: self._code(rhs) for name, rhs in hypothesis.edits}

    def _reproduces(self, hypothesis: Hypothesis, target: str) -> Hypothesis | None:
        """Return the hypothesis, its open number fitted, if it gives their numbers for one gradient."""
        codes = self._compiled(hypothesis)
        if hypothesis.is_open:
            value = self._fit(codes, target)
            if value is None:
                return None
            hypothesis = hypothesis.fitted(value, self.given.slack)
            codes = self._compiled(hypothesis)
        return hypothesis if self.given.matches(target, 0, codes) else None

    def _fit(self, codes: Mapping[str, CodeType], target: str) -> float | None:
        """Return the number with which the target comes closest to theirs on all samples; it enters linearly."""
        import numpy as np

        along = size = 0.0
        for sample, theirs in enumerate(self.given.arrays(target)):
            low, high = (self.bench.evaluate(codes, f"d{target}", sample, free) for free in (0.0, 1.0))
            if low is None or high is None or np.shape(low) != theirs.shape or np.shape(high) != theirs.shape:
                return None
            direction = high - low
            along += float(np.sum((theirs - low) * direction))
            size += float(np.sum(direction * direction))
        value = along / size if size > 0 else float("nan")
        return value if np.isfinite(value) and abs(value) > 1e-12 else None

    def _explained(self, hypothesis: Hypothesis, departing: list[str]) -> tuple[str, ...]:
        """Return the departing gradients it reproduces on all samples; none if it breaks one that was right."""
        codes = self._compiled(hypothesis)
        edited = set(codes)
        found = []
        for name in self.given.names:
            if not self.bench.above(f"d{name}") & edited:
                continue
            ok = self._holds(codes, name)
            if ok and name in departing:
                found.append(name)
            elif not ok and name not in departing and name not in self.unexplained:
                return ()
        return tuple(found)

    def _holds(self, codes: Mapping[str, CodeType], name: str) -> bool:
        return all(self.given.matches(name, each, codes) for each in range(len(self.bench.samples)))

    def _accept(self, hypothesis: Hypothesis, explains: tuple[str, ...]) -> None:
        replaced = {name: self.bench.rhs[name] for name, _ in hypothesis.edits}
        self.bench.adopt(dict(hypothesis.edits))
        self.causes.append(Cause(hypothesis, explains, replaced))

    def _two(self, departing: list[str]) -> bool:
        """Accept the best two edits that together explain the first gradient: of two equations above it, or of one."""
        target = departing[0]
        best: tuple[tuple[float, float], Hypothesis, Hypothesis] | None = None
        limit = self.bench.spent + MOST_SPENT
        for first, second in self._pairs(target):
            codes = self._compiled(first) | self._compiled(second)
            if self.given.matches(target, 0, codes):
                explained = self._together(codes, departing)
                rank = (-explained, first.cost + second.cost)
                if explained and (best is None or rank < best[0]):
                    best = (rank, first, second)
            if self.bench.spent > limit:
                break
        for each in best[1:] if best is not None else ():
            self._accept(each, self._follow(each, departing))
        return best is not None

    def _together(self, codes: Mapping[str, CodeType], departing: list[str]) -> int:
        """Return how many departing gradients two edits reproduce; 0 if they break one that was right."""
        below = [name for name in self.given.names if self.bench.above(f"d{name}") & set(codes)]
        right = [name for name in below if name not in departing and name not in self.unexplained]
        if not all(self._holds(codes, name) for name in right):
            return 0
        return sum(self._holds(codes, name) for name in below if name in departing)

    def _follow(self, hypothesis: Hypothesis, departing: list[str]) -> tuple[str, ...]:
        return tuple(name for name in departing if hypothesis.equation in self.bench.above(f"d{name}"))

    def _pairs(self, target: str) -> Iterator[tuple[Hypothesis, Hypothesis]]:
        """Yield two edits of two doubted equations, the upper one first, and two of the same equation."""
        doubted = self._doubted(target)[:PAIR_EQUATIONS]
        simple = {each.name: self._simple(each) for each in doubted}
        for index, lower in enumerate(doubted):
            for upper in doubted[index + 1 :]:
                for first in simple[upper.name]:
                    yield from ((first, second) for second in simple[lower.name])
        for equation in doubted:
            for first in (each for each in simple[equation.name] if each.cost <= SIMPLEST):
                once = replace(equation, rhs=first.edits[0][1])
                for second in self._simple(once):
                    yield replace(first, edits=first.edits), second

    def _simple(self, equation: Equation) -> list[Hypothesis]:
        """Return the cheap hypotheses without an open number, each that computes something else once."""
        found = [each for each in self._proposed(equation) if each.cost <= PAIR_COST and not each.is_open]
        seen: dict[Any, Hypothesis] = {}
        for each in sorted(found, key=lambda each: each.cost):
            value = self.bench.evaluate(self._compiled(each), equation.name, 0)
            if hasattr(value, "shape") and not _same(value, self.bench.value(equation.name)):
                seen.setdefault((value.shape, (1.0 * value).round(9).tobytes()), each)
        return list(seen.values())

    def _give_up(self, departing: list[str]) -> None:
        """Leave the first departing gradient unexplained; go on from their value where they gave an intermediate."""
        target = departing[0]
        if self.departs is None:
            self.departs = self._first_departing(target, departing)
        self.unexplained.append(target)
        if not self.given.is_parameter(target) and self.given.fits(target):
            self.bench.pin(f"d{target}", self.given.arrays(target))
            return
        # What is computed from an equation that nobody can name cannot be judged.
        lost = self._first_departing(target, departing)
        self.unexplained += [name for name in departing[1:] if lost in self.bench.above(f"d{name}")]

    def _first_departing(self, target: str, departing: list[str]) -> str:
        """Return the equation below which most departs, the nearest of those to the gradient."""
        doubted = [each.name for each in self._doubted(target)] or [f"d{target}"]
        count = {name: sum(name in self.bench.above(f"d{other}") for other in departing) for name in doubted}
        return max(doubted, key=lambda name: (count[name], self.bench.place[name]))


def _same(first: Any, second: Any) -> bool:
    import numpy as np

    return first.shape == second.shape and bool(np.allclose(first, second, rtol=1e-12, atol=0))
