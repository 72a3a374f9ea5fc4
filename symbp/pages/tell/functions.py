"""What the functions of a page are: activations with their slopes, operations entry by entry, losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sympy import Expr, Function, Integral, Symbol, erf, sign

from symbp.maths.build import primed
from symbp.maths.scalars import Scalars, call
from symbp.maths.tree import EQUALS, Node, row
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.functions import activation
from symbp.ops.losses import EntrywiseLoss
from symbp.ops.scalar import log_sigmoid, relu, sigmoid, signum, softplus, step
from symbp.pages.page import Block, Equations, Heading, Para
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context
from symbp.pages.tell.formulas import (
    INNER,
    INNER_SLOPE,
    cases,
    defined,
    gathered,
    inner_of,
    is_short,
    value_at,
    with_letter,
)
from symbp.pages.tell.letters import Letters, equal_to, number_line
from symbp.pages.tell.losses import losses
from symbp.pages.tell.operations import operations

HELPERS: Mapping[type[Function], str] = {
    sigmoid: "sigmoid", log_sigmoid: "sigmoid", softplus: "softplus", relu: "relu", erf: "erf",
}  # fmt: skip
"""Functions that a formula may use, by the row of the table of activations that defines them."""

BY_VALUE = ("tanh", "sigmoid")
"""Functions whose slope everybody knows as one of the value: tanh′ = 1 − tanh²."""


def functions(c: Context) -> list[Block]:
    """Return the section: the functions and operators that the page uses, each defined once."""
    blocks: list[Block] = []
    for each in (*scalars(c), *operations(c), *losses(c), *signs(c)):
        before = blocks[-1] if blocks else None
        if isinstance(before, Para) and isinstance(each, Para) and _ends(before) and _ends(each):
            blocks[-1] = replace(before, text=(*before.text, " ", *each.text))
        else:
            blocks.append(each)
    return [Heading(c.words("section.functions")), *blocks] if blocks else []


def _ends(para: Para) -> bool:
    """Whether a paragraph is sentences alone: one that ends with a colon leads to lines."""
    last = para.text[-1]
    return not para.title and isinstance(last, str) and last.endswith(".")


@dataclass(frozen=True)
class Definition:
    """A scalar function as it is defined: ``value`` and the slopes that the page uses, in letters of its own.

    ``where`` are inner functions that have a letter; ``numbers`` are the parameters with what stands for them;
    ``kinks`` are the points where the slope jumps, and what it is there. ``is_known`` where one line says it all.
    """

    name: Node
    arguments: tuple[Symbol, ...]
    value: Expr
    slopes: tuple[tuple[Node, Expr], ...] = ()
    by_value: Expr | None = None
    where: tuple[tuple[Symbol, Expr], ...] = ()
    numbers: tuple[tuple[Symbol, Expr], ...] = ()
    kinks: tuple[tuple[Expr, Expr], ...] = ()
    is_known: bool = False


def scalars(c: Context) -> list[Block]:
    """Return the activations and what else is applied entry by entry, all that their formulas use before them."""
    found = [definition(c, each) for each in in_order(c)]
    lines = [line for each in found for line in definition_lines(c, each)]
    blocks: list[Block] = [Equations(tuple(lines))] if lines else []
    kinks = [value for each in found for value in kink_values(c, each)]
    if kinks:
        blocks.append(Para(c.words("functions.kink", values=c.words.listed(kinks))))
    return blocks


def applied(c: Context) -> list[ScalarFunction]:
    """Return the functions that the page applies entry by entry and calls by name."""
    used = (each.function for each in c.nodes if isinstance(each, Elementwise))
    return [each for each in dict.fromkeys(used) if not isinstance(each, GenericFunction | Formula)]


def in_order(c: Context) -> list[ScalarFunction]:
    """Return all functions to define, each behind those that its formula uses."""
    own = {each.name: each for each in applied(c)}
    found: dict[str, ScalarFunction] = {}
    ordered: list[ScalarFunction] = []

    def take(function: ScalarFunction) -> None:
        if function not in ordered:
            for name in helpers(formulas(function)):
                if name != function.name and name not in found:
                    take(own.get(name) or activation(name))
            found[function.name] = function
            ordered.append(function)

    for name in helpers(inline_formulas(c)):
        take(own.get(name) or activation(name))
    for function in applied(c):
        take(function)
    return ordered


def formulas(function: ScalarFunction) -> list[Expr]:
    """Return what the definition of a function prints."""
    through = [] if function.slope_by_output is None else [function.slope_by_output]
    return [defined(function), *function.slopes, *through]


def inline_formulas(c: Context) -> list[Expr]:
    """Return the formulas that the page prints in its lines, and those of losses."""
    shown = [each.function for each in c.nodes if isinstance(each, Elementwise | Slope | EntrywiseLoss)]
    written = [each for each in shown if not isinstance(each, GenericFunction)]
    printed = [each for each in written if isinstance(each, Formula) or len(each.variables) > 1]
    return [expr for each in dict.fromkeys(printed) for expr in (each.expr, *each.slopes)]


def helpers(exprs: Iterable[Expr]) -> list[str]:
    """Return the rows of the table that formulas use functions of."""
    kinds = [type(each) for expr in exprs for each in expr.atoms(Function)]
    return [HELPERS[kind] for kind in HELPERS if kind in kinds]


def definition(c: Context, function: ScalarFunction) -> Definition:
    """Return what a function is, and its slope where the page has it."""
    name = c.builder.function(function)
    used = any(isinstance(each, Slope) and each.function == function for each in c.nodes)
    value, slope = defined(function), cases(function.slopes[0])
    (x,) = function.variables
    inner = inner_of(value, slope, x)
    where: tuple[tuple[Symbol, Expr], ...] = ()
    if inner is not None:
        value, slope, where = with_letter(value, slope, inner, x)
    by_value = function.slope_by_output
    return Definition(
        name,
        (x,),
        value,
        ((primed(name), gathered(slope)),) if used else (),
        by_value if used and by_value is not None and is_short(by_value) else None,
        where if used else where[:1],
        tuple(pair for pair in function.parameters if function.expr.has(pair[0])),
        tuple((kink, value_at(function, kink)) for kink in function.kinks) if used else (),
        function.name in BY_VALUE,
    )


def definition_lines(c: Context, of: Definition) -> Iterator[PageLine]:
    """Yield f(z) = … and f′(z) = … with their letters; what is known as one of its value stands in one line."""
    names = letters_of(c, of)
    w = Scalars(names)
    given = [names[each] for each in of.arguments]
    value = row(call(of.name, *given), EQUALS, w.tree(of.value))
    says_nothing = w.tree(of.value) == call(of.name, *given)
    where = [row(names[symbol], EQUALS, w.tree(expr)) for symbol, expr in of.where]
    if of.by_value is not None and of.is_known:
        through = Scalars({OUTPUT: of.name}).tree(of.by_value)
        yield PageLine((value, row(primed(of.name), EQUALS, through)))
        return
    numbers = [number_line(names[symbol], number) for symbol, number in of.numbers]
    if not says_nothing:
        yield PageLine((value, *where[:1], *(numbers if len(numbers) == 1 else ())))
    if len(numbers) > 1:
        yield PageLine(tuple(numbers))
    for at, (name, slope) in enumerate(of.slopes):
        tree = row(call(name, *given), EQUALS, w.tree(slope))
        if of.by_value is not None and at == 0:
            tree = row(tree, EQUALS, Scalars({**names, OUTPUT: call(of.name, *given)}).tree(of.by_value))
        yield PageLine((tree, *(where[1:] if at == 0 else ())))


def letters_of(c: Context, of: Definition) -> dict[Symbol, Node]:
    """Return what stands for the symbols of a definition."""
    letters = Letters(c.taken)
    letters.parameters(of.numbers, c.parameters)
    bound = [symbol for each in of.value.atoms(Integral) for symbol in each.variables]
    names = letters.choose([*of.arguments, *dict(of.where[:1]), *bound])
    return {**names, INNER_SLOPE: primed(names[INNER])} if of.where else names


def kink_values(c: Context, of: Definition) -> list[Node]:
    """Return f′(0) = 0 for every kink."""
    w, numbers = Scalars(letters_of(c, of)), dict(of.numbers)
    plain = [(point, value.xreplace(numbers)) for point, value in of.kinks]
    return [row(call(primed(of.name), w.tree(point)), *equal_to(value)) for point, value in plain]


SIGNS: Mapping[str, tuple[type[Function], ...]] = {"indicator": (step,), "sign": (signum, sign)}
"""The key of a sentence for signs that a formula may have."""


def signs(c: Context) -> list[Block]:
    """Return what 1[…] and sign are, where a formula has them."""
    named = [cases(expr) for each in in_order(c) for expr in formulas(each)[:2]]
    shown = [*named, *map(cases, inline_formulas(c))]
    found = [key for key, kinds in SIGNS.items() if any(each.has(*kinds) for each in shown)]
    return [Para(c.words(f"functions.{key}")) for key in found]
