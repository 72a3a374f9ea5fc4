"""Backward passes by hand of everything that is not a plain perceptron: residual blocks to attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from written import HELPERS, Written, mistake

from symbp.networks.attention import Attention
from symbp.networks.convolution import Conv2d
from symbp.networks.images import Image
from symbp.networks.layers import Activation, Dense, Linear
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, LayerNorm
from symbp.networks.recurrent import LSTM, RNN
from symbp.networks.residual import Residual

EPS = 1e-5


def parameters(*layers: tuple[str, str]) -> dict[str, str]:
    """Lines of dW and db: (layer, what goes in)."""
    lines = {}
    for layer, a in layers:
        lines[f"dW{layer}"] = f"dZ{layer} @ {a}.T"
        lines[f"db{layer}"] = f"dZ{layer}.sum(axis=1, keepdims=True)"
    return lines


def softmax_mse(n: int, h: int, c: int) -> Written:
    """A softmax output under a squared error: the Jacobian stands in the backward pass."""
    net = Network([Dense(h, "tanh"), Dense(c, "softmax")], inputs=n, loss="mse")
    lines = {
        "dA2": "(A2 - Y) / m",
        "dZ2": "A2 * (dA2 - np.sum(A2 * dA2, axis=0))",
        **parameters(("2", "A1")),
        "dA1": "W2.T @ dZ2",
        "dZ1": "dA1 * (1 - A1**2)",
        **parameters(("1", "X")),
    }
    wrong = [
        mistake("softmax Jacobian as its diagonal", "dZ2", dZ2="dA2 * A2 * (1 - A2)"),
        mistake("softmax Jacobian missing|missing factor|another error", "dZ2", dZ2="dA2"),
        mistake("softmax Jacobian missing", "dZ2", dZ2="dA2 * A2"),
        mistake("sign", "dZ2 dA2", dZ2="A2 * (np.sum(A2 * dA2, axis=0) - dA2)"),
        mistake("missing factor", "dZ1", dZ1="dA1"),
        mistake("transposed|order of the factors", "dW2", dW2="A1 @ dZ2.T"),
        mistake("superfluous factor", "dZ1 dA1", dZ1="dA1 * (1 - A1**2) * A1"),
    ]
    return Written(f"softmax mse {n}-{h}-{c}", net, lines, wrong)


def residual(n: int, h: int, k: int) -> Written:
    net = Network([Dense(h, "tanh"), Residual([Dense(k, "tanh"), Linear(h)]), Dense(2, "softmax")], n, "cross_entropy")
    lines = {
        "dZ4": "(A4 - Y) / m",
        **parameters(("4", "S3")),
        "dS3": "W4.T @ dZ4",
        "dZ3": "dS3",
        **parameters(("3", "A2")),
        "dA2": "W3.T @ dZ3",
        "dZ2": "dA2 * (1 - A2**2)",
        **parameters(("2", "A1")),
        "dA1": "dS3 + W2.T @ dZ2",
        "dZ1": "dA1 * (1 - A1**2)",
        **parameters(("1", "X")),
    }
    forgotten = "residual branch forgotten"
    wrong = [
        mistake(forgotten, "dA1", dA1="W2.T @ dZ2"),
        mistake(forgotten, "dA1", dA1="dS3"),
        mistake("doubled term|constant factor", "dA1", dA1="2 * dS3 + W2.T @ dZ2"),
        mistake("sign", "dA1", dA1="dS3 - W2.T @ dZ2"),
        mistake("sign", "dA2 dZ2", dA2="-W3.T @ dZ3"),
        mistake("missing factor", "dZ2", dZ2="dA2"),
        mistake("missing factor", "dZ1", dZ1="dA1"),
        mistake("function for derivative", "dZ2", dZ2="dA2 * A2"),
        mistake("activation of a neighbouring layer", "dW4", dW4="dZ4 @ A1.T"),
        mistake("pre-activation for activation", "dW3", dW3="dZ3 @ Z2.T"),
        mistake("mean for sum", "db2", db2="dZ2.mean(axis=1, keepdims=True)"),
        mistake("weight after the update", "dS3", dS3="(W4 - 0.1 * dW4).T @ dZ4"),
    ]
    return Written(f"residual {n}-{h}-{k}", net, lines, wrong)


def normalised(n: int, h: int, batch: bool) -> Written:
    """BatchNorm or LayerNorm between the affine map and tanh."""
    axis, other, count = (1, 0, "m") if batch else (0, 1, str(h))
    layer = BatchNorm() if batch else LayerNorm()
    net = Network([Linear(h, bias=False), layer, Activation("tanh"), Dense(2, "softmax")], n, "cross_entropy")
    statistics = {
        "s": f"np.sqrt(Z1.var(axis={axis}, keepdims=True) + {EPS})",
        "unbiased": f"np.sqrt(Z1.var(axis={axis}, keepdims=True, ddof=1) + {EPS})",
    }
    mean = lambda what, over=axis: f"np.mean({what}, axis={over}, keepdims=True)"  # noqa: E731
    lines = {
        **statistics,
        "dZ2": "(A2 - Y) / m",
        **parameters(("2", "A1")),
        "dA1": "W2.T @ dZ2",
        "dB1": "dA1 * (1 - A1**2)",
        "dgamma1": "np.sum(dB1 * N1, axis=1, keepdims=True)",
        "dbeta1": "np.sum(dB1, axis=1, keepdims=True)",
        "dN1": "dB1 * gamma1",
        "dZ1": f"(dN1 - {mean('dN1')} - N1 * {mean('dN1 * N1')}) / s",
        "dW1": "dZ1 @ X.T",
    }
    wrong = [
        mistake("mean held constant", "dZ1", dZ1=f"(dN1 - N1 * {mean('dN1 * N1')}) / s"),
        mistake("variance held constant", "dZ1", dZ1=f"(dN1 - {mean('dN1')}) / s"),
        mistake("mean and variance held constant", "dZ1", dZ1="dN1 / s"),
        mistake("unbiased variance", "dZ1", dZ1=lines["dZ1"].replace("/ s", "/ unbiased")),
        mistake(
            "unbiased variance",
            "dZ1",
            dZ1=f"(dN1 - {mean('dN1')} - N1 * np.sum(dN1 * N1, axis={axis}, keepdims=True) / ({count} - 1)) / s",
        ),
        mistake("missing factor", "dZ1", dZ1=f"dN1 - {mean('dN1')} - N1 * {mean('dN1 * N1')}"),
        mistake("doubled factor", "dZ1", dZ1=f"({lines['dZ1']}) / s"),
        mistake(
            "normalised over the wrong axis",
            "dZ1",
            dZ1=f"(dN1 - {mean('dN1', other)} - N1 * {mean('dN1 * N1', other)}) / s",
        ),
        mistake("missing factor", "dZ1", dZ1="dN1"),
        mistake("missing factor|another error", "dN1", dN1="dB1"),
        mistake("missing factor", "dB1", dB1="dA1"),
        mistake("missing factor", "dgamma1", dgamma1="np.sum(dB1, axis=1, keepdims=True)"),
        mistake(
            "activation of a neighbouring layer|pre-activation for activation",
            "dgamma1",
            dgamma1="np.sum(dB1 * Z1, axis=1, keepdims=True)",
        ),
        mistake("mean for sum", "dbeta1", dbeta1="np.mean(dB1, axis=1, keepdims=True)"),
        mistake("sign", "dgamma1", dgamma1="-np.sum(dB1 * N1, axis=1, keepdims=True)"),
        mistake("derivative at the activation", "dB1", dB1="dA1 * (1 - np.tanh(A1)**2)"),
    ]
    return Written(f"{'batch' if batch else 'layer'}norm {n}-{h}", net, lines, wrong)


def decayed(n: int, h: int) -> Written:
    """Two layers with an L2 penalty, λ = 0.3."""
    net = Network([Dense(h, "sigmoid"), Dense(2, "tanh")], inputs=n, loss="mse", l2="0.3")
    lines = {
        "dA2": "(A2 - Y) / m",
        "dZ2": "dA2 * (1 - A2**2)",
        "dW2": "dZ2 @ A1.T + 0.3 * W2",
        "db2": "dZ2.sum(axis=1, keepdims=True)",
        "dA1": "W2.T @ dZ2",
        "dZ1": "dA1 * A1 * (1 - A1)",
        "dW1": "dZ1 @ X.T + 0.3 * W1",
        "db1": "dZ1.sum(axis=1, keepdims=True)",
    }
    wrong = []
    for layer, a in ((2, "A1"), (1, "X")):
        name = f"dW{layer}"
        data = f"dZ{layer} @ {a}.T"
        wrong += [
            mistake("regulariser missing", name, **{name: data}),
            mistake("regulariser doubled|constant factor", name, **{name: f"{data} + 2 * 0.3 * W{layer}"}),
            mistake(
                "regulariser scaled|constant factor|batch mean twice", name, **{name: f"{data} + 0.3 * W{layer} / m"}
            ),
            mistake("sign", name, **{name: f"{data} - 0.3 * W{layer}"}),
            mistake("coefficient missing", name, **{name: f"{data} + W{layer}"}),
            mistake("batch mean twice|constant factor", name, **{name: f"({data}) / m + 0.3 * W{layer}"}),
        ]
    wrong += [
        mistake("missing factor", "dZ1", dZ1="dA1"),
        mistake("function for derivative", "dZ1", dZ1="dA1 * A1"),
        mistake("sign", "dA1 dZ1", dA1="-(W2.T @ dZ2)"),
        mistake("scale", "m", dA2="A2 - Y"),
    ]
    return Written(f"decayed {n}-{h}", net, lines, wrong)


def rnn(n: int, h: int, steps: int) -> Written:
    net = Network([RNN(h, steps=steps), Dense(2, "softmax")], inputs=n, loss="cross_entropy")
    last = f"rnn1_h{steps}"
    lines = {"dZ2": "(A2 - Y) / m", **parameters(("2", last)), f"d{last}": "W2.T @ dZ2"}
    for t in range(steps, 0, -1):
        lines[f"drnn1_Z{t}"] = f"drnn1_h{t} * (1 - rnn1_h{t}**2)"
        if t > 1:
            lines[f"drnn1_h{t - 1}"] = f"rnn1_U.T @ drnn1_Z{t}"
    each = range(1, steps + 1)
    lines["drnn1_W"] = " + ".join(f"drnn1_Z{t} @ X{t}.T" for t in each)
    lines["drnn1_U"] = " + ".join(f"drnn1_Z{t} @ rnn1_h{t - 1}.T" for t in each)
    lines["drnn1_b"] = " + ".join(f"drnn1_Z{t}.sum(axis=1, keepdims=True)" for t in each)
    every = {f"drnn1_Z{t}": f"drnn1_h{t}" for t in each}
    zs, hs = " ".join(f"drnn1.Z{t}" for t in each), " ".join(f"drnn1.h{t}" for t in each)
    through = "truncated through time"
    wrong = [
        mistake("missing factor", zs, **every),
        mistake("function for derivative", zs, **{name: f"{text} * {text[1:]}" for name, text in every.items()}),
        mistake("transposed", hs, **{f"drnn1_h{t}": f"rnn1_U @ drnn1_Z{t + 1}" for t in range(1, steps)}),
        mistake("sign", zs + hs, **{f"drnn1_h{t}": f"-rnn1_U.T @ drnn1_Z{t + 1}" for t in range(1, steps)}),
        mistake("another error", hs, **{f"drnn1_h{t}": f"rnn1_U.T @ drnn1_h{t + 1}" for t in range(1, steps)}),
        mistake(
            "activation of a neighbouring layer|neighbouring step",
            "drnn1.U",
            drnn1_U=" + ".join(f"drnn1_Z{t} @ rnn1_h{t}.T" for t in each),
        ),
        mistake("use of a shared parameter forgotten|missing term", "drnn1.W", drnn1_W=f"drnn1_Z{steps} @ X{steps}.T"),
        mistake(
            "use of a shared parameter forgotten|missing term",
            "drnn1.U",
            drnn1_U=" + ".join(f"drnn1_Z{t} @ rnn1_h{t - 1}.T" for t in range(2, steps)),
        ),
        mistake("sign", "drnn1.W", drnn1_W="-(" + lines["drnn1_W"] + ")"),
        mistake("mean for sum|constant factor", "drnn1.b", drnn1_b="(" + lines["drnn1_b"] + ") / m"),
        mistake("bias not summed", "drnn1.b", drnn1_b=" + ".join(f"drnn1_Z{t}" for t in each)),
        mistake("missing factor", f"drnn1.Z{steps}", **{f"drnn1_Z{steps}": f"drnn1_h{steps}"}),
    ]
    cuts = f"{zs} {hs}"
    wrong += [mistake(through, cuts, **{f"drnn1_h{t}": f"0 * rnn1_U.T @ drnn1_Z{t + 1}"}) for t in range(1, steps)]
    return Written(f"rnn {n}-{h} over {steps}", net, lines, wrong)


def lstm(n: int, h: int, steps: int) -> Written:
    """One LSTM layer; cell and hidden state by hand, not stacked."""
    net = Network([LSTM(h, steps=steps), Dense(2, "softmax")], inputs=n, loss="cross_entropy")
    p = "lstm1_"
    lines = {"dZ2": "(A2 - Y) / m", **parameters(("2", f"{p}hout{steps}")), "dh": "W2.T @ dZ2", "dc": "0 * dh"}
    each = range(steps, 0, -1)
    for t in each:
        v = {gate: f"{p}{gate}{t}" for gate in ("i", "f", "g", "o", "T", "cin", "hin")}
        lines[f"dc_{t}"] = (
            f"dc + dh * {v['o']} * (1 - {v['T']}**2)"
            if t == steps
            else f"dcn_{t + 1} + dhn_{t + 1} * {v['o']} * (1 - {v['T']}**2)"
        )
        dh = "dh" if t == steps else f"dhn_{t + 1}"
        lines[f"do_{t}"] = f"{dh} * {v['T']} * {v['o']} * (1 - {v['o']})"
        lines[f"df_{t}"] = f"dc_{t} * {v['cin']} * {v['f']} * (1 - {v['f']})"
        lines[f"di_{t}"] = f"dc_{t} * {v['g']} * {v['i']} * (1 - {v['i']})"
        lines[f"dg_{t}"] = f"dc_{t} * {v['i']} * (1 - {v['g']}**2)"
        lines[f"dcn_{t}"] = f"dc_{t} * {v['f']}"
        lines[f"dhn_{t}"] = " + ".join(f"{p}U{gate}.T @ d{gate}_{t}" for gate in "ifgo")
    for gate in "ifgo":
        lines[f"d{p}W{gate}"] = " + ".join(f"d{gate}_{t} @ X{t}.T" for t in each)
        lines[f"d{p}U{gate}"] = " + ".join(f"d{gate}_{t} @ {p}hin{t}.T" for t in each)
        lines[f"d{p}b{gate}"] = " + ".join(f"d{gate}_{t}.sum(axis=1, keepdims=True)" for t in each)
    of = lambda stem: " ".join(f"dlstm1.{stem}{t}" for t in each)  # noqa: E731
    before = of("hin") + " " + of("S") + " " + of("h")
    wrong = [
        mistake("missing factor|another error", of("Zf"), **{f"df_{t}": f"dc_{t} * {p}cin{t}" for t in each}),
        mistake("missing factor|another error", of("Zg"), **{f"dg_{t}": f"dc_{t} * {p}i{t}" for t in each}),
        mistake("missing factor", of("f"), **{f"df_{t}": f"dc_{t} * {p}f{t} * (1 - {p}f{t})" for t in each}),
        mistake(
            "derivative of another activation",
            of("Zg"),
            **{f"dg_{t}": f"dc_{t} * {p}i{t} * {p}g{t} * (1 - {p}g{t})" for t in each},
        ),
        mistake(
            "missing term|residual branch forgotten|truncated through time",
            before,
            **{f"dhn_{t}": " + ".join(f"{p}U{g}.T @ d{g}_{t}" for g in "ifg") for t in each},
        ),
        mistake(
            "neighbouring step|activation of a neighbouring layer",
            of("f"),
            **{f"df_{t}": f"dc_{t} * {p}c{t} * {p}f{t} * (1 - {p}f{t})" for t in each},
        ),
        mistake("missing factor", of("cin"), **{f"dcn_{t}": f"dc_{t}" for t in each}),
        mistake("sign", "dlstm1.Uo", dlstm1_Uo="-(" + lines["dlstm1_Uo"] + ")"),
        mistake("transposed|order of the factors", "dlstm1.Wi", dlstm1_Wi="(" + lines["dlstm1_Wi"] + ").T"),
    ]
    return Written(f"lstm {n}-{h} over {steps}", net, lines, wrong)


def convolve(k: Any, x: Any, side: int, kernel: int, flip: bool = False) -> Any:
    """Loops over places: the error of a kernel's image, x (C·side², m) under k (out × C·kernel²)."""
    out, m = side - kernel + 1, x.shape[1]
    channels = x.shape[0] // side**2
    images, kernels = x.reshape(channels, side, side, m), k.reshape(-1, channels, kernel, kernel)
    result = np.zeros((kernels.shape[0], out, out, m))
    for p in range(out):
        for q in range(out):
            result[:, p, q] = np.einsum("ocij,cijm->om", kernels, images[:, p : p + kernel, q : q + kernel])
    return result.reshape(-1, m)


