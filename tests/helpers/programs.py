"""Programs of both lists as they were derived, beside those that ``compile()`` makes, and arrays to run both on."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbp.derivation import Derivation
from symbp.numeric.definitions import Standins
from symbp.numeric.source import Program, program
from symbp.symbols import Role

Arrays = dict[str, Any]


def plain(derived: Derivation) -> Program:
    """Return the program with an equation of the lists a line."""
    return program(derived.forward, derived.backward, derived.wrt, Standins())


def arguments(derived: Derivation, examples: int = 3, seed: int = 0) -> tuple[Arrays, Any, Any]:
    """Draw arrays for every given matrix; open dimensions are 2, 3, …; a mask has the first key, half the others."""
    random = np.random.default_rng(seed)
    sizes = {"m": examples}
    for symbol in derived.forward.given:
        for size in symbol.shape:
            if size.is_Symbol:
                sizes.setdefault(str(size), len(sizes) + 1)
    arrays = {
        each.name: random.normal(
            size=[int(size.subs({symbol: sizes[str(symbol)] for symbol in size.free_symbols})) for size in each.shape]
        )
        for each in derived.forward.given
    }
    for mask in (arrays[each.name] for each in derived.forward.given if each.role is Role.PADDING):
        mask[:] = mask > 0
        mask[0] = 1
    full = plain(derived)
    if any(getattr(each.rhs, "targets", None) == "one_hot" for each in derived.forward):
        rows, columns = arrays["Y"].shape
        arrays["Y"] = np.eye(rows)[:, random.integers(rows, size=columns)]
    parameters, inputs, targets = (
        {each.name: arrays[each.name] for each in group} for group in (full.parameters, full.inputs, full.targets)
    )
    return parameters, inputs if len(inputs) > 1 else inputs["X"], targets["Y"]


def largest_difference(found: Arrays, right: Arrays) -> float:
    """Return the largest difference of two sets of gradients."""
    return max(float(np.max(np.abs(found[name] - right[name]))) for name in right)
