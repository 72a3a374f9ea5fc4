"""A network as lines of equations, which read back to the same list: shapes first, then a line a matrix.

Names are those of the network, their dots as underscores; beside a parameter stands the name that it has there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sympy import (
    Expr,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
    OneMatrix,
    Rational,
    Transpose,
    ZeroMatrix,
)

from symbp.errors import SpecError
from symbp.networks.equation_lines import default_kind
from symbp.networks.matrix_functions import ENTRYWISE, FUNCTIONS, plain_function
from symbp.networks.network import Network
from symbp.networks.operation_words import NODES, numbers_of
from symbp.nodes import number_and_factors
from symbp.op import Op
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.arithmetic import CHOICE, INVERSE, LARGER, LENGTH, POWER, QUOTIENT, SMALLER, bounded, clip, power
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.columns import CumulativeSum, LogSumExp, Maximum
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction
from symbp.ops.functions import activation
from symbp.ops.literal import Literal
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, entry_loss
from symbp.ops.normalisation import Normalise, Over
from symbp.ops.positions import Tile
from symbp.ops.softmax import Softmax
from symbp.ops.square import Det, Inv, LogDet, Tr
from symbp.ops.stop import Stop
from symbp.ops.structure import Rows, Stack
from symbp.ops.within import Gram, Mix, Outer, Within
from symbp.symbols import BATCH, Role

MOST_LETTERS = 40
"""The longest name that an equation takes."""

_KINDS: Mapping[Role, str] = {Role.TARGET: "target", Role.CONSTANT: "constant", Role.FROZEN: "frozen"}

_RESERVED = frozenset({*FUNCTIONS, *ENTRYWISE, "m", "grad", "per_example", "repeat"})


def equation_text(network: Network) -> str:
    """Return the lines of a network in symbp's own language.

    Raises:
        SpecError: it has something that no word says, such as a function left open.
    """
    writer = _Writer(network)
    title = [f"# {network.title}"] if network.title else []
    return "\n".join((*title, *writer.shapes(), "", *writer.lines())) + "\n"


class _Writer:
    """Names every symbol, and writes expressions over the names."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.names: dict[str, str] = {}
        taken: set[str] = set()
        for symbol in (*network.forward.given, *(each.lhs for each in network.forward)):
            name = _name(symbol.name, taken)
            taken.add(name)
            self.names[symbol.name] = name

    def shapes(self) -> Iterator[str]:
        """Yield a line for the shape of everything given."""
        trained = {each.name for each in self.network.parameters}
        for symbol in self.network.forward.given:
            name = self.names[symbol.name]
            kind = "parameter" if symbol.name in trained else _KINDS.get(symbol.role, "input")
            usual = default_kind(name, symbol.shape).removesuffix("s")
            said = "" if kind == usual else f" {kind}"
            note = "" if name == symbol.name else f"  # {symbol.name}"
            yield f"{name}: {' x '.join(map(_size, symbol.shape))}{said}{note}"

    def lines(self) -> Iterator[str]:
        """Yield the equations."""
        for equation in self.network.forward:
            yield f"{self.names[equation.name]} = {self.write(equation.rhs)}"

    def write(self, expr: MatrixExpr, tight: int = 0) -> str:
        """Return an expression, in brackets where what is around it binds more: 0 nothing, 1 a product, 2 a name."""
        if isinstance(expr, MatrixSymbol):
            return self.names[expr.name]
        own = _BINDS.get(type(expr), 2)
        found = _WRITE.get(type(expr), _operation)(self, expr)
        is_infix = isinstance(expr, Elementwise) and any(each in found for each in " *")
        return f"({found})" if own < tight or (is_infix and tight and not found.endswith(")")) else found


def _name(own: str, taken: set[str]) -> str:
    plain = own.replace(".", "_")
    if len(plain) > MOST_LETTERS:
        plain = plain[-MOST_LETTERS + 2 :].lstrip("_0123456789")
    base = f"{plain}_" if plain in _RESERVED else plain
    return next(name for name in (base, *(f"{base[:36]}_{at}" for at in range(2, 9999))) if name not in taken)


def _size(size: Expr) -> str:
    text = str(size).replace("*", " ")
    return f"({text})" if " " in text else text


_BINDS: Mapping[type, int] = {MatAdd: 0, MatMul: 1, HadamardProduct: 1}


