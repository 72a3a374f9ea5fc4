"""The backward list: its order, its sums over uses, its explicit zeros."""

import pytest
from layer_kinds import NETWORKS
from sympy import HadamardProduct, MatAdd, MatMul, MatrixExpr, OneMatrix, Transpose, ZeroMatrix
from systems import CASES, LOSS, N0, N1, W1, X, case, variable

from symbp.calculus.reverse import reverse
from symbp.derivation import derive
from symbp.equations import Equation, ForwardSystem, symbols_in
from symbp.errors import RuleNotFoundError
from symbp.networks.operations import OPERATIONS
from symbp.op import Op
from symbp.ops.elementwise import Slope
from symbp.ops.losses import LossGradient
from symbp.symbols import Adjoint


def test_a_plain_network_reads_from_the_loss_back() -> None:
    backward = derive(layers=2).backward
    assert [equation.name for equation in backward] == [
        "dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1",
    ]  # fmt: skip


def test_the_right_sides_are_the_textbooks() -> None:
    derived = derive(layers=2, activation="tanh", loss="mse")
    symbols = {each.name: each for each in derived.backward.given}
    right = {equation.name: equation.rhs for equation in derived.backward}
    d_z2, d_a1 = derived.backward["dZ2"].lhs, derived.backward["dA1"].lhs
    assert right["dW2"] == MatMul(d_z2, Transpose(symbols["A1"]))
    assert right["dA1"] == MatMul(Transpose(symbols["W2"]), d_z2)
    slope = Slope(derived.forward["A1"].rhs.function, 0, symbols["A1"], symbols["Z1"])
    assert right["dZ1"] == HadamardProduct(d_a1, slope)
    assert right["db1"] == MatMul(derived.backward["dZ1"].lhs, OneMatrix(X.shape[1], 1))


def test_an_open_loss_starts_with_its_gradient() -> None:
    assert isinstance(derive(layers=1).backward["dA1"].rhs, LossGradient)


def test_a_weight_used_twice_adds_up_its_uses() -> None:
    rhs = CASES["shared"]().backward["dW1"].rhs
    assert isinstance(rhs, MatAdd)
    assert len(rhs.args) == 2


def test_a_gradient_is_complete_where_its_variable_is_first_used() -> None:
    backward = CASES["shared"]().backward
    names = [equation.name for equation in backward]
    assert names.index("dW1") > names.index("dZ1") > names.index("dZ2")


def test_a_skip_connection_adds_the_error_that_went_around() -> None:
    derived = CASES["residual"]()
    rhs = derived.backward["dA1"].rhs
    assert isinstance(rhs, MatAdd)
    assert derived.backward["dA2"].lhs in rhs.args


def test_a_parameter_the_loss_does_not_see_gets_an_explicit_zero() -> None:
    unused = variable("W4", N1, N0)
    derived = case((variable("Z1", N1), MatMul(W1, X)), given=[X, W1, unused])
    equation = derived.backward[Adjoint(unused).name]
    assert equation.rhs == ZeroMatrix(N1, N0)
    assert equation.steps == ()
    assert derived.unused == (unused,)


def test_nothing_is_derived_that_no_gradient_needs() -> None:
    backward = derive(layers=3, wrt=["W3"]).backward
    assert [equation.name for equation in backward] == ["dA3", "dZ3", "dW3"]


def test_the_gradient_by_the_input_is_there_when_asked_for() -> None:
    backward = derive(layers=1, wrt=["X"]).backward
    assert [equation.name for equation in backward] == ["dA1", "dZ1", "dX"]


def test_every_step_names_its_rule_and_says_why() -> None:
    for build in CASES.values():
        for equation in build().backward:
            assert equation.steps
            assert all(step.rule and step.why.endswith((".", ":")) for step in equation.steps)


@pytest.mark.parametrize("name", [*NETWORKS, *OPERATIONS])
def test_every_step_names_the_forward_equation_it_undoes(name: str) -> None:
    derived = derive(NETWORKS[name]() if name in NETWORKS else name)
    for lists in (derived, derived.unstacked, derived.readable):
        for equation in lists.backward:
            assert len(equation.undoes) == len(equation.steps)
            for undone in equation.undoes:
                assert equation.lhs.of.name in {symbol.name for symbol in symbols_in(lists.forward[undone].rhs)}


def test_a_term_knows_the_equation_that_it_undoes() -> None:
    backward = derive("transformer-block").readable.backward
    assert backward["dblock1.S"].undoes == ("block1.S_2", "block1.norm2.N")
    assert backward["dblock1.norm1.B"].undoes == tuple(f"block1.attention.{letter}" for letter in "VKQ")
    assert backward["dZ4"].undoes == ("loss",)


def test_every_adjoint_stands_once_per_operand() -> None:
    """Inlining never copies: the list is linear in the length of the forward list."""
    for build in CASES.values():
        derived = build()
        assert len(derived.backward) <= len(derived.forward) + len(derived.wrt)


class Unknown(Op):
    """An operation nobody wrote a rule for."""

    def __new__(cls, a: MatrixExpr) -> MatrixExpr:
        return super().__new__(cls, a)

    shape = property(lambda self: self.args[0].shape)


def test_an_operation_without_a_rule_is_named() -> None:
    z, a = variable("Z1", N1), variable("A1", N1)
    total = MatMul(OneMatrix(1, N1), a, OneMatrix(X.shape[1], 1))
    forward = ForwardSystem([Equation(z, MatMul(W1, X)), Equation(a, Unknown(z)), Equation(LOSS, total)], [X, W1])
    with pytest.raises(RuleNotFoundError, match="no backward rule for Unknown: write one with @rule"):
        reverse(forward, LOSS, [W1])


def test_another_name_for_the_same_matrix_passes_the_error_on() -> None:
    z, same = variable("Z1", N1), variable("A1", N1)
    derived = case((z, MatMul(W1, X)), (same, z), given=[X, W1])
    assert derived.backward["dZ1"].rhs == derived.backward["dA1"].lhs
