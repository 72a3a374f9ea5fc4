"""Where a difference means nothing: at a kink, an entry's two sides have different slopes.

A kink is where an activation's slope jumps (ReLU at 0), where a loss's does (|a − y| at 0, the hinge at y a = 1), or
where two values tie for a maximum. There the derivative is a convention, ours PyTorch's; no difference can confirm it.
So the entries of a parameter that move such a value are set aside, and the report says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sympy import Abs, Expr, MatrixExpr, Max, Min, Piecewise, Rel, sign

from symbp.equations import Equation, ForwardSystem, System
from symbp.numeric import engines
from symbp.numeric.definitions import Standins
from symbp.numeric.source import Program, program
from symbp.numeric.stacked import copies_of, stacked
from symbp.numeric.values import Values
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.losses import EntrywiseLoss
from symbp.ops.pooling import MaxPool, inside
from symbp.ops.scalar import absolute, maximum, minimum, relu, signum, step
from symbp.symbols import Role, Variable

CONTACT = 1e-12
"""Nearer to a kink than this, beside the size of what is compared there, a value counts as on it."""

NUDGE = 1e-6
"""How far an entry is moved to see whether it moves what stands on a kink."""

_ONE_SIDED = (Abs, absolute, relu, step, sign, signum)
_LARGER = (Max, Min, maximum, minimum)

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Kinks:
    """The kinks of a forward list, as a program of signed distances to each of them."""

    forward: ForwardSystem
    program: Program
    words: Mapping[str, str]
    pools: tuple[Equation, ...]

    @classmethod
    def of(cls, forward: ForwardSystem, standins: Standins) -> Kinks | None:
        """Return the kinks of a network; None where it has none."""
        words: dict[str, str] = {}
        equations: list[Equation] = []
        for equation in forward:
            for number, (distance, said) in enumerate(_distances(equation, standins)):
                rows, columns = distance.args[1].shape
                name = f"kink{len(equations)}"
                equations.append(Equation(Variable(name, rows, columns, Role.STATE, name), distance))
                words[name] = f"{said} in {equation.name}" if not number else said
        pools = tuple(equation for equation in forward if isinstance(equation.rhs, MaxPool))
        if not equations and not pools:
            return None
        given = (*forward.given, *(equation.lhs for equation in forward))
        return cls(forward, program(forward, System(equations, given), (), standins), words, pools)

    @cached_property
    def _run(self) -> Any:
        return stacked(engines.real()).run(self.program, traced=True)

    def distances(self, values: Values) -> Arrays:
        """Return the distance to every kink, signed, and for every maximum the lead of the largest."""
        import numpy as np

        local = self._run(*values.arguments(np.asarray))[1]
        found = {name: local[name] for name in self.words}
        for equation in self.pools:
            under = self._under(equation, local)
            two = np.sort(under, axis=1)[:, -2:]
            found[equation.name] = two[:, -1] - two[:, 0] if two.shape[1] == 2 else np.ones(1)
        return found

    def sides(self, values: Values, count: int) -> Arrays:
        """Return on which side of every kink each value of so many copies is: signs, and which value is the largest."""
        import numpy as np

        local = self._run(*values.arguments())[1]
        found = {name: np.sign(copies_of(local[name], count)) for name in self.words}
        return found | {each.name: np.argmax(copies_of(self._under(each, local), count), axis=2) for each in self.pools}

    def _under(self, equation: Equation, local: Mapping[str, Any]) -> Any:
        node = equation.rhs
        return inside(stacked(engines.real()).np, local[self.program.names[node.args[0]]], *map(int, node.args[1:-1]))

    def describe(self, name: str) -> str:
        """Say which kink this is: ``ReLU at 0 in A1``."""
        return self.words.get(name, f"a tie for the maximum in {name}")


def _distances(equation: Equation, standins: Standins) -> list[tuple[Elementwise, str]]:
    """Return the distance of an equation's operand to each of its kinks, as entrywise expressions."""
    node = equation.rhs
    if isinstance(node, Elementwise):
        function = standins.function(node.function) if isinstance(node.function, GenericFunction) else node.function
        if len(function.variables) > 1:
            where = [(kink, f"{function.text} at {kink} = 0") for kink in function.kinks]
            return [(_apart(function, kink, *node.args[1:]), said) for kink, said in where]
        (x,) = function.variables
        known = [(x - kink, f"{function.text} at {kink}") for kink in function.kinks]
        other = [] if known else [(each, f"{function.text} at {each} = 0") for each in _corners(function.expr)]
        return [
            (Elementwise(_distance(function, expr, (expr.diff(x),)), node.args[1]), said)
            for expr, said in known + other
        ]
    if isinstance(node, EntrywiseLoss):
        return [
            (_apart(node.function, kink, *node.args[1:]), f"the loss {node.name} at {kink} = 0")
            for kink in node.function.kinks or _corners(node.function.expr)
        ]
    return []


