"""Equations of one's own that are a sequence: h1, h2, h3 share their weights, so their numbers count steps."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace
from typing import Any

from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.equations import ForwardSystem, symbols_in
from symbp.judging.diagnosis.sites import is_parameter
from symbp.symbols import Variable

NUMBERED = re.compile(r"([A-Za-z_]+?)(\d+)((?:_\d+)?)\Z")
"""A letter, the number of a step, and what introduced names end in."""


def with_steps(derivation: Derivation) -> Derivation:
    """Return a derivation whose matrices know their steps; the same one where nothing says that it has any."""
    network = derivation.network
    if not network.named or network.alone:
        return derivation
    uses: dict[Any, int] = {}
    for each in derivation.forward:
        for symbol in symbols_in(each.rhs):
            uses[symbol] = uses.get(symbol, 0) + (isinstance(symbol, Variable) and is_parameter(symbol))
    known = {symbol for each in derivation.forward for symbol in (each.lhs, *symbols_in(each.rhs))}
    stems: dict[tuple[str, str], list[tuple[Variable, int]]] = {}
    for symbol in known:
        found = NUMBERED.match(symbol.name)
        if found and isinstance(symbol, Variable) and not is_parameter(symbol) and symbol.step is None:
            stems.setdefault((found[1], found[3]), []).append((symbol, int(found[2])))
    if max(uses.values(), default=0) < 2 or not stems:
        return derivation
    steps = {
        symbol: Variable(symbol.name, *symbol.shape, symbol.role, "".join(stem), symbol.layer, symbol.path, step)
        for stem, members in stems.items()
        if len(members) > 1
        for symbol, step in members
    }
    if not steps:
        return derivation
    forward = ForwardSystem(
        [replace(each, lhs=steps.get(each.lhs, each.lhs), rhs=each.rhs.xreplace(steps)) for each in derivation.forward],
        given=[steps.get(each, each) for each in derivation.forward.given],
    )
    anew = copy(network)
    anew.__dict__.pop("by_name", None)
    anew.forward = forward
    anew.inputs = tuple(steps.get(each, each) for each in network.inputs)
    anew.output = steps.get(network.output, network.output)
    wrt = tuple(steps.get(each, each) for each in derivation.wrt)
    return Derivation(anew, forward, reverse(forward, network.loss, wrt), wrt)
