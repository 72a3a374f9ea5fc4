"""The forward pass of somebody's: the first value that differs, and the one equation that would make it differ so.

A hypothesis is an edit of one equation of the forward list. It counts if it reproduces their loss and the values that
were given; where nothing of their forward pass is known, if all their gradients are right for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, Integer, MatAdd, MatrixExpr, Rational, S

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import Equation, ForwardSystem, System, nodes
from symbp.errors import SymbpError
from symbp.judging.diagnosis.bench import Bench
from symbp.judging.diagnosis.nodes import UnbiasedNormalise, WrittenNormaliseJacobian
from symbp.judging.diagnosis.sites import words
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.normalisation import Normalise
from symbp.sample import Sample

LOSS_TOLERANCE = 1e-6
"""Relative difference up to which two losses are one: people add 1e-12 inside a logarithm."""

VALUE_TOLERANCE = 1e-7

MOST_EQUATIONS = 120
"""Longest forward list whose equations are doubted: each hypothesis is derived anew."""

MOST_TRIED = 60

FITTING = "; your gradients are right for it"

ZERO = 1e-9
"""Of the largest gradient, what may be rounding of a zero: the bias before BatchNorm says nothing."""

OTHERS = ("sigmoid", "tanh", "relu", "softplus", "elu", "leaky_relu", "gelu", "silu")
"""Activations tried in the place of another one."""

EPSILONS = (S.Zero, *(Rational(1, 10**power) for power in (3, 5, 6, 8, 12)))
"""What people add to a variance."""


@dataclass(frozen=True)
class Ahead:
    """An edit of the forward list: what it says, both versions, and the derivations it makes.

    ``derivations`` are the network derived anew, then our own backward list run on the values of this forward pass,
    each with what is to be said where their gradients are right for it.
    """

    sentence: str
    yours: Equation
    right: Equation
    derivations: tuple[tuple[Derivation, str], ...]


def first_departing(bench: Bench) -> tuple[str, float] | None:
    """Return the first forward value that was given and differs, with its relative error; None where none does."""
    import numpy as np

    for equation in tuple(bench.derivation.forward)[:-1]:
        name = equation.lhs.name
        worst = 0.0
        for number, sample in enumerate(bench.samples):
            if name not in sample.forward or name not in bench.variable:
                continue
            theirs, ours = sample.forward[name], bench.value(name, number)
            if np.shape(theirs) != np.shape(ours):
                continue
            size = float(np.linalg.norm(ours)) or 1.0
            error = float(np.linalg.norm(theirs - ours)) / size
            worst = max(worst, error if math.isfinite(error) else math.inf)
        if worst > _tolerance(bench.samples, name):
            return name, worst
    return None


def _tolerance(samples: Sequence[Sample], name: str) -> float:
    single = any(name in each.forward and each.forward[name].dtype.itemsize < 8 for each in samples)
    return 1e-4 if single else VALUE_TOLERANCE


def loss_ratios(bench: Bench) -> list[float] | None:
    """Return their loss by ours on every sample; None where none is given or all agree."""
    pairs = [(each.loss, bench.loss(number)) for number, each in enumerate(bench.samples)]
    found = [theirs / ours for theirs, ours in pairs if theirs is not None and ours]
    return found if any(abs(each - 1) > LOSS_TOLERANCE for each in found) else None


def doubted(bench: Bench, departs: str) -> list[str]:
    """Return the equations up to the one whose value departs, but those whose own value was given and agrees."""
    names = [each.lhs.name for each in bench.derivation.forward]
    before = names[: names.index(departs)]
    return [name for name in before if not all(name in each.forward for each in bench.samples)] + [departs]


def hypotheses(derivation: Derivation, doubted: Sequence[str] | None = None) -> Iterator[Ahead]:
    """Yield the edits of one forward equation, of those that are doubted where that is known."""
    if len(tuple(derivation.forward)) > MOST_EQUATIONS:
        return
    made = 0
    for equation in derivation.forward:
        if doubted is not None and equation.lhs.name not in doubted:
            continue
        for rhs, sentence in _written(equation):
            made += 1
            if made > MOST_TRIED:
                return
            try:
                yield _ahead(derivation, equation, rhs, sentence)
            except (SymbpError, ValueError):
                continue


def _ahead(derivation: Derivation, equation: Equation, rhs: MatrixExpr, sentence: str) -> Ahead:
    yours = replace(equation, rhs=rhs)
    changed = [yours if each.lhs == equation.lhs else each for each in derivation.forward]
    network = copy(derivation.network)
    network.forward = ForwardSystem(changed, given=derivation.forward.given)
    backward = reverse(network.forward, network.loss, derivation.wrt)
    anew = Derivation(network, network.forward, backward, derivation.wrt)
    as_ours = replace(derivation, network=network, forward=network.forward)
    found = [(anew, FITTING), (as_ours, FITTING)]
    if isinstance(rhs, UnbiasedNormalise):
        found.insert(1, (replace(anew, backward=_with_means(anew.backward)), "; the backward pass takes means over N"))
    return Ahead(sentence, yours, equation, tuple(found))


def _with_means(backward: System) -> System:
    """Return a backward list whose normalisations by N - 1 take the means of the biased variance's derivative."""
    means = {
        node: node.func(*node.args[:10], Integer(0), *node.args[11:])
        for each in backward
        for node in nodes(each.rhs)
        if isinstance(node, WrittenNormaliseJacobian)
    }
    return System([replace(each, rhs=each.rhs.xreplace(means)) for each in backward], backward.given)


