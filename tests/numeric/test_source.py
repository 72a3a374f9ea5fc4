"""The generated program: readable, standalone, and the same text on every engine."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sympy import MatAdd, MatMul, OneMatrix, S
from systems import BATCH, CASES, N0, N1, W1, X, case, derivation, entrywise_loss, variable

from symbp.calculus.factor import Paths
from symbp.calculus.product import flat_product, nested_product
from symbp.checking.check import check
from symbp.derivation import Derivation, derive
from symbp.errors import RuleNotFoundError
from symbp.networks.network import Network
from symbp.networks.recurrent import RNN
from symbp.numeric import engines
from symbp.numeric.compiled import compile_systems
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.matrices import Writer, matrix_code
from symbp.numeric.sizes import distinct_sizes
from symbp.numeric.source import Program
from symbp.numeric.values import Trace, Values, draw
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.loss_table import LOSSES

TEXTBOOK = '''\
"""Backpropagation through 2 layers, derived by symbp; needs NumPy alone."""

import numpy as np


def loss_and_gradients(parameters, X, Y):
    """Return the loss and a dict of its gradients, with the keys of ``parameters``.

    Columns of X and Y are examples. Shapes:

        X n0×m; Y n2×m; W1 n1×n0; b1 n1×1; W2 n2×n1; b2 n2×1
    """
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    m = X.shape[1]

    # forward
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = np.tanh(Z2)
    loss = np.sum((A2 - Y)**2) / (2*m)

    # backward, layer 2
    dA2 = (A2 - Y) / m
    dZ2 = dA2 * (1 - A2**2)
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    del A2, dA2, Z2  # memory for the next layer

    # backward, layer 1
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (1 - A1**2)
    dW1 = dZ1 @ X.T
    db1 = np.sum(dZ1, axis=1, keepdims=True)

    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
'''


def values_of(derived: Derivation, program: Program, seed: int = 0, examples: int = 6) -> Values:
    """Draw small numbers for a derivation that leaves nothing open."""
    sizes = distinct_sizes(derived.forward, examples)
    return draw(derived.forward, sizes, seed, evaluator(program), Standins()).values


def evaluator(program: Program):  # type: ignore[no-untyped-def]
    run = engines.real().run(program)
    return lambda values: Trace(values, *run(*values.arguments(np.asarray)), {})


def test_the_source_is_what_a_textbook_prints() -> None:
    assert derive(layers=2, activation="tanh", loss="mse").compile().source == TEXTBOOK


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("engine", ["real", "complex", "digits"])
def test_every_activation_runs_on_every_engine(activation: str, engine: str) -> None:
    derived = derive(layers=2, activation=activation, loss="mse")
    compiled = derived.compile()
    number = engines.ENGINES[engine]()
    values = values_of(derived, compiled.program)
    expected, gradients = compiled(values.parameters, values.inputs["X"], values.targets["Y"])
    if number.erf is None and compiled.program.erf:
        with pytest.raises(RuleNotFoundError):
            number.run(compiled.program)
        return
    loss, found = number.run(compiled.program)(*values.arguments(number.array))
    assert float(loss) == pytest.approx(expected, rel=1e-13)
    for name, gradient in gradients.items():
        own = found[name].floats() if engine == "digits" else found[name]
        np.testing.assert_allclose(own, gradient, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_runs_in_a_program_of_its_own(loss: str, tmp_path: Path) -> None:
    derived = derive(layers=2, activation="sigmoid", loss=loss)
    compiled = derived.compile()
    values = values_of(derived, compiled.program)
    expected, gradients = compiled(values.parameters, values.inputs["X"], values.targets["Y"])
    scope: dict[str, object] = {}
    exec(compiled.source, scope)
    found, others = scope["loss_and_gradients"](*values.arguments(np.asarray))  # type: ignore[operator]
    assert found == expected
    assert all((others[name] == gradient).all() for name, gradient in gradients.items())


def test_the_program_runs_where_symbp_is_not_installed(tmp_path: Path) -> None:
    compiled = derive(layers=2, activation="gelu", loss="cross_entropy").compile()
    use = (
        "import sys\n"
        'assert "symbp" not in sys.modules and "sympy" not in sys.modules\n'
        "p = {'W1': np.ones((3, 2)), 'b1': np.ones((3, 1)), 'W2': np.eye(3)[:2], 'b2': np.zeros((2, 1))}\n"
        "print(loss_and_gradients(p, np.ones((2, 4)), np.eye(2)[:, [0, 1, 1, 0]])[0])\n"
    )
    (tmp_path / "program.py").write_text(compiled.source + use, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(np.log(2))


def test_no_name_of_a_network_hides_one_the_program_needs() -> None:
    np_, sum_, m = variable("np", N1), variable("sum", N1), variable("m", N1)
    derived = case((np_, MatMul(W1, X)), (sum_, np_), (m, sum_), given=[X, W1])
    compiled = derived.compile()
    tree = ast.parse(compiled.source)
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert not assigned & {"np", *dir(builtins)}
    values = values_of(derived, compiled.program)
    assert np.isfinite(compiled(values.parameters, values.inputs["X"], values.targets["Y"])[0])


def test_a_constant_is_as_exact_as_the_engine() -> None:
    derived = derive(layers=1, activation="leaky_relu(0.3)", loss="log_cosh")
    program = derived.compile().program
    assert "leaky_relu_alpha = 0.3" in program.definitions
    digits = engines.digits()
    bound = {name: digits.number(value) for name, value in program.constants.items()}
    assert abs(10 * bound["leaky_relu_alpha"] - 3) < 1e-49


def test_long_scalar_expressions_become_functions() -> None:
    source = derive(layers=2, activation="gelu_tanh", loss="huber").compile().source
    assert source.count("def gelu_tanh(x):") == 1
    assert source.count("def gelu_tanh_slope(x):") == 1
    assert "dZ1 = dA1 * gelu_tanh_slope(Z1)" in source
    assert max(map(len, source.splitlines())) <= 120


def test_slopes_go_through_the_output_where_they_can() -> None:
    assert "dZ1 = dA1 * A1 * (1 - A1)" in derive(layers=2, activation="sigmoid", loss="mse").compile().source
    assert "dZ1 = dA1 * (A1 > 0)" in derive(layers=2, activation="relu", loss="mse").compile().source
    assert "dZ1 = dA1\n" in derive(layers=2, activation="identity", loss="mse").compile().source


def test_a_weight_that_is_not_used_gets_zeros() -> None:
    derived = case((variable("Z1", N1), MatMul(W1, X)), given=[X, W1, variable("W4", N1, N0)])
    assert "dW4 = np.zeros_like(W4)" in derived.compile().source


def test_a_loss_of_ones_needs_no_targets() -> None:
    compiled = CASES["sums"]().compile()
    assert "def loss_and_gradients(parameters, X, targets=None):" in compiled.source
    loss, gradients = compiled({"W1": np.ones((2, 3))}, np.ones((3, 5)))
    assert loss == pytest.approx(10 * np.tanh(3) ** 2)
    assert gradients["W1"].shape == (2, 3)


def test_several_inputs_come_as_a_mapping() -> None:
    first, second = variable("X1", N0), variable("X2", N0)
    z, y = variable("Z1", N1), variable("Y", N1)
    loss, node = entrywise_loss("mse").forward[-1].lhs, entrywise_loss("mse").forward[-1].rhs
    derived = derivation(
        [(z, MatMul(W1, first) + MatMul(W1, second)), (loss, node.func(node.args[0], z, y))], [first, second, y, W1]
    )
    compiled = derived.compile()
    given = {"X1": np.ones((3, 2)), "X2": np.zeros((3, 2))}
    value, gradients = compiled({"W1": np.ones((2, 3))}, given, np.zeros((2, 2)))
    assert value == pytest.approx(9.0)
    assert gradients["W1"] == pytest.approx(np.full((2, 3), 3.0))


def test_a_deep_program_is_linear_and_prints_without_recursion() -> None:
    short, long = (derive(layers=layers).compile(f="tanh", loss="mse").source for layers in (100, 1000))
    assert 9 < len(long) / len(short) < 12


# The gradient multiplied out is the same matrix as the recursive one.


def evaluated(expr, derived: Derivation, compiled, values: Values):  # type: ignore[no-untyped-def]
    """Evaluate any expression in the symbols of a derivation."""
    program = compiled.program
    definitions = Definitions(program.names.values(), Standins())
    examples = next(iter(values.inputs.values())).shape[1]
    names = program.names
    if examples == 1:  # A flat product has m = 1 in its symbols.
        names = {symbol.xreplace({BATCH: S.One}): name for symbol, name in names.items()}
    sizes = {size: f"{name}.shape[{axis}]" for symbol, name in names.items() for axis, size in enumerate(symbol.shape)}
    writer = Writer(names, sizes, definitions)
    code = str(matrix_code(expr, writer))
    _, local = engines.real().run(program, traced=True)(*values.arguments(np.asarray))
    scope = {"np": np, **local, "m": examples}
    exec("\n".join(definitions.sources.values()), scope)
    return eval(code, scope)


@pytest.mark.parametrize("examples", [1, 5])
@pytest.mark.parametrize(
    ("activation", "output", "loss"),
    [("tanh", "tanh", "mse"), ("relu", "softmax", "mse"), ("sigmoid", None, "cross_entropy"), ("silu", None, "bce")],
)
def test_a_gradient_multiplied_out_equals_the_recursive_one(
    activation: str, output: str | None, loss: str, examples: int
) -> None:
    batch = examples > 1
    derived = derive(layers=3, activation=activation, output_activation=output, loss=loss, batch=batch)
    compiled = derived.compile()
    values = values_of(derived, compiled.program, examples=examples)
    _, gradients = compiled(values.parameters, values.inputs["X"], values.targets["Y"])
    for name, gradient in derived.gradients.items():
        product = evaluated(gradient.expression, derived, compiled, values)
        np.testing.assert_allclose(product, gradients[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("examples", [1, 5])
@pytest.mark.parametrize("name", ["residual", "shared", "bias", "softmax", "product", "softmax_cross_entropy"])
def test_terms_of_hand_written_networks_add_up_to_the_recursive_gradient(name: str, examples: int) -> None:
    derived = CASES[name]()
    compiled = compile_systems(derived.forward, derived.backward, derived.wrt)
    values = values_of(derived, compiled.program, examples=examples)
    _, gradients = compiled(values.parameters, values.inputs["X"], values.targets["Y"])
    paths = Paths(derived.backward, derived.wrt)
    multiply = nested_product if examples > 1 else flat_product
    for variable_ in derived.wrt:
        terms = [evaluated(multiply(term), derived, compiled, values) for term in paths.terms(variable_)]
        np.testing.assert_allclose(sum(terms), gradients[variable_.name], rtol=1e-12, atol=1e-15)


def test_matrices_of_constants_are_printed() -> None:
    derived = case((variable("Z1", N1), MatMul(OneMatrix(N1, N1), W1, X)), given=[X, W1])
    assert "np.ones((W1.shape[0], W1.shape[0])) @ W1 @ X" in derived.compile().source


@pytest.mark.parametrize("steps", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_a_sum_of_thousands_of_terms_nests_no_deeper_than_python_reads(steps: int) -> None:
    derived = derive(Network([RNN(2, steps)], 3, "mse"))
    compiled = derived.compile()
    depth = max(_depth(node) for node in ast.parse(compiled.source).body[-1].body)  # type: ignore[attr-defined]
    assert depth < 150
    values = values_of(derived, compiled.program, examples=1)
    _, gradients = compiled(values.parameters, values.inputs, values.targets["Y"])
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    assert check(derived, thorough=False).passed


def _depth(node: ast.AST) -> int:
    return 1 + max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)


def test_a_long_sum_in_groups_keeps_its_signs() -> None:
    terms = [MatMul(-1 if index % 5 == 0 else 2, W1, X) for index in range(120)]
    derived = case((variable("Z1", N1), MatAdd(*terms)), given=[X, W1])
    compiled = compile_systems(derived.forward, derived.backward, derived.wrt)
    assert ") + (-W1 @ X" in compiled.source
    assert check(derived).passed
