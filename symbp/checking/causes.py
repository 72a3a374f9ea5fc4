"""Why there is nothing to compare: a forward pass without numbers, units that are dead."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import MatrixExpr

from symbp.checking.bench import Bench
from symbp.checking.report import Row, Verdict
from symbp.equations import nodes
from symbp.ops.elementwise import Elementwise
from symbp.ops.square import Inv, LogDet
from symbp.symbols import Adjoint, Variable


def left_numbers(bench: Bench) -> tuple[Verdict, str, str] | None:
    """Return whether the forward pass overflows or is undefined, where first, and both in words; None where neither."""
    import numpy as np

    for equation in bench.derivation.forward:
        for node in nodes(equation.rhs):
            if isinstance(node, Inv | LogDet) and _is_singular(bench, node.args[0]):
                what = f"the forward pass is not a number: first in {equation.name}, of a singular matrix"
                return Verdict.UNDEFINED, equation.name, what
    if np.isfinite(bench.loss):
        return None
    for equation in bench.derivation.forward:
        value = np.asarray(bench.local.get(equation.name, 0.0), dtype=float)
        if not np.isfinite(value).all():
            undefined = bool(np.isnan(value).any())
            verdict = Verdict.UNDEFINED if undefined else Verdict.OVERFLOW
            words = "is not a number" if undefined else "overflows"
            return verdict, equation.name, f"the forward pass {words}: first in {equation.name}"
    return Verdict.UNDEFINED, "", "the loss is not a number"


LARGEST_CONDITION = 1e13
"""From here on an inverse in float64 has no digit that means anything."""


def _is_singular(bench: Bench, matrix: MatrixExpr) -> bool:
    import numpy as np

    if not isinstance(matrix, Variable):
        return False
    found = bench.local.get(matrix.name)
    if found is None:
        groups = (bench.values.parameters, bench.values.inputs, bench.values.targets)
        found = next((group[matrix.name] for group in groups if matrix.name in group), None)
    value = None if found is None else np.asarray(found, dtype=float)
    if value is None or not np.isfinite(value).all():
        return False
    return not np.linalg.cond(value) <= LARGEST_CONDITION


def dead_layers(bench: Bench) -> list[str]:
    """Return the activations whose every unit is flat for every example: an error arrives there and none leaves."""
    import numpy as np

    found = []
    for equation in bench.derivation.forward:
        if isinstance(equation.rhs, Elementwise):
            arrives = bench.local.get(Adjoint(equation.lhs).name)
            leaves = bench.local.get(Adjoint(equation.rhs.args[1]).name)
            if (
                arrives is not None
                and leaves is not None
                and np.count_nonzero(arrives)
                and not np.count_nonzero(leaves)
            ):
                found.append(equation.name)
    return found


def dead_notes(bench: Bench, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Say which layers are dead, where a gradient is zero because of it."""
    if not names or not any(row.verdict is Verdict.DEAD for row in rows):
        return []
    examples = f"for all {bench.sizes.examples} examples" if bench.sizes.examples > 1 else "for this example"
    return [
        f"every unit of {', '.join(names)} is dead {examples}: no error passes, so any formula before it would agree"
    ]
