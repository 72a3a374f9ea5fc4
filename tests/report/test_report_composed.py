"""Reports of composed networks: true, complete, and never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from report_cases import BATCHNORM, LAYERNORM, RESIDUAL

from symbp.checking.check import check
from symbp.derivation import derive
from symbp.networks.attention import Attention
from symbp.networks.examples import EXAMPLES as SHIPPED
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, LayerNorm, RMSNorm
from symbp.networks.recurrent import GRU, LSTM, RNN
from symbp.networks.residual import Residual
from symbp.ops.normalisation import Over, normalise, normalise_jacobian
from symbp.report.dialects import LATEX, UNICODE
from symbp.report.names import marks
from symbp.report.notation import STANDARD
from symbp.report.printer import Printer
from symbp.report.render import render
from symbp.report.terminal import derivation_text
from symbp.symbols import BATCH, Role, Variable


def networks() -> dict[str, Network]:
    found = {}
    for batch in (False, True):
        block = [LayerNorm(), Dense(4, "tanh"), Linear(5)]
        nested = Residual([Residual([Dense(5, "tanh"), Residual([Dense(5, "relu")])]), Linear(5)])
        stacks = {
            "projection": [Dense(5), Residual([Dense(4, "tanh"), Linear(6)], Linear(6)), Activation("relu"), Dense(2)],
            "deep": [Linear(5), *(Residual(block) for _ in range(12)), Dense(2, "softmax")],
            "nested": [Linear(5), nested, Linear(2)],
            "norms": [Linear(5), RMSNorm(), Activation("relu"), BatchNorm(), Dense(2)],
            "activations": [Dense(5, "softmax"), Activation("tanh"), Activation("softmax"), Activation(), Linear(4)],
            "block first": [Residual([Linear(3), LayerNorm()]), Activation("relu"), Residual([Linear(3)]), Dense(2)],
        }
        found |= {f"{name} {batch}": Network(layers, 3, "mse", batch=batch) for name, layers in stacks.items()}
    return found


def architectures() -> dict[str, Network]:
    """Whatever else the house builds: the shipped examples, recurrent layers, attention, a user's equations."""
    found = {name: Network.load(file) for name, file in SHIPPED.items()}
    for kind in (RNN, LSTM, GRU):
        found[kind.__name__] = Network([kind(4, 3), Dense(2, "softmax")], inputs=3, loss="ce")
    attention = Attention(tokens=4, heads=2, causal=True, bias=True)
    found["attention"] = Network([attention, Dense(2, "softmax")], inputs=6, loss="ce")
    found["penalty"] = Network([Dense(4, "tanh"), Dense(2)], inputs=3, loss="mse", l2="0.01")
    shapes = {"W": (5, 3), "X": (3, "m"), "b": (5, 1), "V": (2, 5), "Y": (2, "m")}
    lines = ["H = tanh(W @ X + b)", "P = softmax(V @ H)", "loss = cross_entropy(P, Y)"]
    found["equations"] = Network.equations(lines, shapes)
    clash = ["g = tanh(W @ X)", "G = tanh(U @ g)", "D = tanh(U @ G)", "loss = mse(D, Y)"]
    found["clash"] = Network.equations(clash, {"W": (5, 3), "X": (3, "m"), "U": (5, 5), "Y": (5, "m")})
    return found


NETWORKS = networks() | architectures()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_format_of_every_network(name: str) -> None:
    of = derive(NETWORKS[name])
    for to in ("gfm", "markdown", "latex", "text"):
        for notation in ("standard", "ng"):
            assert render(of, to=to, notation=notation, by_output=notation == "ng")
    for gradient in of.gradients:
        assert render(of, only=gradient)
        assert render(of, to="text", only=gradient)
    assert derivation_text(of, ascii_only=True).isascii()
    assert max(map(len, derivation_text(of).splitlines())) <= 80


@pytest.mark.parametrize("name", NETWORKS)
def test_symbols_differ(name: str) -> None:
    of = derive(NETWORKS[name])
    variables = [*of.forward.given, *(equation.lhs for equation in of.forward)]
    spelled = marks([v for v in variables if isinstance(v, Variable)], STANDARD, layered=True)
    assert len({(*mark.key, mark.path) for mark in spelled.values()}) == len(spelled)