def kernel_gradient(g: Any, x: Any, side: int, kernel: int) -> Any:
    out, m = side - kernel + 1, x.shape[1]
    images, errors = x.reshape(-1, side, side, m), g.reshape(-1, out, out, m)
    result = np.zeros((errors.shape[0], images.shape[0], kernel, kernel))
    for i in range(kernel):
        for j in range(kernel):
            result[:, :, i, j] = np.einsum("opqm,cpqm->oc", errors, images[:, i : i + out, j : j + out])
    return result.reshape(errors.shape[0], -1)


def image_gradient(k: Any, g: Any, side: int, kernel: int, flip: bool = True) -> Any:
    """Scatter: every error goes back to the pixels under its window; with ``flip`` False to the mirrored ones."""
    out, m = side - kernel + 1, g.shape[1]
    errors = g.reshape(-1, out, out, m)
    kernels = k.reshape(errors.shape[0], -1, kernel, kernel)
    kernels = kernels if flip else kernels[:, :, ::-1, ::-1]
    result = np.zeros((kernels.shape[1], side, side, m))
    for p in range(out):
        for q in range(out):
            result[:, p : p + kernel, q : q + kernel] += np.einsum("ocij,om->cijm", kernels, errors[:, p, q])
    return result.reshape(-1, m)