def agrees(bench: Bench) -> bool:
    """Whether a forward pass gives their loss, up to a factor that is a convention, and all values that they gave."""
    ratios = loss_ratios(bench)
    constant = ratios is None or max(ratios) - min(ratios) <= LOSS_TOLERANCE * abs(max(ratios))
    return constant and first_departing(bench) is None


def is_near(derivation: Derivation, bench: Bench) -> bool:
    """Whether a forward pass gives the smallest of their gradients on one sample: the others need not be asked else."""
    import numpy as np

    sample = bench.samples[0]
    size = {each.name: float(np.max(np.abs(sample.given[each.name]), initial=0.0)) for each in derivation.wrt
            if each.name in sample.given}  # fmt: skip
    names = [name for name in size if size[name] > ZERO * max(size.values())]
    if not names:
        return False
    smallest = min(names, key=lambda name: np.size(sample.given[name]))
    theirs = np.atleast_2d(np.asarray(sample.given[smallest], dtype=float))
    ours = Bench(derivation, [sample]).value(f"d{smallest}")
    return theirs.shape == ours.shape and bool(np.allclose(theirs, ours, rtol=1e-3, atol=1e-6 * np.abs(theirs).max()))


def _written(equation: Equation) -> Iterator[tuple[MatrixExpr, str]]:
    """Yield what people compute in place of a forward equation, with a sentence."""
    name, node = equation.lhs.name, equation.rhs
    if isinstance(node, Elementwise) and len(node.args) == 2 and node.function.name != "identity":
        yield from _activations(name, node)
    elif isinstance(node, Normalise):
        yield from _normalisations(name, node)
    elif isinstance(node, MatAdd):
        for index, term in enumerate(node.args):
            rest = (*node.args[:index], *node.args[index + 1 :])
            yield (rest[0] if len(rest) == 1 else MatAdd(*rest)), f"{words(term)} is forgotten in {name}"


def _activations(name: str, node: Elementwise) -> Iterator[tuple[MatrixExpr, str]]:
    z = node.args[1]
    yield Elementwise(activation("identity"), z), f"the activation {node.function.name} is forgotten in {name}"
    for other in OTHERS:
        if other != node.function.name:
            yield Elementwise(activation(other), z), f"{other} in place of {node.function.name} in {name}"


def _normalisations(name: str, node: Normalise) -> Iterator[tuple[MatrixExpr, str]]:
    z, over, centred, epsilon = node.args
    if centred:
        yield UnbiasedNormalise(*node.args), f"{name} has the unbiased variance, divided by N - 1 in place of N"
        yield Normalise(z, over, 0, epsilon), f"the mean is not subtracted in {name}"
    for other in EPSILONS:
        if other != epsilon:
            yield (
                Normalise(z, over, centred, other),
                f"epsilon is {_number(other)} in {name}, not {_number(epsilon)}",
            )
    try:
        yield Normalise(z, 1 - over, centred, epsilon), f"{name} takes its statistics over the other axis"
    except SymbpError:
        return


def _number(value: Expr) -> str:
    return f"{float(value):g}"


def as_note(name: str, error: float, equals: str = "") -> str:
    """Say which forward value departs first."""
    return f"your forward pass departs at {name}: it differs by {error:.2g} of its size{equals}"


def equal_to(bench: Bench, name: str) -> str:
    """Say which other matrix of the forward pass theirs is, where it is one: Z1 where A1 should be."""
    import numpy as np

    theirs = bench.samples[0].forward[name]
    for equation in bench.derivation.forward:
        other = equation.lhs.name
        ours: Any = bench.values[0].get(bench.variable.get(other, ""))
        if other != name and getattr(ours, "shape", None) == theirs.shape and np.allclose(ours, theirs, rtol=1e-9):
            return f"; it equals our {other}"
    return ""
