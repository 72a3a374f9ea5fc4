"""Index forms typed in LaTeX are true: read as they are printed, run on numbers, beside the derived gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from displayed import run
from index_forms import Reader

from symbp import derive
from symbp.networks.alone import normalisation, softmax
from symbp.networks.operations import OPERATIONS
from symbp.ops.normalisation import EPSILON
from symbp.symbols import BATCH

N, M = 4, 3


def normalised(name):
    """Every value of one feature's column or one token, and every gradient, as the elementary steps have them."""
    lone = OPERATIONS[name].build()
    steps = derive(lone.page.elementary())
    random = np.random.default_rng(5)
    sizes = {normalisation.N: N, BATCH: M}
    given = {"X": random.normal(size=(N, M)), "gamma": random.normal(size=(N, 1)), "beta": random.normal(size=(N, 1)),
             "dY": random.normal(size=(N, M))}  # fmt: skip
    xp = np
    values = run(steps.forward[:-1], given, sizes, xp)
    return lone, run(steps.backward, values, sizes, xp)


def steps_of(lone, title):
    (section,) = (each for each in lone.page.sections if each.title == title)
    return [line for step in section.steps for line in step.lines]


def batchnorm_reader():
    lone, v = normalised("batchnorm")
    values = {"x": v["X"][0], "xhat": v["Xhat"][0], "y": v["Y"][0], "gamma": v["gamma"][0, 0], "mu": v["mu"][0, 0],
              "dxhat": v["dXhat"][0], "dy": v["dY"][0], "dmu": v["dmu"][0, 0], "dx": v["dX"][0], "m": M,
              "dgamma": v["dgamma"][0, 0], "dbeta": v["dbeta"][0, 0], "epsilon": float(EPSILON)}  # fmt: skip
    values |= {"varepsilon": float(EPSILON), "sigma": math.sqrt(v["var"][0, 0]), "dsigma^ { 2 }": v["dvar"][0, 0]}
    values |= {"dsigma ^ 2": v["dvar"][0, 0]}
    return steps_of(lone, "In index form"), Reader(values, {"i": range(1, M + 1)})


def test_batchnorm_as_the_paper_writes_it():
    lines, reader = batchnorm_reader()
    assert reader.holds(lines) == 2 * M + 4


@pytest.mark.parametrize(("right", "wrong"), [(r"\frac{2 (x_i", r"\frac{3 (x_i"), (r" -\frac{1}{2}", r" \frac{1}{2}")])
def test_a_wrong_sign_or_number_is_seen(right, wrong):
    lines, reader = batchnorm_reader()
    assert any(right in line for line in lines)
    with pytest.raises(AssertionError):
        reader.holds([line.replace(right, wrong) for line in lines])


@pytest.mark.parametrize("name", ["layernorm", "rmsnorm"])
def test_one_token_of_a_normalisation(name):
    lone, v = normalised(name)
    g = (v["gamma"] * v["dY"])[:, 0]
    values = {"dx": v["dX"][:, 0], "g": g, "xhat": v["Xhat"][:, 0], "r": v["r"][0, 0], "n": N}
    (line,) = steps_of(lone, "In index form")
    assert Reader(values, {"i": range(1, N + 1)}).holds([line]) == N


def test_batchnorm_in_one_line_as_typed():
    """The closed form is set in matrices: each feature's row of it, entry by entry."""
    lone, v = normalised("batchnorm")
    (line,) = steps_of(lone, "Closed form")
    ones = r"\mathbf{1}^{\top}"
    entries = line.replace(ones, "").replace(r"\odot", "").replace(r"\mathrm{d}", "D")
    for old, new in ((r"D\beta", "b"), (r"D\gamma", "a"), ("DX", "u_i"), ("DY", "w_i"), (r"\hat{X}", "h_i")):
        entries = entries.replace(old, new)
    for row in range(N):
        values = {"u": v["dX"][row], "w": v["dY"][row], "h": v["Xhat"][row], "b": v["dbeta"][row, 0], "m": M,
                  "a": v["dgamma"][row, 0], "gamma": v["gamma"][row, 0], "r": v["r"][row, 0]}  # fmt: skip
        assert Reader(values, {"i": range(1, M + 1)}).holds([entries]) == M


