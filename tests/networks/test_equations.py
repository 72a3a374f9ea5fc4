"""Equations of one's own: what they build, what they are refused for, and that nothing gets past the reader."""

import re
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from symbp import Dense, Network, ShapeError, SpecError, check, derive
from symbp.errors import UnusedParameterWarning
from symbp.networks.layers import Activation, Linear
from symbp.networks.normalisation import BatchNorm
from symbp.ops.losses import EntrywiseLoss, SoftmaxCrossEntropy
from symbp.symbols import Role

SHAPES = {"W": (5, 3), "b": (5, 1), "V": (2, 5), "X": (3, "m"), "Y": (2, "m")}
LINES = ["H = tanh(W @ X + b)", "P = softmax(V @ H)", "loss = cross_entropy(P, Y)"]


def network(*lines, **shapes):
    return Network.equations(lines, {**SHAPES, **shapes})


def classifier():
    return Network.equations(LINES, SHAPES, parameters=["W", "b", "V"], inputs=["X"], targets=["Y"])


def test_nested_operations_get_names():
    assert [equation.name for equation in classifier().forward] == ["H_1", "H", "P_1", "P", "loss"]
    assert isinstance(classifier().loss_node, SoftmaxCrossEntropy)


def test_names_that_are_taken_are_left_alone():
    lines = ["H_1 = W @ X", "H = tanh(H_1 + b)", "loss = mse(V @ H, Y)"]
    assert [equation.name for equation in network(*lines).forward] == ["H_1", "H_2", "H", "loss_1", "loss"]


def test_roles_and_layers_follow_from_the_use():
    found = network("N = g * tanh(W @ X + b)", "loss = mse(V @ N, Y)", g=(5, 1))
    roles = {each.name: (each.role, each.layer) for each in found.parameters}
    assert roles == {
        "W": (Role.WEIGHT, 1), "b": (Role.BIAS, 1), "V": (Role.WEIGHT, 2), "g": (Role.SCALE, 1)
    }  # fmt: skip
    assert (found.depth, found.output.name, found.batch, found.named) == (2, "loss_1", True, True)


def test_equations_are_the_network_of_layers():
    layered = Network([Dense(5, "tanh"), Dense(2, "softmax", bias=False)], inputs=3, loss="cross_entropy")
    random = np.random.default_rng(0)
    w, b, v, x = (random.normal(size=size) for size in ((5, 3), (5, 1), (2, 5), (3, 6)))
    y = np.eye(2)[:, random.integers(0, 2, 6)]
    loss, mine = derive(classifier()).compile()({"W": w, "b": b, "V": v}, x, y)
    same, theirs = derive(layered).compile()({"W1": w, "b1": b, "W2": v}, x, y)
    assert loss == same
    for own, other in zip(("W", "b", "V"), ("W1", "b1", "W2"), strict=True):
        np.testing.assert_array_equal(mine[own], theirs[other])


def test_batch_norm_and_residual_are_the_layers():
    layered = Network([Linear(5), BatchNorm(), Activation("relu"), Linear(2)], inputs=3, loss="mse", batch=True)
    lines = ["N = batchnorm(W @ X + b)", "A = relu(g * N + c)", "loss = mse(V @ A + d, Y)"]
    mine = network(*lines, g=(5, 1), c=(5, 1), d=(2, 1))
    random = np.random.default_rng(1)
    order = ["W", "b", "g", "c", "V", "d"]
    given_ = {each.name: random.normal(size=[int(size) for size in each.shape]) for each in mine.parameters}
    x, y = random.normal(size=(3, 6)), random.normal(size=(2, 6))
    loss, found = derive(mine).compile()(given_, x, y)
    names = [each.name for each in layered.parameters]
    same, wanted = derive(layered).compile()(dict(zip(names, (given_[name] for name in order), strict=True)), x, y)
    assert loss == pytest.approx(same, rel=1e-14)
    for own, other in zip(order, names, strict=True):
        np.testing.assert_allclose(found[own], wanted[other], rtol=1e-12, atol=1e-14)