def _sum(w: _Writer, expr: MatAdd) -> str:
    """Terms with their signs; a column that is repeated to the shape of others is the column."""
    found = ""
    for term in expr.args:
        number, factors = number_and_factors(term)
        is_less = number.could_extract_minus_sign()
        left = _spread(w, term) or _product_of(w, -number if is_less else number, factors)
        found += f" {'-' if is_less else '+'} {left}" if found else f"-{left}" if is_less else left
    return found


def _product(w: _Writer, expr: MatMul) -> str:
    number, factors = number_and_factors(expr)
    is_less = number.could_extract_minus_sign()
    return f"{'-' * is_less}{_product_of(w, -number if is_less else number, factors)}"


def _product_of(w: _Writer, number: Expr, factors: Sequence[MatrixExpr]) -> str:
    text = " @ ".join(w.write(each, 2 if len(factors) > 1 or number != 1 else 1) for each in factors)
    if number == 1:
        return text
    said = str(number)
    return f"{said if number.is_Integer or said.isidentifier() else f'({said})'} * {text}"


def _is_repeated(value: MatrixExpr, factors: Sequence[MatrixExpr]) -> bool:
    """Tell whether a product is what NumPy's broadcasting makes of a value: v·1ᵀ, 1·v, 1·v·1ᵀ."""
    rows, columns = value.shape
    at = factors.index(value)
    before, after = factors[:at], factors[at + 1 :]
    return len(before) == (rows == 1 and bool(before)) and len(after) == (columns == 1 and bool(after))


def _hadamard(w: _Writer, expr: HadamardProduct) -> str:
    return " * ".join(_spread(w, each) or w.write(each, 2) for each in expr.args)


def _spread(w: _Writer, expr: MatrixExpr) -> str | None:
    """Return what broadcasting repeats to the shape of what stands beside it; None for all else."""
    number, factors = number_and_factors(expr)
    inner = [each for each in factors if not isinstance(each, OneMatrix)]
    if number != 1 or len(factors) < 2 or len(inner) != 1 or not _is_repeated(inner[0], factors):
        return None
    return w.write(inner[0], 2)


def _within(w: _Writer, expr: Within) -> str:
    a, b, first, second = expr.args
    left, right = (w.write(each, 2) for each in (a, b))
    if isinstance(expr, Outer):
        is_usual = a.shape[1] == second * BATCH and b.shape[0] == first
        return f"per_example({left} @ {right}.T)" if is_usual else _operation(w, expr)
    is_usual = (a.shape[1], b.shape[1]) == (first * BATCH, second * BATCH)
    turned = ".T" if isinstance(expr, Gram) else ""
    return f"per_example({left}{turned} @ {right})" if is_usual else _operation(w, expr)


def _tile(w: _Writer, expr: Tile) -> str:
    return f"per_example({w.write(expr.args[0])})" if expr.args[1] == BATCH else _operation(w, expr)


def _entrywise(w: _Writer, expr: Elementwise) -> str:
    function, operands = expr.function, [w.write(each, 2) for each in expr.args[1:]]
    if isinstance(function, GenericFunction):
        raise SpecError(f"no word of equations says {function.name}, which is left open: choose an activation")
    found = next((found for shape in _SHAPES if (found := shape(function, operands)) is not None), None)
    if found is None:
        raise SpecError(f"no word of equations says {function.name}")
    return found


def _by_name(function: ScalarFunction, operands: Sequence[str]) -> str | None:
    """An activation with its numbers, or an ordinary function."""
    if function.name in ACTIVATIONS:
        values = [value for _, value in function.parameters]
        if activation(function.name, *values) == function:
            usual = activation(function.name) == function
            numbers = [] if usual else list(map(str, values))
            return f"{function.name}({', '.join((*operands, *numbers))})"
    return f"{function.name}({operands[0]})" if plain_function(function.name) == function else None


def _by_sign(function: ScalarFunction, operands: Sequence[str]) -> str | None:
    signs = {INVERSE: "1 / {}", QUOTIENT: "{} / {}", POWER: "{}**{}"}
    words = {LENGTH: "length({})", LARGER: "max({}, {})", SMALLER: "min({}, {})", CHOICE: "where({}, {}, {})"}
    found = {**signs, **words}.get(function)
    return None if found is None else found.format(*operands)