def test_the_softmax_of_one_vector():
    random = np.random.default_rng(2)
    z, g = random.normal(size=N), random.normal(size=N)
    p = np.exp(z) / np.exp(z).sum()
    first, second = (line for line in steps_of(OPERATIONS["softmax"].build(), "For one vector") if "p_i" in line)
    indices = {"i": range(1, N + 1), "k": range(1, N + 1)}
    exponentials = first.replace("e^{z_i}", "E_i").replace("e^{z_k}", "E_k")
    assert Reader({"p": p, "E": np.exp(z)}, indices).holds([exponentials]) == N
    same, _, other = second.partition(r"\ \text{ if } i = k, \qquad")
    jacobian = np.diag(p) - np.outer(p, p)
    reader = Reader({"p": p, "dp/dz": jacobian}, indices)
    left, right = same.split("&=")
    for i in indices["i"]:
        for k in indices["k"]:
            reader.at = {"i": i, "k": k}
            shown = right if i == k else other.split(r"\ \text")[0]
            assert reader.value(left) == pytest.approx(reader.value(shown))
    found = run(derive(OPERATIONS["softmax"].build()).backward, {"P": p[:, None], "dP": g[:, None], "Z": None},
                {softmax.N: N, BATCH: 1}, np)["dZ"][:, 0]  # fmt: skip
    np.testing.assert_allclose(found, jacobian @ g)


def test_the_lemma_of_softmax_with_cross_entropy_line_by_line():
    random = np.random.default_rng(3)
    z, y = random.normal(size=N), random.dirichlet(np.ones(N))
    p = np.exp(z) / np.exp(z).sum()
    values = {"p": p, "y": y, "dz": p - y, "dp": -y / p, "dp/dz": np.diag(p) - np.outer(p, p)}
    lines = steps_of(OPERATIONS["softmax-cross-entropy"].build(), "The lemma, line by line")
    indices = {"i": range(1, N + 1), "k": range(1, N + 1)}
    assert Reader(values, indices).holds(lines) == 4 * N
    with pytest.raises(AssertionError):
        Reader(values, indices).holds([lines[0], lines[1].replace("-y_k", "y_k")])


IMAGES = ("conv1d", "conv2d", "strided-conv2d", "max-pool", "avg-pool")


def images(name):
    """One example with two channels in and three out, its forward pass and its gradients, as arrays of their axes."""
    lone = OPERATIONS[name].build()
    derived = derive(lone)
    node = derived.forward[0].rhs
    window = node.window
    random = np.random.default_rng(4)
    is_signal = window.is_signal
    inside = (window.width,) if is_signal else (window.height, window.width)
    places = window.places[1:] if is_signal else window.places
    kernel = (window.kw,) if is_signal else (window.kh, window.kw)
    count = 3 if name.endswith(("1d", "2d")) else 2
    x, g = random.normal(size=(2, *inside)), random.normal(size=(count, *places))
    parameters = {}
    w = random.normal(size=(count, 2, *kernel))
    if lone.parameters:
        parameters = {"W": w.reshape(count, -1), "b": np.zeros((count, 1))}
    _, gradients = derived.compile()(parameters, x.reshape(-1, 1), g.reshape(-1, 1))
    z = lone_output(derived, parameters, x, places, count)
    values = {"x": x, "g": g, "w": w, "z": z, "a": z, "dx": gradients["X"].reshape(x.shape)}
    if lone.parameters:
        flipped = w[(..., *(slice(None, None, -1) for _ in kernel))]
        values |= {"dw": gradients["W"].reshape(w.shape), "wtilde": flipped}
    ranges = {"c": range(2), "o": range(count)}
    ranges |= dict(zip("pq", map(range, places), strict=False)) | dict(zip("ij", map(range, kernel), strict=False))
    ranges |= dict(zip("uv", map(range, inside), strict=False))
    values |= dict(zip("PQ", places, strict=False))
    return node.explanation().steps, values, ranges, window


