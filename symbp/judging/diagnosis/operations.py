"""The table of edits of single operations: activations, softmax, normalisations, convolutions, losses."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, HadamardProduct, Integer, MatAdd, MatrixExpr, MatrixSymbol, OneMatrix, S

from symbp.errors import ShapeError
from symbp.judging.diagnosis.edits import Edit, Proposal
from symbp.judging.diagnosis.nodes import (
    FlippedKernel,
    WeighedNormaliseJacobian,
    WrittenNormaliseJacobian,
    written_slope,
)
from symbp.judging.diagnosis.sites import Site, entrywise, error_in, product, words
from symbp.ops.convolution import KernelCorrelation, TransposedConvolve
from symbp.ops.elementwise import OUTPUT, Elementwise, ScalarFunction, Slope
from symbp.ops.functions import activation
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, entry_loss
from symbp.ops.normalisation import NormaliseJacobian
from symbp.ops.pooling import AveragePoolTranspose, MaxPool, MaxPoolTranspose
from symbp.ops.softmax import SoftmaxJacobian
from symbp.ops.within import Gram, Mix, Outer, Within
from symbp.symbols import Role, Variable

OTHERS = ("sigmoid", "tanh", "relu", "softplus", "elu", "leaky_relu", "sin", "gelu", "silu")
"""Activations whose derivatives are tried in the place of another one's."""


def function_for_derivative(site: Site) -> Iterator[Proposal]:
    """f in the place of f′."""
    if isinstance(site.node, Slope):
        name = site.node.function.name
        yield Proposal(site.node.output, f"{name} in place of {name}′ in {site.name}")


def _varies(node: Slope) -> bool:
    """Whether a slope is of one operand and not a constant."""
    return len(node.inputs) == 1 and not node.function.slopes[node.index].is_number


def derivative_at(site: Site) -> Iterator[Proposal]:
    """f′ at a instead of z; and a formula meant for a that was given z."""
    node = site.node
    if not isinstance(node, Slope) or not _varies(node):
        return
    function, out, (z,) = node.function, node.output, node.inputs
    again = Slope(function, node.index, Elementwise(function, out), out)
    yield Proposal(again, f"{function.name}′ at {words(out)} instead of {words(z)} in {site.name}")
    error = error_in(site.equation.rhs)
    if error is not None and error.shape == out.shape:
        at_error = Slope(function, node.index, Elementwise(function, error), error)
        yield Proposal(at_error, f"{function.name}′ of the error {words(error)} instead of {words(z)} in {site.name}")
    if function.slope_by_output is not None and isinstance(z, MatrixSymbol):
        said = f"{function.name}′ written through its output but given {words(z)} in {site.name}"
        yield Proposal(written_slope(_plain(function, function.slope_by_output), OUTPUT, z), said)


def another_activation(site: Site) -> Iterator[Proposal]:
    """The derivative of another activation, of z or through the output that is there."""
    node = site.node
    if not isinstance(node, Slope) or not _varies(node):
        return
    out, (z,) = node.output, node.inputs
    for name in OTHERS:
        other = activation(name)
        if other == node.function:
            continue
        said = f"derivative of {name} in place of {node.function.name}′ in {site.name}"
        yield Proposal(Slope(other, 0, Elementwise(other, z), z), said)
        if other.slope_by_output is not None:
            through = written_slope(_plain(other, other.slope_by_output), OUTPUT, out)
            yield Proposal(through, f"{said}, through {words(out)}")


def miswritten(site: Site) -> Iterator[Proposal]:
    """The formula of the derivative with one part missing, of the other sign, or without its square."""
    node = site.node
    if not isinstance(node, Slope) or not _varies(node):
        return
    function = node.function
    right, variable, of = function.slope_by_output, OUTPUT, node.output
    if right is None or right.is_number or not isinstance(of, MatrixSymbol):
        right, variable, of = function.slopes[node.index], function.variables[0], node.inputs[0]
    right = _plain(function, right)
    for wrong in dict.fromkeys(each for each in _variants(right) if not each.is_number):
        said = f"{function.name}′ written as {wrong} instead of {right} in {site.name}"
        yield Proposal(written_slope(wrong, variable, of), said)