def _by_number(function: ScalarFunction, operands: Sequence[str]) -> str | None:
    """A power, a bound, two bounds: the numbers stand in the formula."""
    found = function.expr.atoms(Rational)
    numbers = sorted({*found, *(-each for each in found)})
    for each in numbers:
        if function == power(each):
            return f"{operands[0]}**{each if each.is_Integer and each > 0 else f'({each})'}"
        for name, of_two in (("max", LARGER), ("min", SMALLER)):
            if function == bounded(of_two, each):
                return f"{name}({operands[0]}, {each})"
        for other in numbers:
            if each < other and function == clip(each, other):
                return f"clip({operands[0]}, {each}, {other})"
    return None


_SHAPES: tuple[Callable[[ScalarFunction, Sequence[str]], str | None], ...] = (_by_name, _by_sign, _by_number)


def _loss(w: _Writer, expr: EntrywiseLoss) -> str:
    function, a, y = expr.args
    values = [value for _, value in function.parameters]
    if function.name not in LOSSES or entry_loss(function.name, *values) != function:
        raise SpecError("no word of equations says this loss")
    numbers = [] if entry_loss(function.name) == function else list(map(str, values))
    return f"{function.name}({', '.join((w.write(a), w.write(y), *numbers))})"


def _linked(w: _Writer, expr: LinkedLoss) -> str:
    return f"{expr.name}({w.write(expr.args[1])}, {w.write(expr.args[2])})"


def _normalised(w: _Writer, expr: Normalise) -> str:
    z, over, centred, epsilon = expr.args
    word = {(Over.EXAMPLES, 1): "batch_norm", (Over.FEATURES, 1): "layer_norm", (Over.FEATURES, 0): "rms_norm"}
    name = word.get((Over(int(over)), int(centred)))
    return f"{name}({w.write(z)}, {epsilon})" if name else _operation(w, expr)


def _masked(w: _Writer, expr: MaskedSoftmax) -> str:
    s, queries, causal, *kept = expr.args
    return f"masked_softmax({', '.join((*map(w.write, (s, *kept)), str(queries), str(causal)))})"


def _call(name: str, *more: str) -> Callable[[_Writer, MatrixExpr], str]:
    def write(w: _Writer, expr: MatrixExpr) -> str:
        operands = [w.write(each) for each in expr.args if isinstance(each, MatrixExpr)]
        return f"{name}({', '.join((*operands, *more))})"

    return write


def _of_size(name: str) -> Callable[[_Writer, MatrixExpr], str]:
    def write(w: _Writer, expr: MatrixExpr) -> str:
        sizes = expr.shape[:1] if name == "eye" else expr.shape
        return f"{name}({', '.join(map(str, sizes))})"

    return write


def _literal(w: _Writer, expr: Literal) -> str:
    rows = [", ".join(map(str, row)) for row in expr.rows]
    return f"[{', '.join(f'[{row}]' for row in rows)}]"


_WORDS = {node: word for word, node in NODES.items()}


def _operation(w: _Writer, expr: MatrixExpr) -> str:
    """An operation by the word that has its own arguments."""
    word = _WORDS.get(type(expr))
    if word is None or not isinstance(expr, Op):
        raise SpecError(f"no word of equations says {getattr(type(expr), 'label', type(expr).__name__)}")
    operands = [w.write(each) for each in expr.args if isinstance(each, MatrixExpr)]
    return f"{word}({', '.join((*operands, *map(str, numbers_of(expr))))})"


_WRITE: Mapping[type, Callable[[_Writer, MatrixExpr], str]] = {
    MatAdd: _sum, MatMul: _product, HadamardProduct: _hadamard, Elementwise: _entrywise, EntrywiseLoss: _loss,
    Transpose: lambda w, expr: f"{w.write(expr.args[0], 2)}.T",
    Rows: lambda w, expr: f"{w.write(expr.args[0], 2)}[{expr.args[1]}:{expr.args[1] + expr.args[2]}]",
    OneMatrix: _of_size("ones"), ZeroMatrix: _of_size("zeros"), Identity: _of_size("eye"), Literal: _literal,
    Gram: _within, Mix: _within, Outer: _within, Tile: _tile, Normalise: _normalised, MaskedSoftmax: _masked,
    Softmax: _call("softmax"), Stack: _call("vstack"), Stop: _call("stop"), Tr: _call("trace"), Inv: _call("inv"),
    Det: _call("det"), LogDet: _call("logdet"), LogSumExp: _call("logsumexp", "axis=0"),
    Maximum: _call("max", "axis=0"),
    CumulativeSum: _call("cumsum", "axis=0"),
    **dict.fromkeys(LinkedLoss.__subclasses__(), _linked),
}  # fmt: skip
