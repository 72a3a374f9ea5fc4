"""Measuring repetitions: the error executed once, term by term, and cut at the borders of blocks and steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sympy import MatrixSymbol

from symbp.analysis.account import distance
from symbp.analysis.cuts import (
    Cut,
    brackets,
    branch,
    function,
    layer_tree,
    parts,
    segments,
    stages,
    unit,
    weights,
)
from symbp.analysis.fronts import Front, Fronts
from symbp.analysis.repetitions import Bracket, Repetitions, Run, Segment, Skip, Stage, Unit
from symbp.analysis.scaled import Scaled, share, total
from symbp.analysis.walk import Walk
from symbp.calculus.factor import edges_into
from symbp.calculus.reverse import reverse
from symbp.derivation import Derivation
from symbp.networks.blocks import Block, Kind
from symbp.symbols import Adjoint, Role, Variable, adjoint_name

PLAIN = -640.0
"""Natural logs from which float64 does not underflow."""


def measurable(derivation: Derivation) -> Derivation:
    """Return a derivation as it is measured: states apart, and without a sequence the error of what is given too."""
    if unit(derivation) is not Unit.STEP:
        forward = derivation.forward
        inputs = [each for each in forward.given if isinstance(each, Variable) and each.role is Role.INPUT]
        wrt = tuple(dict.fromkeys((*derivation.wrt, *inputs)))
        derivation = replace(derivation, wrt=wrt, backward=reverse(forward, forward[-1].lhs, wrt))
    return derivation.unstacked


def measured(derivation: Derivation, walk: Walk, values: Mapping[MatrixSymbol, Any]) -> Repetitions:
    """Return what every repetition does to the error; ``values`` are those of both lists, as the compiled function ran.

    ``derivation`` is a measurable one, and the walk has a point with its values.
    """
    kind = unit(derivation)
    if kind is Unit.LAYER:
        return Repetitions(kind)
    bench = _Measure(derivation, Fronts.of(derivation, walk), values)
    if kind is Unit.STEP:
        return Repetitions(kind, tuple(bench.steps(each) for each in layer_tree(derivation) if _is_unrolled(each)))
    run = bench.blocks(kind)
    return Repetitions(kind, (run,), bench.gradient(run) if kind is Unit.BLOCK else None)


def _is_unrolled(block: Block) -> bool:
    return any(each.kind is Kind.STEP for each in block.children)


@dataclass(frozen=True)
class _Measure:
    """A derivation, its errors, and the values of its lists."""

    derivation: Derivation
    fronts: Fronts
    values: Mapping[MatrixSymbol, Any]

    def blocks(self, kind: Unit) -> Run:
        """Return the stages from the loss to the input."""
        cuts = stages(layer_tree(self.derivation))
        inner = [each for cut in cuts for each in brackets(cut)]
        fronts = self.fronts.behind({each.first for each in (*cuts, *inner)} | {cuts[-1].stop})
        found = tuple(self._stage(cut, fronts) for cut in reversed(cuts))
        return Run(kind, "", found, errors=tuple(self._product_errors(inner, fronts)))

    def _stage(self, cut: Cut, fronts: Mapping[int, Front]) -> Stage:
        above, below = fronts[cut.stop], fronts[cut.first]
        inside = tuple(self._bracket(each, fronts) for each in reversed(brackets(cut)))
        return Stage(
            cut.kind,
            cut.name,
            cut.number,
            above.log,
            below.log if below.parts else None,
            inside,
            weights(self.derivation, cut.first, cut.stop),
            self._size(below.parts),
            self._size(above.parts),
            self._deviation(below.parts),
        )

    def _bracket(self, cut: Cut, fronts: Mapping[int, Front]) -> Bracket:
        above, below = fronts[cut.stop], fronts[cut.first]
        within = branch(cut)
        factors = tuple(self._segments(cut, above))
        kinds = tuple(each.kind for each in parts(cut))
        log = _gain(below, above)
        if within is None:
            return Bracket(cut.kind, cut.name, log, kinds, factors)
        inner = self.fronts.between(*within)
        beside = self.fronts.between(cut.first, cut.stop, range(*within))
        skip = Skip(_gain(beside, above), _gain(inner, above), inner.cosine(beside))
        return Bracket(cut.kind, cut.name, log, kinds, factors, skip)

    def _segments(self, cut: Cut, above: Front) -> Iterator[Segment]:
        """Yield the factors from the loss to the input; each is the quotient of what its range and the next send on."""
        pieces = segments(cut, self.derivation.forward)
        if not pieces:
            return
        stop = pieces[-1].stop
        for piece in reversed(pieces):
            below = self.fronts.between(piece.first, stop)
            own = weights(self.derivation, piece.first, piece.stop)
            name = function(self.derivation.forward, piece.first, piece.stop)
            yield Segment(piece.kind, own, name, _gain(below, above))
            above = below

    def _size(self, symbols: Iterable[MatrixSymbol]) -> float | None:
        """Return the root mean square of the entries of matrices; None without any."""
        import numpy as np

        arrays = [np.asarray(self.values[each]) for each in symbols]
        entries = sum(each.size for each in arrays)
        return math.sqrt(math.fsum(float(np.sum(np.square(each))) for each in arrays) / entries) if entries else None

    def _deviation(self, symbols: Iterable[MatrixSymbol]) -> float | None:
        """Return the standard deviation over the features of a column, its squares averaged over the columns."""
        import numpy as np

        arrays = [np.asarray(self.values[each]) for each in symbols]
        variances = [each.var(axis=0) for each in arrays]
        return math.sqrt(float(np.mean(np.concatenate(variances)))) if variances else None

    def _product_errors(self, cuts: Sequence[Cut], fronts: Mapping[int, Front]) -> Iterator[float]:
        """Yield how far the products of gains are from the norms of the errors that the compiled function has."""
        reached = fronts[cuts[-1].stop].log
        for cut in reversed(cuts):
            reached += _gain(fronts[cut.first], fronts[cut.stop])
            compiled = self._compiled(fronts[cut.first], cut.first)
            if compiled is not None:
                yield distance(reached, compiled)

    def _compiled(self, front: Front, place: int) -> float | None:
        """Return the log of a front as it was compiled; None where it is not all that reaches its matrices."""
        if any(at < place for symbol in front.parts for at, _ in self.fronts.to[symbol]):
            return None
        compiled = Front({symbol: Scaled.of(self.values[Adjoint(symbol)]) for symbol in front.parts})
        return compiled.log if compiled.log > PLAIN else None

    def gradient(self, run: Run) -> float | None:
        """Return the log of the largest quotient of the gradients of a weight in the first block and in the last."""
        if not run.repeated:
            return None
        last, first = run.repeated[0], run.repeated[-1]
        if first is last or len(first.weights) != len(last.weights):
            return None
        logs = [self._gradient_log(a) - self._gradient_log(b) for a, b in zip(first.weights, last.weights, strict=True)]
        return max((log for log in logs if not math.isnan(log)), key=abs, default=None)

    def _gradient_log(self, name: str) -> float:
        return next(Scaled.of(self.values[Adjoint(each)]).log for each in self.derivation.wrt if each.name == name)

    def steps(self, layer: Block) -> Run:
        """Return the steps of a recurrent layer, from the last to the first."""
        unrolled = [each for each in layer.children if each.kind is Kind.STEP]
        cuts = [Cut(block, block.first, block.stop, number) for number, block in enumerate(unrolled, 1)]
        backs = [None, *(self._back(before, cut) for before, cut in pairwise(cuts))]
        found = [self._step(cut, back, after) for cut, back, after in zip(cuts, backs, [*cuts[1:], None], strict=True)]
        shares, errors = self._shares(cuts)
        errors += [*self._state_errors(backs)]
        keeps = next((each for each in backs if each and each.gate), None)
        names = (keeps.gate.stem, keeps.state.stem) if keeps and keeps.gate and keeps.state else ("", "")
        bias = f"{layer.name}.b{names[0]}" if names[0] else ""
        known = bias if any(each.name == bias for each in self.derivation.wrt) else ""
        return Run(Unit.STEP, layer.name, tuple(found[::-1]), shares, *names, known, errors=tuple(errors))

    def _back(self, before: Cut, cut: Cut) -> _Back:
        """Return what a step sends to the state before it."""
        own = {each.lhs for each in self.derivation.forward[before.first : before.stop]}
        sent = self.fronts.between(cut.first, cut.stop)
        back = Front({symbol: part for symbol, part in sent.parts.items() if symbol in own})
        gates = ((symbol, gate) for symbol in back.parts for gate in self._gates(symbol, cut))
        return _Back(back, *next(gates, (None, None)))

    def _gates(self, state: MatrixSymbol, cut: Cut) -> Iterator[Variable]:
        """Yield the gates that alone stand between a part of the state at a step and the same part before it."""
        equation = self.derivation.backward[adjoint_name(state)]
        for edge, undone in zip(edges_into(equation), equation.undoes, strict=True):
            if self.fronts.place(undone) in range(cut.first, cut.stop) and len(edge.factors) == 1:
                (factor,), source = edge.factors, edge.source
                gate = factor.expr
                if isinstance(gate, Variable) and gate.role is Role.GATE and source and source.of.stem == state.stem:
                    yield gate

    def _step(self, cut: Cut, back: _Back | None, after: Cut | None) -> Stage:
        import numpy as np

        above = self.fronts.into(cut.first, cut.stop)
        direct = self.fronts.into(cut.first, cut.stop, range(after.first, after.stop) if after else ())
        stage = Stage(cut.kind, cut.name, cut.number, above.log, None, direct=direct.log)
        if back is None or not back.front.parts:
            return stage
        to = {symbol.stem: Front({symbol: part}).log - above.log for symbol, part in back.front.parts.items()}
        kept = None if back.gate is None else float(np.mean(self.values[back.gate]))
        return replace(stage, below=back.front.log, to=to, kept=kept)

    def _shares(self, cuts: Sequence[Cut]) -> tuple[dict[str, tuple[float, ...]], list[float]]:
        """Return the part of every step, from the last one, in the gradients that the steps share, and their errors."""
        step = {place: cut.number for cut in cuts for place in range(cut.first, cut.stop)}
        shares, errors = {}, []
        for parameter in self.derivation.wrt:
            sent = self.fronts.to.get(parameter, [])
            own = [(step[place], part) for place, part in sent if place in step]
            if not own:
                continue
            whole = total([part for _, part in own])
            parts = dict.fromkeys(range(len(cuts), 0, -1), 0.0)
            for number, part in own:
                parts[number] += share(part, whole) if whole.norm else 0.0
            shares[parameter.name] = tuple(parts.values())
            if len(own) == len(sent):
                errors += self._errors(whole, parameter, max(part.log for _, part in own))
        return shares, errors

    def _state_errors(self, backs: Iterable[_Back | None]) -> Iterator[float]:
        """Yield how far the errors of the states are from the compiled ones."""
        for symbol in (each for back in backs if back for each in back.front.parts):
            sent = [part for _, part in self.fronts.to[symbol]]
            yield from self._errors(total(sent), symbol, max(part.log for part in sent))

    def _errors(self, whole: Scaled, of: MatrixSymbol, largest: float) -> list[float]:
        """Return how far a sum is from the compiled one, by its largest part; nothing where that underflows."""
        compiled = Scaled.of(self.values[Adjoint(of)])
        if not whole.norm or compiled.log < PLAIN:
            return []
        return [distance(whole.log, compiled.log) * min(1.0, math.exp(whole.log - largest))]


@dataclass(frozen=True)
class _Back:
    """What a step sends to the state before it, the part of the state that a gate keeps, and the gate."""

    front: Front
    state: Variable | None
    gate: Variable | None


def _gain(below: Front, above: Front) -> float:
    return below.log - above.log if below.log > -math.inf else -math.inf
