"""The page of an operation alone: forward first, so that every reason points at the equation that it undoes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sympy import HadamardProduct, Indexed, MatrixExpr, OneMatrix

from symbp.checking.report import CheckReport
from symbp.derivation import Derivation
from symbp.equations import Equation, nodes, symbols_in
from symbp.errors import SpecError, nearest
from symbp.maths.build import Builder, operator_name, sign_of
from symbp.maths.functions import names_of
from symbp.maths.index_form import entry_writer, index_lines
from symbp.maths.names import Names
from symbp.maths.notation import STANDARD
from symbp.maths.tree import COMMA, HADAMARD, MINUS, PLUS, TIMES, Id, Node, Num, Script, Sign, joined, row
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.op import Op
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import EntrywiseLoss
from symbp.pages.page import Aside, Block, Equations, Heading, Line, Page, Para, Ref, Steps, Table, Text
from symbp.pages.tell.backward import sentence_of, short_of
from symbp.pages.tell.checked import checked
from symbp.pages.tell.context import FROM_TO, Context, Spelled
from symbp.pages.tell.functions import functions
from symbp.pages.tell.opening import error_is
from symbp.pages.words import Words, language
from symbp.roles import Role
from symbp.symbols import Adjoint
from symbp.views.alone import Alone, alone
from symbp.views.images import biases, kernels
from symbp.views.index import Entries, base_of, derivative
from symbp.views.index import entries as entries_of
from symbp.views.inline import put_in

LETTERS = ("i", "j", "k", "m", "n", "t", "d")
"""Letters that a sentence may name beside the symbols of its operation."""


RESULT = "result"
"""The label of the gradient of the operation as one."""

SLOTS = str.maketrans({"[": "-", "]": None, " ": None})
"""What a label has in the place of signs of a name."""


@dataclass(frozen=True)
class OperationContext(Context):
    """What the sections of an operation's page have at hand."""

    shown: Alone = field(kw_only=True)

    @property
    def network(self) -> OperationNetwork:
        """The operation."""
        return self.shown.network

    @property
    def plan(self) -> Plan:
        """What its page shows."""
        return self.network.plan

    @cached_property
    def names(self) -> Names:
        """How every symbol is spelled; an error always says of what."""
        by_name = {each.name: each for each in self.symbols.values()}
        letters = {by_name[name]: Id(letter) for name, letter in self.plan.letters.items()}
        return Names(self.symbols.values(), STANDARD, letters=letters, kernels=kernels(self.reading.listed))

    @cached_property
    def symbols(self) -> Mapping[str, Any]:
        """Every symbol of the page that is no error, by its name."""
        more = (*(each for some in self.shown.parts.values() for each in some), *self.shown.result)
        shown = (*more, *self.shown.formulas.values())
        rights = [each.rhs if isinstance(each, Equation) else each for each in shown]
        found = (*self.reading.folded.listed, *self.reading.all_symbols, *(each.lhs for each in more))
        every = (*found, *(symbol for each in rights for symbol in symbols_in(each)))
        owners = (each.of if isinstance(each, Adjoint) else each for each in every)
        return {each.name: each for each in owners}

    @cached_property
    def equations(self) -> list[Equation]:
        """Every equation that is shown: the operation, the way back with what has letters in it, its result."""
        return [*(each.equation for each in self.forward), *self.backward_equations, *self.shown.result]

    @cached_property
    def backward_equations(self) -> list[Equation]:
        """The equations of all errors, each behind those of what has a letter in it."""
        pairs = ((each.equation, self.shown.parts.get(f"d{error_of(each)}", ())) for each in self.backward)
        return [equation for error, parts in pairs for equation in (*parts, error)]

    @staticmethod
    def key_of(equation: Equation) -> str:
        """Return the name in the lists of what an equation defines."""
        lhs = equation.lhs
        return f"d{plain_name(lhs.of)}" if isinstance(lhs, Adjoint) else plain_name(lhs)

    @cached_property
    def expressions(self) -> list[MatrixExpr]:
        """What stands on the right of the lines."""
        return [each.rhs for each in self.equations]

    @cached_property
    def printed(self) -> list[Any]:
        """The symbols of the lines that are no errors, and those that sentences name alone."""
        named = [each for each in self.shown.formulas.values() if not isinstance(each, Equation)]
        found = [symbol for each in self.equations for symbol in (each.lhs, *symbols_in(each.rhs))]
        found += [symbol for each in named for symbol in symbols_in(each)]
        own = dict.fromkeys(each.of if isinstance(each, Adjoint) else each for each in found)
        return [each for each in self.symbols.values() if each in own]

    @property
    def spreads(self) -> bool:
        """An operation alone has every operation under its name."""
        return False

    @cached_property
    def builder(self) -> Builder:
        """What writes expressions: every gradient is an error."""
        found = names_of(each.function for each in self.nodes if isinstance(each, Elementwise | EntrywiseLoss))
        return Builder(self.names, functions=found, places=self.places, apart=self._apart, gradients=False)

    def key(self, key: str) -> str | None:
        """Return the first sentence of this name that the operation has."""
        found = (f"operation.{section}.{key}" for section in self.plan.sections)
        return next((each for each in found if self.words.has(each)), None)

    def say(self, key: str) -> Text:
        """Return a sentence of the operation with its symbols, formulas and references; nothing where it has none."""
        found = self.key(key)
        return (
            () if found is None else self.words(found, **{each: self.field(each) for each in self.words.fields(found)})
        )

    def field(self, name: str) -> Any:
        """Return what a field of a sentence stands for."""
        kind, _, of = name.partition("_")
        if name in self.shown.formulas:
            return self.formula(self.shown.formulas[name])
        if kind == "line":
            return Ref(self.label(of))
        if kind == "lines":
            return Ref.to([self.label(each) for each in of.split("_to_")])
        if name == "sum":
            shared = self.right_side(f"d{self.network.parameters[0].name}")
            return row(Script(Sign("∑", "big"), self.letters["step"]), TIMES, self.tree(shared))
        if kind == "shape":
            return self.shape(self.symbols[of])
        if name == "whole" and self.shown.whole is not None:
            return self.formula(self.shown.whole)
        if name in ("before", "behind"):
            return row(self.letters["step"], MINUS if name == "before" else PLUS, Num("1"))
        return self.letters[name] if name in self.letters and name not in self.known else self.tree(self.symbol(name))

    @property
    def letters(self) -> Mapping[str, Node]:
        """Letters that sentences name."""
        return {
            "epsilon": Id("ε"),
            "one": Id("1", "bold"),
            "step": Id(self.plan.step),
            **{each: Id(each) for each in LETTERS},
        }

    def right_side(self, name: str) -> MatrixExpr:
        """Return what the line of an error has on its right side."""
        wanted = self.symbol(name)
        return next(each.equation.rhs for each in self.backward if each.equation.lhs == wanted)

    @cached_property
    def known(self) -> Mapping[str, Any]:
        """Every symbol that is no error, by its name in the lists: h0 is h at t − 1."""
        return {plain_name(each): each for each in self.symbols.values()}

    def symbol(self, name: str) -> Any:
        """Return a symbol by its name in the lists, dX for an error."""
        return self.known[name] if name in self.known else Adjoint(self.known[name.removeprefix("d")])

    def named(self, name: str) -> Node:
        """Return a symbol by its name in the lists, as the page has it."""
        return self.names.symbol(self.symbol(name))

    def label(self, name: str) -> str:
        """Return the label of the line of a name: that of its equation."""
        if name == RESULT:
            return RESULT
        return str(self.symbol(name).name).translate(SLOTS)

    def formula(self, formula: Equation | MatrixExpr) -> Node:
        """Return an equation or an expression as a tree."""
        if isinstance(formula, Equation):
            return self.builder.equation(formula.lhs, formula.rhs)
        return self.tree(formula)

    @cached_property
    def pairs(self) -> list[tuple[Spelled, ...]]:
        """The lines of the operation: a gate stands beside what it is the activation of."""
        found: list[tuple[Spelled, ...]] = []
        for each in self.forward:
            rhs = each.equation.rhs
            is_gate = bool(found) and isinstance(rhs, Elementwise) and rhs.args[1:] == (found[-1][0].equation.lhs,)
            if is_gate and found[-1][0].equation.lhs.role is Role.PREACTIVATION:
                found[-1] = (*found[-1], each)
            else:
                found.append((each,))
        return found

    def undone_labels(self, spelled: Spelled) -> list[str]:
        """Return the labels of the lines that an error undoes."""
        return [each.label for each in super().undone(spelled) if isinstance(each, Ref)]

    def undone(self, spelled: Spelled) -> Text:
        """Return references to the lines that an error undoes."""
        return self.refs(self.undone_labels(spelled))

    @cached_property
    def forward_order(self) -> list[str]:
        """The labels of the lines of the operation."""
        return [pair[0].label for pair in self.pairs]

    def refs(self, labels: Sequence[str]) -> Text:
        """Return references to lines of the operation; to many that follow one another, the first and the last."""
        first = self.forward_order.index(labels[0]) if labels else 0
        if len(labels) >= FROM_TO and list(labels) == self.forward_order[first : first + len(labels)]:
            return (Ref.to(labels),)
        return self.words.listed([(Ref(each),) for each in labels])

    @cached_property
    def backward(self) -> list[Spelled]:
        """The lines of all errors, in the order of the page."""
        place = {name: at for at, name in enumerate(self.plan.order)}
        return sorted((*self.errors, *self.gradients), key=lambda each: place.get(error_of(each), -1))


