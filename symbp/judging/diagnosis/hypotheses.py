"""Hypotheses: an edit of one equation, or of the same equation in every step or every summand, ready to be executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from sympy import Basic, Expr, MatrixExpr, OneMatrix, Rational

from symbp.equations import Equation
from symbp.judging.diagnosis.bench import FREE
from symbp.judging.diagnosis.edits import EDITS, OPEN
from symbp.judging.diagnosis.operations import OPERATION_EDITS
from symbp.judging.diagnosis.sites import Site, Surroundings, error_in, is_sum, rebuilt, sites, where
from symbp.ops.elementwise import ScalarFunction
from symbp.symbols import Adjoint, Role, Variable

TABLE = (*EDITS, *OPERATION_EDITS)

FITTED = 2.0
"""What an open number costs: a named one is the simpler explanation."""

SWEEPING = 0.3
"""What the same edit of several places costs: it is one line of somebody's loop."""


@dataclass(frozen=True)
class Hypothesis:
    """Right sides by the name of their equation, with the kind and the sentence of the edit that led to them.

    ``mark`` says where and how it was proposed, ``is_open`` that a number in it is still to be fitted.
    """

    kind: str
    sentence: str
    cost: float
    edits: tuple[tuple[str, MatrixExpr], ...]
    mark: tuple[object, ...] = ()
    is_open: bool = False

    @property
    def equation(self) -> str:
        """The first equation it edits."""
        return self.edits[0][0]

    def fitted(self, value: float, slack: float) -> Hypothesis:
        """Return it with a number in the place of the open one, the simple fraction where it is one to ``slack``."""
        number = nice(value, slack)
        said = str(number) if number.q <= LARGEST_DENOMINATOR else f"{value:.6g}"
        edits = tuple((name, rhs.xreplace({FREE: number})) for name, rhs in self.edits)
        return replace(self, sentence=self.sentence.replace(str(FREE), said), edits=edits, is_open=False)


LARGEST_DENOMINATOR = 10_000


def nice(value: float, slack: float) -> Rational:
    """Return the simple fraction a float stands for, else the float exactly."""
    largest = min(LARGEST_DENOMINATOR, int(slack**-0.5))  # Any number is near a fraction with a large denominator.
    near = Fraction(value).limit_denominator(largest)
    exact = near if abs(value - near) <= slack * abs(value) else Fraction(value)
    return Rational(exact.numerator, exact.denominator)


def proposed(equation: Equation, place: Surroundings) -> list[Hypothesis]:
    """Return what the table proposes for one equation, and for all summands of it alike."""
    found = [each for site in sites(equation, place) for each in _at(site)]
    return [*found, *_swept(equation, found)]


def _at(site: Site) -> Iterator[Hypothesis]:
    for row in TABLE:
        for proposal in row.propose(site):
            rhs = site.put(proposal.node)
            is_open = row.propose in OPEN and proposal.node.has(FREE)
            cost = row.cost + FITTED * is_open
            mark = (row.propose.__name__, site.path, proposal)
            yield Hypothesis(proposal.kind or row.kind, proposal.sentence, cost, ((site.name, rhs),), mark, is_open)


def _swept(equation: Equation, found: Iterable[Hypothesis]) -> Iterator[Hypothesis]:
    """Yield the edits that can be made in every summand alike, as one line of a loop over steps makes them."""
    if not is_sum(equation.rhs):
        return
    terms = equation.rhs.args
    keyed: dict[tuple[object, ...], dict[int, Hypothesis]] = {}
    for each in found:
        name, path, proposal = each.mark
        assert isinstance(path, tuple)
        if path:
            at = where(error_in(terms[path[0]]) or equation.lhs)
            keyed.setdefault((name, path[1:], generic(proposal.node, at)), {}).setdefault(path[0], each)  # type: ignore[attr-defined]
    for group in keyed.values():
        if len(group) == len(terms) > 1:
            parts = tuple(group[index].edits[0][1].args[index] for index in range(len(terms)))
            first = group[0]
            said = f"{first.sentence}, and so in every term"
            yield replace(
                first, cost=first.cost + SWEEPING, edits=((equation.name, rebuilt(equation.rhs, parts)),), sentence=said
            )


def in_every_step(families: Iterable[tuple[Equation, list[Hypothesis]]]) -> Iterator[Hypothesis]:
    """Yield the edits that can be made in the equations of all steps alike, given what is proposed for each."""
    keyed: dict[tuple[object, ...], dict[str, Hypothesis]] = {}
    names = []
    for equation, found in families:
        names.append(equation.name)
        for each in found:
            key = (each.kind, _key(equation, each))
            keyed.setdefault(key, {}).setdefault(equation.name, each)
    for group in keyed.values():
        if len(group) > 1 and len(group) >= len(names) - 1:
            first = next(iter(group.values()))
            edits = tuple((name, each.edits[0][1]) for name, each in group.items())
            said = f"{first.sentence}, and so in every step"
            yield replace(first, cost=first.cost + SWEEPING, edits=edits, sentence=said)


def _key(equation: Equation, each: Hypothesis) -> tuple[object, ...]:
    return (each.mark[0], generic(each.edits[0][1], where(equation.lhs)))


def family(equation: Equation) -> tuple[str, str] | None:
    """Return what the equations of all steps of a sequence share; None outside one."""
    of = equation.lhs.of if isinstance(equation.lhs, Adjoint) else None
    return (of.path, of.stem) if isinstance(of, Variable) and of.step is not None else None


def families(equations: Iterable[Equation]) -> dict[tuple[str, str], list[Equation]]:
    """Group the equations of a sequence by what they share."""
    stepped = [(key, each) for each in equations if (key := family(each)) is not None]
    stepped.sort(key=lambda pair: pair[0])
    return {key: [each for _, each in group] for key, group in groupby(stepped, key=lambda pair: pair[0])}


def generic(node: Basic, at: tuple[int, int]) -> object:
    """Return an expression with every matrix named by its letter and how far away it is: alike in every layer."""
    if isinstance(node, Adjoint | Variable):
        of = node.of if isinstance(node, Adjoint) else node
        layer, step = where(of)
        # What is the same in every step (a weight) is not named by a distance in steps.
        distance = step - at[1] if of.step is not None else None
        # The input is the activation of layer 0.
        stem = "A" if isinstance(node, Variable) and node.role is Role.INPUT and node.step is None else of.stem
        return (type(node).__name__, of.path, stem, layer - at[0], distance)
    if isinstance(node, OneMatrix):
        return "1"
    if isinstance(node, ScalarFunction) or (isinstance(node, Expr) and not isinstance(node, MatrixExpr)):
        return node
    return (type(node).__name__, *(generic(arg, at) for arg in node.args))