def _plain(function: ScalarFunction, formula: Expr) -> Expr:
    """Return a formula with the function's parameters put in."""
    return formula.xreplace(dict(function.parameters))


def _variants(right: Expr) -> Iterator[Expr]:
    if right.is_Pow:
        yield right.base
    if right.is_Pow or right.is_Function:
        yield 1 - right
    if not (right.is_Add or right.is_Mul):
        return
    for index, part in enumerate(right.args):
        rest = [*right.args[:index], *right.args[index + 1 :]]
        if len(rest) >= 1 and not (right.is_Mul and part == -1):
            yield right.func(*rest)
        yield right.func(*rest, -part)
        for other in _variants(part):
            yield right.func(*rest, other)


def softmax_jacobian(site: Site) -> Iterator[Proposal]:
    """softmax's J as its diagonal, or left out."""
    node = site.node
    if not isinstance(node, SoftmaxJacobian):
        return
    p, g = node.args
    yield Proposal(_diagonal(p, g), f"softmax's derivative taken as its diagonal p(1 − p) in {site.name}")
    yield Proposal(g, f"softmax's derivative missing in {site.name}", "softmax Jacobian missing")
    yield Proposal(entrywise(p, g), f"softmax in place of its derivative in {site.name}", "softmax Jacobian missing")
    without = MatAdd(g, product(S.NegativeOne, entrywise(p, g)))
    yield Proposal(without, f"softmax's derivative taken as 1 − p in {site.name}")


def _diagonal(p: MatrixExpr, g: MatrixExpr) -> MatrixExpr:
    return entrywise(g, p, MatAdd(OneMatrix(*p.shape), product(S.NegativeOne, p)))


def within(site: Site) -> Iterator[Proposal]:
    """A factor of a product within each example transposed, or the two exchanged."""
    node = site.node
    if not isinstance(node, Within):
        return
    a, b, *tokens = node.args
    for kind in (Gram, Mix, Outer):
        for pair in ((a, b), (b, a)):
            if (kind, pair) == (type(node), (a, b)):
                continue
            try:
                proposed = kind(*pair, *tokens)
            except ShapeError:
                continue
            if proposed.shape == node.shape:
                exchanged = pair != (a, b)
                what = "its factors are exchanged" if exchanged else "a factor is transposed that must not be, or not"
                kind_of = "order of the factors" if exchanged else "transposed"
                yield Proposal(proposed, f"{what} in {site.name}", kind_of)


def softmax_twice(site: Site) -> Iterator[Proposal]:
    """The derivative of softmax or sigmoid once more, where loss and output have collapsed to P − Y already."""
    if site.parent is not None:
        return
    for equation in site.place.bench.derivation.forward:
        if isinstance(equation.rhs, LinkedLoss) and site.name == f"d{equation.rhs.args[0].name}":
            p = equation.rhs.args[1]
            said = f"superfluous derivative of the output in {site.name}: with this loss it is {words(p)} − Y already"
            kind = "superfluous factor"
            yield Proposal(_diagonal(p, site.node), said, kind)
            yield Proposal(SoftmaxJacobian(p, site.node), said, kind)


def another_loss(site: Site) -> Iterator[Proposal]:
    """The derivative of another loss."""
    if site.parent is not None:
        return
    for equation in site.place.bench.derivation.forward:
        node = equation.rhs
        if not isinstance(node, EntrywiseLoss | LinkedLoss):
            continue
        own, p, y = node.args
        if site.name not in (f"d{p.name}", f"d{getattr(own, 'name', '')}"):
            continue
        for name in LOSSES:
            if name != node.name:
                slope = Slope(entry_loss(name), 0, p, p, y)
                said = f"derivative of the loss {name} in place of {node.name} in {site.name}"
                yield Proposal(product(1 / p.shape[1], slope), said)


