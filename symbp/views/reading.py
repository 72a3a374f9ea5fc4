"""A derivation as pages read it: one example or a batch, in reading order, folded, few names."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

from sympy import Expr, Integer, MatrixSymbol, Symbol

from symbp.calculus.factor import Factor
from symbp.derivation import Derivation
from symbp.equations import Equation, System
from symbp.networks.general import SHOWN
from symbp.symbols import Adjoint, Variable
from symbp.views.diagonal import diagonal
from symbp.views.family import with_families
from symbp.views.fold import fold, fold_like
from symbp.views.images import kernels, repeated
from symbp.views.in_place import in_place
from symbp.views.inline import Slot, inlined, shortened
from symbp.views.layout import COLUMNS, Layout
from symbp.views.lines import Body, Folded, Index, Indexed, Line, Loop, Place, Values, index_symbol, lines_of
from symbp.views.one_example import one_example
from symbp.views.scale import AT_LOSS, Scale, counts_examples
from symbp.views.skeleton import mapped
from symbp.views.tidy import tidied
from symbp.views.turned import loss_of
from symbp.views.units import one_unit, require_stack, unit
from symbp.views.updates import thresholds, updates


@dataclass(frozen=True)
class Reading:
    """The lists of a derivation as a page shows them.

    ``listed`` are all equations of the network, ``forward`` those whose names stay, ``backward`` all of errors and
    gradients; ``errors`` are those of the errors that keep a name, ``gradients`` one for everything that is
    differentiated by. Of the lists that a page shows there are the lines, folded.
    """

    derivation: Derivation
    is_one: bool
    folded: Folded
    listed: tuple[Equation, ...]
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    errors: tuple[Equation, ...]
    gradients: tuple[Equation, ...]
    forward_lines: Body
    error_lines: Body
    gradient_lines: Body
    wanted: frozenset[MatrixSymbol]
    holders: Mapping[str, str]
    """The equation that holds a name which went: by the name, that of its left side."""
    layout: Layout = COLUMNS
    scale: Scale = AT_LOSS
    is_in_place: bool = False
    """Whether one matrix holds all errors, one after another."""
    count: tuple[str, str] = ("l", "L")
    """The letter that counts layers, and that of the last."""

    @cached_property
    def last(self) -> dict[str, Symbol]:
        """The letter of the last value of every index: L of l."""
        own, end = self.count
        return {
            each.letter: index_symbol(end if each.letter == own else each.letter.upper())
            for each in self.indices
            if not each.words
        }

    @cached_property
    def open_ends(self) -> dict[str, tuple[int, Symbol]]:
        """The indices whose last value is any number, by their letters: that value here, and its letter."""
        if self.derivation.network is None or self.derivation.network.general is None:
            return {}
        found = [each for each in self.indices if each.letter in self.last and each.last >= SHOWN]
        return {each.letter: (each.last, self.last[each.letter]) for each in found}

    def counted(self, letter: str, value: Any) -> Any:
        """Return the value of an index; where it is nearer to an end that is any number, counted from there: L − 1."""
        end, symbol = self.open_ends.get(letter, (0, None))
        return symbol - (end - value) if symbol is not None and value.is_Integer and 2 * value > end else value

    def width(self, size: Expr) -> Expr:
        """Return a number of units; of one of the last layers of any number by its letter: n_L for n₁₂."""
        number = str(size).removeprefix("n")
        if not (self.open_ends and size.is_Symbol and number.isdigit()):
            return size
        at = self.counted(self.count[0], Integer(number))
        return size if at.is_Integer else Symbol(f"n_{at}")

    @cached_property
    def instances(self) -> Mapping[tuple[Variable, int], tuple[tuple[Values, MatrixSymbol], ...]]:
        """All symbols that are spelled alike, by what represents them: the values of the indices, and the symbol."""
        found: dict[tuple[Variable, int], list[tuple[Values, MatrixSymbol]]] = {}
        for symbol, spelled in self.folded.names.items():
            values = tuple(int(each) for each in spelled.indices)
            found.setdefault((spelled.of, len(values)), []).append((values, symbol))
        return {slot: tuple(sorted(pairs, key=lambda pair: pair[0])) for slot, pairs in found.items()}

    @property
    def is_product(self) -> bool:
        """Whether a gradient is a product of matrices from the parameter to the loss: of one example, in columns."""
        return self.is_one and all(each.lhs.shape[1] == 1 for each in self.errors)

    @cached_property
    def indices(self) -> tuple[Index, ...]:
        """Every index of a loop, the outermost first."""
        return tuple(dict.fromkeys(index for line in self.lines for index in line.indices))

    @property
    def lines(self) -> Iterator[Line]:
        """All lines: forward, errors, gradients."""
        for body in (self.forward_lines, self.error_lines, self.gradient_lines):
            yield from lines_of(body)

    @cached_property
    def symbols(self) -> tuple[MatrixSymbol, ...]:
        """Every symbol that a line may show, indexed where it repeats, and alone."""
        return self._with_lines(self.forward, self.errors, self.gradients)

    @cached_property
    def all_symbols(self) -> tuple[MatrixSymbol, ...]:
        """Every symbol of all lists, those without a line among them."""
        return self._with_lines(self.listed, self.backward)

    @cached_property
    def by_name(self) -> Mapping[str, MatrixSymbol]:
        """The symbols of the network's equations, as they are here, by name."""
        return {each.name: each for each in _symbols(self.listed)}

    @cached_property
    def _in_lines(self) -> tuple[MatrixSymbol, ...]:
        """The symbols of the lines, in every case."""
        return tuple(dict.fromkeys(_symbols(case.equation for line in self.lines for case in line.cases)))

    def _with_lines(self, *lists: tuple[Equation, ...]) -> tuple[MatrixSymbol, ...]:
        alone = map(self.by_number, dict.fromkeys(_symbols(chain(*lists))))
        found = dict.fromkeys(chain(self._in_lines, alone))
        return tuple(dict.fromkeys(each.of if isinstance(each, Adjoint) else each for each in found))

    def spelled(self, symbol: MatrixSymbol) -> MatrixSymbol:
        """Return a symbol as it is spelled alone: W⁽³⁾ where W⁽ˡ⁾ repeats, W⁽ᴸ⁾ the last of any number."""
        if not isinstance(symbol, Adjoint):
            return self._from_end(self.folded.names.get(symbol, symbol))
        found = self._errors.get(symbol)
        if found is None:
            of = self.spelled(symbol.of)
            found = self._errors[symbol] = symbol if of is symbol.of else type(symbol)(of)
        return found

    def by_number(self, symbol: MatrixSymbol) -> MatrixSymbol:
        """Return a symbol, or that of which it is the error, with the numbers that its indices have here."""
        own = symbol.of if isinstance(symbol, Adjoint) else symbol
        return self.folded.names.get(own, own)

    def _from_end(self, symbol: MatrixSymbol) -> MatrixSymbol:
        if not self.open_ends or not isinstance(symbol, Indexed):
            return symbol
        places = self.folded.places
        letters = [places.loops[loop].letter for loop in places.spelled[symbol.of.name].loops]
        return Indexed(symbol.of, *map(self.counted, letters, symbol.indices))

    @cached_property
    def _errors(self) -> dict[Adjoint, Adjoint]:
        """The errors as they are spelled alone, those that were asked for."""
        return {}

    def alone(self, equation: Equation) -> Equation:
        """Return one equation of the lists with every symbol spelled alone."""
        return replace(equation, lhs=self.spelled(equation.lhs), rhs=mapped(equation.rhs, self.spelled_alone))

    def factor_alone(self, factor: Factor) -> Factor:
        """Return a factor with every symbol spelled alone."""
        branches = tuple(tuple(map(self.factor_alone, branch)) for branch in factor.branches)
        return replace(factor, expr=mapped(factor.expr, self.spelled_alone), branches=branches)

    def spelled_alone(self, slot: Any) -> Any:
        """Return what may stand in a place of an expression, spelled alone if it is a symbol; the number of an f."""
        if isinstance(slot, MatrixSymbol):
            return self.spelled(slot)
        return self.counted(self.count[0], slot) if self.open_ends else slot


