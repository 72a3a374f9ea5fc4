"""What the functions of a page are: activations with their slopes, operations entry by entry, losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sympy import Add, Expr, Function, Integer, Mul, Piecewise, Symbol, sign

from symbp.maths.build import primed, slope_name
from symbp.maths.scalars import Scalars, call
from symbp.maths.tree import EQUALS, MINUS, Id, Node, Num, row
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula, GenericFunction, ScalarFunction, Slope
from symbp.ops.entries import DEFINITIONS, Total
from symbp.ops.functions import activation
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import EntrywiseLoss, LinkedLoss, Loss
from symbp.ops.scalar import Primitive, log_sigmoid, relu, sigmoid, signum, softplus, step
from symbp.pages.page import Block, Equations, Heading, Para, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context
from symbp.pages.tell.letters import Letters, number_line
from symbp.pages.tell.operations import operations
from symbp.roles import Role

HELPERS: Mapping[type[Function], str] = {
    sigmoid: "sigmoid", log_sigmoid: "sigmoid", softplus: "softplus", relu: "relu",
}  # fmt: skip
"""Functions that a formula may use, by the row of the table of activations that defines them."""

BY_VALUE = ("tanh", "sigmoid")
"""Functions whose slope everybody knows as one of the value: tanh′ = 1 − tanh²."""


def functions(c: Context) -> list[Block]:
    """Return the section: the functions and operators that the page uses, each defined once."""
    blocks = [*scalars(c), *operations(c), *losses(c), *signs(c)]
    return [Heading(c.words("section.functions")), *blocks] if blocks else []


@dataclass(frozen=True)
class Definition:
    """A scalar function as it is defined: ``value`` and the slopes that the page uses, in letters of its own.

    ``where`` are inner functions that have a letter; ``numbers`` are the parameters with what stands for them; ``kinks``
    are the points where the slope jumps, and what it is there.
    """

    name: Node
    arguments: tuple[Symbol, ...]
    value: Expr
    slopes: tuple[tuple[Node, Expr], ...] = ()
    by_value: Expr | None = None
    where: tuple[tuple[Symbol, Expr], ...] = ()
    numbers: tuple[tuple[Symbol, Expr], ...] = ()
    kinks: tuple[tuple[Expr, Expr], ...] = ()


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
    return [_defined(function), *function.slopes, *through]


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
    value, slope = _defined(function), cases(function.slopes[0])
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
    )


def _defined(function: ScalarFunction) -> Expr:
    """Return the formula of a function that does not just repeat its name."""
    expr = function.expr
    if type(expr) in DEFINITIONS and expr.args == function.variables:
        return DEFINITIONS[type(expr)](*expr.args)
    is_own = isinstance(expr, Primitive) and ACTIVATIONS.get(function.name) is not None and not isinstance(expr, log_sigmoid)
    return expr.definition() if is_own else expr


def is_short(by_value: Expr) -> bool:
    """Whether a slope through the value says more than the slope itself: no cases, and not constant."""
    return bool(by_value.free_symbols) and not by_value.has(Piecewise, step)


def cases(expr: Expr) -> Expr:
    """Return a formula with its one step function as two cases."""
    steps = list(expr.atoms(step))
    if len(steps) != 1:
        return expr
    (only,) = steps
    above, below = (expr.xreplace({only: Integer(value)}) for value in (1, 0))
    return Piecewise((above, only.args[0] > 0), (below, True))


def inner_of(value: Expr, slope: Expr, x: Symbol) -> Expr | None:
    """Return the argument of a function in a formula that its slope repeats: q of GELU in its tanh form."""
    compound = [
        argument
        for part in value.atoms(Function)
        for argument in part.args
        if isinstance(argument, Expr) and argument.diff(x).has(x) and slope.has(argument)
    ]
    return max(compound, key=lambda each: each.count_ops(), default=None)


INNER, INNER_SLOPE = Symbol("q", real=True), Symbol("q_prime", real=True)
"""The letter of an inner function and of its slope."""


def with_letter(value: Expr, slope: Expr, inner: Expr, x: Symbol) -> tuple[Expr, Expr, tuple[tuple[Symbol, Expr], ...]]:
    """Return a formula and its slope with a letter for an inner function and for that one's slope."""
    rate = inner.diff(x)
    terms = [_divided(term, rate) for term in Add.make_args(slope)]
    return value.xreplace({inner: INNER}), Add(*terms).xreplace({inner: INNER}), ((INNER, inner), (INNER_SLOPE, rate))


