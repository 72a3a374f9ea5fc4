"""Networks with numbers as a notation has them: turned, of one unit, with thresholds, with steps for gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corpus import CASES

from symbp import Network
from symbp.derivation import Derivation
from symbp.maths.notation import Notation
from symbp.roles import Role
from symbp.views.reading import Reading

LEARNING_RATE = 0.3

ONE_UNIT = {
    "mlp-3-tanh-mse": {"activation": "tanh", "loss": "mse"},
    "mlp-3-sigmoid-bce-batch": {"activation": "sigmoid", "loss": "bce"},
    "mlp-4": {},
    "mlp-1": {},
}
"""Activations and losses of the stacks."""


def network_of(name: str, notation: Notation) -> Network:
    """Return a network of the corpus, with one unit in each layer where the notation has no more."""
    if notation.units == "all" or name not in ONE_UNIT:
        return CASES[name].network()
    depth = int(name.split("-")[1])
    return Network.mlp(layers=depth, widths=[1] * (depth + 1), **ONE_UNIT[name])


@dataclass(frozen=True)
class Numbers:
    """What is given and what gradients should be, both by their keys and as the notation has them, and all sizes."""

    given: dict[str, Any]
    gradients: dict[str, Any]
    sizes: dict[str, float]


def numbers(name: str, notation: Notation, found: Derivation, reading: Reading) -> Numbers:
    """Return a network of the corpus with numbers, by its reading in a notation."""
    case = CASES[name]
    sizes: dict[str, Any] = {**case.sizes, "m": 1 if reading.is_one or found.tokens else case.sizes.get("m", 3)}
    values = case.values(found, **sizes)
    for symbol in found.forward.given:
        sizes |= {str(side): length for side, length in zip(symbol.shape, values[symbol.name].shape, strict=True)}
    network = found.network
    parameters, inputs = (
        {each.name: values[each.name] for each in group} for group in (network.parameters, network.inputs)
    )
    targets = {each: value for each, value in values.items() if each not in {*parameters, *inputs}}
    _, gradients = found.compile(case.f, case.loss)(parameters, inputs, targets or None)
    sizes["η"] = LEARNING_RATE
    is_threshold = notation.bias_place == "threshold"
    thresholds = {each.name for each in found.forward.given if is_threshold and each.role is Role.BIAS}
    held = {each.name for each in found.forward.given if reading.layout.holds(each)}
    errors = {each.lhs.of.name for each in found.backward if reading.layout.holds(each.lhs)}
    factor = (sizes["m"] if reading.scale.gradients else 1) * (-LEARNING_RATE if notation.gradient == "update" else 1)
    return Numbers(
        {
            each: (-1 if each in thresholds else 1) * (value.T if each in held else value)
            for each, value in values.items()
        },
        {
            each: (-factor if each in thresholds else factor) * (value.T if each in errors else value)
            for each, value in gradients.items()
        },
        sizes,
    )