def lone_output(derived, parameters, x, places, count):
    """The output, one entry at a time: the value of the program is Σ output ∘ what comes from above."""
    run_it = derived.compile()
    found = np.zeros((count, *places))
    for place in np.ndindex(found.shape):
        above = np.zeros(found.shape)
        above[place] = 1.0
        found[place] = run_it(parameters, x.reshape(-1, 1), above.reshape(-1, 1))[0]
    return found


def largest(x, shape):
    """The mask of the page by its definition, for windows of 2×2 in steps of 2: is this value the largest there?"""
    found = np.zeros((*shape, *x.shape[1:]))
    for c, p, q in np.ndindex(shape):
        window = x[c, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
        for i, j in np.ndindex(window.shape):
            found[c, p, q, 2 * p + i, 2 * q + j] = window[i, j] == window.max()
    return found


@pytest.mark.parametrize("name", IMAGES)
def test_the_sums_of_convolution_and_pooling(name):
    steps, values, ranges, window = images(name)
    strides = [axis.stride for axis in window.axes]
    if max(strides) > 1:
        g = values["g"]
        spread = [stride * (size - 1) + 1 for stride, size in zip(strides, g.shape[1:], strict=True)]
        dilated = np.zeros((len(g), *spread))
        dilated[(slice(None), *(slice(None, None, stride) for stride in strides))] = g
        values["s"] = dilated
    if name == "max-pool":
        values["M"] = largest(values["x"], values["z"].shape)
    lines = [line for step in steps for line in step.lines if r"\partial w}" not in line and r"\partial x}" not in line]
    lines = [line.replace(r"(g_{\uparrow 2})", "s") for line in lines if "cases" not in line]
    assert Reader(values, ranges, first=0).holds(lines) >= 2 * 2
    for number in ("1", "2"):
        wrong = [line.replace("+i", f"+i+{number}").replace("-i", f"-i-{number}") for line in lines]
        if wrong != lines:
            with pytest.raises(AssertionError):
                Reader(values, ranges, first=0).holds(wrong)


@pytest.mark.parametrize(("name", "count"), [("batchnorm", "m"), ("layernorm", "n"), ("rmsnorm", "n")])
def test_what_a_report_says_of_a_normalisation(name, count):
    """The lines under Operations: z is normalised, g the error of the normalised values, s the deviation."""
    lone, v = normalised(name)
    row = (lambda a: v[a][0]) if name == "batchnorm" else (lambda a: v[a][:, 0])
    squares, s = row("var")[0], 1 / row("r")[0]
    sizes = {"m": M} if name == "batchnorm" else {"n": N}
    values = {"z": row("X"), "g": row("dXhat"), "s": s, "zhat": row("Xhat"), "dz": row("dX"), "varepsilon": EPSILON}
    values |= {"sigma": math.sqrt(squares), "dsigma ^ 2": row("dvar")[0], "q": squares, "dq": row("dvar")[0]}
    values |= sizes | {"varepsilon": float(EPSILON)}
    if "mu" in v:
        values |= {"mu": row("mu")[0], "dmu": row("dmu")[0]}
    lines = [line for step in lone.forward[0].rhs.explanation().steps for line in step.lines if r"\Pi" not in line]
    length = sizes[count]
    indices = {"i": range(1, length + 1), "k": range(1, length + 1)}
    assert Reader(values, indices).holds(lines) >= 3 * length
    broken = [line.replace(r"- \hat{z}_i", r"+ \hat{z}_i") for line in lines]
    assert broken != lines
    with pytest.raises(AssertionError):
        Reader(values, indices).holds(broken)
