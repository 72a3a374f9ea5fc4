"""How every symbol of a page is spelled: one name a thing, no two things alike.

A name is read once into its parts: a letter or a word, accents, words below, a number. A number that an index of a
loop has taken is spelled by the index; parts of the path come in where two symbols would print alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from types import MappingProxyType
from typing import Literal, cast

from sympy import Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.maths.notation import AS_Z, NABLA, NUMBERED, Derivative, Notation
from symbp.maths.scalars import number
from symbp.maths.tree import (
    COMMA,
    SLASH,
    TIMES,
    TRANSPOSE,
    Accent,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Row,
    Script,
    Sign,
    Style,
    Tag,
    joined,
    row,
    walk,
)
from symbp.networks.jobs import Jobs
from symbp.roles import Role
from symbp.symbols import Adjoint, Variable
from symbp.views.lines import Indexed

STEMS: Mapping[Role, str] = {
    Role.INPUT: "X", Role.TARGET: "Y", Role.WEIGHT: "W", Role.BIAS: "b", Role.PREACTIVATION: "Z",
    Role.ACTIVATION: "A", Role.SCALE: "gamma", Role.SHIFT: "beta", Role.NORMALISED: "N", Role.SHIFTED: "B",
    Role.BLOCK: "S",
}  # fmt: skip
"""The stem that stands for a role's letter; a matrix with another stem is spelled by its stem."""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ",
    "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

Mark = Literal["hat", "bar", "tilde", "dot"]

ACCENTS: tuple[Mark, ...] = ("hat", "bar", "tilde", "dot")
"""Words in a name that are marks over its letter: ``x_hat``, ``u_dot``."""

PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)
"""What is given once for all examples: its letter is the same for one example and for a batch."""

LARGE = (*PARAMETERS, Role.LOSS)
"""What keeps its letter where one example has small ones."""

NO_JOBS = Jobs()

_LETTER_AND_INDEX = re.compile(r"([A-Z]|b)([A-Z][A-Za-z]{0,3}|[a-z]{1,3})\Z")
"""A stem that a layer made: WQ is W with Q below."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A name, read: its letter, what stands below it, its own number, the path that may tell it apart."""

    base: Node
    below: tuple[Node, ...] = ()
    number: str = ""
    path: tuple[str, ...] = ()


def read(variable: Variable, notation: Notation, *, own_names: bool) -> Parts:
    """Read the name of a variable; ``own_names`` keeps letters that somebody chose."""
    own = variable.name.removeprefix(f"{variable.path}.") if variable.path else variable.name
    if not own_names and own.removeprefix(variable.stem).strip("_0123456789"):
        own = variable.stem  # A model's own word, weight, is its letter here.
    if variable.role is Role.LOSS:
        rest = own.removeprefix("loss").strip("_")
        return Parts(notation.loss_letter, _words(rest), _trailing(rest))
    if variable.role is Role.DIRECTION:
        return Parts(Id(variable.stem))
    if not own_names and STEMS.get(variable.role) == variable.stem:
        rest = own.removeprefix(variable.stem).strip("_")
        word = notation.below.get(variable.role, "")
        below = (*((_word(word),) if word else ()), *_words(rest))
        return Parts(notation.letters[variable.role], below, _trailing(rest), _path(variable))
    head, *words = own.split("_")
    letters = head.rstrip("0123456789") or head
    digits = head[len(letters) :]
    base, below = _base(letters, made=not own_names and own.startswith(variable.stem))
    for mark in words:
        if mark in ACCENTS:
            base = Accent(base, cast("Mark", mark))
    others = [each for each in words if each and each not in ACCENTS]
    numbers = [digits, *(each for each in others if each.isdigit())]
    named = tuple(_word(each) for each in others if not each.isdigit())
    return Parts(base, (*below, *named), ",".join(filter(None, numbers)), _path(variable))


def _words(rest: str) -> tuple[Node, ...]:
    return tuple(_word(each) for each in rest.split("_") if each and not each.isdigit())


def _trailing(rest: str) -> str:
    return ",".join(each for each in rest.split("_") if each.isdigit())


