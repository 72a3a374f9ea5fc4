"""What every section has at hand: the lines of a derivation, how they are spelled, their numbers, the words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sympy import Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.calculus.factor import Factor, Product
from symbp.equations import Equation, nodes, symbols_in
from symbp.maths.build import Builder
from symbp.maths.functions import names_of
from symbp.maths.index_form import entry_equation, entry_of
from symbp.maths.names import Names, Slot, derivative_of, slot_of
from symbp.maths.notation import Notation
from symbp.maths.scalars import number
from symbp.maths.tree import COMMA, EQUALS, Id, Node, Sign, Tag, joined, row, walk
from symbp.networks.blocks import Kind
from symbp.networks.general import SHOWN
from symbp.networks.jobs import Jobs, jobs
from symbp.networks.network import Network
from symbp.ops.convolution import Channels
from symbp.ops.elementwise import Elementwise, GenericFunction, Slope
from symbp.ops.losses import EntrywiseLoss, Loss, LossGradient
from symbp.ops.structure import Pad, Rows
from symbp.pages.page import Ref, Text
from symbp.pages.tell.beside import goes_with
from symbp.pages.words import Words
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.images import Arrays, arrays, biases, kernels
from symbp.views.lines import Case, Index, Indexed, Line, index_symbol, lines_of
from symbp.views.over import StackOver, SumOver, sums_in
from symbp.views.product import products
from symbp.views.reading import Reading
from symbp.views.skeleton import mapped
from symbp.views.turned import operation, plain

PLAIN = (Kind.DENSE, Kind.LINEAR, Kind.ACTIVATION, Kind.LOSS)
"""Of what a stack of layers consists."""

TOLD = (
    Kind.TRANSFORMER, Kind.RECURRENT, Kind.ATTENTION, Kind.DENSE_BLOCK, Kind.CONVOLUTION, Kind.RESIDUAL, Kind.NORM,
)  # fmt: skip
"""What names a network, the most telling kind of block first."""
INDICES = "ijkrsqpuvabcdfgnotwxyz"
"""Letters for the indices of entries, the first that are free."""

UPPER_KINDS = ("layer", "block")
"""Repetitions whose number is an upper index."""


@dataclass(frozen=True)
class Spelled:
    """One way a line is written: its equation with the last values of indices by their letters, and where it holds."""

    line: Line
    case: Case
    equation: Equation
    label: str
    where: Node | None


@dataclass(frozen=True)
class Context:
    """What every section has at hand."""

    reading: Reading
    notation: Notation
    words: Words
    by_output: bool = False
    roles: bool = True
    complete: bool = False
    """Whether any equation of the lists may be shown, not those of the page alone."""
    show: frozenset[int] | None = None
    """The layers whose gradients are written out; None: all, or both ends of many."""
    pair: tuple[int, int] | None = None
    """The two steps of a recurrent layer between which the product over time is written out."""

    @cached_property
    def names(self) -> Names:
        """How every symbol of the page is spelled."""
        upper = frozenset(index.letter for index in self.reading.indices if index.kind in UPPER_KINDS)
        shown = self.reading.all_symbols if self.complete else self.reading.symbols
        return Names(
            shown,
            self.notation,
            upper=upper,
            layers={
                index.letter: (None if index.letter in self.reading.open_ends else index.last, self.last[index.letter])
                for index in self.reading.indices
                if index.kind == "layer" and not index.words
            },
            errors=[self.reading.spelled(each.lhs.of) for each in self.reading.errors],
            own_names=self.reading.derivation.network.named,
            kernels=kernels(self.reading.listed),
            jobs=self.jobs,
            words={index.letter: index.words for index in self.reading.indices if index.words},
            one_error=self.reading.is_in_place,
        )

    @property
    def spreads(self) -> bool:
        """Whether a bias of channels is its letter, and a sentence says that it is added at every place."""
        return True

    @property
    def jobs(self) -> Jobs:
        """What the layers of the network are for."""
        readable = self.reading.derivation.readable
        return jobs(readable.forward, readable.blocks)

    @cached_property
    def builder(self) -> Builder:
        """What writes expressions with these names."""
        functions = names_of(each.function for each in self.nodes if isinstance(each, Elementwise | EntrywiseLoss))
        return Builder(
            self.names,
            by_output=self.by_output,
            functions=functions,
            places=self.places,
            apart=self._apart,
            channels=self.spreads,
        )

    @cached_property
    def _apart(self) -> frozenset[Slot]:
        """The outputs whose slopes would have one name: D has no more than the indices of its output."""
        alike: dict[object, dict[Slot, bool]] = {}
        for node in self.nodes:
            if isinstance(node, Slope) and slot_of(node.output) in self.names.parts:
                slot, loops = slot_of(node.output), self.names.loops(node.output)
                parts = self.names.parts[slot]
                runs = any(index.free_symbols for index in getattr(node.output, "indices", ()))
                found = alike.setdefault((parts.below, parts.number, loops), {})
                found[slot] = found.get(slot, False) or runs
        several = [slots for slots in alike.values() if len(slots) > 1]
        # Beside a single one for all values of an index, only the others need a name.
        return frozenset(
            slot for slots in several for slot, runs in slots.items() if not runs or sum(slots.values()) > 1
        )

    @cached_property
    def places(self) -> tuple[str, str]:
        """The letters of the row and the column of an entry: none that the page has for another thing."""
        row_, column = [each for each in INDICES if each not in self.taken][:2]
        return row_, column

    @cached_property
    def nodes(self) -> tuple[MatrixExpr, ...]:
        """Every node of the lines, in order; operations as the calculus has them."""
        lines = (*self.forward, *self.errors, *self.gradients)
        return tuple(
            operation(node)
            for each in lines
            for node in nodes(each.equation.rhs)
            if not (self.spreads and isinstance(operation(node), Channels) and biases(each.equation.rhs))
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys under which code has the parameters."""
        return frozenset(each.name for each in self.reading.derivation.network.parameters)

    @cached_property
    def parameters(self) -> dict[str, Expr]:
        """The letters of parameters of functions, with the numbers that the page gives them."""
        return {}

    @cached_property
    def taken(self) -> frozenset[str]:
        """The letters of the page: of matrices, indices, sizes, errors. None of them may stand for another thing."""
        letters = {self.notation.slopes, *map(str, self.last.values()), *self.last, "e"}
        letters |= {self.notation.error} if self.notation.named_error else set()
        letters |= {each.name.rstrip("0123456789") for each in self._sizes}
        letters |= {self.notation.loss_gradient} if self.loss_gradient is not None else set()
        trees = [each for parts in self.names.parts.values() for each in (parts.base, *parts.below)]
        return frozenset(letters | {each.name for tree in trees for each in walk(tree) if isinstance(each, Id)})

    @property
    def last(self) -> dict[str, Symbol]:
        """The letter of the last value of every index: L of l."""
        return self.reading.last

    @property
    def any_number(self) -> Node | None:
        """The letter of a number of layers that may be any; None where it is a number."""
        return next((number(letter) for _, letter in self.reading.open_ends.values()), None)

    def depths(self, counts: Sequence[int]) -> Node | None:
        """Return L = 1, 2, 3, 5: the last values of the index of networks that repeat so often; None of a number."""
        for letter, (last, symbol) in self.reading.open_ends.items():
            by = last - SHOWN + self.shift(next(each for each in self.reading.indices if each.letter == letter))
            return row(number(symbol), EQUALS, joined([number(Integer(count + by)) for count in counts], COMMA))
        return None

    @cached_property
    def forward(self) -> list[Spelled]:
        """The lines of the network."""
        return [
            each for each in self.spell(lines_of(self.reading.forward_lines), backward=False) if not self.is_tile(each)
        ]

    @cached_property
    def _tile_lines(self) -> list[Spelled]:
        return [each for each in self.spell(lines_of(self.reading.forward_lines), backward=False) if self.is_tile(each)]

    @cached_property
    def tiles(self) -> dict[MatrixSymbol, tuple[Index, ...]]:
        """The matrices of which each repetition has a block of rows, such as the queries of all heads.

        The indices of a block: which head it is of, or which group and which head in it.
        """
        heads = {each.symbol: each for each in self.reading.indices if each.kind == "head"}
        found: dict[MatrixSymbol, tuple[Index, ...]] = {}
        for each in self._tile_lines:
            rhs = plain(each.equation.rhs)
            of = rhs.args[0] if isinstance(rhs, Rows) else each.equation.lhs
            counted = each.line.indices if isinstance(rhs, Rows) else [heads[one.index] for one in sums_in(rhs)]
            found.setdefault(of, tuple(index for index in counted if index.kind == "head"))
        return found

    def is_tile(self, spelled: Spelled) -> bool:
        """Whether a line only takes the blocks of rows of a matrix apart, one a head, or puts them together.

        The blocks have the letter of the matrix, else the line has to say what they are.
        """
        lhs, rhs = spelled.equation.lhs, plain(spelled.equation.rhs)
        if isinstance(rhs, Rows):
            first, count = rhs.args[1:]
            return any(first.coeff(head) == count for head in self._heads) and self._share_letter(lhs, rhs)
        if isinstance(rhs, SumOver):
            *_, innermost = over = list(sums_in(rhs))
            pad = plain(innermost.term)
            counts_heads = all(each.index in self._heads for each in over)
            is_padded = counts_heads and isinstance(pad, Pad) and self._share_letter(lhs, pad)
            return is_padded and pad.args[1].coeff(innermost.index) == operation(innermost.term).args[0].shape[0]
        return isinstance(rhs, StackOver) and rhs.index in self._heads and self._share_letter(lhs, rhs.term)

    def _share_letter(self, one: MatrixExpr, other: MatrixExpr) -> bool:
        """Tell whether a symbol and the one that another expression is made of have the same letter."""
        symbols = [
            getattr(each, "of", each) if isinstance(each, Adjoint) else each for each in (one, *symbols_in(other))
        ]
        bases = {
            self.names.parts[slot].base for each in symbols[:2] if (slot := self.names.slot(each)) in self.names.parts
        }
        return len(bases) == 1

    @cached_property
    def _heads(self) -> frozenset[Expr]:
        """The indices that count heads."""
        return frozenset(each.symbol for each in self.reading.indices if each.kind == "head")

    @cached_property
    def errors(self) -> list[Spelled]:
        """The lines of the errors, from the loss back."""
        return [
            each for each in self.spell(lines_of(self.reading.error_lines), backward=True) if not self.is_tile(each)
        ]

    @cached_property
    def gradients(self) -> list[Spelled]:
        """The lines of the gradients."""
        return self.spell(lines_of(self.reading.gradient_lines), backward=True)

    @cached_property
    def products(self) -> Mapping[Variable, tuple[Product, ...]]:
        """Every gradient as a product a use, which share their factors."""
        return products(self.reading.backward, self.reading.wanted)

    def alone(self, factor: Factor) -> Factor:
        """Return a factor with every symbol spelled alone."""
        return self.reading.factor_alone(factor)

    @cached_property
    def spellings(self) -> tuple[Node, ...]:
        """How every symbol of the lists is written: one that stands alone must not look like another of them."""
        return tuple(self.names.symbol(each) for each in self.reading.all_symbols)

    @property
    def handed_on(self) -> tuple[MatrixSymbol, ...]:
        """What comes out of blocks that have their equations on another level."""
        return ()

    @cached_property
    def farthest(self) -> Variable | None:
        """The weight whose way to the loss is the longest, of several the first; None without any."""
        single = [each for each, terms in self.products.items() if len(terms) == 1]
        weights = [each for each in single if each.role is Role.WEIGHT] or single
        order = {each.name: place for place, each in enumerate(self.reading.derivation.wrt)}
        weights.sort(key=lambda each: order[each.name])
        return max(weights, key=lambda each: len(self.products[each][0]), default=None)

    @cached_property
    def loss_gradient(self) -> LossGradient | None:
        """The gradient of a loss left open, as the lines have it."""
        shown = (node for each in self.errors for node in nodes(each.equation.rhs))
        return next((node for node in shown if isinstance(node, LossGradient)), None)

    @cached_property
    def open_activation(self) -> Node | None:
        """The name of an activation that is left open, as the lines have it."""
        functions = (each.equation.rhs.args[0] for each in self.forward if isinstance(each.equation.rhs, Elementwise))
        found = next((each for each in functions if isinstance(each, GenericFunction)), None)
        return None if found is None else Tag(self.builder.function(found), of=found)

    @cached_property
    def compared(self) -> frozenset[MatrixSymbol]:
        """What losses are taken of."""
        losses = (each.rhs for each in self.reading.listed if isinstance(each.rhs, Loss))
        return frozenset(symbol for node in losses for symbol in symbols_in(node))

    @cached_property
    def name(self) -> Text:
        """What the network is, in words: by what its blocks are."""
        return network_name(self.words, self.reading.derivation.network, len(self.reading.forward))

    @cached_property
    def _sizes(self) -> frozenset[Symbol]:
        """The letters of sizes."""
        shapes = (each.shape for each in self.reading.symbols)
        return frozenset(letter for shape in shapes for size in shape for letter in size.free_symbols)

    @cached_property
    def arrays(self) -> Arrays:
        """The sizes of images and kernels, by their names."""
        return arrays(each.equation for each in self.forward)

    def size(self, symbol: MatrixExpr) -> Expr:
        """Return how many units a symbol of the calculus has: rows, and columns where it holds its transpose here."""
        layout = self.reading.layout
        return self._size(layout.symbol(symbol), int(layout.holds(symbol)))

    def shape(self, symbol: MatrixExpr) -> Node:
        """Return n⁽ˡ⁾ × m: the sizes of a symbol, in the letters of the loops where they differ.

        Where no letter says how they differ, it is all of them: 7 × 1, 9 × 1.
        """
        own = symbol.of if isinstance(symbol, Adjoint) else symbol
        if own.name in self.arrays:
            return joined(list(map(number, self.arrays[own.name])), Sign("×"))
        rows, columns = (self._size(symbol, axis) for axis in range(2))
        if isinstance(own, Indexed) and None in (self._by_letter(own, 0), self._by_letter(own, 1)):
            pairs = self.reading.instances[own.of, len(own.indices)]
            shapes = [row(number(each.shape[0]), Sign("×"), number(each.shape[1])) for _, each in pairs]
            different = list(dict.fromkeys(shapes))
            shown = different if len(different) <= MOST_VALUES else [different[0], AND_SO_ON, different[-1]]
            return joined(shown, COMMA)
        return row(number(rows), Sign("×"), number(columns))

    def _size(self, symbol: MatrixExpr, axis: int) -> Expr:
        own = symbol.of if isinstance(symbol, Adjoint) else symbol
        found = self._by_letter(own, axis) if isinstance(own, Indexed) else None
        return self.reading.width(own.shape[axis]) if found is None else found

    def _by_letter(self, own: Indexed, axis: int) -> Expr | None:
        """Return a size of any of the symbols with these indices; None where there is no letter for how it differs."""
        pairs = self.reading.instances.get((own.of, len(own.indices)), ())
        sizes = [each.shape[axis] for _, each in pairs]
        if len(set(sizes)) < 2:
            return self.reading.width(own.shape[axis])
        letter = next((each for each in own.indices if not each.is_number), own.indices[0])
        if not sizes[0].is_number:
            return Symbol(f"n_{letter + _offset(sizes[0], pairs[0][0])}")
        found = {values[0]: size for (values, _), size in zip(pairs, sizes, strict=True)}
        is_known = all(found[values[0]] == size for (values, _), size in zip(pairs, sizes, strict=True))
        offsets = (0, -1, 1) if is_known and letter == own.indices[0] else ()
        fits = (by for by in offsets if all(self.widths.get(at + by) == size for at, size in found.items()))
        offset = next(fits, None)
        return None if offset is None else Symbol(f"n_{letter + offset}")

    @cached_property
    def widths(self) -> dict[int, Expr]:
        """The numbers of units n₀, n₁, … where they are numbers that differ: those of the first weight of a loop."""
        indexed = [each for each in self.reading.symbols if isinstance(each, Indexed) and each.role is Role.WEIGHT]
        for family in dict.fromkeys(map(slot_of, indexed)):
            pairs = self.reading.instances.get(family, ())
            out = int(any(self.reading.layout.holds(each) for _, each in pairs))
            rows = {values[0]: each.shape[out] for values, each in pairs}
            before = {values[0] - 1: each.shape[1 - out] for values, each in pairs}
            is_way = all(rows.get(at, size) == size for at, size in before.items())
            if len(set(rows.values())) > 1 and all(each.is_number for each in rows.values()):
                return dict(sorted({**(before if is_way else {}), **rows}.items()))
        return {}

    @cached_property
    def pairs(self) -> list[tuple[Spelled, ...]]:
        """The lines of the network as they stand on the page: an activation beside what it is applied to."""
        found: list[tuple[Spelled, ...]] = []
        for spelled in self.forward:
            before: tuple[Spelled, ...] = found[-1] if found else ()
            if goes_with(spelled, before):
                found[-1] = (*before, spelled)
            else:
                found.append((spelled,))
        return found

    @cached_property
    def forward_labels(self) -> dict[str, str]:
        """The label of the line that each name of the forward list is defined in."""
        found = {
            spelled.line.instances[values].lhs.name: pair[0].label
            for pair in self.pairs
            for spelled in pair
            for values in spelled.case.values
        }
        return {**found, **{name: found[at] for name, at in self.reading.holders.items() if at in found}}

    def undone(self, spelled: Spelled) -> Text:
        """Return references to the lines that an error undoes."""
        names = [name for values in spelled.case.values for name in spelled.line.instances[values].undoes]
        labels = dict.fromkeys(self.forward_labels.get(name, "") for name in names)
        return self.words.listed([(Ref(label),) for label in labels if label])

    @cached_property
    def tiled(self) -> dict[Slot, tuple[Slot, ...]]:
        """The errors of which a matrix is put together, one a repetition, where it has no line of its own."""
        lines = [each for each in self.spell(lines_of(self.reading.error_lines), backward=True) if self.is_tile(each)]
        return {slot_of(each.equation.lhs.of): tuple(slot_of(e.of) for e in each.equation.symbols) for each in lines}

    def errors_in(self, equation: Equation) -> Text:
        """Return references to the lines of the errors in an equation."""
        slots = dict.fromkeys(slot_of(each.of) for each in equation.symbols if isinstance(each, Adjoint))
        slots.update(dict.fromkeys(tile for slot in tuple(slots) for tile in self.tiled.get(slot, ())))
        lines = [each.label for each in self.errors if slot_of(each.equation.lhs.of) in slots]
        if len(lines) >= FROM_TO and lines == self._error_labels[self._error_labels.index(lines[0]) :][: len(lines)]:
            return (Ref(lines[0], lines[-1]),)
        return self.words.listed([(Ref(label),) for label in lines])

    @cached_property
    def _error_labels(self) -> list[str]:
        return [each.label for each in self.errors]

    def named(self, name: str) -> Node:
        """Return a symbol of the network by its name in the lists."""
        return self.names.symbol(self.reading.spelled(self.reading.derivation.network.by_name[name]))

    def letter(self, name: str) -> Node:
        """Return a letter in a sentence."""
        return Id(name)

    def tree(self, expr: MatrixExpr) -> Node:
        """Return an expression as a tree."""
        return self.builder.tree(expr)

    def equation(self, spelled: Spelled) -> Node:
        """Return a line as a tree, entry by entry where the notation has it so and the line has such a form."""
        if self._is_by_entries(spelled.equation.lhs) and all(map(self._is_even, spelled.equation.symbols)):
            found = entry_equation(self.builder, spelled.equation, self.entry_letters)
            if found is not None:
                return found
        return self.builder.equation(spelled.equation.lhs, spelled.equation.rhs)

    def _is_even(self, symbol: MatrixSymbol) -> bool:
        """Whether all that a symbol stands for have more than one row or none has, and so for columns."""
        own = symbol.of if isinstance(symbol, Adjoint) else symbol
        pairs = self.reading.instances.get(slot_of(own), ()) if isinstance(own, Indexed) else ()
        return all(len({each.shape[axis] == 1 for _, each in pairs}) <= 1 for axis in range(2))

    def _is_by_entries(self, lhs: MatrixSymbol) -> bool:
        if self.notation.form == "entries":
            return lhs.role is not Role.LOSS if isinstance(lhs, Variable | Indexed) else True
        is_gradient = isinstance(lhs, Adjoint) and lhs.of.role in (Role.WEIGHT, Role.BIAS)
        return self.notation.form == "parameters" and is_gradient

    @cached_property
    def entry_letters(self) -> str:
        """The letters of indices of entries, those of the notation first."""
        taken = self.taken | {index.letter for index in self.reading.indices}
        return "".join(each for each in dict.fromkeys(self.notation.entry_letters + INDICES) if each not in taken)

    def value(self, symbol: MatrixSymbol, beside: MatrixSymbol | None = None) -> Node:
        """Return a symbol in a sentence, ``beside`` another one: its entry where the page is entry by entry."""
        is_even = self._is_even(symbol if beside is None else beside)
        return self._entry(symbol) if self.notation.form == "entries" and is_even else self.names.symbol(symbol)

    def quotient(self, of: MatrixSymbol) -> Node:
        """Return ∂𝓛/∂z in a sentence, by an entry where the page is entry by entry."""
        if self.notation.form != "entries" or not self._is_even(of):
            return self.names.quotient(of)
        found = derivative_of(self.notation, self._entry(of), self.names.quotient_style)
        return Tag(found, of=Adjoint(of), role="entry")

    def _entry(self, symbol: MatrixSymbol) -> Node:
        return self.names.placed(symbol, self._places_of(symbol))

    def _places_of(self, expr: MatrixExpr) -> list[Node]:
        return [Id(each) for each, size in zip(self.entry_letters, expr.shape, strict=False) if size != 1]

    def loss_gradient_of(self, node: LossGradient) -> Node:
        """Return the gradient of a loss left open in a sentence."""
        if self.notation.form != "entries":
            return self.tree(node)
        return entry_of(self.names, node, self._places_of(node))

    def here(self, index: Index) -> Node:
        """Return L = 4."""
        return row(number(self.last[index.letter]), EQUALS, number(Integer(index.last + self.shift(index))))

    def shift(self, index: Index) -> int:
        """Return how far the notation counts on: it may count layers from the input, or from 0."""
        return self.notation.first - 1 if index.kind == "layer" else 0

    def spell(self, lines: Iterator[Line], *, backward: bool) -> list[Spelled]:
        """Return every line with each of its cases, as they are printed; the first of a loop first."""
        found = []
        for line in lines:
            for case in ordered(line.cases, backward=backward):
                equation = self._at_last(line, case)
                label = label_of(line, case, case.equation if self.any_number is None else equation)
                found.append(Spelled(line, case, equation, label, self.where(line, case, backward)))
        return found

    def _at_last(self, line: Line, case: Case) -> Equation:
        """Return the equation of a case with the last value of an index by its letter, where it stands as a number."""
        running = {
            index.letter
            for at, index in enumerate(line.indices)
            if (own := {values[at] for values in case.values}) != {index.last} and len(own) < index.count
        }
        letters = {
            index.letter: (index.last, self.last[index.letter])
            for index in self.indices_at(line)
            if index.letter not in running and index.count > 1
        }
        has_open = any(isinstance(each, Elementwise | Slope) for each in nodes(case.equation.rhs))
        values = dict(letters.values()) if has_open else {}

        def read(slot: Any) -> Any:
            return self._lettered(slot, letters) if isinstance(slot, MatrixSymbol) else values.get(slot, slot)

        return replace(case.equation, lhs=read(case.equation.lhs), rhs=mapped(case.equation.rhs, read))

    def indices_at(self, line: Line) -> tuple[Index, ...]:
        """Return the indices whose last values have letters in a line."""
        return tuple(index for index in self.reading.indices if not index.words)

    @property
    def repetitions(self) -> tuple[Index, ...]:
        """The indices that count what repeats, and have a row in the table of notation."""
        return self.reading.indices

    def is_tabled(self, symbol: MatrixSymbol) -> bool:
        """Whether a symbol of a line has a place of its own in the table of notation."""
        return True

    def members(self, symbol: MatrixSymbol) -> list[tuple[MatrixSymbol, MatrixSymbol]]:
        """Return all that a symbol stands for, each with how it is spelled alone."""
        of, indices = slot_of(symbol)
        found = [each for _, each in self.reading.instances.get((of, indices), ())]
        return [(each, self.reading.by_number(each)) for each in found] or [(of, symbol)]

    def shows(self, symbol: MatrixSymbol) -> bool:
        """Whether a symbol of the network stands in a line."""
        return True

    def defined(self, spelled: Spelled) -> tuple[MatrixSymbol, ...]:
        """Return the symbol that a line of the network defines."""
        return (spelled.equation.lhs,)

    @cached_property
    def shown_error(self) -> Adjoint:
        """The error that stands for all in the sentence about them."""
        found: Adjoint = self.errors[-1].equation.lhs
        return Adjoint(self.of_any(found.of))

    def of_any(self, symbol: MatrixSymbol) -> MatrixSymbol:
        """Return a symbol of a family for any of its members: z_k for z_i."""
        if not isinstance(symbol, Indexed):
            return symbol
        indices = zip(self.names.loops(symbol), symbol.indices, strict=True)
        return Indexed(
            symbol.of, *(index_symbol(letter) if letter in self.names.words else at for letter, at in indices)
        )

    def _lettered(self, symbol: MatrixSymbol, letters: dict[str, tuple[int, Symbol]]) -> MatrixSymbol:
        if isinstance(symbol, Adjoint):
            return type(symbol)(self._lettered(symbol.of, letters))
        if not isinstance(symbol, Indexed):
            return symbol
        loops = self.names.loops(symbol)
        indices = [
            letters[loop][1] if loop in letters and index == letters[loop][0] else index
            for loop, index in zip(loops, symbol.indices, strict=True)
        ]
        return Indexed(symbol.of, *indices)

    def where(self, line: Line, case: Case, backward: bool) -> Node | None:
        """Return for which values of the indices a case holds; nothing where it is all of them, or a single one."""
        if len(case.values) == len(line.instances):
            return None
        parts = [
            self.span(index, sorted({values[at] for values in case.values}), backward)
            for at, index in enumerate(line.indices)
            if len({values[at] for values in case.values}) not in (1, index.count)
        ]
        return (
            row(*(part for at, each in enumerate(parts) for part in ((COMMA, each) if at else (each,))))
            if parts
            else None
        )

    def ranges(self, index: Index) -> Node:
        """Return l = 1, …, L."""
        return span(index, list(range(index.first, index.last + 1)), False, self.last, self.shift(index))

    def span(self, index: Index, values: list[int], backward: bool) -> Node:
        """Return some values of an index in their order; of any number by their bounds, as there may be none."""
        if index.letter not in self.reading.open_ends:
            return span(index, values, backward, self.last, self.shift(index))
        first, last = Integer(values[0] + self.shift(index)), self.reading.counted(index.letter, Integer(values[-1]))
        end, bound = (LESS, last + 1) if values[-1] < index.last else (AT_MOST, last)
        return row(number(first), AT_MOST, number(index.symbol), end, number(bound))


