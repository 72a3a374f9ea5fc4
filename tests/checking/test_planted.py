"""The check is checked: mistakes students and programs make, planted one at a time, must be caught."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, MatrixSymbol, Transpose
from systems import CASES, entrywise_loss, with_rhs

from symbp import op
from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.report import Verdict
from symbp.checking.tolerance import TOLERANCE
from symbp.derivation import Derivation, derive
from symbp.equations import Equation, nodes, symbols_in
from symbp.networks.network import Network
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import given_sizes
from symbp.op import Op
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.convolution import KernelCorrelation, TransposedConvolve, kernel_correlation, transposed_convolve
from symbp.ops.elementwise import Elementwise, Slope
from symbp.ops.loss_table import LOSSES
from symbp.ops.normalisation import NormaliseJacobian, normalise_jacobian
from symbp.ops.pooling import MaxPoolTranspose, average_pool_transpose
from symbp.ops.softmax import SoftmaxJacobian
from symbp.symbols import Adjoint

Mistake = tuple[str, Derivation]

SAME_AT_OUTPUT = {"identity", "relu", "leaky_relu"}
"""Activations whose slope is the same at a as at z: f′(a) is no mistake there."""

WIDTHS = [4, 4, 4, 4]
"""Equal ones, which hide a missing transpose from every check of shapes."""


def caught(derived: Derivation) -> bool:
    """Whether the fast check fails with the parameters below the mistake marked."""
    report = check(derived, thorough=False)
    return not report.passed and any(row.failed for row in report.rows)


def network(activation: str, loss: str = "mse", **options: object) -> Derivation:
    """Three layers of one activation on a linear output, all widths equal."""
    return derive(Network.mlp(layers=3, widths=WIDTHS, activation=activation, loss=loss, **options))


def scaled(derived: Derivation, name: str, number: int) -> Derivation:
    """Multiply one backward right side by a number."""
    rhs = derived.backward[name].rhs
    parts = rhs.args if isinstance(rhs, MatMul) else (rhs,)
    return with_rhs(derived, name, MatMul(number, *parts))


def slope_mistakes(derived: Derivation, activation: str) -> Iterator[Mistake]:
    """Yield what goes wrong at dZ2 = dA2 ⊙ f′(Z2)."""
    rhs = derived.backward["dZ2"].rhs
    adjoint = next(arg for arg in rhs.args if isinstance(arg, Adjoint))
    slope = next(arg for arg in rhs.args if isinstance(arg, Slope))
    function, (z,) = slope.function, slope.inputs
    other = next(each for each in derived.backward.given if each.name == "Z1")
    if activation != "identity":
        yield "dropped slope", with_rhs(derived, "dZ2", adjoint)
    value = HadamardProduct(adjoint, Elementwise(function, z))
    yield "f instead of f′", with_rhs(derived, "dZ2", value)
    if activation not in SAME_AT_OUTPUT:
        at = z if function.slope_by_output is not None else slope.output
        yield "slope at the wrong place", with_rhs(derived, "dZ2", HadamardProduct(adjoint, Slope(function, 0, at, at)))
    if activation != "identity":
        wrong = Slope(function, 0, derived.forward["A1"].lhs, other)
        yield "slope of another layer", with_rhs(derived, "dZ2", HadamardProduct(adjoint, wrong))


def product_mistakes(derived: Derivation) -> Iterator[Mistake]:
    """Yield what goes wrong with transposes, layers, signs and factors."""
    symbols = {each.name: each for each in derived.backward.given}
    d_z2, d_z3 = derived.backward["dZ2"].lhs, derived.backward["dZ3"].lhs
    yield "missing transpose of W", with_rhs(derived, "dA2", MatMul(symbols["W3"], d_z3))
    yield "weight of another layer", with_rhs(derived, "dA2", MatMul(Transpose(symbols["W2"]), d_z3))
    yield "wrong order, wrong transpose", with_rhs(derived, "dW2", MatMul(symbols["A1"], Transpose(d_z2)))
    yield "activation of another layer", with_rhs(derived, "dW2", MatMul(d_z2, Transpose(symbols["A2"])))
    yield "pre-activation for activation", with_rhs(derived, "dW2", MatMul(d_z2, Transpose(symbols["Z1"])))
    for name in ("dW1", "db2", "dZ2", "dA1"):
        yield f"sign of {name}", scaled(derived, name, -1)
        yield f"twice {name}", scaled(derived, name, 2)
    yield "dropped 1/m", with_rhs(derived, "dA3", MatMul(*derived.backward["dA3"].rhs.as_coeff_matrices()[1]))


ONCE = ("identity", "tanh")
"""Activations that have the mistakes of products planted beside them; the others do in a long run."""


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_mistake_at_an_activation_is_caught(activation: str) -> None:
    derived = network(activation)
    assert check(derived, thorough=False).passed
    assert missed(slope_mistakes(derived, activation)) == []


@pytest.mark.parametrize(
    "activation", [*ONCE, *(pytest.param(each, marks=pytest.mark.long) for each in ACTIVATIONS if each not in ONCE)]
)
def test_every_mistake_of_a_product_is_caught(activation: str) -> None:
    mistakes = list(product_mistakes(network(activation)))
    if activation == "identity":  # Its pre-activation is its activation.
        mistakes = [each for each in mistakes if each[0] != "pre-activation for activation"]
    assert len(mistakes) >= 13
    assert missed(mistakes) == []


def missed(mistakes: Iterable[Mistake]) -> list[str]:
    """Return what the check calls right of what is wrong."""
    found = list(mistakes)
    assert found
    return [what for what, wrong in found if not caught(wrong)]


@pytest.mark.parametrize("loss", LOSSES)
def test_every_mistake_at_a_loss_is_caught(loss: str) -> None:
    options = {"output_activation": LOSSES[loss].link} if LOSSES[loss].link else {}
    derived = network("tanh", loss, **options)
    first = derived.backward.equations[0]
    matrices = first.rhs.as_coeff_matrices()[1]
    mistakes = [
        ("sign", scaled(derived, first.name, -1)),
        ("twice", scaled(derived, first.name, 2)),
        ("dropped 1/m", with_rhs(derived, first.name, MatMul(*matrices))),
        *((f"dropped {part}", wrong) for part, wrong in terms_dropped(derived, first)),
    ]
    assert len(mistakes) >= 3
    assert check(derived, thorough=False).passed
    assert missed(mistakes) == []


def terms_dropped(derived: Derivation, equation: Equation) -> Iterator[Mistake]:
    """Yield the derivation without one term of a sum, or one factor of an entrywise product."""
    rhs = equation.rhs
    number, matrices = rhs.as_coeff_matrices() if isinstance(rhs, MatMul) else (1, [rhs])
    for place, part in enumerate(matrices):
        if isinstance(part, MatAdd | HadamardProduct):
            for index in range(len(part.args)):
                if isinstance(part, HadamardProduct) and not list(symbols_in(part.args[index])):
                    continue  # Ones: nothing changes without them.
                kept = [arg for i, arg in enumerate(part.args) if i != index]
                rest = kept[0] if len(kept) == 1 else part.func(*kept)
                changed = [*matrices[:place], rest, *matrices[place + 1 :]]
                yield str(part.args[index]), with_rhs(derived, equation.name, MatMul(number, *changed))


RULES: dict[str, Callable[[], Derivation]] = {
    **CASES,
    **{f"loss {name}": lambda name=name: entrywise_loss(name) for name in LOSSES},
}


@pytest.mark.parametrize(
    "name",
    [name if at % 4 == 0 else pytest.param(name, marks=pytest.mark.long) for at, name in enumerate(RULES)],
)
def test_every_changed_equation_of_every_rule_is_caught(name: str) -> None:
    derived = RULES[name]()
    wrong = [
        mistake
        for equation in derived.backward
        for mistake in (
            (f"sign of {equation.name}", scaled(derived, equation.name, -1)),
            (f"twice {equation.name}", scaled(derived, equation.name, 2)),
            *terms_dropped(derived, equation),
            *operands_swapped(derived, equation),
            *operators_dropped(derived, equation),
        )
    ]
    assert len(wrong) >= 2 * len(derived.backward)
    assert missed(wrong) == []


def operators_dropped(derived: Derivation, equation: Equation) -> Iterator[Mistake]:
    """Yield the derivation with the error passed on as it came: a normalisation, softmax or slope left out."""
    node = equation.rhs
    if isinstance(node, Op) and node.acts_on is not None and node.args[node.acts_on].shape == node.shape:
        yield f"{equation.name} without its operator", with_rhs(derived, equation.name, node.args[node.acts_on])


def operands_swapped(derived: Derivation, equation: Equation) -> Iterator[Mistake]:
    """Yield the derivation with another matrix of the same shape in a symbol's place."""
    symbols = [each for each in derived.backward.given if each.shape[1] != 1]
    for symbol in symbols:
        if symbol not in symbols_in(equation.rhs) or not is_affine(equation.rhs):
            continue
        for other in symbols:
            if other != symbol and other.shape == symbol.shape and not equal_by_definition(derived, symbol, other):
                changed = swapped(equation.rhs, symbol, other)
                yield f"{other} for {symbol} in {equation.name}", with_rhs(derived, equation.name, changed)


