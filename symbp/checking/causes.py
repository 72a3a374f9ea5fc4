"""Why there is nothing to compare: a forward pass without numbers, units that are dead."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.checking.bench import Bench
from symbp.checking.report import Row, Verdict
from symbp.ops.elementwise import Elementwise
from symbp.symbols import Adjoint


def left_numbers(bench: Bench) -> tuple[Verdict, str, str] | None:
    """Return whether the forward pass overflows or is undefined, where first, and both in words; None where neither."""
    import numpy as np

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