CHECKED = {
    "classifier": LINES,
    "penalty": ["A = W @ X", "loss = mse(V @ A, Y)/3 + 0.01*sum(W * W) - 2*mae(V @ tanh(A), Y)"],
    "gates": ["Z = sigmoid(W @ X + b)", "H = (1 - Z) * tanh(W @ X) + Z * 0.5", "loss = huber(V @ H, Y, 0.5)"],
    "tied": ["H = tanh(W @ X + b)", "loss = mse(W.T @ H, X)"],
    "transposes": ["H = (X.T @ W.T).T", "loss = log_cosh(V @ -(H - b), Y)"],
    "parameters": ["H = elu(leaky_relu(W @ X, 0.2), 2)", "loss = mse(V @ rmsnorm(H, 0.1), Y)"],
    "normalised": ["H = layer_norm(W @ X + b)", "loss = bce(sigmoid(V @ H), Y)"],
    "soft targets": ["P = softmax(V @ tanh(W @ X))", "Q = softmax(V @ sin(W @ X))", "loss = cross_entropy(P, Q)"],
    "copies": ["H = W @ X", "A = H", "B = A + A", "loss = mse(V @ exp(-B), Y)"],
    "an input as the target": ["A = W.T @ (W @ X)", "loss = mse(A, X)"],
    "plain numbers": ["loss = mse(V @ (W @ X + 2/3 - .5), 2*Y)"],
    "powers": ["H = tanh(W @ X)", "loss = mse(V @ H**3, Y) + 0.1 * sum(W**2) + sum(V**2) ** 2 + sum(exp(H)**-1)"],
    "numbers by name": ["lam = 0.3", "half = lam / 2", "loss = mse(V @ tanh(W @ X), Y) + half * sum(W * W)"],
    "dimensions as numbers": ["E = V @ tanh(W @ X) - Y", "loss = sum(E**2) / (2 * m) + sqrt(m) * sum(W) / sqrt(4)"],
    "means": ["loss = mean((V @ tanh(W @ X) - Y)**2) + mean(W)"],
    "rows and single numbers": ["s = sum(W) / 15", "H = tanh(W @ X * s + s)", "loss = mse(V @ H + b.T @ H, Y)"],
    "one above the other": ["H = vstack(tanh(W @ X), X)", "loss = mean(H**2) + mse(V @ (W @ X), Y)"],
    "deep": ["A = sin(cos(sigmoid(tanh(W @ X))))", "loss = mse(V @ A, Y)"],
}


@pytest.mark.parametrize("lines", CHECKED.values(), ids=CHECKED)
def test_every_gradient_agrees(lines):
    used = {name: size for name, size in SHAPES.items() if any(name in line for line in lines)}
    report = check(derive(Network.equations(lines, used)))
    assert report.passed, report.rows


def test_symbolic_sizes():
    shapes = {"W": ("h", "n"), "b": ("h", 1), "V": ("k", "h"), "X": ("n", "m"), "Y": ("k", "m")}
    derived = derive(Network.equations(LINES, shapes))
    assert [str(size) for size in derived.gradients["V"].equation.lhs.shape] == ["k", "h"]
    assert check(derived).passed


def test_one_example():
    shapes = {**SHAPES, "X": (3, 1), "Y": (2, 1)}
    found = Network.equations(LINES, shapes, inputs=["X"])
    assert not found.batch
    assert check(derive(found)).passed


def test_several_inputs():
    found = network("H = tanh(W @ X + b * 2 + U @ X2)", "loss = mse(V @ H, Y)", U=(5, 4), X2=(4, "m"))
    assert [each.name for each in found.inputs] == ["X", "X2"]
    assert check(derive(found)).passed
    assert list(derive(found, wrt=["U", "X2"]).gradients) == ["U", "X2"]


def test_a_target_that_depends_on_parameters_is_not_fused():
    used = {name: SHAPES[name] for name in "WVX"}
    assert isinstance(Network.equations(CHECKED["soft targets"], used).loss_node, EntrywiseLoss)


def test_a_parameter_without_influence_has_a_zero_gradient_and_a_warning():
    dead = network("H = tanh(W @ X + b)", "D = U @ X", "loss = mse(V @ H, Y)", U=(4, 3))
    with pytest.warns(UnusedParameterWarning, match="the loss does not depend on U: its gradient is zero"):
        derived = derive(dead)
    assert [each.name for each in derived.unused] == ["U"]
    assert str(derived.gradients["U"].recursive) == "0"
    assert check(derived).passed