def swapped(expr: MatrixExpr, symbol: MatrixExpr, other: MatrixExpr) -> MatrixExpr:
    """Return the expression with another symbol in the place of one; a symbol's own args are not entered."""
    if isinstance(expr, MatrixSymbol):
        return other if expr == symbol else expr
    if not isinstance(expr, MatrixExpr):
        return expr
    return expr.func(*(swapped(arg, symbol, other) for arg in expr.args))


def is_affine(expr: MatrixExpr) -> bool:
    """Whether no entrywise slope is inside: its operands belong together."""
    return not expr.has(Slope)


def equal_by_definition(derived: Derivation, first: MatrixExpr, second: MatrixExpr) -> bool:
    """Whether the forward list makes two symbols equal in value (a transpose transposed)."""
    pair = {first.name, second.name}
    return pair == {"Z1", "A1"} and "T1" in derived.forward


def without_mean(xp, z, n, g, axis, centred, epsilon):  # type: ignore[no-untyped-def]
    """A normalisation whose mean is taken for a constant, or one that takes a mean out that it should not."""
    return normalise_jacobian(xp, z, n, g, axis, 1 - centred, epsilon)


def without_part(xp, z, n, g, axis, centred, epsilon):  # type: ignore[no-untyped-def]
    """A normalisation whose variance is taken for a constant."""
    return normalise_jacobian(xp, z, 0 * n, g, axis, centred, epsilon)