def _path(variable: Variable) -> tuple[str, ...]:
    return tuple(filter(None, variable.path.split(".")))


def _word(text: str) -> Node:
    if text in GREEK:
        return Id(GREEK[text])
    return Num(text) if text.isdigit() else Id(text, "italic" if len(text) == 1 else "upright")


def _uncounted(word: Node) -> Node:
    """Return a word below a letter without the number behind it, which an index spells: a of S_a1 is that of S_a."""
    letters = word.name.rstrip("0123456789") if isinstance(word, Id) else ""
    return _word(letters) if letters else word


def _base(letters: str, *, made: bool) -> tuple[Node, tuple[Node, ...]]:
    """Return letters as a letter and what stands below it; a word stays a word."""
    if letters in GREEK:
        return Id(GREEK[letters]), ()
    found = _LETTER_AND_INDEX.match(letters) if made else None
    if found:
        return Id(found[1]), (_word(found[2]),)
    return Id(letters, "italic" if len(letters) == 1 else "upright"), ()


def small(base: Node) -> Node:
    """Return the letter of one example: a small one."""
    if isinstance(base, Accent):
        return Accent(small(base.base), base.mark)
    if isinstance(base, Id) and len(base.name) == 1 and base.style == "italic":
        return Id(base.name.lower(), base.style)
    return base


Slot = tuple[Variable, int]
"""A variable, or all that an indexed one stands for, and how many indices it has."""


def slot_of(symbol: MatrixSymbol) -> Slot:
    """Return what is named once: the representative of an indexed symbol, with the number of its indices."""
    if isinstance(symbol, Indexed):
        return symbol.of, len(symbol.indices)
    return symbol, 0