def gathered(expr: Expr) -> Expr:
    """Return a sum with a number and the same number of something together: ½(1 + tanh q)."""
    terms = list(Add.make_args(expr))
    share = next((each for each in terms if each.is_Rational and each.q > 1), None)
    other = next((each for each in terms if share is not None and each.as_coeff_Mul()[0] == share != each), None)
    if share is None or other is None:
        return expr
    rest = [each for each in terms if each not in (share, other)]
    return Add(Mul(share, 1 + other / share, evaluate=False), *rest, evaluate=False)


def _divided(term: Expr, rate: Expr) -> Expr:
    """Return a term with a letter for a factor of it."""
    needed = [each for each in Mul.make_args(rate) if each.free_symbols]
    factors = Mul.make_args(term)
    return term / rate * INNER_SLOPE if needed and all(each in factors for each in needed) else term


def definition_lines(c: Context, of: Definition) -> Iterator[PageLine]:
    """Yield f(z) = … and f′(z) = … with their letters; what is known as one of its value stands in one line."""
    names = letters_of(c, of)
    w = Scalars(names)
    given = [names[each] for each in of.arguments]
    value = row(call(of.name, *given), EQUALS, w.tree(of.value))
    where = [row(names[symbol], EQUALS, w.tree(expr)) for symbol, expr in of.where]
    if of.by_value is not None and isinstance(of.name, Id) and of.name.name in ("tanh", "σ"):
        through = Scalars({OUTPUT: of.name}).tree(of.by_value)
        yield PageLine((value, row(primed(of.name), EQUALS, through)))
        return
    yield PageLine((value, *where[:1], *(number_line(names[symbol], number) for symbol, number in of.numbers)))
    for at, (name, slope) in enumerate(of.slopes):
        tree = row(call(name, *given), EQUALS, w.tree(slope))
        if of.by_value is not None and at == 0:
            tree = row(tree, EQUALS, Scalars({**names, OUTPUT: call(of.name, *given)}).tree(of.by_value))
        yield PageLine((tree, *(where[1:] if at == 0 else ())))


def letters_of(c: Context, of: Definition) -> dict[Symbol, Node]:
    """Return what stands for the symbols of a definition."""
    names = Letters(c.taken).choose([*of.arguments, *dict(of.numbers), *dict(of.where[:1])])
    return {**names, INNER_SLOPE: primed(names[INNER])} if of.where else names


def kink_values(c: Context, of: Definition) -> list[Node]:
    """Return f′(0) = 0 for every kink."""
    w = Scalars(letters_of(c, of))
    return [row(call(primed(of.name), w.tree(point)), EQUALS, w.tree(value)) for point, value in of.kinks]


def value_at(function: ScalarFunction, point: Expr) -> Expr:
    """Return the slope at a point."""
    plain = function.slopes[0].replace(lambda part: isinstance(part, Primitive), lambda part: part.definition())
    return plain.subs(function.variables[0], point)


SIGNS: Mapping[str, tuple[type[Function], ...]] = {"indicator": (step,), "sign": (signum, sign)}
"""The key of a sentence for signs that a formula may have."""


def signs(c: Context) -> list[Block]:
    """Return what 1[…] and sign are, where a formula has them."""
    named = [cases(expr) for each in in_order(c) for expr in formulas(each)[:2]]
    shown = [*named, *map(cases, inline_formulas(c))]
    found = [key for key, kinds in SIGNS.items() if any(each.has(*kinds) for each in shown)]
    return [Para(c.words(f"functions.{key}")) for key in found]