def plain_name(symbol: MatrixExpr) -> str:
    """Return the name in the lists of a symbol that may stand at a step: h0 of h at t − 1."""
    stem, _, index = str(symbol.name).partition("[")
    return f"{stem}0" if "-" in index else stem


def error_of(spelled: Spelled) -> str:
    """Return the name in the lists of what a line is the error of."""
    return plain_name(spelled.equation.lhs.of)


def operation_context(derivation: Derivation, words: Words | None = None) -> OperationContext:
    """Return what the sections of an operation's page have at hand."""
    shown = alone(derivation)
    found = words or language()
    if shown.reading.layout.name != "columns":
        found = found.variant("rows")
    return OperationContext(shown.reading, STANDARD, found, shown=shown)


def operation_page(
    derivation: Derivation,
    check: CheckReport | None = None,
    *,
    stem: str = "symbp",
    command: str = "",
    words: Words | None = None,
) -> Page:
    """Return the page of an operation alone."""
    c = operation_context(derivation, words)
    blocks = [
        *opening(c),
        *forward(c),
        *result(c),
        *backward(c),
        *notes(c),
        *why(c),
        *entries(c),
        *(replace(each, detail=3) for each in functions(c)),
        *notation(c),
        *([] if check is None else [checked(c.words, check)]),
        Para(c.words("operation.source", source=c.network.source), title=c.words("section.source")),
    ]
    title = c.words("title.page", name=c.say("name"))
    return Page(title, c.say("about"), tuple(blocks), stem, command)


