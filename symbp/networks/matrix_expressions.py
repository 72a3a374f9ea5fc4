"""Equations of one's own: lines such as ``H = tanh(W @ X + b)``, read against an allow-list and built node by node.

Every line defines one new name, and what is not affine and stands inside something else gets a name of its
own (``H_1``). A string never reaches SymPy's parsers; text, numbers, brackets and lines are bounded.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from sympy import (
    Expr,
    Integer,
    MatrixExpr,
    OneMatrix,
    Rational,
    Transpose,
    exp,
    log,
    sqrt,
)

from symbp.equations import Equation, ForwardSystem, symbols_in, text
from symbp.errors import RuleNotFoundError, ShapeError, SpecError, nearest
from symbp.limits import MAX_EQUATIONS
from symbp.networks.calls import Call, Function
from symbp.networks.equation_lines import (
    KINDS,
    Line,
    Shape,
    chosen,
    dimensions_of,
    kinds_of,
    mapping,
    read_shape,
    require_names,
)
from symbp.networks.expressions import MAX_EXPONENT
from symbp.networks.inner import Inner, inner_gradient
from symbp.networks.matrix_arithmetic import Parts, common_shape, parts_of, plus, product, repeated
from symbp.networks.matrix_functions import ENTRYWISE, FUNCTIONS, INSTEAD, entrywise
from symbp.networks.named_losses import LOSS_FUNCTIONS
from symbp.networks.reading import MAX_DEPTH, number, quote
from symbp.networks.repeat import members, unrolled
from symbp.nodes import hadamard, ones, times, transpose, zeros
from symbp.op import Op
from symbp.ops.arithmetic import INVERSE, POWER, QUOTIENT, power
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.literal import Literal
from symbp.ops.loss_table import LOSS_ALIASES, LOSSES
from symbp.ops.losses import Loss
from symbp.ops.positions import Tile
from symbp.ops.rearrange import Rearrange
from symbp.ops.structure import Rows
from symbp.ops.within import Gram, Mix, Outer, Within
from symbp.symbols import BATCH, Role, Variable, counts_examples

LARGEST = Rational(10) ** 30


@dataclass(frozen=True)
class Parsed:
    """A forward list read from lines: ``equations``, the last one the loss, over what is given.

    ``written`` are the losses that the lines call by name and that equations spell out, with what they compare;
    ``inner`` are the gradients that the list itself computes.
    """

    equations: tuple[Equation, ...]
    inputs: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    parameters: tuple[Variable, ...]
    layers: int
    written: tuple[tuple[str, Variable], ...] = ()
    inner: tuple[Inner, ...] = ()

    @property
    def forward(self) -> ForwardSystem:
        """The lines as a checked list of equations."""
        return ForwardSystem(self.equations, given=(*self.inputs, *self.targets, *self.parameters))


def parse_equations(
    lines: Sequence[str],
    shapes: Mapping[str, object],
    named: Mapping[str, Sequence[str] | None],
    loss: str | None = None,
) -> Parsed:
    """Read equations over matrices of declared shapes; the last line is the loss.

    ``shapes`` maps a name to its (rows, columns), numbers or names of dimensions; ``m`` is the number of
    examples. ``named`` says by their kinds what names are (inputs, targets, parameters, constants, frozen); unless it
    does, names that begin with Y are targets, others with m in their shape inputs, and the rest parameters. ``loss``
    names the line that is the loss where it is not the last one; what it does not need is left out.

    Raises:
        SpecError: anything but names, numbers, + - * / @ .T and the functions of ``symbp list``; a name that is
            unknown, defined twice, unused or part of a cycle.
        ShapeError: two shapes that do not fit; the message quotes the equation, both shapes and the dimension.
    """
    if isinstance(lines, str) or not all(isinstance(line, str) for line in lines):
        raise SpecError('equations must be a list of lines, such as ["H = tanh(W @ X + b)", "loss = mse(H, Y)"]')
    if not lines:
        raise SpecError("a network needs at least one equation, such as loss = mse(W @ X, Y)")
    if len(lines) > MAX_EQUATIONS:
        raise SpecError(f"{len(lines):,} equations: at most {MAX_EQUATIONS:,} are read")
    lines, shapes = unrolled(lines, mapping(shapes))
    named = {
        kind: None if names is None else [own for each in names for own in members(each)]
        for kind, names in named.items()
    }
    sizes = {name: read_shape(name, given) for name, given in shapes.items()}
    kinds = kinds_of(sizes, named)
    read = [Line.of(line) for line in lines]
    valued = {line.name for line in read if kinds.get(line.name) == "constants"}
    kinds = {name: kind for name, kind in kinds.items() if name not in valued}
    require_names(read, kinds, dimensions_of(sizes))
    read, kinds = chosen(read, kinds, loss)
    roles: dict[str, Role] = {}
    _build(read, sizes, kinds, roles, valued)  # finds out which parameters are biases
    return _build(read, sizes, kinds, roles, valued)


def _build(
    lines: Sequence[Line],
    sizes: Mapping[str, Shape],
    kinds: Mapping[str, str],
    roles: dict[str, Role],
    valued: Collection[str],
) -> Parsed:
    """Build every line; ``roles`` is filled with what the parameters turn out to be, ``valued`` are constants."""
    state = _State(sizes, kinds, roles, {line.name for line in lines} | set(sizes))
    for line in lines:
        state.begin(line)
        value = _Reader(line, state).build(line.tree)
        is_loss = line is lines[-1]
        if not isinstance(value, MatrixExpr) and not is_loss:
            state.numbers[line.name] = value
            continue
        if isinstance(value, Variable) and not is_loss:  # H[0] = X is another name of X.
            state.known[line.name] = value
            continue
        if not isinstance(value, MatrixExpr):
            raise SpecError(f"{quote(line.source)} has no matrix on its right side")
        if is_loss and value.shape != (1, 1):
            raise ShapeError(
                f"the last equation is the loss and must be 1×1, but the right side of {quote(line.source)} "
                f"is {text(value.shape)}: end with a line such as loss = mse({line.name}, Y)"
            )
        if line.name in valued and value.shape != sizes[line.name]:
            raise ShapeError(
                f"{line.name} is declared {text(sizes[line.name])}, but {quote(line.source)} is {text(value.shape)}"
            )
        state.define(line.name, value, Role.LOSS if is_loss else _role_of(line, value))
    # A parameter that no equation uses has no layer yet.
    given = {name: state.given(name) for name in kinds}
    groups = {kind: tuple(given[name] for name in kinds if kinds[name] == kind) for kind in KINDS}
    inputs = (*groups["inputs"], *groups["constants"], *groups["frozen"])
    layers, written, inner = max(1, state.layer), tuple(state.written), tuple(state.inner())
    return Parsed(tuple(state.equations), inputs, groups["targets"], groups["parameters"], layers, written, inner)


def loss_lines(
    text: str, forward: Sequence[Equation], y: Variable, layer: int
) -> tuple[list[Equation], tuple[tuple[str, Variable], ...]]:
    """Return the equations of a loss such as ``cross_entropy(label_smoothing=0.1)`` of the last of a list and y.

    Raises:
        SpecError: no such loss, or an argument that it does not take.
        ShapeError: an argument of a shape that does not fit.
    """
    head, _, arguments = text.strip().partition("(")
    output = forward[-1].lhs
    line = Line.of(f"loss = {head}(A, Y{', ' * bool(arguments.rstrip(') '))}{arguments or ')'}")
    state = _State({}, {}, {}, {each.name for each in forward}, layer=layer)
    state.made_by.update((each.lhs.name, each) for each in forward[-1:])
    value = _Reader(replace(line, source=text), state, {"A": output, "Y": y}).build(line.tree)
    assert isinstance(value, MatrixExpr)
    state.define(line.name, value, Role.LOSS)
    return state.equations, tuple(state.written)


def _role_of(line: Line, value: MatrixExpr) -> Role | None:
    """Return what a line makes where its right side says so: a gradient, or numbers that are written out."""
    if isinstance(value, Literal):
        return Role.CONSTANT
    return Role.GRADIENT if isinstance(line.tree, ast.Call) and ast.unparse(line.tree.func) == "grad" else None


_ROLES = dict(zip(KINDS, (Role.INPUT, Role.TARGET, Role.WEIGHT, Role.CONSTANT, Role.FROZEN), strict=True))


@dataclass
class _State:
    """The list so far. Layers are counted by lines that bring a new weight, parameters belong to the first use."""

    sizes: Mapping[str, Shape]
    kinds: Mapping[str, str]
    roles: dict[str, Role]
    taken: set[str]
    numbers: dict[str, Expr] = field(default_factory=dict)
    known: dict[str, Variable] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    made_by: dict[str, Equation] = field(default_factory=dict)
    written: list[tuple[str, Variable]] = field(default_factory=list)
    gradients: list[tuple[Variable, Variable, MatrixExpr]] = field(default_factory=list)
    layer: int = 0

    def begin(self, line: Line) -> None:
        """Begin the next layer where a line uses a weight for the first time."""
        fresh = [name for name in line.used if self.kinds.get(name) == "parameters" and name not in self.known]
        self.layer += any(self.roles.get(name, Role.WEIGHT) is Role.WEIGHT for name in fresh)

    def value(self, name: str) -> Parts | None:
        """Return what a name stands for: a matrix or number defined before, a given matrix, or a dimension."""
        if name in self.known or name in self.kinds:
            return self.given(name)
        return self.numbers.get(name, dimensions_of(self.sizes).get(name))

    def given(self, name: str) -> Variable:
        """Return a given matrix; a parameter belongs to the layer that uses it first."""
        if name not in self.known:
            kind = self.kinds[name]
            role = self.roles.get(name, Role.WEIGHT) if kind == "parameters" else _ROLES[kind]
            layer = 0 if kind == "inputs" else self.layer
            self.known[name] = Variable(name, *self.sizes[name], role, _stem(name), layer)
        return self.known[name]

    def inner(self) -> Iterator[Inner]:
        """Yield the gradients that lines ask for and that have a name."""
        for of, by, found in self.gradients:
            names = (each.lhs for each in self.equations if each.rhs is found)
            gradient = found if isinstance(found, Variable) else next(names, None)
            if gradient is not None:
                yield Inner(of, by, gradient)

    def define(self, name: str, value: MatrixExpr, role: Role | None = None) -> Variable:
        """Add an equation."""
        kind = role or (Role.ACTIVATION if isinstance(value, Op) else Role.PREACTIVATION)
        rows, columns = value.shape
        symbol = Variable(name, rows, columns, kind, _stem(name), self.layer)
        self.known[name] = symbol
        self.made_by[name] = Equation(symbol, value)
        self.equations.append(self.made_by[name])
        return symbol

    def named(self, value: MatrixExpr, line: Line, role: Role | None = None) -> Variable:
        """Return a matrix as a symbol, with a name of its own where it has none."""
        if isinstance(value, Variable):
            return value
        stem = "loss" if line.name.startswith("loss_") else line.name
        name = next(name for name in (f"{stem}_{index}" for index in count(1)) if name not in self.taken)
        self.taken.add(name)
        return self.define(name, value, Role.LOSS if isinstance(value, Loss) else role)


def _stem(name: str) -> str:
    return name.rstrip("0123456789") or name


@dataclass
class _Reader:
    """Builds the right side of one line; every shape is checked here, where the text is known."""

    line: Line
    state: _State
    own: Mapping[str, Parts] = field(default_factory=dict)
    """Names that only this line has, before those of the state."""

    def build(self, node: ast.expr, depth: int = 0) -> Parts:
        """Return what a node stands for; an operation that is not affine may stand at the top only."""
        if depth > MAX_DEPTH:
            raise SpecError(f"{quote(self.line.source)} is nested more than {MAX_DEPTH} deep")
        match node:
            case ast.Constant(value=int() | float()):
                return number(self._text(node))
            case ast.Name(id=name):
                return self._name(name)
            case ast.List():
                return self._literal(node, column=False)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._scaled(Rational(-1), self._inside(operand, depth))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._inside(operand, depth)
            case ast.Attribute(value=operand, attr="T"):
                return self._transposed(operand, depth)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                operands = self._sides(left, right, sign, depth + 1)
                return self._bounded(_BINARY[type(sign)](self, *operands, node), node)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(self._inside(left, depth), self._inside(right, depth), node)
            case ast.Call(func=ast.Name(id="grad")):
                return self._gradient(node, depth)
            case ast.Call(func=ast.Name(id="per_example")):
                return self._per_example(node, depth)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node, depth)
            case ast.Subscript(value=operand, slice=place):
                return self._part(self._matrix(self._inside(operand, depth), operand), place, node)
        raise SpecError(f"{quote(self._text(node))} may not stand in the equation {quote(self.line.source)}")

    def _inside(self, node: ast.expr, depth: int) -> Parts:
        """Build what stands inside something else: an operation that is not affine gets a name."""
        value = self.build(node, depth + 1)
        return self.state.named(value, self.line) if isinstance(value, Op) else value

    def _sides(self, left: ast.expr, right: ast.expr, sign: ast.operator, depth: int) -> tuple[Parts, Parts]:
        """Return both sides of a sign; products within examples and repeated matrices may stand in a sum as they are.

        So may such a product, or a rearrangement, behind a number.
        """
        in_sum = isinstance(sign, ast.Add | ast.Sub)
        stays = (Within, Tile) if in_sum else (Within, Rearrange)

        def side(node: ast.expr) -> Parts:
            value = self.build(node, depth)
            return self._named(value) if isinstance(value, Op) and not isinstance(value, stays) else value

        first, second = side(left), side(right)
        if in_sum or not (isinstance(first, MatrixExpr) and isinstance(second, MatrixExpr)):
            return first, second
        first, second = (self._named(each) if isinstance(each, Op) else each for each in (first, second))
        return first, second

    def _operand(self, value: MatrixExpr) -> MatrixExpr:
        """Return what an operation may act on: a name, or ones, which are told by their shape."""
        return value if isinstance(value, OneMatrix) else self._named(value)

    def _named(self, value: MatrixExpr) -> Variable:
        return self.state.named(value, self.line)

    def _text(self, node: ast.expr) -> str:
        return self.line.right[node.col_offset : node.end_col_offset]

    def _name(self, name: str) -> Parts:
        found = self.own.get(name)
        found = self.state.value(name) if found is None else found
        if found is None:
            raise SpecError(f"unknown name {name[:40]!r} in {quote(self.line.source)}")
        return found

    def _literal(self, node: ast.List, *, column: bool) -> MatrixExpr:
        """[[1, 0], [0, 1]]: numbers row by row; ``column`` takes a flat list as a column."""
        text_, source = quote(self._text(node)), quote(self.line.source)
        nested = [each.elts if isinstance(each, ast.List) else None for each in node.elts]
        if column and not any(nested):
            nested = [[each] for each in node.elts]
        rows = [each for each in nested if each]
        if not rows or len(rows) < len(nested):
            raise SpecError(f"{text_} in {source}: write a matrix row by row, such as [[1, 2]] or [[1], [2]]")
        if len({len(row) for row in rows}) > 1:
            raise SpecError(f"{text_} in {source}: the rows of a matrix are equally long")
        if sum(map(len, rows)) > MOST_NUMBERS:
            raise SpecError(f"{text_} in {source}: at most {MOST_NUMBERS} numbers are written out")
        numbers = [[self.build(each, 1) for each in row] for row in rows]
        if not all(isinstance(each, Rational) for row in numbers for each in row):
            raise SpecError(f"{text_} in {source}: a matrix that is written out holds plain numbers")
        return Literal.of(numbers)

    def _transposed(self, node: ast.expr, depth: int) -> MatrixExpr:
        value = self._matrix(self._inside(node, depth), node)
        return value.arg if isinstance(value, Transpose) else transpose(value)

    def _part(self, value: MatrixExpr, place: ast.expr, node: ast.expr) -> MatrixExpr:
        """Z[0:2], Z[1] and Z[:, 0:3]: rows, one row, columns, counted from 0; two dimensions stay two."""
        rows, columns = place.elts if isinstance(place, ast.Tuple) and len(place.elts) == 2 else (place, None)
        found = self._cut(value, rows, 0, node)
        if columns is None:
            return found
        return transpose(self._named(self._cut(transpose(self._named(found)), columns, 1, node)))

    def _cut(self, value: MatrixExpr, place: ast.expr, axis: int, node: ast.expr) -> MatrixExpr:
        """Return some rows of a matrix; all of them are the matrix itself."""
        size, what = value.shape[0], ("rows", "columns")[axis]
        where = f"{quote(self._text(node))} in {quote(self.line.source)}"
        first, last = self._ends(place, size, where)
        if (first, last) == (0, size):
            return value
        if not first.is_Integer or not last.is_Integer or not 0 <= first < last or (size - last).is_negative:
            raise SpecError(f"{where}: there are {size} {what}, counted from 0; take some of them, such as Z[0:2]")
        if not size.is_Integer:
            raise SpecError(f"{where}: of {size} {what} no part has a size of its own; give a number for {size}")
        return Rows(self._named(value), first, last - first)

    def _ends(self, place: ast.expr, size: Expr, where: str) -> tuple[Expr, Expr]:
        """Return the first row of a part and the one behind its last."""

        def number_of(tree: ast.expr | None, otherwise: Expr) -> Expr:
            value = otherwise if tree is None else self.build(tree)
            if isinstance(value, MatrixExpr) or (not value.is_Integer and tree is not None):
                raise SpecError(f"{where}: rows and columns are counted with whole numbers")
            return size + value if value.is_negative else value

        if isinstance(place, ast.Slice):
            if place.step is not None:
                raise SpecError(f"{where}: a part has no steps")
            return number_of(place.lower, Integer(0)), number_of(place.upper, size)
        first = number_of(place, Integer(0))
        return first, first + 1

    def _matrix(self, value: Parts, node: ast.expr) -> MatrixExpr:
        if not isinstance(value, MatrixExpr):
            raise SpecError(
                f"{quote(self._text(node))} in {quote(self.line.source)} is a number: a matrix must stand here"
            )
        return value

    def _bounded(self, value: Parts, node: ast.expr) -> Parts:
        found = parts_of(value)[0].as_coeff_Mul()[0]
        if isinstance(found, Rational) and found and not 1 / LARGEST <= abs(found) <= LARGEST:
            raise SpecError(f"the number in {quote(self._text(node))} is too {'large' if abs(found) > 1 else 'small'}")
        return value

    def _scaled(self, factor: Expr, value: Parts) -> Parts:
        return product(factor, value) if isinstance(value, MatrixExpr) else factor * value

    def _power(self, base: Parts, exponent: Parts, node: ast.BinOp) -> Parts:
        """A**2 is A ⊙ A; other powers act entry by entry as well, those of a number are exponentials."""
        if isinstance(exponent, MatrixExpr):
            return self._power_of_matrix(base, exponent, node)
        if not isinstance(exponent, Rational):
            raise SpecError(f"{quote(self._text(node))} in {quote(self.line.source)}: the exponent must be a number")
        if abs(exponent) > MAX_EXPONENT:
            raise SpecError(f"the exponent of {quote(self._text(node))} is greater than {MAX_EXPONENT}")
        if not isinstance(base, MatrixExpr):
            return base**exponent
        named = self._named(base)
        return hadamard(named, named) if exponent == 2 else Elementwise(power(exponent), named)

    def _power_of_matrix(self, base: Parts, exponent: MatrixExpr, node: ast.BinOp) -> MatrixExpr:
        if isinstance(base, MatrixExpr):
            return Elementwise(POWER, *map(self._named, self._spread(base, exponent, node)))
        if not base.is_positive:
            raise SpecError(f"{quote(self._text(node))} in {quote(self.line.source)}: the base must be positive")
        return Elementwise(activation("exp"), self._named(product(log(base), exponent)))

    def _times(self, left: Parts, right: Parts, node: ast.BinOp) -> Parts:
        """A * B, entry by entry; a number scales."""
        if not isinstance(left, MatrixExpr):
            return self._scaled(left, right)
        if not isinstance(right, MatrixExpr):
            return self._scaled(right, left)
        return hadamard(*self._spread(left, right, node, Role.SCALE))

    def _over(self, left: Parts, right: Parts, node: ast.BinOp) -> Parts:
        """A / B, entry by entry; a number over a matrix is the number times 1/B."""
        if isinstance(right, MatrixExpr):
            if isinstance(left, MatrixExpr):
                return Elementwise(QUOTIENT, *map(self._named, self._spread(left, right, node)))
            found = Elementwise(INVERSE, self._named(right))
            return found if left == 1 else self._scaled(left, self._named(found))
        if not right:
            raise SpecError(f"{quote(self._text(node))} in {quote(self.line.source)} divides by zero")
        return self._scaled(1 / right, left)

    def _joined(self, left: Parts, right: Parts, node: ast.BinOp) -> Parts:
        """A @ B."""
        if not isinstance(left, MatrixExpr) or not isinstance(right, MatrixExpr):
            raise SpecError(
                f"{quote(self._text(node))} in {quote(self.line.source)}: write 2 * A for a number times a matrix"
            )
        if left.shape[1] != right.shape[0]:
            raise self._clash(left, right, node, f"a product needs {left.shape[1]} = {right.shape[0]}")
        return product(left, right)

    def _plus(self, left: Parts, right: Parts, node: ast.BinOp) -> Parts:
        if isinstance(left, MatrixExpr) and isinstance(right, MatrixExpr):
            left, right = self._spread(left, right, node, Role.BIAS)
        return plus(left, right)

    def _minus(self, left: Parts, right: Parts, node: ast.BinOp) -> Parts:
        return self._plus(left, self._scaled(Rational(-1), right), node)

    def _spread(
        self, left: MatrixExpr, right: MatrixExpr, node: ast.BinOp, role: Role | None = None
    ) -> tuple[MatrixExpr, MatrixExpr]:
        """Return both with one shape, as NumPy does: n×1 meeting n×m is b·1ᵀ, n×1 meeting 1×m both.

        A parameter that stands in every column becomes a bias or a scale.
        """
        shape = common_shape((left.shape, right.shape))
        if shape is not None:
            return self._repeated(left, shape, role), self._repeated(right, shape, role)
        index = 0 if left.shape[0] != right.shape[0] else 1
        what = ("rows", "columns")[index]
        why = f"the {what} must be equal, {left.shape[index]} = {right.shape[index]}"
        if isinstance(node.op, ast.Mult) and left.shape[1] == right.shape[0]:
            why += "; write @ for the product of matrices"
        raise self._clash(left, right, node, why)

    def _repeated(self, value: MatrixExpr, shape: Shape, role: Role | None) -> MatrixExpr:
        """Return a matrix repeated to a shape; a parameter in every column, or row of an example, gets the role."""
        in_columns = value.shape[1] == 1 != shape[1]
        in_rows = value.shape[0] == 1 and counts_examples(shape[0]) and not counts_examples(shape[1])
        symbols = list(symbols_in(value)) if in_columns or in_rows else []
        if role is not None and len(symbols) == 1 and symbols[0].role in (Role.WEIGHT, role):
            self.state.roles[symbols[0].name] = role
        return repeated(value, shape)

    def _clash(self, left: MatrixExpr, right: MatrixExpr, node: ast.BinOp, why: str) -> ShapeError:
        first, second = self._text(node.left), self._text(node.right)
        return ShapeError(
            f"{_piece(first)} is {text(left.shape)} and {_piece(second)} is {text(right.shape)} "
            f"in {quote(self.line.source)}: {why}"
        )

    def _gradient(self, node: ast.Call, depth: int) -> MatrixExpr:
        """grad(L, X): the gradient of a number by a matrix that it is made of, as more equations."""
        if len(node.args) != 2 or node.keywords:
            raise SpecError(f"grad takes a number and what to differentiate by, as in G = grad(L, X): change "
                            f"{quote(self.line.source)}")  # fmt: skip
        of, by = (self._matrix(self._inside(each, depth), each) for each in node.args)
        if not isinstance(by, Variable):
            raise SpecError(f"{quote(self._text(node.args[1]))} in {quote(self.line.source)}: differentiate by a name")
        given = [self.state.given(name) for name in self.state.kinds]
        try:
            number_ = self._named(of)
            found = inner_gradient(self.state.equations, given, number_, by, self._gradient_name)
        except (SpecError, RuleNotFoundError) as error:
            raise SpecError(f"{error}, in {quote(self.line.source)}") from None
        self.state.gradients.append((number_, by, found))
        return found

    def _gradient_name(self, value: MatrixExpr) -> Variable:
        return self.state.named(value, self.line, Role.GRADIENT)

    def _per_example(self, node: ast.Call, depth: int) -> MatrixExpr:
        """A product of two matrices of sequences, example by example, or one matrix for every example."""
        match node.args:
            case [ast.BinOp(left=left, op=ast.MatMult(), right=right)] if not node.keywords:
                kind = Gram if _turned(left) else Outer if _turned(right) else Mix
                trees = (_turned(left) or left, right if kind is Gram else _turned(right) or right)
                operands = [self._operand(self._matrix(self._inside(each, depth), each)) for each in trees]
                return self._told(lambda: within(kind, *operands))
            case [single] if not node.keywords:
                return self._told(lambda: Tile(self._named(self._matrix(self._inside(single, depth), single)), BATCH))
        raise SpecError(f"per_example takes a product, as in S = per_example(K.T @ Q), or one matrix: change "
                        f"{quote(self.line.source)}")  # fmt: skip

    def _told(self, build: Callable[[], MatrixExpr]) -> MatrixExpr:
        """Build with the line in every error."""
        try:
            return build()
        except (SpecError, ShapeError) as error:
            raise type(error)(f"{error} in {quote(self.line.source)}") from None

    def _call(self, name: str, node: ast.Call, depth: int) -> Parts:
        arguments = [(each, self.build(each, depth + 1)) for each in node.args]
        if name in OF_NUMBERS and len(arguments) == 1 and not isinstance(arguments[0][1], MatrixExpr):
            value = OF_NUMBERS[name](arguments[0][1])
            if value.is_real is False or value.is_finite is False:
                raise SpecError(f"{quote(self._text(node))} in {quote(self.line.source)} is no real number")
            return value
        row = FUNCTIONS.get(name.lower()) or entrywise(name)
        if row is None:
            known = [*FUNCTIONS, *ENTRYWISE, *LOSSES, *LOSS_ALIASES]
            hint = INSTEAD.get(name, "") or nearest(name, known) or "; symbp list shows activations and losses"
            raise SpecError(f"unknown function {name[:40]!r} in {quote(self.line.source)}{hint}")
        axis, options = self._keywords(name, row, node, depth)
        second = arguments[1][1] if len(arguments) == 2 else None
        if row.axes and not row.spread and axis is None and second in (0, 1, -1, -2):
            axis = int(second) % 2  # NumPy takes it without its name; of max and min it is the other operand
            del arguments[1]
        operands, numbers = self._sorted(name, row, arguments)
        numbers += self._by_name(name, row, len(numbers), options)
        least, most = row.matrices
        if not least <= len(operands) <= most or len(numbers) > row.numbers:
            raise SpecError(f"{name} takes {_takes(row)}, as in {row.example}: change {quote(self.line.source)}")
        named = [value if row.affine and not isinstance(value, Op) else self._named(value) for value in operands]
        call = Call(tuple(named), tuple(numbers), axis, self.state.made_by, self._named, self._written, options)
        return self._counted(name.lower(), call, self._told(lambda: row.build(call)))

    def _counted(self, name: str, call: Call, found: MatrixExpr) -> MatrixExpr:
        """Remember that a loss was spelled out, which no node says."""
        if name in LOSS_FUNCTIONS and not isinstance(found, Loss):
            self.state.written.append((LOSS_ALIASES.get(name, name), self._named(call.operands[0])))
        return found

    def _keywords(self, name: str, row: Function, node: ast.Call, depth: int) -> tuple[int | None, dict[str, Parts]]:
        """Return the axis that a call names, 0 down each column, 1 along each row, and what else it says by name."""
        axis, options = None, {}
        for each in node.keywords:
            word = each.arg or ""
            if word == "axis":
                axis = AXES.get(ast.unparse(each.value)) if row.axes else None
                if axis is None:
                    takes = "takes axis=0, down each column, or axis=1, along each row" if row.axes else "has no axis"
                    raise SpecError(f"{name} {takes}: change {quote(self.line.source)}")
            elif word not in (*row.names, *row.options) or word in options:
                takes = f"takes {word} once" if word in options else f"has no {word}, as in {row.example}"
                raise SpecError(f"{name} {takes}: change {quote(self.line.source)}")
            else:
                column = isinstance(each.value, ast.List) and self._literal(each.value, column=True)
                value = column or self._inside(each.value, depth)
                options[word] = self._named(value) if isinstance(value, MatrixExpr) else value
        return axis, options

    def _by_name(self, name: str, row: Function, count: int, options: dict[str, Parts]) -> list[Expr]:
        """Return the numbers that are said by name, behind ``count`` that have none; they leave the options."""
        found: list[Expr] = []
        for word in row.names[count:]:
            value = options.pop(word, None)
            if value is None:
                break
            if not isinstance(value, Rational):
                raise SpecError(f"{word} of {name} in {quote(self.line.source)} must be a plain number")
            found.append(value)
        for word in row.names:
            if word in options:
                raise SpecError(f"{name} takes {', '.join(row.names)} in this order: change {quote(self.line.source)}")
        return found

    def _written(self, lines: Sequence[str], own: Mapping[str, Parts]) -> MatrixExpr:
        """Build lines over names of their own, whose intermediates get names of this line; return the last."""
        known = dict(own)
        value: Parts = Rational(0)
        for text_ in lines:
            line = Line.of(text_)
            reader = _Reader(replace(line, source=self.line.source, name=self.line.name), self.state, known)
            value = reader.build(line.tree)
            known[line.name] = self._named(value) if isinstance(value, MatrixExpr) and text_ != lines[-1] else value
        return self._matrix(value, self.line.tree)

    def _sorted(
        self, name: str, row: Function, arguments: Sequence[tuple[ast.expr, Parts]]
    ) -> tuple[list[MatrixExpr], list[Expr]]:
        """Return the matrices and the numbers of a call, in their order."""
        if row.spread:
            return self._spread_all(row, arguments)
        operands: list[MatrixExpr] = []
        numbers: list[Expr] = []
        for tree, value in arguments:
            if not isinstance(value, MatrixExpr):
                if not isinstance(value, Rational) and not row.sizes:
                    text_ = quote(self._text(tree))
                    raise SpecError(f"{text_} in {quote(self.line.source)}: a plain number must stand here")
                numbers.append(value)
            elif numbers:
                raise SpecError(f"{name} takes matrices first, then numbers, in {quote(self.line.source)}")
            else:
                operands.append(value)
        return operands, numbers

    def _spread_all(
        self, row: Function, arguments: Sequence[tuple[ast.expr, Parts]]
    ) -> tuple[list[MatrixExpr], list[Expr]]:
        """Return matrices of one shape; the only number beside one matrix stays a number."""
        matrices = [value for _, value in arguments if isinstance(value, MatrixExpr)]
        numbers = [value for _, value in arguments if not isinstance(value, MatrixExpr)]
        if len(matrices) == len(numbers) == row.numbers == 1 and isinstance(numbers[0], Rational):
            return matrices, numbers
        shape = common_shape(each.shape for each in matrices)
        if shape is None:
            shapes = ", ".join(text(each.shape) for each in matrices)
            raise ShapeError(f"the shapes {shapes} do not fit together in {quote(self.line.source)}")
        filled = [value if isinstance(value, MatrixExpr) else _filled(value, shape) for _, value in arguments]
        return [repeated(self._named(value) if isinstance(value, Op) else value, shape) for value in filled], []


MOST_NUMBERS = 400
"""How many numbers a matrix has that is written out."""

OF_NUMBERS = {"sqrt": sqrt, "log": log, "exp": exp}
"""What makes a number of a number, such as sqrt(d) and log(k)."""

AXES = {"0": 0, "1": 1, "-2": 0, "-1": 1}
"""The axes of a matrix as they are written."""


def _turned(node: ast.expr) -> ast.expr | None:
    """Return A of A.T; None of anything else."""
    return node.value if isinstance(node, ast.Attribute) else None


def within(kind: type[Within], a: MatrixExpr, b: MatrixExpr) -> MatrixExpr:
    """Return a product within every example of two matrices, whose columns are the tokens of examples.

    Raises:
        ShapeError: columns that are no tokens of examples, or blocks that do not fit.
    """
    tokens = [each.shape[1].coeff(BATCH) for each in (a, b)]
    for each, count_ in zip((a, b), tokens, strict=True):
        if not count_.is_Integer or count_ * BATCH != each.shape[1] or count_ < 1:
            raise ShapeError(
                f"{each} is {text(each.shape)}: per_example takes columns of tokens, such as X: 8 x (5 m),"
            )
    return kind(a, b, *((b.shape[0], tokens[0]) if kind is Outer else tokens))


def _filled(value: Expr, shape: Shape) -> MatrixExpr:
    """Return the matrix that has a number in every place."""
    return times(value, ones(*shape)) if value else zeros(*shape)


def _takes(row: Function) -> str:
    """Return how many matrices and numbers a function takes, in words."""
    least, most = row.matrices
    count = f"{least} to {most}" if least < most else str(least)
    matrices = f"{count} matri{'x' if most == 1 else 'ces'}" if most else ""
    numbers = f"at most {row.numbers} number{'s' * (row.numbers > 1)}" if row.numbers else ""
    return " and ".join(each for each in (matrices, numbers) if each)


_BINARY = {
    ast.Add: _Reader._plus,
    ast.Sub: _Reader._minus,
    ast.Mult: _Reader._times,
    ast.Div: _Reader._over,
    ast.MatMult: _Reader._joined,
}


def _piece(source: str) -> str:
    return source if len(source) <= 40 else f"{source[:39]}…"