class Names:
    """The spelling of every symbol of a page.

    Args:
        symbols: all that the page shows, errors by the variables they belong to.
        notation: which letters and brackets.
        upper: the letters of the loops whose index is the number of a layer or a block: it stands in a superscript.
        errors: the variables whose errors the page shows; where they are of one kind, δ needs no name below.
        layers: those of ``upper`` that number layers, as a notation counts them: the last number, None for any, and
            its letter.
        letters: what has a letter of its own, such as a part of an operation.
        own_names: whether somebody chose the names.
        streams: the names of what has one by its place, such as X₀, X₁, X₂ on the way through a block.
        kernels: the names of weights that slide over images.
        words: what the values of an index are called, by its letter, from 1 on: k = i, f, g, o.
        jobs: the words below what belongs to layers that have a job; a name with an index has none.
    """

    def __init__(
        self,
        symbols: Iterable[MatrixSymbol],
        notation: Notation,
        *,
        upper: frozenset[str] = frozenset(),
        layers: Mapping[str, tuple[int | None, Symbol]] = MappingProxyType({}),
        errors: Iterable[MatrixSymbol] = (),
        letters: Mapping[MatrixSymbol, Node] | None = None,
        own_names: bool = False,
        streams: Mapping[Slot, Parts] | None = None,
        words: Mapping[str, tuple[str, ...]] | None = None,
        kernels: frozenset[str] = frozenset(),
        jobs: Jobs = NO_JOBS,
        one_error: bool = False,
    ) -> None:
        self.notation, self.own_names, self.kernels, self.layers = notation, own_names, kernels, layers
        self.upper = upper if notation.layer != "below" else frozenset[str]()
        self.jobs, self.one_error = NO_JOBS if own_names else jobs, one_error
        self.letters, self.streams, self.words = dict(letters or {}), dict(streams or {}), dict(words or {})
        known = [symbol for symbol in symbols if symbol not in self.letters]
        self.slots = tuple(dict.fromkeys(map(slot_of, known)))
        self._names = frozenset(slot[0].name for slot in self.slots)
        self._loops = _loops(known)
        self._errors = frozenset(slot_of(each) for each in errors)
        self._by_name = {(variable.name, indices): (variable, indices) for variable, indices in self.slots}

    @cached_property
    def parts(self) -> dict[Slot, Parts]:
        """The parts of every name, no two alike."""
        found = self._without_indices({slot: self._read(slot) for slot in self.slots})
        found.update(self._parts_of_losses(found))
        apart = {slot: parts for slot, parts in found.items() if slot not in self.streams}
        for twins in _alike(apart, self._counts):
            found.update(_told_apart(twins, found, self._reserved))
        for slot, parts in found.items():
            if slot not in self.streams and parts.number and not slot[1]:
                found[slot] = self._unlike_repeated(slot, found)
        return found

    @cached_property
    def _reserved(self) -> frozenset[str]:
        """Letters that no matrix may take: those of indices and of what stands on every page."""
        indices = {letter for letters in self._loops.values() for letter in letters}
        return frozenset(each.lower() for each in {*indices, *self.notation.own_letters, "e", "I", "L", "N", "m"})

    def _parts_of_losses(self, found: Mapping[Slot, Parts]) -> dict[Slot, Parts]:
        """Return a letter for what a loss is made of and nobody named: it is no loss."""
        made = [slot for slot in found if _is_part_of_loss(slot[0])]
        base = _free(found, self._reserved, "ZUVRST") if made else None
        if base is None:
            return {}
        return {slot: replace(found[slot], base=small(base) if _is_column(slot[0]) else base) for slot in made}

    def _unlike_repeated(self, slot: Slot, found: Mapping[Slot, Parts]) -> Parts:
        """Return a name that no value of an index spells: z₂ is z where there is a zₜ, as long as nothing else is z."""
        own = found[slot]
        alike = [other for other, parts in found.items() if (parts.base, parts.below) == (own.base, own.below)]
        if not any(self._counts_below(other) for other in alike):
            return own
        if len(alike) == 2:
            return replace(own, number="")
        base = _free(found, self._reserved, "UVRSTPQ", small=own.base == small(own.base))
        return own if base is None else replace(own, base=base)

    def _counts_below(self, slot: Slot) -> bool:
        """Whether the values of an index of a symbol stand below it as numbers, alone."""
        numbers = [each for each in self._loops.get(slot, ()) if each not in self.upper and each not in self.words]
        return len(numbers) == 1 and len(self._loops[slot]) == 1

    def _without_indices(self, found: dict[Slot, Parts]) -> dict[Slot, Parts]:
        """Return names with another letter where one would be that of an index, or the notation's for errors."""
        indices = {Id(letter) for letters in self._loops.values() for letter in letters}
        if not self.own_names:
            indices.add(Id(self.notation.error))
        taken = indices | {parts.base for parts in found.values()}
        for slot, parts in found.items():
            if parts.base in indices:
                base = next((Id(each) for each in SPARE if Id(each) not in taken), parts.base)
                found[slot] = replace(parts, base=base)
                taken.add(base)
        return found

    def _read(self, slot: Slot) -> Parts:
        if slot in self.streams:
            return self.streams[slot]
        variable, indices = slot
        parts = read(variable, self.notation, own_names=self.own_names)
        if variable.name in self.kernels and not self.own_names and parts.base == self.notation.letters[Role.WEIGHT]:
            parts = replace(parts, base=Id(self.notation.kernel))
        for letter in self._loops.get(slot, ()):
            if letter in self.words:
                parts = _without(parts, self.words[letter][0])
        if _is_column(variable) and variable.role not in LARGE and not self._clashes(variable):
            parts = replace(parts, base=small(parts.base))
        if not indices:
            return self._with_job(variable, replace(parts, number=self._counted(variable, parts.number)))
        below = tuple(map(_uncounted, parts.below))
        return replace(parts, below=below, number="", path=_without_counts(parts.path))

    def _with_job(self, variable: Variable, parts: Parts) -> Parts:
        """Return a name by the job of its layer: W_cls for W₄, and Ŷ for what a classifier says."""
        if variable.name == self.jobs.prediction:
            letter = self.notation.letters[Role.TARGET]
            base = Accent(small(letter) if _is_column(variable) else letter, "hat")
            return replace(parts, base=base, below=(), number="")
        word = self.jobs.words.get(variable.name)
        return parts if word is None else replace(parts, below=(_word(word),), number="")

    def _clashes(self, variable: Variable) -> bool:
        """Say whether somebody uses the small letter for another thing."""
        lower = variable.name[:1].lower() + variable.name[1:]
        return lower != variable.name and lower in self._names

    def symbol(self, symbol: MatrixSymbol, *, transposed: bool = False) -> Node:
        """Return how a symbol is spelled: tagged with the symbol itself."""
        if symbol in self.letters:
            body = self.letters[symbol]
            return Tag(Script(body, None, TRANSPOSE) if transposed else body, of=symbol)
        if isinstance(symbol, Adjoint):
            return Tag(self._error(symbol.of, transposed), of=symbol)
        below, above = self._indices(symbol)
        base = self._set(self.parts[self.slot(symbol)].base, symbol)
        return Tag(self._scripted(base, below, above, transposed), of=symbol)

    def _set(self, base: Node, symbol: MatrixSymbol, *, error: bool = False) -> Node:
        """Return a letter as the notation sets those of matrices, of columns, of errors."""
        rows, columns = symbol.shape
        if (rows, columns) == (1, 1) and not error:
            return base
        return _in_style(base, self.notation.style(column=1 in (rows, columns), error=error))

    @cached_property
    def _counts(self) -> dict[Slot, str]:
        """How the numbers of what repeats are counted, where they are those of layers: as 2l, 2l + 1."""
        numbered = [slot for slot, loops in self._loops.items() if any(each in self.layers for each in loops)]
        axes = {slot: NUMBERED.get(slot[0].role, "") for slot in numbered}
        return {slot: getattr(self.notation, axis) for slot, axis in axes.items() if axis}

    def _counted(self, variable: Variable, number_: str) -> str:
        """Return the number of a layer that stands alone as the notation counts it."""
        if self.own_names or not number_.isdigit() or variable.role not in NUMBERED or variable.path:
            return number_
        return str(self._count(NUMBERED[variable.role], Integer(number_)))

    def _count(self, axis: str, index: Expr, letter: str = "") -> Expr:
        """Return the number of a layer by an axis of the notation: l + 1, or 4 of layer 3."""
        shift = self.notation.first - 1
        last, symbol = self.layers.get(letter, (0, Symbol("L")))
        shown = index + shift if index.is_Integer else index
        end = Integer(last + shift) if index.is_Integer and last is not None else symbol
        return self.notation.number(axis, shown, end) if axis else shown

    def count(self, axis: str, index: Expr, letter: str = "") -> Node:
        """Return the number of a layer as a tree."""
        return number(self._count(axis, index, letter))

    def slot(self, symbol: MatrixSymbol) -> Slot:
        """Return what is named once; a matrix and its transpose under the same name are one."""
        variable, indices = slot_of(symbol)
        return self._by_name.get((variable.name, indices), (variable, indices))

    def loops(self, symbol: MatrixSymbol) -> tuple[str, ...]:
        """Return the letter of the loop that each index of a symbol belongs to."""
        return self._loops.get(self.slot(symbol), ())

    def like(self, letter: Node, symbol: MatrixSymbol, axis: str = "preactivation_number") -> Node:
        """Return another letter with the indices of a symbol, D⁽ˡ⁾ for a⁽ˡ⁾, numbered as what f is applied to."""
        below, above = self._indices(symbol, axis)
        below = self._own_below(symbol, below)
        return self._scripted(letter, below, above, False)

    def _own_below(self, symbol: MatrixSymbol, below: tuple[Node, ...]) -> tuple[Node, ...]:
        """Return what stands below a symbol without the word that tells its role: δ is of z_in, D of z_out."""
        word = self.notation.below.get(symbol.role, "")
        return below[1:] if word and below[:1] == (_word(word),) else below

    def entry(self, symbol: MatrixSymbol, *indices: str) -> Node:
        """Return one entry of a matrix, its indices behind all others."""
        below, above = self._indices(symbol)
        places = (*below, *map(Id, indices))
        return Tag(self._scripted(self.parts[self.slot(symbol)].base, places, above, False), of=symbol, role="entry")

    def example(self, symbol: MatrixSymbol, index: str) -> Node:
        """Return one example of a matrix, its index in round brackets behind that of the layer."""
        whole = self.symbol(symbol)
        body = whole.body if isinstance(whole, Tag) else whole
        return Tag(_behind(body, Fence(Id(index))), of=symbol, role="example")

    def placed(self, symbol: MatrixSymbol, places: Sequence[Node]) -> Node:
        """Return an entry of any symbol with its indices behind all others; that of an error as well."""
        of = symbol.of if isinstance(symbol, Adjoint) else symbol
        below, above = self._indices(of, self._axis_of_error(of) if isinstance(symbol, Adjoint) else None)
        base, bare = self.parts[self.slot(of)].base, self._own_below(of, below)
        if bare != below and not (isinstance(symbol, Adjoint) and self._errors == {self.slot(of)}):
            below, places = bare, (*places, *below[: len(below) - len(bare)])  # A word stands behind: z_{j,out}.
        elif bare != below:
            below = bare
        if isinstance(symbol, Adjoint) and self._errors != {self.slot(of)}:
            entry = self._scripted(base, (*below, *places), (), False)
            return Tag(self._scripted(self.error, (entry,), above, False), of=symbol, role="entry")
        if isinstance(symbol, Adjoint):
            base = self.error
        return Tag(self._scripted(base, (*below, *places), above, False), of=symbol, role="entry")

    def counted(self, letter: Node, below: Node | None, symbol: MatrixSymbol) -> Node:
        """Return a letter with something below and the indices of a symbol that stand above it."""
        above = self._indices(symbol)[1] if self.slot(symbol) in self.parts else ()
        return self._scripted(letter, () if below is None else (below,), above, False)

    def _indices(self, symbol: MatrixSymbol, axis: str | None = None) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """Return what stands below a symbol, and above it; a layer is counted by the axis of its role, or another."""
        axis = NUMBERED.get(symbol.role, "") if axis is None else axis
        parts = self.parts[self.slot(symbol)]
        below = [*parts.below, *(Num(each) for each in parts.number.split(",") if each)]
        above: list[Node] = []
        indices = list(zip(self.loops(symbol), getattr(symbol, "indices", ()), strict=False))
        for letter, index in sorted(indices, key=lambda each: each[0] not in self.words):
            shown = self.count(axis, index, letter) if letter in self.layers else self.value(letter, index)
            (above if letter in self.upper else below).append(shown)
        return tuple(below), tuple(above)

    def value(self, letter: str, index: Expr) -> Node:
        """Return the value of an index: a word where it has words, else the number or the letter."""
        words = self.words.get(letter)
        return number(index) if words is None or not index.is_Integer else _word(words[int(index) - 1])

    def _error(self, of: MatrixSymbol, transposed: bool) -> Node:
        if not self.notation.named_error:
            return self._derivative(of, transposed=transposed)
        if self.one_error:
            return self._scripted(self._set(self.error, of, error=True), (), (), transposed)
        below, above = self._indices(of, self._axis_of_error(of))
        if self._errors != {self.slot(of)}:
            below = (self._scripted(self.parts[self.slot(of)].base, below, (), False),)
        else:
            below = self._own_below(of, below)
        return self._scripted(self._set(self.error, of, error=True), below, above, transposed)

    def _axis_of_error(self, of: MatrixSymbol) -> str | None:
        """Return the axis by which the error of something is numbered; None: like what it is of."""
        is_counted = self.notation.error_number != AS_Z and of.role is Role.PREACTIVATION
        return "error_number" if is_counted else None

    @cached_property
    def error(self) -> Node:
        """The letter of errors: that of the notation, unless somebody calls a matrix so."""
        taken = {parts.base for parts in self.parts.values()}
        return next(Id(each) for each in (self.notation.error, *ERRORS) if Id(each) not in taken)

    def _scripted(self, base: Node, below: Sequence[Node], above: Sequence[Node], transposed: bool) -> Node:
        opening, closing = MARKS[self.notation.layer]
        upper: list[Node] = [Fence(joined(above, COMMA), opening, closing) if opening else joined(above, COMMA)]
        bare = Script(base, joined(below, COMMA) if below else None, row(*upper) if above else None)
        whole: Node = bare if above or below else base
        if not transposed:
            return whole
        if self.notation.transpose_place == "inside" or not above:
            return Script(base, bare.sub, row(*upper * bool(above), TRANSPOSE))
        return Script(Fence(whole) if self.notation.transpose_place == "brackets" else whole, None, TRANSPOSE)

    def derivative(self, of: MatrixSymbol, meaning: MatrixExpr | None = None) -> Node:
        """Return ∂𝓛/∂of, as the notation writes derivatives; it may stand for an operation that gives it."""
        return Tag(self._derivative(of), of=Adjoint(of) if meaning is None else meaning)

    def loss_gradient(self, of: MatrixSymbol, meaning: MatrixExpr, places: Sequence[Node] | None = None) -> Node:
        """Return the gradient by what the loss is taken of, or by an entry of it, as the derivative that it is."""
        style: Derivative | None = "nabla" if self.notation.loss_gradient == NABLA else None
        style = "fraction" if self.notation.gradient == "update" else style
        if places is not None:
            return Tag(derivative_of(self.notation, self.placed(of, places), style), of=meaning, role="entry")
        return Tag(derivative_of(self.notation, self.symbol(of), style), of=meaning)

    def quotient(self, of: MatrixSymbol) -> Node:
        """Return ∂𝓛/∂of as a quotient, whatever the notation writes in its place."""
        return Tag(derivative_of(self.notation, self.symbol(of), self.quotient_style), of=Adjoint(of))

    @property
    def quotient_style(self) -> Derivative:
        """How a derivative is written where it is explained: as a quotient, if not as a gradient."""
        return "fraction" if self.notation.gradient in ("d", "update") else self.notation.gradient

    def _derivative(self, of: MatrixSymbol, *, transposed: bool = False) -> Node:
        if self.notation.gradient in ("d", "update"):
            return derivative_of(self.notation, self.symbol(of, transposed=transposed))
        found = derivative_of(self.notation, self.symbol(of))
        return Script(Fence(found), None, TRANSPOSE) if transposed else found