def reading(
    derivation: Derivation,
    layout: Layout = COLUMNS,
    scale: Scale = AT_LOSS,
    *,
    batch: bool = False,
    count: tuple[str, str] = ("l", "L"),
    diagonals: bool = False,
    one_unit_each: bool = False,
    steps: bool = False,
    threshold: bool = False,
    one_error: bool = False,
) -> Reading:
    """Return a derivation as a page shows it: of one example where columns are examples, else in the layout.

    Where the number of examples divides is the ``scale``; of one example there is none. A ``batch`` is all of them.
    ``count`` are the letter that counts layers and that of the last; with ``diagonals`` slopes are diagonal matrices.
    There may be one unit in each layer, ``steps`` of gradient descent for gradients, and a ``threshold`` for every
    bias. ``one_error`` holds that of all layers, where it is enough.
    """
    readable = derivation.readable
    has_examples = counts_examples(readable)
    is_one = layout.keeps_columns and not (batch or readable.batch) and readable.tokens == 0 and has_examples
    ahead: Iterable[Equation] = readable.forward
    backward: Iterable[Equation] = readable.backward
    given: tuple[MatrixSymbol, ...] = readable.forward.given
    if is_one:
        ahead, backward, given = one_example(readable.forward, readable.backward)
    scale = scale.fitting(readable) if has_examples and not is_one else AT_LOSS
    if scale.changes:
        backward = scale.backward(backward, frozenset(each.name for each in readable.wrt))
        ahead = scale.forward(ahead)
    layout = layout.beside_kernels(kernels(readable.forward))
    if layout is not COLUMNS:
        ahead, backward = map(layout.equation, ahead), [layout.equation(each) for each in backward]
        given = tuple(map(layout.symbol, given))
    if one_unit_each:
        require_stack(derivation)
        ahead, backward, given = one_unit(ahead), one_unit(backward), tuple(map(unit, given))
    if threshold:
        ahead, backward = thresholds(ahead), thresholds(backward)
    if steps:
        backward = updates(backward, frozenset(each.name for each in readable.wrt))
    if diagonals and is_one:
        backward = map(diagonal, backward)
    names = {each.name for each in readable.wrt}
    backward = list(backward)
    wanted = frozenset(each.lhs.of for each in backward if each.lhs.of.name in names)
    forward = System(tidied(ahead), given)
    inner = {each.gradient.name for each in readable.network.inner}
    needed = _compared(forward) | {each.lhs for each in forward if each.name in inner}
    found = read(readable, is_one, forward, backward, wanted, needed, letter=count[0])
    is_in_place = one_error and bool(in_place(found.errors, found.gradients))
    return replace(found, layout=layout, scale=scale, count=count, is_in_place=is_in_place)


