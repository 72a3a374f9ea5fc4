"""Operations alone: right, by name, and equal to what the literature writes, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from displayed import EXACT, run, symbols
from sympy import MatAdd, MatMul, Rational, expand, simplify
from systems import with_rhs

from symbp import SpecError, check, derive
from symbp.checking.agreement import difference
from symbp.networks.alone import attention, normalisation, softmax
from symbp.networks.alone.network import OperationNetwork
from symbp.networks.operations import OPERATION_ALIASES, OPERATIONS, operation_named
from symbp.symbols import BATCH, Adjoint
from symbp.views.alone import with_powers

NORMALISATIONS = ("batchnorm", "layernorm", "rmsnorm")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_gradient_agrees_with_differences(name):
    derived = derive(OPERATIONS[name].build())
    report = check(derived)
    assert report.passed, report.rows
    assert report.relative < 1e-12
    assert report.digits < 1e-20
    assert {row.name for row in report.rows} == set(derived.gradients)


@pytest.mark.parametrize("name", OPERATIONS)
def test_inputs_and_parameters_have_gradients(name):
    network = OPERATIONS[name].build()
    wanted = {each.name for each in (*network.parameters, *network.inputs)}
    assert set(derive(network).gradients) == wanted
    assert network.source == OPERATIONS[name].source


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_wrong_gradient_is_caught(name):
    derived = derive(OPERATIONS[name].build())
    last = derived.backward[-1]
    wrong = with_rhs(derived, last.name, MatMul(Rational(99, 100), last.rhs))
    assert not check(wrong).passed


def test_compiled_with_the_gradient_from_above():
    random = np.random.default_rng(3)
    q, k, v = random.normal(size=(4, 3)), random.normal(size=(4, 5)), random.normal(size=(2, 5))
    above = random.normal(size=(2, 3))
    run_it = derive(OPERATIONS["attention"].build()).compile()
    value, gradients = run_it({}, {"Q": q, "K": k, "V": v}, above)

    def total(q):
        scores = k.T @ q / 2
        weights = np.exp(scores) / np.exp(scores).sum(axis=0)
        return float((v @ weights * above).sum())

    assert value == pytest.approx(total(q), rel=1e-14)
    step = 1e-6 * random.normal(size=q.shape)
    slope = (total(q + step) - total(q - step)) / 2
    assert (gradients["Q"] * step).sum() == pytest.approx(slope, rel=1e-7)
    with pytest.raises(SpecError, match="comes from above: give Y, d_v×N"):
        run_it({}, {"Q": q, "K": k, "V": v})


@pytest.mark.parametrize("alias", OPERATION_ALIASES)
def test_aliases(alias):
    named = operation_named(alias.upper().replace("-", "_"))
    assert named is OPERATIONS[OPERATION_ALIASES[alias]]
    assert alias not in OPERATIONS


def test_nothing_is_called_nothing():
    assert operation_named("convolve-everything") is None


# The steps and the projection.


def elementary(name) -> OperationNetwork:
    build = OPERATIONS[name].build().plan.steps
    assert build is not None
    return build()


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_the_steps_are_checked_on_their_own(name):
    report = check(derive(elementary(name)))
    assert report.passed
    assert report.digits < 1e-20


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_steps_and_projection_agree_in_numbers(name):
    fused, steps = derive(OPERATIONS[name].build()), derive(elementary(name))
    assert 0 < difference(fused, steps) < 1e-13
    x = next(each for each in steps.backward if each.name == "dX")
    constant_mean = with_rhs(steps, "dX", MatMul(Rational(1, 2), x.rhs))
    assert difference(fused, constant_mean) > 0.1


SIZES = {normalisation.N: 2, BATCH: 3}
X, G = symbols("x", 2, 3), symbols("g", 2, 3)
GAMMA, BETA = symbols("c", 2, 1), symbols("b", 2, 1)


def stepped(name):
    """The elementary equations on symbols, forwards and backwards; r = 1/s is a symbol too, with dr/dσ² = −r³/2."""
    steps = derive(elementary(name))
    r = symbols("r", *((2, 1) if name == "batchnorm" else (1, 3)))
    forward = [each for each in steps.forward[:-1] if each.name not in ("r", "Y")]
    values = run(forward, {"X": X, "gamma": GAMMA, "beta": BETA, "dY": G, "r": r}, SIZES, EXACT)
    backward = [replace(each, rhs=with_powers(each.rhs)) for each in steps.backward]
    return values, run(backward, values, SIZES, EXACT)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_steps_equal_the_projection_exactly(name):
    """Elementwise in symbols: r·(g − mean g − x̂·mean(g·x̂)) for every entry, by exact expansion (dX of BatchNorm and
    LayerNorm as Ioffe and Szegedy 2015, section 3, and Ba et al. 2016 have it, the terms collected)."""
    values, backward = stepped(name)
    axis = 1 if name == "batchnorm" else 0
    g, hat, r = GAMMA * G, values["X_hat"], values["r"]

    def mean(a):
        return a.sum(axis=axis, keepdims=True) / sympy.Integer(a.shape[axis])

    centred = 0 if name == "rmsnorm" else mean(g)
    closed = r * (g - centred - hat * mean(g * hat))
    assert all(expand(a - b) == 0 for a, b in zip(backward["dX"].flat, closed.flat, strict=True))
    assert any(expand(a - b) != 0 for a, b in zip(backward["dX"].flat, (closed + hat).flat, strict=True))


def test_batchnorm_in_one_line():
    """(γ r / m) (m dY − dβ − x̂ dγ), the closed form of the page."""
    values, backward = stepped("batchnorm")
    dbeta, dgamma = backward["dbeta"], backward["dgamma"]
    assert [expand(a - b) for a, b in zip(dbeta.flat, G.sum(axis=1), strict=True)] == [0, 0]
    assert [expand(a - b) for a, b in zip(dgamma.flat, (G * values["X_hat"]).sum(axis=1), strict=True)] == [0, 0]
    closed = GAMMA * values["r"] / sympy.Integer(3) * (3 * G - dbeta - values["X_hat"] * dgamma)
    assert all(expand(a - b) == 0 for a, b in zip(backward["dX"].flat, closed.flat, strict=True))


def test_batchnorm_as_the_paper_writes_it():
    """Ioffe and Szegedy 2015, section 3: the six lines, with the term of the mean in the variance."""
    values, backward = stepped("batchnorm")
    m, r = sympy.Integer(3), values["r"]
    hat, centred = GAMMA * G, values["C"]
    variance = (hat * centred).sum(axis=1, keepdims=True) * (-r * r * r / 2)
    mean = -(hat * r).sum(axis=1, keepdims=True) + variance * (-2 * centred).sum(axis=1, keepdims=True) / m
    closed = hat * r + variance * 2 * centred / m + mean / m
    assert all(expand(a - b) == 0 for a, b in zip(backward["dX"].flat, closed.flat, strict=True))
    assert all(expand(a - b) == 0 for a, b in zip(backward["dv"].flat, variance.flat, strict=True))


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_dx_is_the_derivative_of_the_forward_pass_in_exact_arithmetic(name):
    """SymPy differentiates the forward pass itself; at rational numbers the difference simplifies to zero."""
    network = OPERATIONS[name].build()
    derived = derive(network)
    given = {"X": X, "gamma": GAMMA, "beta": BETA, "dY": G}
    values = run(derived.forward[:-1], given, SIZES, EXACT)
    total = (values["Y"] * G).sum()
    numbers = np.array([[1, 4, 6], [2, -3, 5]])
    at = dict(zip(X.flat, map(sympy.Integer, numbers.flat), strict=True))
    backward = run(derived.backward, values, SIZES, EXACT)
    for entry, found in zip(X.flat, backward["dX"].flat, strict=True):
        assert simplify((total.diff(entry) - found).xreplace(at)) == 0


# Softmax and attention.


def test_softmax_jacobian_is_diag_p_minus_p_p():
    sizes = {softmax.N: 3, BATCH: 2}
    p, g = symbols("p", 3, 2), symbols("g", 3, 2)
    found = run(derive(OPERATIONS["softmax"].build()).backward, {"P": p, "dP": g, "Z": None}, sizes, EXACT)["dZ"]
    for column in range(2):
        vector = sympy.Matrix(p[:, column])
        jacobian = sympy.diag(*vector) - vector * vector.T
        closed = jacobian * sympy.Matrix(g[:, column])
        assert (sympy.Matrix(found[:, column]) - closed).expand() == sympy.zeros(3, 1)


def test_softmax_with_cross_entropy_is_prediction_minus_target():
    """SymPy differentiates −1/m Σ y log softmax(z) with Σ y = 1: what is left is (P − Y)/m."""
    sizes = {softmax.N: 3, BATCH: 2}
    z, y = symbols("z", 3, 2), symbols("y", 3, 2)
    for column in range(2):
        y[2, column] = 1 - y[0, column] - y[1, column]
    derived = derive(OPERATIONS["softmax-cross-entropy"].build())
    values = run(derived.forward, {"Z": z, "Y": y}, sizes, EXACT)
    (loss,) = values["loss"].flat
    found = run(derived.backward, values, sizes, EXACT)["dZ"]
    assert all(simplify(loss.diff(entry) - slope) == 0 for entry, slope in zip(z.flat, found.flat, strict=True))
    closed = (values["P"] - y) / sympy.Integer(2)
    assert all(simplify(a - b) == 0 for a, b in zip(found.flat, closed.flat, strict=True))


@pytest.mark.parametrize("name", ["attention", "causal-attention"])
def test_attention_is_the_five_lines_of_the_literature(name):
    """Vaswani et al. 2017, §3.2.1, differentiated as FlashAttention (Dao et al. 2022, appendix B.2) writes it: tokens
    as rows, dV = Pᵀ dO, dP = dO Vᵀ, dS = P ∘ (dP − rowsum(dP ∘ P)), dQ = dS K/√d, dK = dSᵀ Q/√d."""
    keys = 4 if name == "attention" else 3
    sizes = {attention.QUERIES: 3, attention.KEYS: keys, attention.WIDTH: 2, attention.VALUES: 5}
    q, k, v = symbols("q", 3, 2), symbols("k", keys, 2), symbols("v", keys, 5)
    p, above = symbols("p", 3, keys), symbols("g", 3, 5)
    d_v = p.T @ above
    d_p = above @ v.T
    d_s = p * (d_p - (d_p * p).sum(axis=1, keepdims=True))
    d_q = d_s @ k / sympy.sqrt(2)
    d_k = d_s.T @ q / sympy.sqrt(2)
    given = {"Q": q.T, "K": k.T, "V": v.T, "P": p.T, "dO": above.T}
    found = run(derive(OPERATIONS[name].build()).backward, given, sizes, EXACT)
    for letter, closed in {"V": d_v, "P": d_p, "S": d_s, "Q": d_q, "K": d_k}.items():
        pairs = zip(found[f"d{letter}"].T.flat, closed.flat, strict=True)
        assert all(expand(a - b) == 0 for a, b in pairs), letter


def test_a_bias_in_front_of_batchnorm_has_gradient_zero():
    network = OPERATIONS["batchnorm"].build()
    gradient = derive(network).backward["dX"].rhs
    assert gradient.rows_sum_to_zero
    _, backward = stepped("batchnorm")
    assert [expand(total) for total in backward["dX"].sum(axis=1)] == [0, 0]


def test_the_gradient_from_above_is_given():
    derived = derive(OPERATIONS["attention"].build())
    above = Adjoint(derived.network.output)
    assert above in derived.forward.given
    assert above.name not in derived.backward
    (term,) = derived.gradients["V"].terms
    assert term[0].expr == above
    assert not any(isinstance(each.rhs, MatAdd) for each in derived.backward)