HELPERS |= {"kernel_gradient": kernel_gradient, "image_gradient": image_gradient}


def convolution(channels: int, first: int, second: int) -> Written:
    """Two convolutions on a 6×6 image, kernels 3 and 2, tanh and sigmoid, then softmax."""
    layers = [Conv2d(first, 3, activation="tanh"), Conv2d(second, 2, activation="sigmoid"), Dense(2, "softmax")]
    net = Network(layers, Image(channels, 6, 6), "cross_entropy")
    sums = lambda name, places: f"{name}.reshape(-1, {places}, m).sum(axis=(1, 2)).reshape(-1, 1)"  # noqa: E731
    lines = {
        "dZ3": "(A3 - Y) / m",
        **parameters(("3", "A2")),
        "dA2": "W3.T @ dZ3",
        "dZ2": "dA2 * A2 * (1 - A2)",
        "dW2": "kernel_gradient(dZ2, A1, 4, 2)",
        "db2": sums("dZ2", 9),
        "dA1": "image_gradient(W2, dZ2, 4, 2)",
        "dZ1": "dA1 * (1 - A1**2)",
        "dW1": "kernel_gradient(dZ1, X, 6, 3)",
        "db1": sums("dZ1", 16),
    }
    wrong = [
        mistake("kernel not flipped", "dA1", dA1="image_gradient(W2, dZ2, 4, 2, flip=False)"),
        mistake(
            "kernel not flipped",
            "dW1",
            dW1="kernel_gradient(dZ1, X, 6, 3).reshape(len(W1), -1, 9)[:, :, ::-1].reshape(W1.shape)",
        ),
        mistake(
            "kernel not flipped",
            "dW2",
            dW2="kernel_gradient(dZ2, A1, 4, 2).reshape(len(W2), -1, 4)[:, :, ::-1].reshape(W2.shape)",
        ),
        mistake("missing factor", "dZ1", dZ1="dA1"),
        mistake("missing factor", "dZ2", dZ2="dA2"),
        mistake("sign", "dW2", dW2="-kernel_gradient(dZ2, A1, 4, 2)"),
        mistake("pre-activation for activation", "dW2", dW2="kernel_gradient(dZ2, Z1, 4, 2)"),
        mistake("constant factor|mean for sum|batch mean twice", "db2", db2=lines["db2"] + " / m"),
        mistake("function for derivative", "dZ1", dZ1="dA1 * A1"),
        mistake("derivative of another activation", "dZ2", dZ2="dA2 * (1 - A2**2)"),
        mistake("superfluous factor", "dZ1 dA1", dZ1="dA1 * (1 - A1**2) * A1"),
    ]
    return Written(f"convolution {channels}-{first}-{second}", net, lines, wrong, examples=5)


