"""All gradients: a product a row where every factor is a letter, else the line of each parameter."""

from __future__ import annotations

from symbp.calculus.factor import Acts, Factor, is_ones, without_repeats
from symbp.maths.factors import Factors
from symbp.maths.tree import Node, row
from symbp.pages.page import Block, Heading, Para, Ref, Table, Text
from symbp.pages.tell.context import Context, Spelled
from symbp.pages.tell.result import is_short, shortened
from symbp.roles import Role
from symbp.symbols import Variable
from symbp.views.product import is_flat

MOST_ROWS = 8
"""Longest staircase written out; of a longer one the first and the last rows."""


def gradients(c: Context) -> list[Block]:
    """Return the section: a row a parameter, unless all of them are lines of the result."""
    heading = Heading(c.words("section.gradients"))
    if not is_short(c):
        kernels = [Para(c.words("gradients.kernels"))] if c.names.kernels else []
        return [heading, Para(c.words("gradients.rows"), detail=3), *kernels, rows(c)]
    stairs = staircase(c)
    if stairs is None:
        return []
    said = Para(c.words("gradients.stairs"), detail=3)
    return [heading, said, stairs, Para((*_left_out(c, stairs), *_closing(c)))]


def _left_out(c: Context, stairs: Table) -> Text:
    """Return how many of the rows are shown; nothing where all are."""
    count = sum(equation.lhs.of.role is Role.WEIGHT for equation in c.reading.gradients)
    if count == len(stairs.rows):
        return ()
    return (*c.words("gradients.shown", number=count, shown=c.words.number(len(stairs.rows))), " ")


def _closing(c: Context) -> Text:
    bias = next((each for each in c.gradients if each.equation.lhs.of.role is Role.BIAS), None)
    return c.words("gradients.bias", ref=Ref(bias.label)) if bias is not None else c.words("gradients.small")


def staircase(c: Context) -> Table | None:
    """Return one product a weight, from the loss down; None where a factor is more than a letter."""
    if not c.reading.is_product or c.notation.form == "entries":
        return None
    weights = [equation.lhs.of for equation in c.reading.gradients if equation.lhs.of.role is Role.WEIGHT]
    products = [c.products[each] for each in weights]
    if len(weights) < 2 or any(len(each) != 1 for each in products):
        return None
    if not is_flat(without_repeats(each for (each,) in products)):
        return None
    shown = weights if len(weights) <= MOST_ROWS else [*weights[:2], *weights[-2:]]
    if c.show is not None:
        shown = [each for each in weights if each.layer in c.show]
    head = tuple(c.words(f"head.{each}") for each in ("gradient", "derivatives", "loss", "input", "shape"))
    return Table(head, tuple(_stair(c, each) for each in shown), align="lrlll")


def _stair(c: Context, weight: Variable) -> tuple[Text, ...]:
    writer = Factors(c.builder)
    ((source, *others),) = c.products[weight]
    left = [each for each in others if each.acts is not Acts.RIGHT]
    right = [each for each in others if each.acts is Acts.RIGHT and not is_ones(each)]
    return (
        (c.names.derivative(c.reading.spelled(weight)),),
        (_middle(c, writer, left),),
        (writer.product([c.alone(source)]),),
        (writer.product(map(c.alone, right)),),
        (c.shape(weight),),
    )


def _middle(c: Context, writer: Factors, factors: list[Factor]) -> Node:
    if not factors:
        return row()
    return shortened(c, writer, factors) if c.any_number is None else shortened(c, writer, factors, (2, 3))


def rows(c: Context) -> Table:
    """Return one row a parameter, what repeats once: its gradient, its shape, the line of its error.

    What is added where a weight multiplies (a bias, a shift) stands in the row of that weight.
    """
    head = tuple(c.words(f"head.{each}") for each in ("gradient", "shape", "bias", "error"))
    found = []
    for pair in _with_shifts(c):
        first, *shift = pair
        of = first.equation.lhs.of
        added: Text = (c.equation(shift[0]),) if shift else ()
        found.append(((c.equation(first),), (c.shape(of),), added, c.errors_in(first.equation)))
    return Table(head, tuple(found))


def _with_shifts(c: Context) -> list[tuple[Spelled, ...]]:
    """Return the gradients, each shift behind the first that undoes the same line."""
    found: list[tuple[Spelled, ...]] = []
    for spelled in c.gradients:
        at = next((at for at, row_ in enumerate(found) if _takes(c, row_, spelled)), None)
        if at is None:
            found.append((spelled,))
        else:
            found[at] = (*found[at], spelled)
    return found


def _takes(c: Context, before: tuple[Spelled, ...], spelled: Spelled) -> bool:
    """Whether a shift is added to what the gradient before it belongs to."""
    if spelled.equation.lhs.of.role not in SHIFTS or len(before) > 1:
        return False
    return before[0].line.indices == spelled.line.indices and c.undone(before[0]) == c.undone(spelled)


SHIFTS = (Role.BIAS, Role.SHIFT)
"""What is added behind a weight or a scale."""