def _behind(node: Node, index: Node) -> Node:
    """Return a letter with one more upper index; of dZ it is Z's."""
    if isinstance(node, Tag):
        return replace(node, body=_behind(node.body, index))
    if isinstance(node, Row):
        return row(*node.items[:-1], _behind(node.items[-1], index))
    if isinstance(node, Script):
        return replace(node, sup=index if node.sup is None else row(node.sup, index))
    return Script(node, None, index)


def derivative_of(notation: Notation, of: Node, style: Derivative | None = None) -> Node:
    """Return the derivative of the loss by something that is written already: ∂𝓛/∂w, ∇_w J, dw.

    In the ``style`` of the notation, unless another is asked for.
    """
    loss, partial = notation.loss_letter, Sign("∂", "prefix")
    match style or notation.gradient:
        case "slash":
            return row(partial, loss, SLASH, partial, of)
        case "fraction":
            return Frac(row(partial, loss), row(partial, of))
        case "nabla":
            return row(Script(Sign("∇", "prefix"), of), TIMES, loss)
        case "update":
            return row(Sign("Δ", "prefix"), of)
    return row(Sign("d", "prefix"), of)


ERRORS = "δεη"
"""The letters of errors where somebody has the notation's for a matrix."""

MARKS: Mapping[str, tuple[str, str]] = {"round": ("(", ")"), "bracket": ("[", "]"), "bare": ("", ""), "below": ("", "")}
"""What stands around the number of a layer."""


