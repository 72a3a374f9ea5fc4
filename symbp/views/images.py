"""Images as arrays: channels × rows × columns, kernels of four sizes, the bias of a channel where it is added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sympy import Expr, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import Equation, nodes, operands
from symbp.op import Entry
from symbp.ops.convolution import Channels, Convolve, TransposedConvolve
from symbp.ops.windows import Windowed
from symbp.symbols import Adjoint
from symbp.views.turned import operation, plain

Arrays = Mapping[str, tuple[Expr, ...]]
"""The sizes of what is read as an array of more than two indices, by its name."""


def arrays(equations: Iterable[Equation]) -> Arrays:
    """Return the sizes of every image and kernel of a forward list, in the order of the list; those of one example."""
    found: dict[str, tuple[Expr, ...]] = {}
    for equation in equations:
        for node in map(operation, nodes(equation.rhs)):
            if isinstance(node, Windowed):
                for symbol, sizes in _sizes(node, equation):
                    found.setdefault(symbol.name, sizes)
    return found


def kernels(equations: Iterable[Equation]) -> frozenset[str]:
    """Return the names of what slides over images."""
    return frozenset(operands(node)[0].name for each in equations if (node := slid(each.rhs)) is not None)


def slid(rhs: MatrixExpr) -> Convolve | TransposedConvolve | None:
    """Return what slides a kernel over an image in an expression, or lays it over one."""
    found = (node for node in map(operation, nodes(rhs)) if isinstance(node, Convolve | TransposedConvolve))
    return next((node for node in found if not isinstance(operands(node)[1], Adjoint)), None)


def _has_kernel(form: Entry) -> bool:
    return len(form.operands) > 1


def _sizes(node: Windowed, equation: Equation) -> Iterator[tuple[MatrixSymbol, tuple[Expr, ...]]]:
    """Yield what a window slides over, its kernel and what comes out, each with its sizes for one example."""
    form = node.entry() or Entry()
    is_alone = operation(equation.rhs) is node or node.shape[0] in equation.lhs.shape
    sizes = [*(size for _, size in form.operands), *([form.sizes] if is_alone else [])]
    if node.window.groups > 1:
        sizes = [(group * channels, *rest) for group, channels, *rest in sizes]
    for at, (symbol, size) in enumerate(zip((*operands(node), equation.lhs), sizes, strict=False)):
        if isinstance(symbol, MatrixSymbol) and not isinstance(symbol, Adjoint):
            yield symbol, size if at == 0 and _has_kernel(form) else size[:-1]


def repeated(forward: Iterable[Equation], backward: Iterable[Equation]) -> frozenset[MatrixSymbol]:
    """Return the biases of channels, repeated at every place, that need no name: used once, and by no error."""
    forward = list(forward)
    found = [each.lhs for each in forward if _repeats(each.rhs)]
    if not found:
        return frozenset()
    uses = Counter(symbol for each in (*forward, *backward) for symbol in each.symbols)
    return frozenset(each for each in found if uses[each] == 1)


def bias_of(term: MatrixExpr) -> MatrixSymbol | None:
    """Return the bias of channels that a term of a sum is, repeated at every place and for every example."""
    factors = operands(term) if isinstance(term, MatMul) else (term,)
    factors = tuple(each for each in factors if not isinstance(each, OneMatrix))
    if len(factors) != 1 or not isinstance(operation(factors[0]), Channels):
        return None
    (bias,) = operands(operation(factors[0]))
    return bias if isinstance(bias, MatrixSymbol) else None


def biases(rhs: MatrixExpr) -> list[MatrixSymbol]:
    """Return the biases of channels that a sum adds at every place."""
    terms = plain(rhs).args if isinstance(plain(rhs), MatAdd) else ()
    return [bias for each in terms if (bias := bias_of(each)) is not None]


def _repeats(rhs: MatrixExpr) -> bool:
    return isinstance(rhs.arg if isinstance(rhs, Transpose) else plain(rhs), Channels)