def attention(n: int, tokens: int) -> Written:
    """Self-attention with one head and no bias, then softmax on every token."""
    net = Network([Attention(tokens=tokens), Dense(2, "softmax")], inputs=n, loss="cross_entropy")
    a = "attention_"
    root = f"np.sqrt({n})"

    def within(product: str, *names: str) -> str:
        left, right = (f"d{a}{name[1:]}" if name.startswith("d") else f"{a}{name}" for name in names)
        return f"{product}({left}, {right}, {tokens})"

    lines = {
        "dZ2": f"(A2 - Y) / (m * {tokens})",
        **parameters(("2", f"{a}O")),
        f"d{a}O": "W2.T @ dZ2",
        f"d{a}WO": f"d{a}O @ {a}A.T",
        f"d{a}A": f"{a}WO.T @ d{a}O",
        f"d{a}P": within("gram", "V", "dA"),
        f"d{a}S": f"{a}P * (d{a}P - np.sum({a}P * d{a}P, axis=0))",
        f"d{a}V": within("outer", "dA", "P"),
        f"d{a}WV": f"d{a}V @ X.T",
        f"d{a}K": f"{within('outer', 'Q', 'dS')} / {root}",
        f"d{a}WK": f"d{a}K @ X.T",
        f"d{a}Q": f"{within('mix', 'K', 'dS')} / {root}",
        f"d{a}WQ": f"d{a}Q @ X.T",
    }
    dot = "dattention."
    unscaled = {f"d{a}K": within("outer", "Q", "dS"), f"d{a}Q": within("mix", "K", "dS")}
    forgotten = "attention scale forgotten|coefficient missing"
    wrong = [
        mistake(forgotten, f"{dot}S {dot}P {dot}K {dot}Q", **unscaled),
        mistake(forgotten, f"{dot}Q {dot}WQ", **{f"d{a}Q": unscaled[f"d{a}Q"]}),
        mistake("softmax Jacobian as its diagonal", f"{dot}S", **{f"d{a}S": f"d{a}P * {a}P * (1 - {a}P)"}),
        mistake("softmax Jacobian missing|another error", f"{dot}S", **{f"d{a}S": f"d{a}P"}),
        mistake("transposed|order of the factors", f"{dot}K", **{f"d{a}K": f"{within('mix', 'Q', 'dS')} / {root}"}),
        mistake("transposed", f"{dot}Q", **{f"d{a}Q": f"{within('outer', 'K', 'dS')} / {root}"}),
        mistake("transposed", f"{dot}V", **{f"d{a}V": within("mix", "dA", "P")}),
        mistake("transposed", f"{dot}A", **{f"d{a}A": f"{a}WO @ d{a}O"}),
        mistake("activation of a neighbouring layer", f"{dot}Q", **{f"d{a}Q": f"{within('mix', 'Q', 'dS')} / {root}"}),
        mistake("activation of a neighbouring layer", f"{dot}WO", **{f"d{a}WO": f"d{a}O @ {a}V.T"}),
        mistake("sign", f"{dot}WQ {dot}Q", **{f"d{a}WQ": f"-d{a}Q @ X.T"}),
        mistake("missing factor", f"{dot}A", **{f"d{a}A": f"d{a}O"}),
        mistake("scale", "T", dZ2="(A2 - Y) / m"),
    ]
    return Written(f"attention {n} over {tokens}", net, lines, wrong, examples=5)