def opening(c: OperationContext) -> list[Block]:
    """Return what rows and columns are, and which gradients are given."""
    given = [(c.tree(each),) for each in c.reading.folded.listed if isinstance(each, Adjoint)]
    first = Adjoint(c.reading.folded.listed[0])
    error = c.words("operation.error", error=error_is(c, first))
    own = c.say("given")
    above = c.words("operation.given", n=len(given), names=c.words.listed(given)) if given and not own else own
    return [Para(texts([c.say("layout"), error, above]))]


def forward(c: OperationContext) -> list[Block]:
    """Return the operation in numbered lines."""
    lines = [
        Line(tuple(map(c.equation, pair)), pair[0].label, None, c.say(f"forward.{plain_name(pair[0].equation.lhs)}"))
        for pair in c.pairs
    ]
    added = [(c.tree(bias),) for each in c.forward for bias in biases(each.equation.rhs)]
    said = [c.words("opening.channels", names=c.words.listed(added))] if added else []
    if c.shown.whole is not None:
        said.append(c.words("operation.whole", whole=c.field("whole")))
    return [heading(c, "forward"), Steps(tuple(lines), explained=True), *map(Para, said)]


def result(c: OperationContext) -> list[Block]:
    """Return the gradients in a frame: that of the operation as one, where its steps follow, else their lines."""
    if c.shown.result:
        *parts, last = c.shown.result
        projection = Line((c.formula(last),), RESULT)
        lines = [projection, *(Line((c.formula(each),), "", None, c.say(f"part.{each.name}")) for each in parts)]
    else:
        shown = [each for each in c.backward if each.equation.lhs not in errors(c)]
        together = groups(c, shown) if c.plan.step else [[each] for each in shown]
        lines = [line for group in together for line in step_lines(c, group)]
    said = texts([c.say("result"), pointed(c) if not c.shown.result else ()])
    return [Aside((Steps(tuple(lines), explained=True), *([Para(said)] if said else [])), c.words("section.result"))]


