"""Multilayer perceptrons by hand: any depth, activation and loss."""

from __future__ import annotations

from collections.abc import Iterator

from written import Mistake, Written, mistake

from symbp.networks.network import Network

SLOPES = {
    "tanh": "(1 - {a}**2)",
    "sigmoid": "({a} * (1 - {a}))",
    "relu": "({z} > 0)",
    "softplus": "sigmoid({z})",
}
AT_THE_ACTIVATION = {"tanh": "(1 - np.tanh({a})**2)", "sigmoid": "(sigmoid({a}) * (1 - sigmoid({a})))"}
ANOTHER = {"tanh": "({a} * (1 - {a}))", "sigmoid": "(1 - {a}**2)", "relu": "(1 - {a}**2)", "softplus": "({z} > 0)"}
MISWRITTEN = {"tanh": ("(1 - {a})", "(1 + {a}**2)"), "sigmoid": ("({a} * (1 + {a}))", "(1 - {a})")}
SEEDS = {
    "mse": "(A{L} - Y) / m",
    "log_cosh": "np.tanh(A{L} - Y) / m",
    "cross_entropy": "(A{L} - Y) / m",
    "binary_cross_entropy": "(A{L} - Y) / m",
}
FUSED = ("cross_entropy", "binary_cross_entropy")


def slope(activation: str, layer: int) -> str:
    return SLOPES[activation].format(a=f"A{layer}", z=f"Z{layer}")


def before(layer: int) -> str:
    return f"A{layer - 1}" if layer > 1 else "X"


def mlp(widths: list[int], activation: str, loss: str, examples: int = 7) -> Written:
    """Write the backward pass of a perceptron with these widths, inputs first."""
    depth = len(widths) - 1
    net = Network.mlp(layers=depth, widths=widths, activation=activation, loss=loss)
    seed = SEEDS[loss].format(L=depth)
    lines = {f"dZ{depth}": seed} if loss in FUSED else {f"dA{depth}": seed}
    for layer in range(depth, 0, -1):
        if not (layer == depth and loss in FUSED):
            lines[f"dZ{layer}"] = f"dA{layer} * {slope(activation, layer)}"
        lines[f"dW{layer}"] = f"dZ{layer} @ {before(layer)}.T"
        lines[f"db{layer}"] = f"np.sum(dZ{layer}, axis=1, keepdims=True)"
        if layer > 1:
            lines[f"dA{layer - 1}"] = f"W{layer}.T @ dZ{layer}"
    written = Written(f"mlp {widths} {activation} {loss}", net, lines, examples=examples)
    written.mistakes += [*_seed(widths, loss, lines), *_layers(widths, activation, loss, lines, examples)]
    return written


def _seed(widths: list[int], loss: str, lines: dict[str, str]) -> Iterator[Mistake]:
    first, text = next(iter(lines.items()))
    bare = text.removesuffix(" / m")
    yield mistake("scale", "m", **{first: bare})
    yield mistake("scale", "2", **{first: f"2 * {text}"})
    yield mistake("scale", "1/m", **{first: f"{text} / m"})
    yield mistake("sign", f"{first} dZ{len(widths) - 1}", **{first: f"-({text})"})
    depth = len(widths) - 1
    if loss == "cross_entropy":
        yield mistake("superfluous factor", first, **{first: f"{text} * A{depth} * (1 - A{depth})"})
    if loss == "binary_cross_entropy":
        yield mistake("superfluous factor", first, **{first: f"{text} * A{depth} * (1 - A{depth})"})
    if loss == "mse":
        yield mistake("sign", first, **{first: f"(A{depth} + Y) / m"})
        yield mistake("missing factor", f"dZ{depth}", **{f"dZ{depth}": f"dA{depth}"})


def _layers(widths: list[int], activation: str, loss: str, lines: dict[str, str], m: int) -> Iterator[Mistake]:
    depth = len(widths) - 1
    for layer in range(1, depth + 1):
        yield from _of_weight(widths, layer, lines)
        yield from _of_bias(layer, lines, widths)
        if layer < depth:
            yield from _of_error(widths, layer, activation, lines, m)
            yield from _of_slope(layer, activation)