def network_name(words: Words, network: Network, equations: int) -> Text:
    """Return what a network is, in words: by what its blocks are, else by how many equations it has."""
    if all(block.kind in PLAIN for block in network.blocks.children):
        return words("title.stack", number=words.number(network.depth))
    counts = Counter(block.kind for block in network.blocks)
    cell = next((block.name for block in network.blocks if block.kind is Kind.RECURRENT), "")
    if words.has(f"title.cell.{cell.rstrip('0123456789')}"):
        return words(f"title.cell.{cell.rstrip('0123456789')}")
    kind = next((kind for kind in TOLD if counts[kind]), None)
    if kind is None:
        return words("title.equations", n=equations, number=words.number(equations))
    return words(f"title.{kind}", n=counts[kind], number=words.number(counts[kind]))


def starts(c: Context) -> dict[MatrixSymbol, Indexed]:
    """Return what stands where a recursion starts, with the name it has there: x is a⁽⁰⁾."""
    used = {slot_of(symbol) for each in c.forward for symbol in each.equation.symbols}
    ends = {c.reading.spelled(symbol): at for symbol, at in c.reading.folded.starts.items()}
    return {symbol: at for symbol, at in ends.items() if slot_of(at) in used}


def span(index: Index, values: list[int], backward: bool, last: dict[str, Symbol], shift: int = 0) -> Node:
    """Return the values of an index in the order they are run through: l = 1, …, L, or l = L − 1, …, 1.

    A notation may count on by a ``shift``.
    """
    if index.words:
        words = [Id(index.words[value - 1]) for value in values]
        return row(number(index.symbol), EQUALS, joined(words, COMMA))
    letter = last[index.letter]
    ends = values if len(values) < MOST_VALUES else [values[0], values[-1]]
    shown: list[Node] = [
        number(
            letter - (index.last - value) if value > index.last - 2 and value != index.first else Integer(value + shift)
        )
        for value in ends
    ]
    if backward:
        shown.reverse()
    if len(values) >= MOST_VALUES or (len(values) > 1 and values == list(range(index.first, index.last + 1))):
        shown.insert(1, AND_SO_ON)
    return row(number(index.symbol), EQUALS, joined(shown, COMMA))


def _offset(size: Expr, values: tuple[int, ...]) -> int:
    """Return how far the number of a width is from the index of its layer: 0 for n₁ of W⁽¹⁾, −1 for n₀."""
    digits = str(size).lstrip("n")
    return int(digits) - values[0] if digits.isdigit() and not size.is_number else 0


FROM_TO = 3
"""From so many lines in a row on a reference gives the first and the last."""

AND_SO_ON = Sign("…", "ord")
LESS, AT_MOST = Sign("<", "rel"), Sign("≤", "rel")

MOST_VALUES = 3
"""From so many values of an index on only the first and the last are written; of all of them these, however few."""


def ordered(cases: tuple[Case, ...], *, backward: bool) -> list[Case]:
    """Return the cases in the order in which the loops come to them."""
    return sorted(cases, key=lambda case: max(case.values) if backward else min(case.values), reverse=backward)


def label_of(line: Line, case: Case, equation: Equation) -> str:
    """Return a label for a line: the name of what it defines, and which of its cases it is."""
    name = equation.lhs.name.replace("[", "-").replace("]", "").replace(" ", "").replace(",", "-")
    return name if len(line.cases) == 1 else f"{name}-{line.cases.index(case) + 1}"
