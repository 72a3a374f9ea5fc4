"""The same small network in each peer: tanh layers, biases, MSE = ‖A − Y‖²/2m, derived and printed.

Each function builds everything afresh. Peers are imported by name, when asked for: they are an extra.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

from benchmarks.measure import names


def pytensor_gradients(layers: int) -> tuple[list[Any], dict[str, Any]]:
    """Return PyTensor's inputs, in the order X, Y, W1, b1 …, and its symbolic gradients."""
    pt = import_module("pytensor.tensor")
    x, y = pt.matrix("X"), pt.matrix("Y")
    params = {f"{k}{i}": (pt.matrix if k == "W" else pt.col)(f"{k}{i}") for i in names(layers) for k in "Wb"}
    a = x
    for i in names(layers):
        a = pt.tanh(params[f"W{i}"] @ a + params[f"b{i}"])
    loss = ((a - y) ** 2).sum() / (2 * x.shape[1])
    return [x, y, *params.values()], dict(zip(params, pt.grad(loss, list(params.values())), strict=True))


def pytensor_printed(layers: int) -> list[str]:
    """Derive with PyTensor and print every gradient."""
    pprint = import_module("pytensor.printing").pprint
    return [pprint(gradient) for gradient in pytensor_gradients(layers)[1].values()]


def elementwise_gradients(layers: int, width: int) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return SymPy's matrices of symbols, in the order X, Y, W1, b1 …, and its gradients by entry, one example."""
    sp = import_module("sympy")

    def matrix(name: str, cols: int) -> Any:
        return sp.Matrix(width, cols, lambda i, j: sp.Symbol(f"{name}_{i}_{j}"))

    x, y = matrix("X", 1), matrix("Y", 1)
    params = {f"{k}{i}": matrix(f"{k}{i}", width if k == "W" else 1) for i in names(layers) for k in "Wb"}
    a = x
    for i in names(layers):
        a = (params[f"W{i}"] * a + params[f"b{i}"]).applyfunc(sp.tanh)
    loss = sum((p - q) ** 2 for p, q in zip(a, y, strict=True)) / 2
    gradients = {name: [sp.diff(loss, entry) for entry in entries] for name, entries in params.items()}
    return [x, y, *params.values()], gradients


def elementwise_printed(layers: int, width: int) -> list[str]:
    """Derive entry by entry with SymPy and print every entry's gradient as LaTeX."""
    latex = import_module("sympy").latex
    return [latex(entry) for entries in elementwise_gradients(layers, width)[1].values() for entry in entries]


def symgrad4t_printed(layers: int, width: int) -> list[str]:
    """Derive with symgrad4t and print every gradient; rows are examples there, sigmoid replaces tanh."""
    sg = import_module("symgrad4t")
    sg.Tensor._registry.clear()
    one, tensor = import_module("symgrad4t.symbol.compute").expr_from_value(1), sg.Tensor
    a, y = tensor("x", 1, width), tensor("y", 1, width)
    params = {f"{k}{i}": tensor(f"{k}{i}", width if k == "W" else 1, width) for i in names(layers) for k in "Wb"}
    for i in names(layers):
        a = sg.linear(a, params[f"W{i}"], params[f"b{i}"], name=f"z{i}").sigmoid()
    loss = ((a - y) ** 2).sum(1)
    loss._grads.append(one)
    loss.backward()
    return [parameter.latex_grad() for parameter in params.values()]


def autograd_gradients(layers: int) -> Callable[..., Any]:
    """Return autograd's (loss, gradients) of the parameters, for parameters, X and Y."""
    anp = import_module("autograd.numpy")

    def loss(params: Mapping[str, Any], x: Any, y: Any) -> Any:
        a = x
        for i in names(layers):
            a = anp.tanh(params[f"W{i}"] @ a + params[f"b{i}"])
        return anp.sum((a - y) ** 2) / (2 * x.shape[1])

    return import_module("autograd").value_and_grad(loss)


def casadi_reverse(widths: Sequence[int], examples: int) -> Any:
    """Return the function of the reverse pass of a tanh network built from MX symbols, a node a matrix operation.

    Its arguments are X, Y, W1, b1 …, the loss and the seed. Of casadi's ways to all gradients this is the fastest:
    one vector of all parameters, split up, with ``gradient`` or ``jtimes`` takes longer.
    """
    casadi = import_module("casadi")
    symbol = casadi.MX.sym
    x, y = symbol("X", widths[0], examples), symbol("Y", widths[-1], examples)
    parameters, a = [], x
    for layer, (before, units) in enumerate(pairwise(widths), 1):
        w, b = symbol(f"W{layer}", units, before), symbol(f"b{layer}", units, 1)
        parameters += [w, b]
        a = casadi.tanh(w @ a + casadi.repmat(b, 1, examples))
    loss = casadi.sumsqr(a - y) / (2 * examples)
    return casadi.Function("network", [x, y, *parameters], [loss]).reverse(1)
