"""The list of equations while a model is read, and the rule of layout.

A tensor keeps the layout that it was made in. Where an operation needs its axes elsewhere, the cheapest thing that puts
them there is written: nothing, a transpose, b·1ᵀ, a stack, and else one rearrangement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from sympy import Expr, Integer, MatrixExpr

from symbp.equations import Equation
from symbp.networks.images import Image, Images
from symbp.networks.importing.message import Examples, Message, Operation
from symbp.networks.importing.tensors import Axes, Axis, Numbers, Source, Tensor, axes_of, count, together
from symbp.networks.matrix_arithmetic import product as product_of
from symbp.nodes import matadd, ones, transpose
from symbp.ops.convolution import Channels
from symbp.ops.positions import Tile
from symbp.ops.rearrange import rearranged
from symbp.ops.structure import Rows, Stack
from symbp.sample import Axes as Laid
from symbp.symbols import NAME, Role, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL = "model"
"""Stands in front of names that would not begin with a letter."""


def key_of(name: str) -> str:
    """Return the name of a parameter as a key: the model's own, behind a word where it begins with no letter."""
    return name if NAME.match(name) else f"{MODEL}.{name.lstrip('_')}"


@dataclass
class Place:
    """Where an operation stands in the model: the path of its module, the line in somebody's file."""

    module: str = ""
    kind: str = ""


LOSS = "loss"
"""The name of the last line alone."""


