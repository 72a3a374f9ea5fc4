"""Gradients that a network computes itself, and Hessians: what they are, in sentences."""

from __future__ import annotations

from sympy import diff

from symbp.calculus.hessian import hessian
from symbp.equations import symbols_in
from symbp.maths.tree import EQUALS, PRIME, Node, Num, Script, row
from symbp.networks.expressions import tidy
from symbp.ops.elementwise import Elementwise, Formula, GenericFunction
from symbp.pages.page import Text
from symbp.pages.tell.context import Context
from symbp.symbols import Variable


def _flat(c: Context) -> list[Node]:
    """Return the names of the functions whose slope jumps and is constant elsewhere, as that of ReLU."""
    applied = (each.rhs.function for each in c.reading.derivation.forward if isinstance(each.rhs, Elementwise))
    named = (each for each in dict.fromkeys(applied) if not isinstance(each, Formula | GenericFunction) and each.kinks)
    return [c.builder.function(each) for each in named if not tidy(diff(each.slopes[0], each.variables[0]))]


def second(c: Context) -> list[Text]:
    """Return which gradients the network itself computes, and that its own gradient is a Hessian times a direction."""
    network = c.reading.derivation.network

    def tree(symbol: Variable) -> Node:
        return c.names.symbol(c.reading.spelled(c.reading.by_name[symbol.name]))

    found = [
        c.words("opening.inner", g=tree(each.gradient), of=tree(each.of), by=tree(each.by)) for each in network.inner
    ]
    flat = [(row(Script(each, None, row(PRIME, PRIME)), EQUALS, Num("0")),) for each in _flat(c)] if found else []
    if flat:
        found.append(c.words("opening.flat", values=c.words.listed(flat)))
    if network.curved is not None:
        by, direction = map(tree, network.curved)
        found.append(c.words("opening.hessian", of=tree(network.inner[-1].of), by=by, direction=direction))
        derivation = c.reading.derivation
        of_by = derivation.gradients.get(network.curved[0].name)
        matrix = None if of_by is None else hessian(of_by.terms, network.curved[1])
        if matrix is not None:
            page = {each: c.reading.spelled(c.reading.by_name[each.name]) for each in symbols_in(matrix)}
            found.append(c.words("opening.hessian_matrix", matrix=c.tree(matrix.xreplace(page))))
    return found