def pointed(c: OperationContext) -> Text:
    """Return where the errors of the result are; nothing where all are given."""
    used = {symbol for each in c.gradients for symbol in symbols_in(each.equation.rhs)}
    lines = [each for each in c.backward if each.equation.lhs in errors(c) & used]
    if not lines:
        return ()
    names = c.words.listed([(c.tree(each.equation.lhs),) for each in lines])
    return c.words("operation.errors", n=len(lines), names=names, lines=Ref.to([each.label for each in lines]))


def errors(c: OperationContext) -> frozenset[MatrixExpr]:
    """Return the errors that are no gradient of what is given."""
    return frozenset(each.equation.lhs for each in c.errors)


def groups(c: OperationContext, shown: Iterable[Spelled]) -> list[list[Spelled]]:
    """Return lines, those of parameters that one error gives beside each other."""
    found: dict[object, list[Spelled]] = {}
    for each in shown:
        lhs = each.equation.lhs
        used = [symbol for symbol in symbols_in(each.equation.rhs) if isinstance(symbol, Adjoint)]
        found.setdefault(used[0] if lhs.of in c.network.parameters else lhs, []).append(each)
    return list(found.values())


def backward(c: OperationContext) -> list[Block]:
    """Return the steps back with a reason for each, those that are no line of the result."""
    shown = c.backward if c.shown.result else [each for each in c.backward if each.equation.lhs in errors(c)]
    lines = [line for each in shown for line in step_lines(c, [each])]
    return [heading(c, "backward"), Steps(tuple(lines), explained=True)] if lines else []


def step_lines(c: OperationContext, group: Sequence[Spelled]) -> Iterator[Line]:
    """Yield the line of errors beside each other, behind those of what has a letter in it."""
    first = group[0]
    for part in c.shown.parts.get(f"d{error_of(first)}", ()):
        yield Line((c.formula(part),), part.name, None, c.say(f"part.{part.name}"))
    yield Line(
        tuple(map(c.equation, group)), first.label, None, reason(c, first) if len(group) == 1 else shared(c, first)
    )


def shared(c: OperationContext, spelled: Spelled) -> Text:
    """Return how the parameters get what one step gives them: said of the first of them for all."""
    if spelled.equation.lhs.of != c.network.parameters[0]:
        return ()
    every = [
        ref for each in c.gradients if each.equation.lhs.of in c.network.parameters for ref in c.undone_labels(each)
    ]
    labels = sorted(dict.fromkeys(every), key=c.forward_order.index)
    return c.words("backward.reason", refs=c.refs(labels), how=c.say("backward.parameters"))


def reason(c: OperationContext, spelled: Spelled) -> Text:
    """Return the lines that an error undoes, and how: in the operation's words, else in those of the rules."""
    own = c.say(f"backward.{error_of(spelled)}")
    rules = dict.fromkeys(filter(None, (short_of(c, each) for each in spelled.equation.steps)))
    how = own or ("; ".join(rules),)
    refs = c.undone(spelled)
    return c.words("backward.reason", refs=refs, how=how) if refs else how


def notes(c: OperationContext) -> list[Block]:
    """Return the paragraphs behind the backward pass."""
    found = [(key, c.say(f"note.{key}")) for key in c.plan.notes]
    return [Para(text, title=c.say(f"note.title.{key}")) for key, text in found if text]


def why(c: OperationContext) -> list[Block]:
    """Return in a sentence why each line holds, where the few words beside it do not say it all."""
    found: list[Block] = []
    for each in sorted(c.backward, key=lambda each: each.equation.lhs in errors(c) and not c.shown.result):
        text = c.say(f"why.{error_of(each)}")
        if not text and error_of(each) in c.plan.explained:
            text = (sentence_of(c, each.equation.steps[-1]),)
        if text:
            found.append(Para(text, title=(Ref(each.label), "."), detail=3))
    return [Heading(c.words("section.why"), detail=3), *found] if found else []