def _in_style(base: Node, style: Style) -> Node:
    """Return a letter in another style; what is a word, or is set otherwise already, stays as it is."""
    if isinstance(base, Accent):
        return replace(base, base=_in_style(base.base, style))
    return replace(base, style=style) if isinstance(base, Id) and base.style == "italic" else base


def _without(parts: Parts, word: str) -> Parts:
    """Return a name without a word below it: W for W_i, where an index stands for i."""
    below = tuple(each for each in parts.below if each != _word(word))
    base = parts.base
    if below == parts.below and isinstance(base, Id) and base.name.endswith(word):
        letter = base.name.removesuffix(word)
        base = Id(letter, "italic" if len(letter) == 1 else base.style) if letter else base
    return replace(parts, base=base, below=below)


def _loops(symbols: Iterable[MatrixSymbol]) -> dict[Slot, tuple[str, ...]]:
    """Return the letters of the loops that the indices of a slot belong to."""
    found: dict[Slot, list[str]] = {}
    for symbol in symbols:
        if isinstance(symbol, Indexed):
            letters = found.setdefault(slot_of(symbol), [""] * len(symbol.indices))
            for at, index in enumerate(symbol.indices):
                letters[at] = letters[at] or next(map(str, index.free_symbols), "")
    return {slot: tuple(letters) for slot, letters in found.items()}