REFUSED = [
    ("H = tanh(Q @ X)", "unknown name 'Q' in"),
    ("H = tanh(Ww @ X)", "did you mean 'W'?"),
    ("W = tanh(X)", "W has a declared shape, so it is given"),
    ("H = H", "a cycle"),
    ("H = tahn(W @ X)", "unknown function 'tahn' in 'H = tahn(W @ X)'; did you mean"),
    ("H = W", None),
    ("H = X @ W", "X is 3×m and W is 5×3 in 'H = X @ W': a product needs m = 5"),
    ("H = W @ X + V", r"W @ X is 5×m and V is 2×5 in 'H = W @ X + V': the rows must be equal, 5 = 2"),
    ("H = W @ X * W", "the columns must be equal, m = 3"),
    ("H = W ^ 2", "write A**2 for a power"),
    ("H = W ** X", "the rows must be equal"),
    ("H = (-2) ** X", "the base must be positive"),
    ("H = W ** 65", "is greater than 64"),
    ("H = W ** 1000", "the exponent of"),
    ("H = 2 ** 9**9", "the exponent of"),
    ("H = leaky_relu(W, m)", "'m' in 'H = leaky_relu(W, m)': a plain number must stand here"),
    ("H = W * X", "the rows must be equal, 5 = 3"),
    ("H = V * W", "write @ for the product of matrices"),
    ("H = maximum(W, 0)", "write max(A, B)"),
    ("H = detach(W)", "write stop(A)"),
    ("H = max(X, X, axis=0)", "max goes along an axis of one matrix, not of two, in"),
    ("H = sum(W, axis=2)", "sum takes axis=0, down each column, or axis=1, along each row"),
    ("H = tanh(W, axis=0)", "tanh has no axis"),
    ("H = where(W, X, 0)", "do not fit together"),
    ("H = clip(W, 1, -1)", "clip takes a matrix, its least and its largest value, as in A = clip(Z, -1, 1), in"),
    ("H = inv(W)", "inv takes a square matrix, and W is 5×3, in"),
    ("H = ones(3)", "ones takes 2 sizes, as in J = ones(3, m), in"),
    ("H = W / (m - m)", "divides by zero"),
    ("m = W", "m is a dimension"),
    ("H = W / X", "the rows must be equal"),
    ("H = W / 0", "divides by zero"),
    ("H = W / 0", "divides by zero"),
    ("H = 2 @ W", "write 2 * A"),
    ("H = tanh(2)", "tanh takes 1 matrix"),
    ("H = tanh(W, W)", "tanh takes 1 matrix"),
    ("H = tanh(W, 2)", "tanh takes 1 matrix"),
    ("H = leaky_relu(W, 1, 2)", "at most 1 number"),
    ("H = leaky_relu(0.1, W)", "matrices first"),
    ("H = tanh(x=W)", "'=' may not stand"),
    ("H = tanh", "unknown name 'tanh'"),
    ("H = 2.T", "write 2.*T"),
    ("H = (2).T", "is a number: a matrix must stand here"),
    ("H = W[5]", "there are 5 rows, counted from 0; take some of them, such as Z[0:2]"),
    ("H = W[2:2]", "there are 5 rows"),
    ("H = X[:, 0:2]", "of m columns no part has a size of its own; give a number for m"),
    ("H = W[::2]", "a part has no steps"),
    ("H = W[1/2]", "rows and columns are counted with whole numbers"),
    ("H = W.shape", "'.' may not stand"),
    ("H = W.__class__", "'.' may not stand"),
    ("H = __import__('os').system('id')", "may not stand"),
    ("H = (lambda: 0)()", "may not stand"),
    ("H = W if X else W", "'W if X else W' may not stand"),
    ("H = W and X", "'W and X' may not stand"),
    ("H = (W, X)", "may not stand"),
    ("H = W @", "is not an equation"),
    ("H = ", "is not an equation"),
    ("H", "is not an equation"),
    ("", "is not an equation"),
    ("H == W", "is not an equation"),
    ("H = W = X", "'=' may not stand"),
    ("2 = W", "'2' is not a name"),
    (r"\input{x} = W", "is not a name"),
    ("$x$ = W", "is not a name"),
    ("__class__ = W", "is not a name"),
    ("lambda = W", "lambda is a word of Python and no name: use another, such as lam"),
    ("dW = W", "the name dW is taken: it is the gradient of W"),
    ("H = " + "(" * 50 + "W" + ")" * 50, "brackets"),
    ("H = " + "-" * 200 + "W", "nested more than 100 deep"),
    ("H = " + "W + " * 400 + "W", "at most 1000"),
    ("H = 1" + "0" * 50 + " * W", "more than 40 digits"),
    ("H = " + "1e30 * " * 3 + "W", "too large"),
    ("H = ۲ * W", "may not stand"),
    ("H = tanh(W @ X + b) ⊙ W", "write A * B"),
    ("H = batchnorm(W @ X, -1)", "epsilon is -1: give a positive number"),
    ("H = huber(V @ W @ X, Y, 0)", "must be a positive number"),
    ("H = cross_entropy(tanh(V @ W @ X), Y)", "use the output activation softmax"),
    ("H = mse(W, Y)", "the loss compares W, 5×3, with Y, 2×m: they must be equal in 'H = mse(W, Y)'"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), [each for each in REFUSED if each[1]], ids=lambda each: str(each)[:40])