MEAN, VARIANCE, BOTH = "mean held constant", "variance held constant", "mean and variance held constant"
UNBIASED, AXIS = "unbiased variance", "normalised over the wrong axis"

# (kind, words) and: other axis, mean's part, variance's part, taken from the counts (in s, in the variance's part),
# the power of s, N made anew.
_NORMALISATIONS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    (MEAN, "the mean is held constant", (0, 0, 1, 0, 0, 1, 0)),
    (VARIANCE, "the variance is held constant", (0, 1, 0, 0, 0, 1, 0)),
    (BOTH, "mean and variance are held constant", (0, 0, 0, 0, 0, 1, 0)),
    (UNBIASED, "the variance divides by N − 1, not by N", (0, 1, 1, 1, 0, 1, 0)),
    (UNBIASED, "the variance divides by N − 1, not by N", (0, 1, 1, 1, 1, 1, 1)),
    (UNBIASED, "the variance divides by N − 1, not by N", (0, 1, 1, 1, 1, 1, 0)),
    (UNBIASED, "the variance divides by N − 1, not by N", (0, 1, 1, 1, 0, 1, 1)),
    (UNBIASED, "the variance's part divides by N − 1, not by N", (0, 1, 1, 0, 1, 1, 0)),
    (AXIS, "the means of the error are taken over the wrong axis", (1, 1, 1, 0, 0, 1, 0)),
    ("missing factor", "the division by s is missing", (0, 1, 1, 0, 0, 0, 0)),
    ("doubled factor", "the error is divided by the variance, not by its root", (0, 1, 1, 0, 0, 2, 0)),
)


_WEIGHED: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("wrong sign of the variance's part: dvar has the other sign", (1, 0, -1, 0, 0)),
    ("wrong sign of the mean's part", (-1, 0, 1, 0, 0)),
    ("the variance's part is twice too large: the ½ of the root's derivative is missing", (1, 0, 2, 0, 0)),
    ("the variance's part is half of it: the 2 of the square's derivative is missing", (1, 0, S.Half, 0, 0)),
    ("the mean's part is a sum where a mean is due: 1/N is missing", (1, 1, 1, 0, 0)),
    ("1/N stands twice in the mean's part", (1, -1, 1, 0, 0)),
    ("the variance's part is a sum where a mean is due: 1/N is missing", (1, 0, 1, 1, 0)),
    ("1/N stands twice in the variance's part", (1, 0, 1, -1, 0)),
    ("wrong power of s in the variance's part: dvar has s² for s³", (1, 0, 1, 0, 1)),
    ("wrong power of s in the variance's part: dvar has s for s³", (1, 0, 1, 0, 2)),
    ("wrong power of s in the variance's part: dvar has s⁴ for s³", (1, 0, 1, 0, -1)),
    ("wrong power of s in the variance's part: dvar has s⁵ for s³", (1, 0, 1, 0, -2)),
    ("wrong sign and power of s in the variance's part", (1, 0, -1, 0, 1)),
)
"""What slips in an elementary step of the derivative make of its parts: words, and the weights of the parts."""


def pool(site: Site) -> Iterator[Proposal]:
    """A maximum's error handed to the smallest value, or spread evenly over the window."""
    node = site.node
    if isinstance(node, MaxPoolTranspose):
        x, _, g, *window = node.args
        least = product(S.NegativeOne, x)
        smallest = MaxPoolTranspose(least, MaxPool(least, *window), g, *window)
        yield Proposal(smallest, f"the error goes to the smallest value of the window (argmin) in {site.name}")
        even = AveragePoolTranspose(g, *window)
        entries = node.window.entries
        yield Proposal(even, f"the error is spread evenly over the window, as for a mean, in {site.name}")
        yield Proposal(product(S(entries), even), f"the error goes to every value of the window in {site.name}")
    elif isinstance(node, AveragePoolTranspose):
        entries = node.window.entries
        yield Proposal(product(S(entries), node), f"the share 1/{entries} of each value is missing in {site.name}")