def _alike(found: Mapping[Slot, Parts], counts: Mapping[Slot, str]) -> list[list[Slot]]:
    """Return the slots that would print alike, together; ``counts`` tells x_{2l} and x_{2l + 1} apart."""
    groups: dict[tuple[object, ...], list[Slot]] = {}
    for slot, parts in found.items():
        groups.setdefault((parts.base, parts.below, parts.number, slot[1], counts.get(slot)), []).append(slot)
    return [group for group in groups.values() if len(group) > 1]


def _told_apart(twins: list[Slot], found: Mapping[Slot, Parts], reserved: frozenset[str]) -> dict[Slot, Parts]:
    """Give names that would print alike what differs in their paths, else other letters, else all of their names.

    Of norm1 and norm2 the numbers are enough.
    """
    paths = _differing([found[slot].path for slot in twins])
    layers = [slot[0].layer for slot in twins]
    if max(map(len, paths)) > MOST_WORDS and len(set(layers)) == len(twins) and not any(slot[1] for slot in twins):
        return {slot: replace(found[slot], number=str(layer)) for slot, layer in zip(twins, layers, strict=True)}
    if len(set(paths)) < len(twins):
        numbered = _numbered(twins, found)
        others = _other_letters(twins, found, reserved) if len(numbered) <= MOST_LETTERS else {}
        of_layers = others or numbered or _of_layers(twins, found)
        if of_layers:
            return of_layers
        words = {slot: tuple(map(_word, slot[0].name.replace(".", "_").split("_"))) for slot in twins}
        return {slot: replace(found[slot], below=words[slot], number="") for slot in twins}
    last = [path[-1] if path else "" for path in paths]
    stems = {each.rstrip("0123456789") for each in last}
    numbers = [each.removeprefix(stem) for stem in stems for each in last]
    short = len(stems) == 1 and len(set(numbers)) == len(twins) and all(numbers)
    shown = [(number,) for number in numbers] if short else paths
    return {
        slot: replace(found[slot], below=(*found[slot].below, *map(_word, path)))
        for slot, path in zip(twins, shown, strict=True)
    }