def test_refused(line, said):
    with pytest.raises((SpecError, ShapeError)) as caught:
        network(line, "loss = mse(V @ W @ X + V @ b, Y)")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_order_cycles_and_the_loss():
    with pytest.raises(SpecError, match=r"G is used before it is defined in 'H = tanh\(G\)': move 'G = W @ X' up"):
        network("H = tanh(G)", "G = W @ X", "loss = mse(V @ H, Y)")
    with pytest.raises(SpecError, match="a cycle in 'H = tanh"):
        network("H = tanh(G)", "G = sin(F)", "F = -H", "loss = mse(V @ H, Y)")
    with pytest.raises(SpecError, match="H is defined twice; second time in"):
        network("H = W @ X", "H = W @ X + b", "loss = mse(V @ H, Y)")
    with pytest.raises(ShapeError, match="the last equation is the loss and must be 1×1"):
        network("H = V @ tanh(W @ X + b) + Y")
    with pytest.raises(SpecError, match="targets: no equation uses Y"):
        network("loss = mse(W @ X, b)", b=(5, "m"))
    with pytest.raises(SpecError, match="at least one equation"):
        Network.equations([], SHAPES)


@pytest.mark.parametrize(
    ("shapes", "options", "said"),
    [
        ({"W": 5}, {}, "give rows and columns"),
        ({"W": (5, 3, 1)}, {}, "give rows and columns"),
        ({"W": "53"}, {}, "give rows and columns"),
        ({"W": (5, 0)}, {}, "the size 0"),
        ({"W": (5, -3)}, {}, "the size -3"),
        ({"W": (5, True)}, {}, "the size True"),
        ({"W": (5, 3.0)}, {}, "the size 3.0"),
        ({"W": (5, float("nan"))}, {}, "the size nan"),
        ({"W": (5, 10**5000)}, {}, "100000… (5,001 digits)"),
        ({"W": (5, "__import__('os')")}, {}, "the size"),
        ({r"\input{x}": (5, 3)}, {}, "is not a name"),
        ({"W.x": (5, 3)}, {}, "is not a name"),
        ({}, {"parameters": ["Q"]}, "parameters: 'Q' has no shape"),
        ({}, {"parameters": ["W", "W"]}, "named twice"),
        ({}, {"parameters": ["W"]}, "neither a parameter nor"),
        ({}, {"inputs": ["X", "W"], "parameters": ["W", "b", "V"]}, "named twice"),
        ({}, {"parameters": "W"}, "parameters is 'W': give a list of texts"),
    ],
)
def test_shapes_and_kinds_are_refused(shapes, options, said):
    with pytest.raises(SpecError) as caught:
        Network.equations(LINES, {**SHAPES, **shapes}, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


PIECES = st.sampled_from(
    ["W", "X", "b", "V", "Y", "H", "Q", "tanh(", "softmax(", "mse(", "sum(", ")", "(", "@", "+", "-", "*", "/", ".T",
     "2", "0.5", ",", "1e9", "**", ".", "lambda", "=", "'", "batchnorm("]
)  # fmt: skip
RIGHT = st.recursive(
    st.sampled_from(["W", "X", "b", "V", "Y", "2", "0.25"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" @ ", " + ", " - ", " * ", " / "]), inner).map("".join),
        st.tuples(st.sampled_from(["tanh", "softmax", "-", "sum", "relu", "rmsnorm", ""]), inner).map(
            lambda pair: f"{pair[0]}({pair[1]})"
        ),
        inner.map(lambda text: f"({text}).T"),
        st.tuples(inner, inner).map(lambda pair: f"mse({pair[0]}, {pair[1]})"),
    ),
    max_leaves=12,
)


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=30).map(" ".join), RIGHT))
@example("H" * 2000)
@example("((((((((" * 100)
@settings(max_examples=400, deadline=None)
def test_any_line_is_a_network_or_refused_in_one_line(right):
    start = time.perf_counter()
    try:
        found = network(f"H = {right}", "loss = mse(V @ W @ X + V @ b, Y) + sum(H)")
    except (SpecError, ShapeError) as error:
        said = str(error)
    else:
        said = found.forward[-1].name
        derive(found)
    assert "\n" not in said
    assert len(said) < 500
    assert time.perf_counter() - start < 2