def only_lines(c: OperationContext, name: str) -> tuple[Line, ...]:
    """Return the lines of one name: X or dX is a gradient, S the equation of S; ``forward`` and ``backward`` the lists.

    Raises:
        SpecError: no equation of this name; the message suggests the nearest.
    """
    lists = {"forward": [each.equation for each in c.forward], "backward": c.backward_equations}
    if name not in lists:
        own = {each.name: each for each in c.network.wrt}
        name = name if name in own or name.replace("_", "") not in own else name.replace("_", "")
        name = f"d{name}" if name in own else name
        known = {c.key_of(each): each for each in c.equations}
        if name not in known:
            raise SpecError(f"no equation named {name[:40]!r}{nearest(name[:40], [*lists, *known])}")
        lists = {name: [known[name]]}
    return tuple(Line((c.formula(each),)) for each in lists[name])


def entries(c: OperationContext) -> list[Block]:
    """Return some lines entry by entry, and the derivative of what the operation makes of one entry by another."""
    lines = [each.equation for name in c.plan.entries for each in c.backward if error_of(each) == name]
    shown = [*lines, *c.shown.result[-1:]]
    if not shown:
        return []
    inside = {each.lhs: each.rhs for some in (c.shown.result[:-1], *c.shown.parts.values()) for each in some}
    found = [entries_of(replace(each, rhs=put_in(each.rhs, inside))) for each in shown]
    trees = [tree for each in found for tree in index_lines(c.names, each, gradients=False)]
    said = [Para(c.say("entries"), detail=3)] if c.key("entries") else []
    return [
        Heading(c.words("section.entries"), detail=3),
        *said,
        Equations(tuple(Line((each,)) for each in trees), detail=3),
        *jacobian(c, found[-1]),
    ]


def jacobian(c: OperationContext, found: Entries) -> list[Block]:
    """Return the derivative of what an operation makes of one entry by another, where a sentence says it."""
    key = c.key("jacobian")
    if key is None:
        return []
    error, (case,) = base_of(Adjoint(c.network.forward[0].lhs)), found.cases
    others = {each.indices for each in case.value.atoms(Indexed) if each.base == error} - {case.at}
    inner = min(others, key=str)
    w = entry_writer(c.names, found, gradients=False)
    places = [[w.tree(index) for index in at] for at in (inner, case.at)]
    names = (found.symbols[error][0].of, found.symbols[found.letter][0].of)
    of, by = (c.names.placed(symbol, at) for symbol, at in zip(names, places, strict=True))
    return [Para(c.words(key, of=of, by=by, value=w.tree(derivative(case.value, error, inner))), detail=3)]


def notation(c: OperationContext) -> list[Block]:
    """Return the table of notation: every symbol of the page once, then the signs."""
    rows: dict[tuple[Text, Node], list[Node]] = {}
    for symbol in c.printed:
        meaning = c.say(f"symbol.{symbol.name.partition('[')[0]}") or c.words(f"notation.{symbol.role.value}")
        rows.setdefault((meaning, c.shape(symbol)), []).append(c.names.symbol(symbol))
    found: list[tuple[Text, ...]] = [
        ((joined(letters, COMMA),), meaning, (size,)) for (meaning, size), letters in rows.items()
    ]
    products = [node for expr in c.expressions for node in nodes(expr) if isinstance(node, HadamardProduct)]
    if products:
        has_powers = any(len(set(node.args)) < len(node.args) for node in products)
        found.append(((HADAMARD,), c.words("notation.hadamard_powers" if has_powers else "notation.hadamard"), ()))
    found += operators(c)
    if any(isinstance(node, OneMatrix) for expr in c.expressions for node in nodes(expr)):
        found.append(((Id("1", "bold"),), c.words("notation.ones"), ()))
    head = tuple(c.words(f"head.{each}") for each in ("symbol", "meaning", "shape"))
    return [Heading(c.words("section.notation"), detail=3), Table(head, tuple(found), wraps=1, detail=3)]


def operators(c: OperationContext) -> list[tuple[Text, ...]]:
    """Return what the signs and the names of operators of errors stand for, as their operations say."""
    shown = [node for node in c.nodes if isinstance(node, Op) and node.about]
    trees = [sign_of(node) if node.sign is not None else operator_name(c.builder, node) for node in shown]
    return [((tree,), (node.about,), ()) for tree, node in dict(zip(trees, shown, strict=True)).items()]


def heading(c: OperationContext, key: str) -> Heading:
    """Return the title of a section with a word for it where room is little."""
    return Heading(c.words(f"section.{key}"), short=c.words(f"section.short.{key}"))


def texts(found: Iterable[Text]) -> Text:
    """Return sentences behind one another."""
    return tuple(span for at, text in enumerate(filter(None, found)) for span in ((" ", *text) if at else text))
