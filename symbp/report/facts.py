"""What a report has to say about activations and losses: names in words, formulas, kinks, scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

from sympy import Expr, MatAdd, MatMul, MatrixExpr, OneMatrix, Rational, Symbol

from symbp.derivation import Derivation
from symbp.equations import Equation, nodes, symbols_in
from symbp.networks.recurrent import CELLS
from symbp.op import Op
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, Loss, entry_loss
from symbp.ops.penalty import Penalty
from symbp.ops.scalar import Primitive
from symbp.ops.softmax import Softmax
from symbp.report.rich import Rich, listed, math, rich
from symbp.report.scalar import scalar_latex
from symbp.symbols import Role, Variable

Fact = TypeVar("Fact")


def once(find: Callable[[Derivation], Fact]) -> Callable[[Derivation], Fact]:
    """Let a fact be found once for a derivation, which keeps it as it keeps its cached properties."""

    @wraps(find)
    def kept(derivation: Derivation) -> Fact:
        known = derivation.__dict__.setdefault("_facts", {})
        if find.__name__ not in known:
            known[find.__name__] = find(derivation)
        found: Fact = known[find.__name__]
        return found

    return kept


WORDS = {
    "relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "selu": "SELU", "gelu": "GELU",
    "gelu_tanh": "GELU in its tanh form", "silu": "SiLU", "mish": "Mish", "hardswish": "HardSwish",
    "logsigmoid": "log-sigmoid", "mse": "squared-error", "mae": "absolute-error", "huber": "Huber",
    "log_cosh": "log-cosh", "binary_cross_entropy": "binary cross-entropy", "cross_entropy": "cross-entropy",
    "hinge": "hinge",
}  # fmt: skip
"""Names as people write them in a sentence; the others are words already."""

DEFINITIONS = {
    "tanh": r"\frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}",
    "erf": r"\frac{2}{\sqrt{\pi}} \int_{0}^{z} e^{-t^{2}}\, \mathrm{d}t",
}
"""Formulas of functions SymPy knows by name only."""

TARGETS = {
    "binary": "Targets are 0 or 1.",
    "one_hot": "The targets of an example sum to one (one-hot).",
    "sign": "Targets are −1 or 1.",
}
"""What a loss asks of its targets."""


@dataclass(frozen=True)
class Use:
    """An activation and the layers that use it; ``function`` None is softmax."""

    function: ScalarFunction | None
    layers: tuple[int, ...]


def cells(derivation: Derivation) -> Rich:
    """Return the recurrent layers in words: an LSTM of 4 steps."""
    found = []
    for path, steps in derivation.states.items():
        cell = CELLS.get(path.rpartition(".")[2].rstrip("0123456789_"))
        if cell is not None:
            named = f"{'an' if cell.title in ('LSTM', 'RNN') else 'a'} {cell.title}"
            found.append(rich("{named} of {n} step{s}", named=named, n=str(len(steps)), s="s" * (len(steps) > 1)))
    return listed(found)


@once
def uses(derivation: Derivation) -> tuple[Use, ...]:
    """Return the activations in the order of their first layer, equal ones together."""
    return _uses(derivation.forward.equations)


def uses_outside_cells(derivation: Derivation) -> tuple[Use, ...]:
    """Return the activations that are no part of a recurrent layer."""
    return _uses([each for each in derivation.forward.equations if each.lhs.step is None])


def _uses(equations: Iterable[Equation]) -> tuple[Use, ...]:
    found: dict[ScalarFunction | None, dict[int, None]] = {}
    for equation in equations:
        if isinstance(equation.rhs, Elementwise):
            function = equation.rhs.function
            key = GenericFunction("f", 0) if isinstance(function, GenericFunction) else function
            found.setdefault(key, {})[equation.lhs.layer] = None
        elif isinstance(equation.rhs, Softmax):
            found.setdefault(None, {})[equation.lhs.layer] = None
    return tuple(Use(function, tuple(layers)) for function, layers in found.items())


@once
def is_plain(derivation: Derivation) -> bool:
    """Say whether this is a plain stack: Z = W·A + b·1ᵀ and A = f(Z) in turn, every parameter used once.

    What reports say of multilayer perceptrons as a whole (one recursion, four kinds of factors) holds there only.
    """
    network = derivation.network
    before, *steps = network.x, *derivation.forward.equations[:-1]
    if getattr(network, "named", False) or before.name != "X" or len(steps) != 2 * network.depth or not steps:
        return False
    for layer, (z, a) in enumerate(zip(steps[::2], steps[1::2], strict=True), 1):
        names = [symbol.name for symbol in symbols_in(z.rhs)]
        affine = [f"W{layer}", before.name, f"b{layer}"]
        names_fit = (z.lhs.name, a.lhs.name) == (f"Z{layer}", f"A{layer}") and names in (affine, affine[:2])
        applied = isinstance(a.rhs, Elementwise | Softmax) and a.rhs.args[-1] == z.lhs
        if not (names_fit and applied and _is_affine(z.rhs)):
            return False
        before = a.lhs
    return True


def _is_affine(rhs: MatrixExpr) -> bool:
    return all(isinstance(node, MatAdd | MatMul | OneMatrix | Variable) for node in nodes(rhs))


LAYERS = {
    "Normalise": "normalisation", "NormaliseChannels": "normalisation", "Convolve": "convolution",
    "MaxPool": "max pooling", "AveragePool": "average pooling", "MaskedSoftmax": "attention",
}  # fmt: skip
"""What operations are called in a sentence."""


def blocks(derivation: Derivation) -> Rich:
    """Return what a network has beside affine layers and activations, in words; nothing for a plain stack."""
    nodes_ = [equation.rhs for equation in derivation.forward if isinstance(equation.rhs, Op)]
    named = [LAYERS[type(node).__name__] for node in nodes_ if type(node).__name__ in LAYERS]
    skips = sum(equation.lhs.role is Role.BLOCK for equation in derivation.forward)
    found = [rich("{name}", name=name) for name in dict.fromkeys(named)]
    if skips:
        found.insert(0, rich("{n} residual block{s}", n=str(skips), s="s" * (skips > 1)))
    if any(equation.lhs.role is Role.MASKED for equation in derivation.forward):
        found.append(rich("dropout"))
    if any(isinstance(node, Penalty) for node in nodes_):
        found.append(rich("an L2 penalty"))
    return listed(found)


def is_generic(function: ScalarFunction | None) -> bool:
    """Say whether an activation was left open."""
    return isinstance(function, GenericFunction)


def labels(derivation: Derivation) -> dict[ScalarFunction, tuple[str, str, str]]:
    """Return names for functions that would print alike: two custom ones, or one with two parameters."""
    named = [use.function for use in uses(derivation) if use.function is not None and not is_generic(use.function)]
    found = {}
    for function in named:
        twins = [other for other in named if other.latex == function.latex]
        if len(twins) > 1:
            number = twins.index(function) + 1
            found[function] = (
                f"{function.latex}_{{\\text{{{'abcdefghij'[(number - 1) % 10]}}}}}",
                f"{function.text}{chr(0x2080 + number % 10)}",
                f"{function.name}{number}",
            )
    return found


def activation_words(use: Use) -> Rich:
    """Return an activation's name for a sentence."""
    if use.function is None:
        return rich("softmax")
    pairs = () if use.function.name == "selu" else use.function.parameters
    values = ", ".join(f"{scalar_latex(symbol, {})} = {number(value)}" for symbol, value in pairs)
    if use.function.name == "f":
        gap = ", " if values else ""
        return rich("{f} (custom{gap}{values})", f=math("f"), gap=gap, values=(math(values),) if values else ())
    name = WORDS.get(use.function.name, use.function.name.replace("_", " "))
    return rich("{name} with {values}", name=name, values=math(values)) if values else rich("{name}", name=name)