def complement(site: Site) -> Iterator[Proposal]:
    """1 − z where z belongs, and z where 1 − z does: the two gates of a GRU exchanged."""
    node, parent = site.node, site.parent
    if not isinstance(parent, HadamardProduct):
        return
    if isinstance(node, MatAdd) and len(node.args) == 2 and isinstance(node.args[0], OneMatrix):
        _, gate = node.args
        bare = product(S.NegativeOne, gate)
        if isinstance(bare, MatrixSymbol):
            yield Proposal(bare, f"{bare.name} in place of 1 − {bare.name} in {site.name}")
    elif isinstance(node, Variable) and node.role is not Role.INPUT:
        other = MatAdd(OneMatrix(*node.shape), product(S.NegativeOne, node))
        yield Proposal(other, f"1 − {node.name} in place of {node.name} in {site.name}")


def normalisation(site: Site) -> Iterator[Proposal]:
    """Mean or variance taken as constants, another divisor, another axis, s missing or squared; or no derivative."""
    node = site.node
    if not isinstance(node, NormaliseJacobian):
        return
    z, n, g, axis, *settings = node.args
    for kind, said, (other, *rest) in _NORMALISATIONS:
        over = 1 - int(axis) if other else int(axis)
        wrong = WrittenNormaliseJacobian(z, n, g, axis, *settings, over, *rest)
        yield Proposal(wrong, f"{said} in {site.name}", kind)
    for said, weights in _WEIGHED:
        yield Proposal(
            WeighedNormaliseJacobian(z, n, g, axis, *settings, *weights), f"{said} in {site.name}", "normalisation"
        )
    all_wrong = NormaliseJacobian(z, n, g, Integer(1 - int(axis)), *settings)
    yield Proposal(all_wrong, f"all statistics are taken over the wrong axis in {site.name}", AXIS)
    yield Proposal(g, f"the normalisation's derivative is missing in {site.name}", "missing factor")
    exact = NormaliseJacobian(z, n, g, axis, settings[0], S.Zero)
    yield Proposal(exact, f"ε is missing in {site.name}", "epsilon missing")


def kernel(site: Site) -> Iterator[Proposal]:
    """A convolution's kernel, or the gradient of one, that is not flipped, or flipped where it should not be."""
    node = site.node
    if isinstance(node, TransposedConvolve):
        k, g, *window = node.args
        flipped = TransposedConvolve(FlippedKernel(k, node.window.entries), g, *window)
        yield Proposal(flipped, f"the kernel {words(k)} is not flipped on the way back in {site.name}")
    if isinstance(node, KernelCorrelation):
        flipped = FlippedKernel(node, node.window.entries)
        yield Proposal(flipped, f"the gradient of the kernel is flipped in {site.name}")


OPERATION_EDITS: tuple[Edit, ...] = (
    Edit("function for derivative", 1.4, function_for_derivative),
    Edit("derivative at the activation", 1.5, derivative_at),
    Edit("derivative of another activation", 1.7, another_activation),
    Edit("derivative miswritten", 1.8, miswritten),
    Edit("transposed", 1.1, within),
    Edit("softmax Jacobian as its diagonal", 1.2, softmax_jacobian),
    Edit("superfluous factor", 1.6, softmax_twice),
    Edit("derivative of another loss", 1.8, another_loss),
    Edit("normalisation", 1.2, normalisation),
    Edit("pool", 1.2, pool),
    Edit("complement", 1.7, complement),
    Edit("kernel not flipped", 1.2, kernel),
)