def _apart(function: ScalarFunction, kink: Expr, *operands: MatrixExpr) -> Elementwise:
    """Return the distance to a kink of a function of several operands."""
    return Elementwise(_distance(function, kink, tuple(kink.diff(each) for each in function.variables)), *operands)


@lru_cache(maxsize=64)
def _corners(expr: Expr) -> tuple[Expr, ...]:
    """Return what is zero where a formula is not smooth: inside |·|, between the two of a maximum, at a case's bound.

    A join of two cases with equal slopes counts too (Huber at |a − y| = δ): its second derivative jumps, and a
    difference across it loses the digits that judge.
    """
    found: list[Expr] = [part.args[0] for kind in _ONE_SIDED for part in expr.atoms(kind)]
    found += [part.args[0] - part.args[1] for kind in _LARGER for part in expr.atoms(kind)]
    for part in expr.atoms(Piecewise):
        found += [case.lhs - case.rhs for _, condition in part.args for case in condition.atoms(Rel)]
    # SymPy's derivative of the distance is never used as a slope; |x| - 1 has one all the same.
    return tuple(dict.fromkeys(each for each in found if each.free_symbols))


def _distance(function: ScalarFunction, expr: Expr, slopes: tuple[Expr, ...]) -> ScalarFunction:
    return ScalarFunction("distance", function.variables[: len(slopes)], expr, slopes, parameters=function.parameters)


@dataclass(frozen=True)
class Aside:
    """Which entries are compared (True) of each parameter, and what the others stand on; empty where all are."""

    kept: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def count(self, name: str) -> int:
        """How many entries of a parameter are set aside."""
        return int((~self.kept[name]).sum()) if name in self.kept else 0

    def masked(self, name: str, array: Any) -> Any:
        """Return an array with the entries that are set aside made zero."""
        return array * self.kept[name] if name in self.kept else array


NOTHING_ASIDE = Aside({})


def set_aside(kinks: Kinks | None, values: Values, names: list[str]) -> Aside:
    """Return the entries that move a value standing on a kink: found by moving each entry a little.

    Where no value stands on a kink, which is so for drawn numbers, that takes one forward pass.
    """
    import numpy as np

    if kinks is None:
        return NOTHING_ASIDE
    at = kinks.distances(values)
    touching = {name: on for name, each in at.items() if (on := _on(each)).any()}
    if not touching:
        return NOTHING_ASIDE
    kept: Arrays = {}
    reasons: dict[str, None] = {}
    for name in names:
        moved = dict(_moved(kinks, values, name, at, touching))
        if moved:
            mask = np.ones(values[name].shape, dtype=bool)
            for place in moved:
                mask[place] = False
            kept[name] = mask
            reasons |= dict.fromkeys(kinks.describe(kink) for kink in moved.values())
    counted = [f"{int((~mask).sum())} of {mask.size} entries of {name}" for name, mask in kept.items()]
    if not counted:
        return NOTHING_ASIDE
    more = f" and {len(counted) - 4} more parameters" if len(counted) > 4 else ""
    where = f"set aside at a kink ({'; '.join(reasons)}): {', '.join(counted[:4])}{more}"
    return Aside(kept, (f"{where}; the derivative there is a convention, PyTorch's",))


def _on(distance: Any) -> Any:
    return abs(distance) <= CONTACT


def _moved(kinks: Kinks, values: Values, name: str, at: Arrays, touching: Arrays) -> Any:
    """Yield every place of a parameter that moves a value on a kink, with the kink."""
    import numpy as np

    array = np.array(values[name], dtype=float)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + NUDGE
        found = kinks.distances(values.changed({name: array}))
        array[place] = kept
        kink = next((each for each, on in touching.items() if (found[each] != at[each])[on].any()), None)
        if kink is not None:
            yield place, kink


def straddles(before: Arrays, after: Arrays) -> Any:
    """Say of every copy whether two forward passes are on different sides of a kink."""
    import numpy as np

    differ = [(before[name] != after[name]).reshape(len(before[name]), -1).any(axis=1) for name in before]
    return np.any(differ, axis=0)