def test_a_number_beside_a_matrix_is_the_other_operand_of_max_and_no_axis():
    for either, other in (("max(W @ X, 0)", "max(0, W @ X)"), ("min(W @ X, 1)", "min(1, W @ X)")):
        one, two = (network(f"H = {right}", "loss = mse(V @ H + V @ b, Y)") for right in (either, other))
        assert list(map(str, one.forward)) == list(map(str, two.forward))
        assert one.forward["H"].lhs.shape == one.forward["H_1"].lhs.shape


@pytest.mark.parametrize("line", ["loss = 0.5 * x.T @ A @ x", "loss = sum(A @ x)", "loss = mse(A @ x, y)"])
def test_data_of_one_column_stay_one(line):
    shapes = {"A": (3, 3), "x": (3, 1), "y": (3, 1)}
    used = {name: size for name, size in shapes.items() if name in line}
    targets = [name for name in used if name == "y"]
    found = Network.equations([line], used, parameters=["A"], inputs=["x"], targets=targets)
    assert check(derive(found)).passed


def test_a_row_a_column_and_a_single_number_are_repeated():
    shapes = {"W": (4, 3), "c": (4, 1), "r": (1, 5), "s": (1, 1), "X": (3, 5), "T": (4, 5)}
    found = Network.equations(["loss = sum((s * (W @ X) + c - r + s) * T)"], shapes, ["W", "c", "r", "s"], ["X", "T"])
    random = np.random.default_rng(2)
    given_ = {name: random.normal(size=size) for name, size in shapes.items()}
    data = {name: given_.pop(name) for name in ("X", "T")}
    loss, gradients = derive(found).compile()(given_, data)
    w, c, r, s = (given_[name] for name in "Wcrs")
    assert loss == pytest.approx(((s * (w @ data["X"]) + c - r + s) * data["T"]).sum(), rel=1e-12)
    np.testing.assert_allclose(gradients["r"], -data["T"].sum(axis=0, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(gradients["s"], [[(data["T"] * (w @ data["X"] + 1)).sum()]], rtol=1e-12)
    assert check(derive(found)).passed


def test_diagonals() -> None:
    of_column = Network.equations(["H = diag(b) @ (W @ X)", "loss = mse(V @ H, Y)"], SHAPES)
    of_matrix = Network.equations(
        ["H = diag(W @ W.T) * (W @ X)", "loss = mse(V @ H, Y)"], {k: s for k, s in SHAPES.items() if k != "b"}
    )
    random = np.random.default_rng(0)
    values = {name: random.normal(size=size) for name, size in {"W": (5, 3), "b": (5, 1), "V": (2, 5)}.items()}
    x, y = random.normal(size=(3, 4)), random.normal(size=(2, 4))
    w, b, v = values["W"], values["b"], values["V"]
    for made, hidden in ((of_column, b * (w @ x)), (of_matrix, np.sum(w * w, axis=1, keepdims=True) * (w @ x))):
        parameters = {each.name: values[each.name] for each in made.parameters}
        loss, _ = derive(made).compile()(parameters, x, y)
        assert loss == pytest.approx(np.sum((v @ hidden - y) ** 2) / 8, rel=1e-13)
        assert check(derive(made)).passed


def test_constants_and_frozen_weights_are_given_with_the_inputs() -> None:
    shapes = {"W": (2, 3), "F": (3, 3), "M": (2, 3), "X": (3, "m"), "Y": (2, "m")}
    lines = ["loss = mse((M * W) @ F @ X, Y)"]
    made = Network.equations(lines, shapes, constants=["M"], frozen=["F"])
    assert [each.name for each in made.parameters] == ["W"]
    assert [each.name for each in made.inputs] == ["X", "M", "F"]
    derived = derive(made)
    random = np.random.default_rng(1)
    w, f, m, x, y = (random.normal(size=size) for size in ((2, 3), (3, 3), (2, 3), (3, 4), (2, 4)))
    loss, gradients = derived.compile()({"W": w}, {"X": x, "M": m, "F": f}, y)
    error = ((m * w) @ f @ x - y) / 4
    assert loss == pytest.approx(2 * np.sum(error**2), rel=1e-13)
    np.testing.assert_allclose(gradients["W"], m * (error @ (f @ x).T), rtol=1e-12)
    assert check(derived).passed


def test_a_system_needs_no_inputs_and_takes_numbers() -> None:
    derived = derive(Network.equations(["loss = (a * b + c)**2"], dict.fromkeys("abc", (1, 1))))
    loss, gradients = derived.compile()({"a": 2.0, "b": 3, "c": np.float64(-1)})
    assert loss == 25
    assert {name: gradient.item() for name, gradient in gradients.items()} == {"a": 30, "b": 20, "c": 10}
    with pytest.raises(SpecError, match="the network has no inputs: leave out X"):
        derived.compile()({"a": 2.0, "b": 3, "c": 1}, np.ones((1, 1)))
    with pytest.raises(SpecError, match="X is missing: give X"):
        derive(network(*LINES)).compile()({"W": np.ones((5, 3)), "b": np.ones((5, 1)), "V": np.ones((2, 5))})
    assert check(derived).passed


GAN = ["G = A @ tanh(B @ Z)", "real = sigmoid(c @ X)", "fake = sigmoid(c @ G)",
       "loss_d = -mean(log(real)) - mean(log(1 - fake))", "loss_g = -mean(log(fake))"]  # fmt: skip
GAN_SHAPES = {"A": (3, 4), "B": (4, 2), "c": (1, 3), "X": (3, "m"), "Z": (2, "m")}


def test_one_of_several_losses_is_chosen() -> None:
    generator = derive(Network.equations(GAN, GAN_SHAPES, loss="loss_g"))
    assert [each.name for each in generator.forward.given] == ["Z", "A", "B", "c"]
    assert generator.network.loss.name == "loss_g"
    assert check(generator).passed
    assert check(derive(Network.equations(GAN, GAN_SHAPES, loss="loss_d"))).passed
    with pytest.raises(SpecError, match="2 losses, loss_d and loss_g: choose one, such as --loss loss_d"):
        Network.equations(GAN, GAN_SHAPES)
    with pytest.raises(SpecError, match="no line defines the loss 'loss_x'; did you mean"):
        Network.equations(GAN, GAN_SHAPES, loss="loss_x")


def test_data_are_positive_where_the_loss_is_no_number_otherwise() -> None:
    shapes = {"W": (3, 4), "X": (4, "m"), "S": (5, 3), "C": (5, "m")}
    lines = ["P = S @ softmax(W @ X)", "loss = -sum(log(P)) - sum(log(C) * P)"]
    made = Network.equations(lines, shapes, parameters=["W"], inputs=["X", "C"], constants=["S"])
    assert check(derive(made)).passed


@pytest.mark.parametrize("number", ["log(-1)", "log(0)", "sqrt(-2)"])
def test_a_number_is_real(number: str) -> None:
    with pytest.raises(SpecError, match=re.escape(f"'{number}' in 'loss = sum(W) * {number}' is no real number")):
        Network.equations([f"loss = sum(W) * {number}"], {"W": (3, 4)})
    found = derive(Network.equations(["loss = sum(W) * log(k) * exp(2)"], {"W": ("k", 4)})).compile()
    assert found({"W": np.ones((3, 4))})[1]["W"] == pytest.approx(np.full((3, 4), np.log(3) * np.exp(2)))


def test_what_only_the_data_make_bad_is_no_number_and_never_wrong() -> None:
    for line in ("loss = sum(inv(W @ W.T - W @ W.T) @ W @ X)", "loss = sum(log(W @ X))", "loss = sum(W / (W - W))"):
        made = Network.equations([line], {"W": (3, 4), **({"X": (4, "m")} if "X" in line else {})})
        report = check(derive(made))
        assert not report.passed
        assert {row.verdict.value for row in report.rows} <= {"overflow", "undefined"}, line
