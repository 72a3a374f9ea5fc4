"""Rounding errors carried along: they reach what float32 does, and follow every slope, in every function there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symbp.checking.rounding import FAR, OWN_FUNCTIONS, Arithmetic, Rounded, rounding
from symbp.numeric.engines import NAMES, Engine

SINGLE = 2.0**-24

PLACES = np.random.default_rng(0).uniform(0.2, 1.2, (6, 5))
OTHER = np.random.default_rng(1).uniform(-1.2, 1.2, (6, 5))
SQUARE = np.random.default_rng(2).uniform(-1.2, 1.2, (5, 6))

Function = Callable[[Any, Any, Any, Any], Any]

FUNCTIONS: dict[str, Function] = {
    "+": lambda np, a, b, c: a + b + 1 + (2 + a),
    "-": lambda np, a, b, c: a - b - 1 - (2 - a) - (-b),
    "*": lambda np, a, b, c: a * b * 3 * (2 * a),
    "/": lambda np, a, b, c: a / (b + 3) / 2 + 2 / (b + 3),
    "**": lambda np, a, b, c: a**3 + a**0.5 + 2**a,
    "@": lambda np, a, b, c: a @ c @ b,
    ".T": lambda np, a, b, c: a.T @ b,
    "reshape, swapaxes, []": lambda np, a, b, c: a.reshape(3, 2, 5).swapaxes(0, 1)[1] * b[:3],
    "comparisons": lambda np, a, b, c: a * (b > 0) + b * (a < 0.7) + a * (b >= a) - b * (a <= b) + (a != b) * a,
    "equal": lambda np, a, b, c: a * (np.max(a, axis=0, keepdims=True) == a),
    "abs": lambda np, a, b, c: np.abs(b) * a,
    "concatenate": lambda np, a, b, c: np.concatenate([a * b, b, 0 * a[:1]], axis=0),
    "diagflat": lambda np, a, b, c: np.diagflat(a[:, :1]) @ b,
    "max": lambda np, a, b, c: np.max(a * b, axis=0, keepdims=True) * a,
    "maximum": lambda np, a, b, c: np.maximum(a, b) * np.maximum(b, 0),
    "minimum": lambda np, a, b, c: np.minimum(a, b) * np.minimum(b, 0),
    "sign": lambda np, a, b, c: np.sign(b) * a,
    "sum": lambda np, a, b, c: np.sum(a * b, axis=1, keepdims=True) + np.sum(a),
    "where": lambda np, a, b, c: np.where(b > 0, a, b * a),
    "inv": lambda np, a, b, c: np.linalg.inv(a[:5] + 4 * np.diagflat(a[:5, :1] * 0 + 1)),
    "det": lambda np, a, b, c: np.linalg.det(a[:5] + 4 * np.diagflat(a[:5, :1] * 0 + 1)).reshape(1, 1) / 10_000,
}
SMOOTH = ("arctan", "cos", "cosh", "exp", "expm1", "log", "log1p", "sin", "sinh", "sqrt", "tan", "tanh")
FUNCTIONS |= {name: lambda np, a, b, c, name=name: getattr(np, name)(a) * b for name in SMOOTH}  # type: ignore[misc]

EXACT = ("arange", "eye", "full", "ones", "ones_like", "pi", "zeros", "zeros_like")


def rounded(function: Function, engine: Engine) -> Rounded:
    found = function(engine.np, *(engine.array(each) for each in (PLACES, OTHER, SQUARE)))
    assert isinstance(found, Rounded)
    return found


def in_single(function: Function) -> Any:
    found = function(np, *(each.astype(np.float32) for each in (PLACES, OTHER, SQUARE)))
    assert found.dtype == np.float32
    return found


def test_every_function_of_the_namespace_is_here() -> None:
    assert {*SMOOTH, *EXACT, *OWN_FUNCTIONS, "linalg"} == set(NAMES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_stays_within_reach(name: str) -> None:
    found = rounded(FUNCTIONS[name], rounding(Arithmetic(SINGLE)))
    error = np.abs(in_single(FUNCTIONS[name]) - found.value)
    assert np.all(error <= found.reach)
    assert np.all(found.reach <= 1e-4)


def follows(function: Function, engine: Engine, error: float = 1e-6) -> bool:
    """Whether moving each entry by its error moves no result further than is said, and some nearly as far."""
    arithmetic = Arithmetic(2.0**-53, 1)
    arrays = [PLACES, OTHER, SQUARE]
    held = [Rounded(each, np.full(each.shape, error), arithmetic) for each in arrays]
    said = function(engine.np, *held).reach / FAR
    value = function(np, *arrays)
    moved = np.zeros(value.shape)
    for at in range(3):
        for sign in (-1, 1):
            changed = [each + sign * error * (place == at) for place, each in enumerate(arrays)]
            moved = np.maximum(moved, np.abs(function(np, *changed) - value))
    return bool(np.all(moved <= 1.01 * said + 1e-12)) and bool(np.any(said <= 20 * moved))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_handed_on_times_the_slopes(name: str) -> None:
    assert follows(FUNCTIONS[name], rounding(Arithmetic(2.0**-53, 1)))


def test_a_slope_that_is_wrong_is_seen() -> None:
    engine = rounding(Arithmetic(2.0**-53, 1))

    def forgets(a: Rounded) -> Rounded:
        return Rounded(np.exp(a.value), 0 * a.error, a.arithmetic)

    def halves(a: Rounded) -> Rounded:
        return Rounded(np.exp(a.value), 0.5 * np.exp(a.value) * a.error, a.arithmetic)

    assert follows(lambda np, a, b, c: engine.np.exp(a) if isinstance(a, Rounded) else np.exp(a), engine)
    for wrong in (forgets, halves):
        assert not follows(lambda np, a, b, c, f=wrong: f(a) if isinstance(a, Rounded) else np.exp(a), engine)  # type: ignore[misc]


def test_what_may_switch_is_open_to_both() -> None:
    arithmetic = Arithmetic(SINGLE)
    at = Rounded(np.array([[1e-9, 0.5, -1e-9]]), np.full((1, 3), 1e-8) ** 2, arithmetic)
    assert (at > 0).value.tolist() == [[1.0, 1.0, 0.0]]
    assert ((at > 0).reach == np.array([[1.0, 0.0, 1.0]])).all()
    assert arithmetic.switched
    sure = Arithmetic(SINGLE)
    assert not (Rounded(at.value, at.error * 1e-12, sure) > 0).reach.any()
    assert not sure.switched


def test_errors_do_not_outgrow_depth() -> None:
    """Added as they are, the errors of 30 layers of 30 units would be 10³² times the values."""
    random = np.random.default_rng(0)
    weights = [random.normal(size=(30, 30)) / np.sqrt(30) for _ in range(30)]
    engine, a = rounding(Arithmetic(SINGLE)), random.normal(size=(30, 8))
    value, single = engine.array(a), a.astype(np.float32)
    for weight in weights:
        value, single = engine.np.tanh(engine.array(weight) @ value), np.tanh(weight.astype(np.float32) @ single)
    error = np.abs(single - value.value)
    assert np.all(error <= value.reach)
    assert np.median(value.reach) <= 1e-3 * np.median(np.abs(value.value))