MOST_WORDS = 2
"""Of how many modules a name has the words below; where it would take more, layers are counted."""

SPARE = "rqsuvp"
"""Letters for what would have that of an index."""

OTHERS = {"W": "V", "w": "v", "b": "c", "A": "H", "a": "h", "Z": "Y", "S": "R", "s": "r"}
"""The letter of the second of two things that repeat together."""

SPARE_MATRICES = "ZUVRSTPQGKHBCEFMJOWXYA"
"""Letters for the second of two matrices that would print alike, in the order in which they are tried."""


MOST_LETTERS = 4
"""How many things that one line is made of get letters of their own."""


def _numbered(twins: list[Slot], found: Mapping[Slot, Parts]) -> dict[Slot, Parts]:
    """Return names made of another one with the numbers they were made with: P_a1_3 is P with a and 3 below."""
    first = min(twins, key=lambda slot: len(slot[0].name))
    ends = {slot: slot[0].name.removeprefix(f"{first[0].name}_") for slot in twins if slot != first}
    if not all(map(str.isdigit, ends.values())):
        return {}
    return {slot: replace(found[slot], below=(*found[slot].below, Num(end)), number="") for slot, end in ends.items()}


def _of_layers(twins: list[Slot], found: Mapping[Slot, Parts]) -> dict[Slot, Parts]:
    """Return names with the number of the layer that each is of, as its path ends: i_1 and i_2 of lstm1 and lstm2."""
    ends = {slot: re.search(r"[0-9]+\Z", getattr(slot[0], "path", "")) for slot in twins}
    numbers = {slot: end[0] for slot, end in ends.items() if end is not None}
    if len(set(numbers.values())) < len(twins):
        return {}
    return {slot: replace(found[slot], below=(Num(number), *found[slot].below)) for slot, number in numbers.items()}