def losses(c: Context) -> list[Block]:
    """Return ℓ and its slopes for every loss, what the targets must be, what PyTorch calls it; how a loss and its link collapse."""
    nodes = [each for each in dict.fromkeys(c.nodes) if isinstance(each, Loss)]
    blocks: list[Block] = []
    for node in nodes:
        if isinstance(node, LinkedLoss):
            blocks.append(Para(collapse(c, node)))
        elif isinstance(node, EntrywiseLoss) and node.name != "mse":
            blocks.append(Equations(tuple(loss_lines(c, node.function))))
            blocks += [Para(text) for text in [loss_notes(c, node)] if text]
        if torch(c, node):
            blocks.append(Para(torch(c, node)))
    return blocks


def loss_lines(c: Context, function: ScalarFunction) -> Iterator[PageLine]:
    """Yield ℓ(a, y) = … and the slopes that the page has."""
    letters = Letters(c.taken)
    a, y = function.variables
    numbers = [pair for pair in function.parameters if function.expr.has(pair[0])]
    chosen = {a: Symbol("p", real=True), y: Symbol("t", real=True)} if {"a", "y"} & c.taken else {}
    names = letters.choose([chosen.get(a, a), chosen.get(y, y), *(symbol for symbol, _ in numbers)])
    names = {**names, **{each: names[other] for each, other in chosen.items()}}
    w, name = Scalars(names), c.builder.function(function)
    value = row(call(name, names[a], names[y]), EQUALS, w.tree(function.expr))
    yield PageLine((value, *(number_line(names[symbol], number) for symbol, number in numbers)))
    for printed, slope in loss_slopes(c, function):
        yield PageLine((row(call(printed, names[a], names[y]), EQUALS, w.tree(cases(slope))),))


def loss_slopes(c: Context, function: ScalarFunction) -> list[tuple[Node, Expr]]:
    """Return the slopes that the page has, by their printed names."""
    name = c.builder.function(function)
    used = [each for each in c.nodes if isinstance(each, Slope) and each.function == function]
    used.sort(key=lambda each: each.index)
    return list({slope_name(name, each): function.slopes[each.index] for each in used}.items())


def loss_notes(c: Context, node: EntrywiseLoss) -> Text:
    """Return where the slope of a loss jumps, and what its targets must be."""
    found: list[Text] = []
    if node.function.kinks and loss_slopes(c, node.function):
        found.append(c.words("functions.loss_kink"))
    is_target = getattr(node.args[2], "role", None) is Role.TARGET
    if is_target and c.words.has(f"targets.{node.targets}") and node.name in LOSSES:
        found.append(c.words(f"targets.{node.targets}"))
    return tuple(span for at, text in enumerate(found) for span in ((" ", *text) if at else text))


def torch(c: Context, node: Loss) -> Text:
    """Return what PyTorch calls a loss, and by what its value differs."""
    key = f"torch.{node.name}"
    return c.words(key, rows=c.rows(node.args[1])) if c.words.has(key) else ()


def collapse(c: Context, node: LinkedLoss) -> Text:
    """Return how a loss and its link become prediction minus target."""
    z, p, y = node.args
    at = c.places[:1] if p.shape[1] == 1 else c.places
    i, zi, yi = Symbol(at[0], integer=True), Symbol("z", real=True), Symbol("y", real=True)
    names = {zi: c.names.entry(z, *at), yi: c.names.entry(y, *at)}
    w = Scalars(names)
    fields = {
        "loss": w.tree(node.by_logits(zi, yi, i)),
        "z": names[zi],
        "result": row(c.names.entry(p, *at), MINUS, names[yi]),
        "sum": row(w.tree(Total(yi, i)), EQUALS, Num("1")),
    }
    columns = "_columns" if len(at) > 1 and node.name == "cross_entropy" else ""
    return c.words(f"collapse.{node.name}{columns}", **fields)