def over_the_other_axis(xp, z, n, g, axis, centred, epsilon):  # type: ignore[no-untyped-def]
    """Statistics over the examples where they are over the features, and the other way round."""
    return normalise_jacobian(xp, z, n, g, 1 - axis, centred, epsilon)


def kernel_not_flipped(xp, k, g, *window):  # type: ignore[no-untyped-def]
    """The error returned through the kernel as it stands."""
    entries = window[2] * window[3]
    return transposed_convolve(xp, k.reshape(-1, entries)[:, ::-1].reshape(k.shape), g, *window)


def a_line_further(xp, x, g, *window):  # type: ignore[no-untyped-def]
    """The image read as if it stood one line further down."""
    return kernel_correlation(xp, xp.concatenate([x[1:], x[:1]], axis=0), g, *window)


def all_of_the_window(xp, x, a, g, *window):  # type: ignore[no-untyped-def]
    """Max pooling that hands its error to every value under it."""
    return average_pool_transpose(xp, g, *window) * (window[2] * window[3])


def softmax_by_entry(xp, p, g):  # type: ignore[no-untyped-def]
    """Softmax with the slope p(1 − p) of a sigmoid: the other outputs of the column forgotten."""
    return p * (1 - p) * g


WRONG_MEANINGS = [
    *((NormaliseJacobian, wrong, name) for name in ("batch_norm", "layer_norm", "rms_norm")
      for wrong in (without_mean, without_part, over_the_other_axis)),
    *((SoftmaxJacobian, softmax_by_entry, name) for name in ("softmax", "attention", "causal_attention")),
    *((TransposedConvolve, kernel_not_flipped, name) for name in ("convolution_shared", "convolution_of_itself")),
    *((KernelCorrelation, a_line_further, name) for name in ("convolution", "convolution_shared")),
    (MaxPoolTranspose, all_of_the_window, "max_pooling"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "wrong", "name"), WRONG_MEANINGS, ids=lambda each: getattr(each, "__name__", each))
def test_what_students_forget_of_an_operation_is_caught(
    node: type, wrong: Callable[..., object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = CASES[name]()
    assert any(isinstance(inside, node) for each in derived.backward for inside in nodes(each.rhs))
    monkeypatch.setitem(op._meanings, node, wrong)
    assert caught(derived)


def test_one_entry_of_many_off_by_a_thousandth_is_caught() -> None:
    derived = derive(layers=2, widths=256, activation="tanh", loss="mse")
    bench = Bench.of(derived, Standins(), given_sizes(derived.forward), seed=0)
    direction = {"W1": bench.direction("W1")}
    assert bench.compare_along(direction).verdict(TOLERANCE) is Verdict.AGREES
    gradient = bench.gradients["W1"]
    middle = np.argsort(np.abs(gradient), axis=None)[gradient.size // 2]
    gradient[np.unravel_index(middle, gradient.shape)] *= 1.001
    assert bench.compare_along(direction).verdict(TOLERANCE) is Verdict.WRONG


def test_a_negated_gradient_of_ten_sigmoid_layers_is_caught() -> None:
    derived = derive(layers=10, activation="sigmoid", loss="mse")
    report = check(scaled(derived, "dW1", -1), thorough=False)
    assert [row.name for row in report.rows if row.failed] == ["W1"]


def test_a_missing_term_of_a_shared_weight_is_caught() -> None:
    derived = CASES["shared"]()
    rhs = derived.backward["dW1"].rhs
    assert isinstance(rhs, MatAdd)
    for kept in rhs.args:
        assert caught(with_rhs(derived, "dW1", kept))


def test_a_zero_gradient_is_caught_where_the_loss_moves() -> None:
    derived = derive(layers=3, activation="tanh", loss="mse")
    assert caught(scaled(derived, "dW2", 0))


def test_equations_that_only_run_at_equal_widths_are_caught() -> None:
    derived = network("tanh")
    report = check(with_rhs(derived, "dA2", MatMul(derived.backward.given[6], derived.backward["dZ3"].lhs)))
    assert all(row.verdict is Verdict.WRONG for row in report.rows)