def test_a_product_from_both_sides_is_bracketed_as_it_acts() -> None:
    of = derive(Network([Attention(tokens=4), Dense(2, "softmax")], inputs=6, loss="ce"))
    text = render(of, to="text", only="attention.WK")
    assert "1/√6 Q (J (Vᵀ W_Oᵀ W₂ᵀ 1/4 (A₂ − Y)))ᵀ Xᵀ" in text


def test_letters_that_clash_give_way() -> None:
    text = render(derive(NETWORKS["clash"]), to="text")
    assert "E = ∂ℒ/∂D" in text  # G and g are the user's own


def test_an_lstm_is_a_product_over_time() -> None:
    text = render(derive(NETWORKS["LSTM"]), to="text")
    assert "∂s_3/∂s_1 = ∂s_3/∂s_2 ∂s_2/∂s_1" in text
    assert "∂c_t/∂c_(t-1) = diag(f_t)" in text


def test_a_residual_block_is_a_bracket_with_the_identity() -> None:
    text = render(derive(RESIDUAL))
    assert r"(I + W^{(2)\top}\, D^{(2)}\, W^{(3)\top})" in text
    assert "passes the error on unchanged" in text
    assert "one recursion" not in text
    assert "exactly four kinds" not in text


def test_batchnorm_is_shown_for_a_batch_and_its_bias_has_no_gradient() -> None:
    of = derive(BATCHNORM)
    text = render(of, check=check(of, thorough=False))
    assert "a batch of" in text
    assert "The gradient of $`b^{(1)}`$ is zero whatever the data are" in text
    assert r"\sum_{i=1}^{m} D" not in text
    assert "zero whatever" not in render(derive(LAYERNORM))


def test_a_parameter_the_loss_ignores_is_said_to_have_gradient_zero() -> None:
    of = derive(Network([Linear(5), BatchNorm(), Dense(2, "tanh")], 3, "mse"))
    assert "zero whatever" in render(of, to="text")


@pytest.mark.parametrize(("over", "centred"), [(Over.EXAMPLES, 1), (Over.FEATURES, 1), (Over.FEATURES, 0)])
def test_shown_steps_are_the_projection(over: Over, centred: int) -> None:
    """The sums that a report shows, written out as it shows them, against the operation itself."""
    random = np.random.default_rng(0)
    z, g = random.normal(size=(2, 4, 7))
    epsilon, n, axis = 1e-5, z.shape[over], int(over)

    def total(a: np.ndarray) -> np.ndarray:
        return a.sum(axis=axis, keepdims=True)

    mu = centred * total(z) / n
    s = np.sqrt(total((z - mu) ** 2) / n + epsilon)
    d_square = -total(g * (z - mu)) / (2 * s**3)
    d_mu = -centred * total(g) / s
    steps = g / s + 2 * (z - mu) / n * d_square + d_mu / n
    normalised = normalise(np, z, axis, centred, epsilon)
    assert np.allclose(steps, normalise_jacobian(np, z, normalised, g, axis, centred, epsilon), rtol=1e-12)


NAMES = [
    (("block1.attention.WQ", Role.WEIGHT, "WQ", "block1.attention"), "W_Q[block1]", r"W_{Q}^{\text{block1}}"),
    (("block2.attention.WQ", Role.WEIGHT, "WQ", "block2.attention"), "W_Q[block2]", r"W_{Q}^{\text{block2}}"),
    (("gamma1_2", Role.SCALE, "gamma", ""), "γ₁_2", r"\gamma_{2}^{(1)}"),
    (("gamma1", Role.SCALE, "gamma", ""), "γ₁", r"\gamma^{(1)}"),
    (("hidden_1", Role.ACTIVATION, "hidden", ""), "hidden_1", r"\mathrm{hidden}_{1}"),
    (("my_own_name", Role.ACTIVATION, "my_own_name", ""), "my_own_name", r"\mathrm{my\_own\_name}"),
    (("U1", Role.WEIGHT, "U", ""), "U₁", r"U^{(1)}"),
]


def test_names_are_spelled_as_people_write_them() -> None:
    found = [Variable(name, 3, BATCH, role, stem, 1, path) for (name, role, stem, path), _, _ in NAMES]
    spelled = marks(found, STANDARD, layered=True)
    for dialect, column in ((UNICODE, 1), (LATEX, 2)):
        printer = Printer(STANDARD, dialect, 3, one_example=False, marks=spelled)
        assert [printer.symbol(v) for v in found] == [row[column] for row in NAMES]