def _other_letters(twins: list[Slot], found: Mapping[Slot, Parts], reserved: frozenset[str]) -> dict[Slot, Parts]:
    """Return other letters for all but one of several things that would print alike, W⁽ˡ⁾ and V⁽ˡ⁾.

    Where one of them has a name of its own and the others one that was made of it (H1 and H1_1), that one keeps it.
    """
    first = min(twins, key=lambda slot: len(slot[0].name))
    taken = {parts.base for slot, parts in found.items() if slot not in twins}
    apart: dict[Slot, Parts] = {}
    for slot in [each for each in twins if each != first]:
        base = found[slot].base
        other: Node | None = Id(OTHERS.get(base.name, "")) if isinstance(base, Id) else None
        if other is None or other in {*taken, Id("")} or not slot[1]:
            known = {**found, **apart}
            other = _free(known, reserved, SPARE_MATRICES, small=base == small(base))
        if other is None:
            return {}
        apart[slot] = replace(found[slot], base=other)
        taken.add(other)
    return apart


def _free(found: Mapping[Slot, Parts], reserved: frozenset[str], letters: str, *, small: bool = False) -> Node | None:
    """Return the first letter that no name has, neither as a small one nor as a capital."""
    taken = {each.name.lower() for parts in found.values() for each in walk(parts.base) if isinstance(each, Id)}
    free = (each for each in letters if each.lower() not in taken | reserved)
    letter = next(free, None)
    return None if letter is None else Id(letter.lower() if small else letter)


def _is_column(variable: Variable) -> bool:
    return bool(variable.shape[1] == 1)


def _is_part_of_loss(variable: Variable) -> bool:
    """Whether a name was made for a part of the equation of the loss."""
    return variable.role is not Role.LOSS and re.fullmatch(r"loss_[0-9]+", variable.name) is not None


def _without_counts(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path without what an index counts: of modules in a list its place there, and the last one's number."""
    if not any(map(str.isdigit, path)):
        return tuple(each for each in path if not each[-1].isdigit())
    words = [each for each in path if not each.isdigit()]
    return tuple(words[:-1] if words and words[-1][-1].isdigit() else words)


def _differing(paths: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return paths without what all of them begin and end with; of modules that are counted, the end that is enough."""
    start = len(commonprefix(paths))
    paths = [path[start:] for path in paths]
    end = len(commonprefix([path[::-1] for path in paths]))
    paths = [path[: len(path) - end] for path in paths]
    return _ends(paths) if any(each.isdigit() for path in paths for each in path) else list(paths)


def _ends(paths: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return for each path the shortest end that no other one has."""
    counts = Counter(path[at:] for path in paths for at in range(len(path)))
    return [next((path[at:] for at in range(len(path) - 1, -1, -1) if counts[path[at:]] == 1), path) for path in paths]


def commonprefix(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what all paths begin with."""
    found = takewhile(lambda column: len(set(column)) == 1, zip(*paths, strict=False))
    return tuple(column[0] for column in found)