class Reader:
    """The list while it is written. ``values`` has the numbers of every symbol that is given."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.equations: list[Equation] = []
        self.places: dict[str, Place] = {}
        self.place = Place()
        self.given: dict[str, Variable] = {}
        self.values: dict[str, NDArray[Any]] = {}
        self.laid_out: dict[str, Laid] = {}
        self.layer = 0
        self.dims: tuple[int | Examples, ...] = ()
        self.inside = ""
        self.images = Images()
        self.logarithms: dict[Variable, Variable] = {}
        self._taken = {LOSS}
        self._parameters: dict[str, Tensor] = {}
        self._known: dict[MatrixExpr, Variable] = {}
        self._made_by: dict[Variable, MatrixExpr] = {}
        self._contents: dict[tuple[str, Expr, Expr, bytes], Variable] = {}

    # What is given

    def begin(self, operation: Operation) -> None:
        """Go on to an operation: what it writes stands in its module."""
        self.place = Place(operation.module, operation.kind)
        self.dims = operation.results[0].dims if operation.results else ()

    def parameter(self, name: str, array: NDArray[Any], trainable: bool) -> Tensor:
        """Return a parameter."""
        role = Role.WEIGHT if trainable else Role.FROZEN
        self._parameters[name] = self.numbers(array, array.shape, Source(key_of(name), role, own=name))
        return self._parameters[name]

    def every_parameter(self) -> tuple[Variable, ...]:
        """Return the parameters that are trained, in the model's order, those that nothing reads as well."""
        symbols = [self.settled(each).symbol for each in self._parameters.values()]
        return tuple(each for each in symbols if each.role is not Role.FROZEN)

    def numbers(self, array: NDArray[Any], dims: Sequence[int | Examples], source: Source) -> Tensor:
        """Return numbers that are laid out where they are used first."""
        axes = axes_of(dims)
        flat = tuple(axis for each in axes for axis in each)
        examples = self.message.examples or 1
        return Tensor(axes, values=Numbers(array.reshape(sizes(flat, examples)), flat, source))

    @property
    def examples(self) -> int:
        """What the letter m is at the model's example."""
        return self.message.examples or 1

    def token_source(self, source: Source) -> Source:
        """Return where the one-hot columns of tokens come from: an input, or what is computed of inputs."""
        if not source.made_of:
            return Source("J", Role.CONSTANT, "J", alone=False)
        if source.columns is None:
            source.columns = Source(source.name, Role.INPUT, source.stem)
        return source.columns

    def settled(self, tensor: Tensor, rows: Axes | None = None, columns: Axes | None = None) -> Tensor:
        """Return given numbers as a symbol: in this layout, or the one that is usual for them.

        Parameters and inputs are one symbol each, wherever they are used; constants are one a layout.
        """
        if tensor.values is None:
            return tensor
        numbers = tensor.values
        source = numbers.source
        if source.alone and source.chosen is not None:
            return replace(self._chosen(tensor, source.chosen), values=None)
        if rows is None or columns is None or (source.alone and set(numbers.axes) != {*rows, *columns}):
            rows, columns = self._usual(tensor)
        if not source.alone:
            numbers = _written_out(numbers, [each for each in rows if each not in numbers.axes])
        free = [each for each in (*rows, *columns) if each not in numbers.axes]
        rows = tuple(each for each in rows if each not in free)
        columns = tuple(each for each in columns if each not in free)
        order = [numbers.axes.index(each) for each in (*rows, *columns)]
        matrix = numbers.array.transpose(order).reshape(_length(numbers, rows), _length(numbers, columns))
        symbol = self._given(source, matrix, count(rows), count(columns))
        found = Tensor(tensor.axes, (symbol,), rows, columns)
        if source.alone:
            source.chosen = Tensor(tuple((each,) for each in numbers.axes), (symbol,), rows, columns)
        if source.own is not None:
            shape = next(each.value.shape for each in self.message.parameters if each.name == source.own)
            self.laid_out[symbol.name] = Laid(source.own, shape, _order(numbers.axes, shape, (*rows, *columns)))
        return found

    @staticmethod
    def _chosen(tensor: Tensor, chosen: Tensor) -> Tensor:
        """Return the symbol that numbers have become, with the axes that they have now."""
        assert tensor.values is not None
        left = list(tensor.values.axes)
        for (each,) in chosen.axes:
            taken, size = [], each.size
            while left and (each.examples or size > 1):
                first = left.pop(0)
                taken.append(first)
                size = 1 if first.examples else size // first.size
                if first.examples:
                    break
            chosen = chosen.replaced(each, tuple(taken))
        return replace(chosen, axes=tensor.axes)

    def _usual(self, tensor: Tensor) -> tuple[Axes, Axes]:
        """Return the usual layout: of parameters PyTorch's, of data the last axis as rows, of images all but the first.

        A vector is a column.
        """
        assert tensor.values is not None
        inside = set(tensor.values.axes)
        axes = [tuple(axis for axis in each if axis in inside) for each in tensor.axes]
        flat = tuple(axis for each in axes for axis in each)
        if tensor.values.source.own is not None:
            first = next((each for each in axes if each), ())
            return first, flat[len(first) :]
        if len(axes) >= 4 and axes[0]:
            return flat[len(axes[0]) :], axes[0]
        if len(axes) == 1 and axes[0] and axes[0][0].examples:
            return (), axes[0]
        last = axes[-1] if axes else ()
        return last, flat[: len(flat) - len(last)]

    def _given(self, source: Source, matrix: NDArray[Any], rows: Expr, columns: Expr) -> Variable:
        content = (source.name, rows, columns, matrix.tobytes())
        if not source.alone and content in self._contents:
            return self._contents[content]
        path = "" if source.own is None else source.name.rpartition(".")[0]
        name = self._free(source.name)
        stem = source.stem or _stem(name.rpartition(".")[2])
        symbol = Variable(name, rows, columns, source.role, stem, self.layer, path, source.step)
        self.given[name], self.values[name] = symbol, matrix
        self._contents[content] = symbol
        return symbol

    # The list

    def define(self, expr: MatrixExpr, stem: str, role: Role, step: int | None = None) -> Variable:
        """Return the name of a matrix; equal ones have one name."""
        if isinstance(expr, Variable):
            return expr
        if expr not in self._known:
            own = f"{stem}{'' if step is None else step}"
            path = f"{self.place.module}{self.inside}".removeprefix(".")
            base = key_of(f"{path}.{own}" if path else own)
            name = self._free(base)
            symbol = Variable(name, *_shape(expr), role, stem, self.layer, name.rpartition(".")[0], step)
            self._known[expr] = symbol
            self._made_by[symbol] = expr
            self.equations.append(Equation(symbol, expr))
            self.images.follow(symbol, expr)
            self.places[name] = self.place
        return self._known[expr]

    def every(self, parts: Axes, items: Iterable[Any]) -> Iterator[Any]:
        """Yield what stands at every place of parts; what is written meanwhile stands below the name of that place."""
        outer = self.inside
        for at, item in enumerate(items):
            self.inside = _inside(parts, at) or outer
            yield item
        self.inside = outer

    def named(self, tensor: Tensor) -> Tensor:
        """Return the tensor with symbols, what is hidden in it written out."""
        import numpy as np

        tensor, hidden = replace(self.settled(tensor), hidden=None), tensor.hidden
        if hidden is None or hidden.values is None:
            return tensor
        array = np.where(hidden.values.array > 0, -np.inf, 0.0)
        shift = replace(hidden, values=replace(hidden.values, array=array))
        return self.entrywise(matadd, tensor, shift, stem="S", role=Role.SCORE)

    def entrywise(
        self, build: Callable[..., MatrixExpr], *tensors: Tensor, stem: str = "A", role: Role = Role.ACTIVATION
    ) -> Tensor:
        """Return what ``build`` makes of tensors entry by entry, in the layout of the one that fills the result.

        ``build`` gets an affine expression for each of them.
        """
        if len(tensors) == 1:
            return self._of_one(build, tensors[0], stem, role)
        found, axes = together(tensors)
        wanted = tuple(axis for each in axes for axis in each)
        first = max(
            range(len(found)),
            key=lambda at: (len(set(wanted) & set(found[at].own)), bool(found[at].parts), found[at].values is None),
        )
        lead = found[first]
        for axis in [axis for each in found for axis in each.parts]:
            lead = self.apart(lead, axis)
        lead = found[first] = self.named(lead)
        missing = [axis for axis in wanted if axis not in lead.standing]
        beside = {axis for each in found for axis in each.parts}
        parts = (*lead.parts, *(axis for axis in missing if axis in beside))
        rows, columns = lead.rows, (*lead.columns, *(axis for axis in missing if axis not in beside))
        pieces = [self.expressions(each, rows, columns, parts) for each in found]
        symbols = tuple(
            self.define(build(*each), stem, role, _step(each)) for each in self.every(parts, zip(*pieces, strict=True))
        )

        again = self._again(lambda *others: self.entrywise(build, *others, stem=stem, role=role))
        return Tensor(axes, symbols, rows, columns, parts, made=(again, tuple(found)))

    def _of_one(self, build: Callable[..., MatrixExpr], tensor: Tensor, stem: str, role: Role) -> Tensor:
        named = self.named(tensor)
        symbols = tuple(
            self.define(build(each), stem, role, each.step) for each in self.every(named.parts, named.symbols)
        )

        again = self._again(lambda other: self._of_one(build, other, stem, role))
        return replace(named, symbols=symbols, made=(again, (tensor,)))

    def _again(self, make: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return what makes the same of other tensors, as part of the same module."""
        place = self.place

        def again(*tensors: Tensor) -> Tensor:
            outer, self.place = self.place, place
            found = make(*tensors)
            self.place = outer
            return found

        return again

    def by_column(
        self, build: Callable[[Variable], MatrixExpr], tensor: Tensor, rows: Axes, made: Axes, stem: str, role: Role
    ) -> Tensor:
        """Return what ``build`` makes of every column of these rows, a column of the rows ``made``."""
        laid = self.laid(self.named_in(tensor, rows), rows)
        symbols = tuple(
            self.define(build(each), stem, role, each.step) for each in self.every(laid.parts, laid.symbols)
        )

        again = self._again(lambda other: self.by_column(build, other, rows, made, stem, role))
        return replace(laid, symbols=symbols, rows=made, made=(again, (tensor,)))

    def named_in(self, tensor: Tensor, rows: Axes) -> Tensor:
        """Return the tensor with symbols; given numbers take the rows that they are needed with."""
        if tensor.values is not None:
            columns = tuple(each for each in tensor.values.axes if each not in rows)
            return self.settled(tensor, rows, columns)
        return self.named(tensor)

    def find(self, expr: MatrixExpr) -> Variable | None:
        """Return the symbol that an expression has, if it stands in the list."""
        return self._known.get(expr)

    def name(self, expr: MatrixExpr) -> Variable:
        """Return an expression as a symbol."""
        return expr if isinstance(expr, Variable) else self.define(expr, "V", Role.ACTIVATION)

    def is_image(self, tensor: Tensor, axes: Sequence[Axes]) -> None:
        """Say that a tensor is an image of these channels, rows and columns."""
        sizes = [int(count(each)) for each in axes]
        for each in tensor.symbols:
            self.images.add(each, Image(*sizes))

    def made_by(self, symbol: Variable) -> MatrixExpr | None:
        """Return the right side that defines a symbol, if it is not given."""
        return self._made_by.get(symbol)

    def _free(self, base: str) -> str:
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    # Layout

    def expressions(self, tensor: Tensor, rows: Axes, columns: Axes, parts: Axes = ()) -> list[MatrixExpr]:
        """Return what stands for a tensor in a layout, an affine expression for every place of ``parts``."""
        apart = [each for each in parts if each in tensor.own and each not in tensor.parts]
        if tensor.values is not None and not tensor.values.source.alone and len(apart) == 1:
            tensor = self._steps(tensor, apart[0], rows, columns)
        tensor = tensor if apart else self.settled(tensor, rows, columns)
        for each in apart:
            tensor = self.apart(tensor, each)
        tensor = self.joined(tensor, [each for each in tensor.parts if each not in parts])
        if (tensor.rows, tensor.columns) != (rows, columns):
            found = [self._moved(symbol, tensor, rows, columns) for symbol in tensor.symbols]
        else:
            found = list(tensor.symbols)
        return _repeated(found, tensor.parts, parts)

    def laid(self, tensor: Tensor, rows: Axes, columns: Axes | None = None, stem: str = "V") -> Tensor:
        """Return a tensor in a layout, with names; ``columns`` None keeps what else there is, in its order."""
        if tensor.values is not None:
            if columns is None:
                columns = tuple(each for each in tensor.values.axes if each not in rows)
            tensor = self.settled(tensor, rows, columns)
        tensor = self.joined(tensor, [each for each in tensor.parts if each in rows])
        if columns is None:
            kept = tuple(each for each in (*tensor.rows, *tensor.columns) if each not in rows)
            columns = tuple(sorted(kept, key=lambda each: not each.examples))
            columns = kept if not tensor.rows or set(tensor.rows) <= set(rows) else columns
        if (tensor.rows, tensor.columns) == (rows, columns):
            return tensor
        found = self.expressions(tensor, rows, columns, tensor.parts)
        symbols = tuple(self.define(each, stem, Role.ACTIVATION) for each in found)
        return replace(tensor, symbols=symbols, rows=rows, columns=columns, made=None)

    def _moved(self, symbol: Variable, tensor: Tensor, rows: Axes, columns: Axes) -> MatrixExpr:
        """Return a symbol in another layout, in the cheapest way."""
        if (tensor.rows, tensor.columns) == (columns, rows):
            return transpose(symbol)
        standing = {*tensor.rows, *tensor.columns}
        free = {each for each in (*rows, *columns) if each not in standing}
        if standing <= {*rows, *columns}:
            below = tuple(each for each in rows if each not in free)
            beside = tuple(each for each in columns if each not in free)
            if (below, beside) == (tensor.rows, tensor.columns):
                found = self._spread(symbol, tensor, rows, columns)
                if found is not None:
                    return found
        found = rearranged(
            symbol,
            {each: each.count for each in tensor.rows},
            {each: each.count for each in tensor.columns},
            rows,
            columns,
            repeats={each: each.count for each in (*rows, *columns) if each in free},
        )
        return self.define(found, "V", Role.ACTIVATION)

    def _spread(self, symbol: Variable, tensor: Tensor, rows: Axes, columns: Axes) -> MatrixExpr | None:
        """Return a matrix repeated: below itself, beside itself, each entry by itself."""
        found: MatrixExpr = symbol
        if rows != tensor.rows:
            if not tensor.rows:
                found = product_of(ones(count(rows), 1), found)
            elif rows[: len(tensor.rows)] == tensor.rows:
                places = count(rows[len(tensor.rows) :])
                found = self.define(Channels(symbol, places), "R", Role.REPEATED)
            else:
                return None
        if columns != tensor.columns:
            if not tensor.columns:
                return product_of(found, ones(1, count(columns)))
            beside = columns[: len(columns) - len(tensor.columns)]
            if columns[len(beside) :] != tensor.columns:
                return None
            named = found if isinstance(found, Variable) else self.define(found, "V", Role.ACTIVATION)
            return Tile(named, count(beside))
        return found

    def joined(self, tensor: Tensor, parts: Sequence[Axis]) -> Tensor:
        """Return the tensor with its matrices one above another along some of its parts."""
        if not parts:
            return tensor
        kept = tuple(each for each in tensor.parts if each not in parts)
        ordered = (*kept, *parts)
        symbols = _reordered(tensor, ordered)
        size = int(count(parts))
        stacks = tuple(
            self.define(Stack(*symbols[at : at + size]), "H", Role.STACKED) for at in range(0, len(symbols), size)
        )
        return replace(tensor, symbols=stacks, parts=kept, rows=(*parts, *tensor.rows), made=None)

    def apart(self, tensor: Tensor, axis: Axis) -> Tensor:
        """Return the tensor as several matrices, one for every place of an axis."""
        if axis in tensor.parts or axis not in (tensor.standing if tensor.values is None else tensor.values.axes):
            return tensor
        if tensor.values is not None and tensor.values.source.own is not None:
            tensor = self.settled(tensor)
        if tensor.values is not None:
            return self._steps(tensor, axis)
        if axis in tensor.rows:
            outer = tensor.rows[: tensor.rows.index(axis)]
            for each in outer:
                tensor = self.apart(tensor, each)
            return self._peeled(tensor)
        if tensor.made is not None:
            function, tensors = tensor.made
            found: Tensor = function(*(self.apart(each, axis) for each in tensors))
            return replace(found, axes=tensor.axes)
        columns = tuple(each for each in tensor.columns if each is not axis)
        return self._peeled(self.laid(tensor, (axis, *tensor.rows), columns))

    def _peeled(self, tensor: Tensor) -> Tensor:
        """Take the outermost axis of the rows apart."""
        axis, *inner = tensor.rows
        rows, parts = count(inner), (*tensor.parts, axis)
        places = ((symbol, at) for symbol in tensor.symbols for at in range(axis.size))
        symbols = tuple(self._rows(symbol, at * rows, rows) for symbol, at in self.every(parts, places))
        return replace(tensor, symbols=symbols, parts=parts, rows=tuple(inner), made=None)

    def _rows(self, symbol: Variable, first: Expr, rows: Expr, stem: str = "") -> Variable:
        """Return some rows of a matrix; of a stack the part that they are."""
        stacked = self.made_by(symbol)
        if isinstance(stacked, Stack):
            at = Integer(0)
            for part in stacked.args:
                if (at, part.shape[0]) == (first, rows):
                    return part
                at += part.shape[0]
        if isinstance(stacked, Rows):
            return self._rows(stacked.args[0], stacked.args[1] + first, rows, symbol.stem)
        return self.define(Rows(symbol, first, rows), stem or symbol.stem, symbol.role)

    def part(self, tensor: Tensor, axis: Axis, first: int, length: int, name: Axis) -> Tensor:
        """Return the places of an axis from ``first`` on, ``length`` of them, as an axis of its own."""
        if axis in tensor.free:
            return tensor.replaced(axis, (name,) if length > 1 else ())
        if tensor.values is not None:
            return self._part_of_numbers(tensor, axis, first, length, name)
        if axis in tensor.columns:
            return self._columns(tensor, axis, first, length, name)
        if axis not in tensor.parts:
            for each in tensor.rows[: tensor.rows.index(axis)]:
                tensor = self.apart(tensor, each)
        if axis in tensor.parts:
            places = range(first, first + length)
            order = (*(each for each in tensor.parts if each is not axis), axis)
            symbols = _reordered(tensor, order)
            kept = tuple(each for at, each in enumerate(symbols) if at % axis.size in places)
            found = replace(tensor, symbols=kept, parts=order, made=None)
            return found.replaced(axis, (name,) if length > 1 else ())
        inner = count(tensor.rows[1:])
        symbols = tuple(self._rows(each, first * inner, length * inner) for each in tensor.symbols)
        return replace(tensor, symbols=symbols, made=None).replaced(axis, (name,) if length > 1 else ())

    def _columns(self, tensor: Tensor, axis: Axis, first: int, length: int, name: Axis) -> Tensor:
        """Return some columns of each example."""
        if length == 1 and tensor.made is not None:
            apart = self.apart(tensor, axis)
            return self.part(apart, axis, first, length, name)
        found = tuple(
            self.define(
                rearranged(
                    symbol,
                    {each: each.count for each in tensor.rows},
                    {each: each.count for each in tensor.columns},
                    tensor.rows,
                    tensor.columns,
                    parts={axis: (first, length)},
                ),
                symbol.stem,
                symbol.role,
            )
            for symbol in tensor.symbols
        )
        return replace(tensor, symbols=found, made=None).replaced(axis, (name,) if length > 1 else ())

    @staticmethod
    def _part_of_numbers(tensor: Tensor, axis: Axis, first: int, length: int, name: Axis) -> Tensor:
        numbers = tensor.values
        assert numbers is not None
        at = numbers.axes.index(axis)
        array = numbers.array.take(range(first, first + length), at)
        source = numbers.source.part(first if length == 1 else None)
        axes = numbers.axes
        if length == 1:
            array, axes = array.squeeze(at), (*axes[:at], *axes[at + 1 :])
            return replace(
                tensor,
                values=Numbers(array, axes, source),
                axes=tuple(tuple(each for each in old if each is not axis) for old in tensor.axes),
            )
        return replace(tensor, values=Numbers(array, numbers.axes, source)).replaced(axis, (name,))

    def _steps(self, tensor: Tensor, axis: Axis, rows: Axes | None = None, columns: Axes | None = None) -> Tensor:
        """Return given numbers as one matrix for every place of an axis: X1 … XT."""
        numbers = tensor.values
        assert numbers is not None
        found = [
            self.settled(self._part_of_numbers(tensor, axis, at, 1, axis), rows, columns) for at in range(axis.size)
        ]
        first = found[0]
        symbols = tuple(each.symbol for each in found)
        return Tensor(tensor.axes, symbols, first.rows, first.columns, (axis,))


def _inside(parts: Axes, at: int) -> str:
    """Return the name of a place of parts, .head3, where an axis of them has a name."""
    label = next((each.label for each in parts if each.label), "")
    return f".{label}{at + 1}" if label else ""


def _written_out(numbers: Numbers, axes: Sequence[Axis]) -> Numbers:
    """Return a constant with its numbers repeated along axes, in front of all others."""
    import numpy as np

    if not axes or (len(axes) > 1 and not numbers.axes) or any(each.examples for each in axes):
        return numbers
    shape = (*(each.size for each in axes), *numbers.array.shape)
    return replace(numbers, array=np.broadcast_to(numbers.array, shape), axes=(*axes, *numbers.axes))


def _step(expressions: Sequence[MatrixExpr]) -> int | None:
    """Return the step that the first symbol with one among these has."""
    return next((each.step for each in expressions if isinstance(each, Variable) and each.step is not None), None)


def _order(axes: Axes, shape: tuple[int, ...], standing: Axes) -> tuple[int, ...]:
    """Return the axes of a parameter in the order in which its matrix has them; ``axes`` are its own, perhaps split."""
    waiting, places = list(axes), {}
    for at, size in enumerate(shape):
        while size > 1:
            axis = waiting.pop(0)
            places[axis], size = at, size // axis.size
    order = tuple(dict.fromkeys(places[each] for each in standing))
    return (*order, *(at for at in range(len(shape)) if at not in order))


def sizes(axes: Axes, examples: int) -> list[int]:
    """Return the lengths of axes as numbers."""
    return [examples if each.examples else each.size for each in axes]


def _length(numbers: Numbers, axes: Axes) -> int:
    found = 1
    for size, axis in zip(numbers.array.shape, numbers.axes, strict=True):
        found *= size if axis in axes else 1
    return found


def _shape(expr: MatrixExpr) -> tuple[Expr, Expr]:
    rows, columns = expr.shape
    return rows, columns


def _stem(name: str) -> str:
    return name.rstrip("0123456789") or name


def _reordered(tensor: Tensor, order: Axes) -> tuple[Variable, ...]:
    """Return the symbols of a tensor in another order of its parts."""
    return tuple(_repeated(list(tensor.symbols), tensor.parts, order))


def _repeated(found: list[Any], parts: Axes, order: Axes) -> list[Any]:
    """Return what stands at every place of ``order``, where it may stand for several of them."""
    if parts == order:
        return found
    ranges = [range(each.size) for each in order]
    chosen = []
    for places in product(*ranges):
        at = 0
        for each in parts:
            at = at * each.size + places[order.index(each)]
        chosen.append(found[at])
    return chosen
