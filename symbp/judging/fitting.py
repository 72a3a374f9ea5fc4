"""From the names of a function's arguments to what it is called with.

A plan is JSON data, ``["array", name]``, ``["dict", {…}]``, ``["list", […]]`` or ``["number", value]``, over the
arrays of a case; ``runner.built`` makes the arguments of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import SpecError, nearest
from symbp.judging.cases import Case
from symbp.judging.finding import Signature
from symbp.judging.layouts import Layout
from symbp.symbols import Role, Variable

Plan = dict[str, Any]

LABELS = "labels"
"""The name of the class labels among the arrays of a case."""

_SPLIT = re.compile(r"[^a-z0-9]+")


def plain_name(name: str) -> str:
    """Return a name without case and separators, so that ``X_train`` and ``xtrain`` are one."""
    return _SPLIT.sub("", name.lower())


PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)


def by_plain_name(known: Mapping[str, Variable]) -> dict[str, str]:
    """Return names by their plain spelling; where two share one, as a bias b1 and BatchNorm's B1, the parameter's."""
    ordered = sorted(known, key=lambda name: known[name].role in PARAMETERS)
    return {plain_name(name): name for name in ordered}


@dataclass(frozen=True)
class Slots:
    """What a network has to give, by kind."""

    derivation: Derivation
    labels: bool

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """The parameters in the order of the forward list."""
        return self.derivation.network.parameters

    def of_role(self, role: Role) -> list[Any]:
        """Return the parameters of a role as a list."""
        return ["list", [["array", each.name] for each in self.parameters if each.role is role]]

    def all_parameters(self) -> list[Any]:
        """Return all parameters by name."""
        return ["dict", {each.name: ["array", each.name] for each in self.parameters}]

    def weights(self) -> list[Any]:
        """Return what an argument called weights takes: all parameters, by name."""
        return self.all_parameters()

    def inputs(self) -> list[Any]:
        """Return the input, or all of them by name."""
        names = [each.name for each in self.derivation.network.inputs]
        return ["array", names[0]] if len(names) == 1 else ["dict", {name: ["array", name] for name in names}]

    def targets(self) -> list[Any]:
        """Return the targets, or the class labels in their place."""
        found = self.derivation.network.y
        if found is None:
            return ["number", None]
        return ["array", LABELS if self.labels else found.name]

    def output(self) -> list[Any]:
        """Return what the network predicts."""
        return ["array", self.derivation.network.output.name]

    def cache(self) -> list[Any]:
        """Return every matrix of the forward list by the names people use for it."""
        network = self.derivation.network
        names = {name: name for name in network.by_name if name != network.loss.name}
        if len(network.inputs) == 1:
            names |= {"A0": network.x.name, "a0": network.x.name, network.x.name.lower(): network.x.name}
        names |= {"AL": network.output.name, "Y_hat": network.output.name}
        names = {name.lower(): own for name, own in names.items() if name[:1] in "ZAH"} | names
        return ["dict", {name: ["array", own] for name, own in names.items()}]


Give = Callable[[Slots], list[Any]]

_WORDS: tuple[tuple[Give, str], ...] = (
    (Slots.all_parameters, "parameters params param parameter theta model network net layers weightsandbiases wb"),
    (Slots.weights, "weights w"),
    (
        Slots.cache,
        "cache caches forwardcache intermediates activations memory ctx context saved values forward tape store fwd",
    ),
    (
        Slots.inputs,
        "x inputs input data features xtrain xbatch batchx xs inp examples a0",
    ),
    (
        Slots.targets,
        "y targets target labels label t ytrue onehoty onehot ytrain ybatch batchy ys truth groundtruth yonehot d",
    ),
    (Slots.output, "al yhat ypred predictions prediction pred output outputs out probs probabilities p o"),
)

WORDS: Mapping[str, Give] = {word: give for give, words in _WORDS for word in words.split()}
"""What an argument of a name takes, in ``plain_name`` spelling."""

COUNTS = frozenset({"m", "batchsize", "nexamples", "numexamples", "nsamples", "numsamples", "n", "nex"})
"""Names of the number of examples."""

RATES = frozenset({"learningrate", "lr", "alpha", "eta", "rate", "stepsize"})


def plan_of(signature: Signature, derivation: Derivation, *, labels: bool) -> Plan:
    """Return how a function is called.

    Raises:
        SpecError: an argument without a default whose name says nothing.
    """
    slots = Slots(derivation, labels)
    names = {plain_name(each) for each in signature.arguments}
    positional: list[Any] = []
    named: dict[str, Any] = {}
    skipped = False
    for name in signature.arguments:
        found = _given(name, slots, names)
        if found is None and name in signature.optional:
            skipped = True
        elif found is None:
            raise _unknown(name, signature, slots)
        elif skipped:
            named[name] = found
        else:
            positional.append(found)
    for name in signature.keyword_only:
        found = _given(name, slots, names)
        if found is not None:
            named[name] = found
        elif name not in signature.optional:
            raise _unknown(name, signature, slots)
    return {"positional": positional, "named": named}


def _given(name: str, slots: Slots, names: set[str]) -> list[Any] | None:
    """Return what an argument takes; None where its name says nothing."""
    known = slots.derivation.network.by_name
    exact = _symbol(name, known)
    word = plain_name(name)
    if word in ("weights", "ws", "w") and names & {"biases", "bias", "bs", "b"} and exact is None:
        return slots.of_role(Role.WEIGHT)
    if word in ("biases", "bias", "bs", "b") and exact is None:
        return slots.of_role(Role.BIAS)
    if exact is not None:
        target = slots.derivation.network.y
        return slots.targets() if target is not None and exact == target.name else ["array", exact]
    if word in COUNTS:
        return ["count", None]
    give = WORDS.get(word)
    return None if give is None else give(slots)


def _symbol(name: str, known: Mapping[str, Variable]) -> str | None:
    """Return the matrix of a name: ``W1``, ``w1``, ``a_1``, ``block1_WQ``."""
    if name in known:
        return name
    return by_plain_name(known).get(plain_name(name))


def _unknown(name: str, signature: Signature, slots: Slots) -> SpecError:
    if plain_name(name) in RATES:
        return SpecError(
            f"line {signature.line}: {signature.text} takes a learning rate, so it seems to take a step: "
            "name a function that returns gradients, or give the rate a default"
        )
    known = [*slots.derivation.network.by_name, "parameters", "cache", "X", "Y"]
    return SpecError(
        f"line {signature.line}: {signature.text}: nothing is known to give for {name!r}"
        f"{nearest(name, known)}; it may take parameters, cache, X, Y or single matrices such as {_some(slots)}"
    )


def _some(slots: Slots) -> str:
    names = [each.name for each in slots.parameters[:2]]
    return ", ".join([*names, slots.derivation.network.output.name])


def arrays_of(case: Case, derivation: Derivation, layout: Layout, *, labels: bool) -> dict[str, Any]:
    """Return the arrays of a case as somebody writes them, by our names."""
    import numpy as np

    known = derivation.network.by_name
    loss = derivation.network.loss.name
    found = {
        name: layout.theirs(variable, np.asarray(case.known[name], dtype=float))
        for name, variable in known.items()
        if name in case.known and name != loss and np.ndim(case.known[name]) == 2
    }
    target = derivation.network.y
    if labels and target is not None:
        found[LABELS] = np.asarray(case.known[target.name]).argmax(axis=0)
    return found


def counted(plan: Any, examples: int) -> Any:
    """Return a plan with the number of examples put in."""
    if isinstance(plan, dict):
        return {key: counted(each, examples) for key, each in plan.items()}
    if isinstance(plan, list) and len(plan) == 2 and plan[0] == "count":
        return ["number", examples]
    return [counted(each, examples) for each in plan] if isinstance(plan, list) else plan