def _of_weight(widths: list[int], k: int, lines: dict[str, str]) -> Iterator[Mistake]:
    name, text, a = f"dW{k}", lines[f"dW{k}"], before(k)
    yield mistake("sign", name, **{name: f"-{text}"})
    yield mistake("batch mean twice|constant factor", name, **{name: f"{text} / m"})
    yield mistake("batch mean missing|constant factor", name, **{name: f"m * ({text})"})
    yield mistake("constant factor", name, **{name: f"0.3 * ({text})"})
    yield mistake("constant factor|doubled term", name, **{name: f"2 * ({text})"})
    yield mistake("transposed|order of the factors", name, **{name: f"{a} @ dZ{k}.T"})
    if k > 1:
        yield mistake("pre-activation for activation", name, **{name: f"dZ{k} @ Z{k - 1}.T"})
    if k > 1 and widths[k] == widths[k - 1]:
        yield mistake("activation of a neighbouring layer", name, **{name: f"dZ{k} @ A{k}.T"})
    if f"dA{k}" in lines:
        yield mistake("another error", name, **{name: f"dA{k} @ {a}.T"})


def _of_bias(k: int, lines: dict[str, str], widths: list[int]) -> Iterator[Mistake]:
    name = f"db{k}"
    yield mistake("mean for sum", name, **{name: f"np.mean(dZ{k}, axis=1, keepdims=True)"})
    yield mistake("bias not summed", name, **{name: f"dZ{k}"})
    yield mistake("bias axis missing", name, **{name: f"np.sum(dZ{k})"})
    yield mistake("bias summed over the wrong axis", name, **{name: f"np.sum(dZ{k}, axis=0, keepdims=True)"})
    yield mistake("sign", name, **{name: f"-{lines[name]}"})
    if f"dA{k}" in lines:
        yield mistake("another error", name, **{name: f"np.sum(dA{k}, axis=1, keepdims=True)"})


def _of_error(widths: list[int], k: int, activation: str, lines: dict[str, str], m: int) -> Iterator[Mistake]:
    """Mistakes in dA_k = W_{k+1}ᵀ dZ_{k+1} and in dZ_k."""
    da, dz, up = f"dA{k}", f"dZ{k}", k + 1
    both = f"{da} {dz}"
    yield mistake("sign", both, **{da: f"-{lines[da]}"})
    yield mistake("sign", both, **{dz: f"-{lines[dz]}"})
    yield mistake("constant factor|batch mean twice", both, **{dz: f"{lines[dz]} / m"})
    yield mistake("constant factor|doubled term", both, **{da: f"2 * ({lines[da]})"})
    # 1[z > 0] times z is ReLU itself.
    kinds = "superfluous factor|function for derivative" if activation == "relu" else "superfluous factor"
    yield mistake(kinds, both, **{dz: f"{lines[dz]} * A{k}"})
    yield mistake(kinds, both, **{dz: f"{lines[dz]} * Z{k}"})
    yield mistake("doubled factor|superfluous factor", both, **{dz: f"{lines[dz]} * {slope(activation, k)}"})
    yield mistake("weight after the update", da, **{da: f"(W{up} - 0.05 * dW{up}).T @ dZ{up}"})
    if f"dA{up}" in lines:
        yield mistake("another error", da, **{da: f"W{up}.T @ dA{up}"})
    if widths[up] == widths[k]:
        yield mistake("transposed", da, **{da: f"W{up} @ dZ{up}"})
        yield mistake("missing factor", da, **{da: f"dZ{up}"})
        yield mistake("superfluous factor", both, **{dz: f"{lines[dz]} * A{up}"})
        if m == widths[k]:
            yield mistake("* for @", da, **{da: f"W{up}.T * dZ{up}"})
        if widths[k - 1] == widths[k]:
            yield mistake("weight of a neighbouring layer", da, **{da: f"W{k}.T @ dZ{up}"})


def _of_slope(k: int, activation: str) -> Iterator[Mistake]:
    name, a, z = f"dZ{k}", f"A{k}", f"Z{k}"
    yield mistake("missing factor", name, **{name: f"dA{k}"})
    yield mistake("function for derivative", name, **{name: f"dA{k} * {a}"})
    for table, kind in ((AT_THE_ACTIVATION, "derivative at the activation"), (ANOTHER, OTHER)):
        if activation in table:
            yield mistake(kind, name, **{name: f"dA{k} * {table[activation].format(a=a, z=z)}"})
    for text in MISWRITTEN.get(activation, ()):
        yield mistake("derivative miswritten", name, **{name: f"dA{k} * {text.format(a=a, z=z)}"})
    if activation in ("tanh", "sigmoid"):
        through = SLOPES[activation].format(a=z, z=z)
        yield mistake("derivative at the activation", name, **{name: f"dA{k} * {through}"})


OTHER = "derivative of another activation"