def number(value: Rational) -> str:
    """Return a parameter's value on one line: as a decimal where it is a short one, else as p/q."""
    short = f"{float(value):.6g}"
    return short if "e" not in short and Rational(short) == value else str(value)


def layer_words(layers: tuple[int, ...]) -> str:
    """Return ``layer 4`` or ``layers 1 to 3``."""
    if len(layers) == 1:
        return f"layer {layers[0]}"
    consecutive = layers[-1] - layers[0] == len(layers) - 1
    if consecutive and len(layers) > 2:
        return f"layers {layers[0]} to {layers[-1]}"
    shown = layers if len(layers) <= 6 else (*layers[:3], layers[-1])
    return "layers " + ", ".join(map(str, shown[:-1])) + (" … " if len(layers) > 6 else " and ") + str(layers[-1])


def loss_words(loss: Loss) -> Rich:
    """Return a loss's name for a sentence."""
    if not isinstance(loss, Loss):
        return rich("a loss of its own {loss}", loss=math(r"\mathcal{L}"))
    if loss.name == "generic":
        return rich("any loss {loss}", loss=math(r"\mathcal{L}"))
    if loss.name not in LOSSES:
        return rich("a custom loss {ell}", ell=math(r"\ell"))
    return rich("{name} loss", name=WORDS.get(loss.name, loss.name.replace("_", " ")))


def loss_function(loss: Loss) -> ScalarFunction | None:
    """Return ℓ(a, y) of one output; None for a loss left open."""
    if isinstance(loss, EntrywiseLoss):
        return loss.function
    return entry_loss(loss.name) if isinstance(loss, LinkedLoss) else None


def with_numbers(expr: Expr, function: ScalarFunction) -> Expr:
    """Return a loss's formula with its parameters' numbers in it: δ is the error here."""
    return expr.xreplace(dict(function.parameters))


def definition(function: ScalarFunction, names: dict[Symbol, str]) -> str:
    """Return f(z) as a formula that does not just repeat the function's name."""
    if function.name in DEFINITIONS:
        return DEFINITIONS[function.name]
    expr = function.expr
    return scalar_latex(expr.definition() if isinstance(expr, Primitive) else expr, names)
