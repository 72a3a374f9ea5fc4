"""Wrong gradients that checkers people trust let pass, planted in ours and in theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sympy import MatMul, MatrixExpr

from symbp import derive
from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.report import FAILED
from symbp.checking.tolerance import TOLERANCE
from symbp.derivation import Derivation
from symbp.equations import System
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import given_sizes

WIDTH = 5


def scaled(derivation: Derivation, name: str, number: int) -> Derivation:
    """Multiply one right side of the backward list."""
    equations = [
        replace(each, rhs=MatMul(number, *parts(each.rhs))) if each.name == name else each
        for each in derivation.backward
    ]
    return replace(derivation, backward=System(equations, derivation.backward.given))


def parts(rhs: MatrixExpr) -> tuple[Any, ...]:
    """Return the factors of a product, or the expression itself."""
    return tuple(rhs.args) if isinstance(rhs, MatMul) else (rhs,)


def symbp_refuses_first_layer(layers: int, number: int) -> bool:
    """Say whether symbp refuses a sigmoid network whose first weight's gradient is multiplied by a number."""
    right = derive(layers=layers, widths=[WIDTH] * (layers + 1), activation="sigmoid", loss="mse")
    report = check(scaled(right, "dW1", number), thorough=False)
    return [row.name for row in report.rows if row.failed] == ["W1"]


def symbp_refuses_wide_rule(outputs: int) -> bool:
    """Say whether symbp refuses a slope twice too big in front of many outputs."""
    right = derive(layers=1, widths=[3, outputs], activation="sin", loss="mse")
    return {row.name for row in check(scaled(right, "dZ1", 2), thorough=False).rows if row.failed} == {"W1", "b1"}


def symbp_refuses_one_entry(width: int) -> bool:
    """Say whether symbp refuses a gradient with one entry of width² off by a thousandth, and accepts the right one."""
    derivation = derive(layers=2, widths=width, activation="tanh", loss="mse")
    bench = Bench.of(derivation, Standins(), given_sizes(derivation.forward), seed=0)
    direction = {"W1": bench.direction("W1")}
    right = bench.compare_along(direction).verdict(TOLERANCE)
    gradient = bench.gradients["W1"]
    middle = np.argsort(np.abs(gradient), axis=None)[gradient.size // 2]
    gradient[np.unravel_index(middle, gradient.shape)] *= 1.001
    return right not in FAILED and bench.compare_along(direction).verdict(TOLERANCE) in FAILED


def torch_accepts_first_layer(layers: int, number: int, *, fast: bool) -> bool:
    """Say whether torch.autograd.gradcheck with its defaults passes such a network."""
    import torch

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return number * g

    torch.manual_seed(0)
    modules = [torch.nn.Linear(WIDTH, WIDTH).double() for _ in range(layers)]
    x = torch.randn(6, WIDTH, dtype=torch.float64)

    def network(weight: Any) -> Any:
        a = torch.sigmoid(x @ Scaled.apply(weight).T + modules[0].bias)
        for module in modules[1:]:
            a = torch.sigmoid(module(a))
        return a

    weight = modules[0].weight.detach().clone().requires_grad_()
    return bool(torch.autograd.gradcheck(network, (weight,), fast_mode=fast, raise_exception=False))


def torch_accepts_one_entry(width: int) -> bool:
    """Say whether gradcheck in fast mode passes one entry of width² off by a thousandth; slow mode takes hours."""
    import torch

    class OneOff(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, w: Any) -> Any:
            return w.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            wrong = g.clone()
            wrong[width // 2, width // 2] *= 1.001
            return wrong

    torch.manual_seed(0)
    x = torch.randn(width, 6, dtype=torch.float64)
    weight = (torch.randn(width, width, dtype=torch.float64) / width**0.5).requires_grad_()
    return bool(
        torch.autograd.gradcheck(
            lambda w: torch.tanh(OneOff.apply(w) @ x).sum(), (weight,), fast_mode=True, raise_exception=False
        )
    )


def jax_accepts_wide_rule(outputs: int) -> bool:
    """Say whether jax.test_util.check_grads passes a forward rule twice too big at float32 outputs."""
    import jax
    import jax.numpy as jnp
    from jax.test_util import check_grads

    @jax.custom_jvp
    def f(x: Any) -> Any:
        return jnp.sin(x)

    @f.defjvp
    def _twice(primals: Any, tangents: Any) -> Any:
        return f(primals[0]), 2 * jnp.cos(primals[0]) * tangents[0]

    x = jnp.asarray(np.random.default_rng(0).normal(size=outputs), jnp.float32)
    try:
        check_grads(f, (x,), order=1, modes=["fwd"])
    except AssertionError:
        return False
    return True


def autograd_accepts_one_entry(width: int) -> bool:
    """Say whether autograd's check_grads passes one entry of width² off by a thousandth."""
    import autograd.numpy as xp
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    @primitive
    def same(w: Any) -> Any:
        return w * 1.0

    off = np.ones((width, width))
    off[width // 2, width // 2] = 1.001
    defvjp(same, lambda _, w: lambda g: g * off)
    np.random.seed(0)
    x = np.random.normal(size=(width, 6))
    w = np.random.normal(size=(width, width)) / width**0.5
    try:
        check_grads(lambda w: xp.sum(xp.tanh(xp.dot(same(w), x))), modes=["rev"], order=1)(w)
    except AssertionError:
        return False
    return True