def read(
    derivation: Derivation,
    is_one: bool,
    forward: System,
    backward: Iterable[Equation],
    wanted: frozenset[MatrixSymbol],
    needed: frozenset[MatrixSymbol],
    ends: frozenset[MatrixSymbol] = frozenset(),
    letter: str = "l",
) -> Reading:
    """Return two lists as a page shows them.

    What is ``needed`` of the forward list keeps its name, and what a loop starts with; so do the errors where the
    backward list ``ends``.
    """
    is_model = derivation.network is not None and derivation.network.from_model
    folded = with_families(fold(forward, letter, counted=not is_model))  # Modules are named by their place anyway.
    back = tidied(backward, wanted)
    carried = _carried(folded, (each for each in back if each.lhs.of not in wanted))
    slot = _slot(folded)
    kept = carried | frozenset(map(slot, (*ends, *_states(derivation, forward))))
    gradients, errors = inlined(back, wanted, slot, kept, frozenset(map(slot, repeated(forward, back))))
    ahead, holders = shortened(forward, (*errors, *gradients), slot, needed | frozenset(folded.starts))
    return Reading(
        derivation,
        is_one,
        folded,
        tuple(forward),
        tuple(ahead),
        tuple(back),
        tuple(errors),
        tuple(gradients),
        fold_like(folded, ahead, backward=False),
        fold_like(folded, errors),
        fold_like(folded, gradients),
        wanted,
        holders,
    )


def _states(derivation: Derivation, forward: System) -> Iterator[MatrixSymbol]:
    """Yield what goes on from step to step, as a list has it: its error keeps its name."""
    names = {part.name for steps in derivation.states.values() for parts in steps.values() for part in parts}
    return (each.lhs for each in forward if each.lhs.name in names) if names else iter(())


def _compared(forward: System) -> frozenset[MatrixSymbol]:
    """Return what losses are taken of: it keeps its name."""
    return frozenset(symbol for each in forward if loss_of(each.rhs) is not None for symbol in each.symbols)


def _symbols(equations: Iterable[Equation]) -> Iterator[MatrixSymbol]:
    """Yield the symbols of equations, from left to right."""
    for equation in equations:
        yield equation.lhs
        yield from equation.symbols


def _slot(folded: Folded) -> Slot:
    known: dict[MatrixSymbol, Hashable] = {each: (at.of, len(at.indices)) for each, at in folded.names.items()}
    return lambda symbol: known.get(symbol, symbol)


def _carried(folded: Folded, errors: Iterable[Equation]) -> frozenset[Hashable]:
    """Return the slots of errors that are used at another value of an index than that of the error that uses them."""
    places = folded.places.spelled
    found: set[Hashable] = set()
    for equation in errors:
        own = places.get(equation.lhs.of.name)
        for symbol in equation.symbols:
            at = places.get(symbol.of.name) if isinstance(symbol, Adjoint) else None
            if at is not None and at.loops and (own is None or not _is_in(at, own)):
                found.add((at.of, len(at.loops)))
    return frozenset(found)


def _is_in(inner: Place, outer: Place) -> bool:
    """Whether something stands in the same repetitions as something that has all of its indices, or more."""
    depth = len(inner.loops)
    return (inner.loops, inner.values) == (outer.loops[:depth], outer.values[:depth])


def loops_of(body: Body) -> Iterable[Loop]:
    """Yield all loops."""
    for item in body:
        if isinstance(item, Loop):
            yield item
            yield from loops_of(item.body)
