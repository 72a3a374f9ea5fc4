"""Numbers to check a network with: reproducible, of its sizes and its targets' kind, and not degenerate.

A draw is degenerate where a gradient is zero, not finite, or lost to vanishing or explosion, or where an
activation sits on its kink. Then others are tried: weights of another scale, or close to plus or minus the
identity, which carries a signal through any depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sympy import Integer, MatrixExpr

from symbp.equations import ForwardSystem
from symbp.numeric import engines
from symbp.numeric.centres import Centre, centres
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import Sizes
from symbp.numeric.source import Program
from symbp.ops.elementwise import Elementwise, GenericFunction
from symbp.ops.loss_table import LOSSES
from symbp.ops.losses import Loss, compared
from symbp.ops.softmax import Softmax
from symbp.symbols import Role, Variable, examples_are_rows

Arrays = dict[str, Any]

GOOD_DECADES = 8.0
"""Gradients that differ by fewer powers of ten than this need no other draw."""

MARGIN = 1e-4
"""How far from a kink every operand of an activation should stay, for central differences."""

TRIES = 6
"""How often the scale of the weights is corrected, for each way to draw them."""

FLOOR = 1e-290
CEILING = 1e290


@dataclass(frozen=True)
class Values:
    """Arrays by name; ``decades`` is how many powers of ten the largest gradients of the weights spread over."""

    parameters: Arrays
    inputs: Arrays
    targets: Arrays
    decades: float = 0.0

    def converted(self, convert: Callable[[Any], Any]) -> Values:
        """Return the values with every array converted."""
        groups = (self.parameters, self.inputs, self.targets)
        parameters, inputs, targets = ({name: convert(array) for name, array in group.items()} for group in groups)
        return Values(parameters, inputs, targets, self.decades)

    def __getitem__(self, name: str) -> Any:
        """Return the array of a parameter or an input."""
        return self.parameters[name] if name in self.parameters else self.inputs[name]

    def changed(self, arrays: Mapping[str, Any]) -> Values:
        """Return the values with other arrays in the place of some parameters or inputs."""
        groups = (self.parameters, self.inputs)
        parameters, inputs = ({name: arrays.get(name, array) for name, array in each.items()} for each in groups)
        return replace(self, parameters=parameters, inputs=inputs)

    def arguments(self, convert: Callable[[Any], Any] | None = None) -> tuple[Arrays, Any, Any]:
        """Return what a program is called with, every array converted."""
        found = self if convert is None else self.converted(convert)
        return found.parameters, _as_taken(found.inputs), _as_taken(found.targets)


def _as_taken(arrays: Arrays) -> Any:
    return arrays if len(arrays) > 1 else next(iter(arrays.values()), None)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the weights are drawn: noise around ``identity`` times ones on the diagonal, all times ``scale``.

    ``centred`` divides by the slopes at 0, flips signs, and keeps every pre-activation near 0. ``positive``: data,
    targets and constants are positive.
    """

    identity: float = 0.0
    noise: float = 1.0
    scale: float = 1.0
    centred: bool = False
    positive: bool = False


PLANS = (_Plan(), _Plan(1.0, 0.1, centred=True), _Plan(1.0, 0.2), _Plan(-1.0, 0.2, 2.0), _Plan(positive=True))
"""How weights are drawn, in the order in which it is tried; the last where the loss is no number with any other."""

DEEP = 30
"""From this many layers on centred weights are tried first."""


@dataclass(frozen=True)
class Trace:
    """What a program of both passes finds at values: the loss, its gradients, the value of every symbol by its name."""

    values: Values
    loss: float
    gradients: Arrays
    local: Arrays


Evaluate = Callable[[Values], Trace]


def evaluation(full: Program) -> Evaluate:
    """Return what runs a program of both passes in float64."""
    traced = engines.real().run(full, traced=True)
    convert = engines.real().array
    by_name = {symbol.name: name for symbol, name in full.names.items()}

    def evaluate(values: Values) -> Trace:
        (loss, gradients), local = traced(*values.arguments(convert))
        known = {name: local[own] for name, own in by_name.items() if own in local}
        return Trace(values, float(loss), gradients, known)

    return evaluate


def draw(forward: ForwardSystem, sizes: Sizes, seed: int, evaluate: Evaluate, standins: Standins) -> Trace:
    """Return what a program finds at values for every given matrix of a forward list: the best of a few draws.

    ``evaluate`` runs the program on a draw. Its gradients decide only whether the draw is degenerate.
    """
    best: Trace | None = None
    layers = sum(symbol.role is Role.WEIGHT for symbol in forward.given)
    enough = max(GOOD_DECADES, layers / 40)
    for trace in _candidates(forward, sizes, seed, evaluate, standins):
        if best is None or _rank(trace) < _rank(best):
            best = trace
        if best.values.decades <= enough:
            break
    assert best is not None
    return best


def _rank(trace: Trace) -> tuple[bool, float]:
    """Return how bad a draw is: worst where the loss is no number."""
    return math.isnan(trace.loss), trace.values.decades


def _candidates(
    forward: ForwardSystem, sizes: Sizes, seed: int, evaluate: Evaluate, standins: Standins
) -> Iterator[Trace]:
    """Yield what the program finds at each draw, which says how bad it is in decades."""
    layers = max(1, sum(symbol.role is Role.WEIGHT for symbol in forward.given))
    is_number = False
    for number, plan in sorted(enumerate(PLANS), key=lambda pair: layers > DEEP and not pair[1].centred):
        if plan.positive and is_number:
            continue
        around = centres(forward, standins) if plan.centred else {}
        for attempt in range(TRIES):
            values = _drawn(forward, sizes, [seed, number, attempt], plan, around)
            trace = evaluate(values)
            decades, trend = _spread(forward, trace.gradients)
            is_number = is_number or not math.isnan(trace.loss)
            decades = math.inf if math.isnan(trace.loss) else decades
            penalty = _kink_penalty(forward, trace.local) if layers <= DEEP else 0.0
            yield replace(trace, values=replace(values, decades=decades + penalty))
            if layers > DEEP and attempt and math.isinf(decades):
                break
            plan = replace(plan, scale=plan.scale * _correction(trend, layers))


def _correction(trend: float, layers: int) -> float:
    """Return what the weights are multiplied by so that the error neither grows nor shrinks on its way back."""
    if math.isnan(trend) or layers == 1:
        return 1.0
    return float(10 ** max(-0.3, min(0.3, -trend / layers)))


def _spread(forward: ForwardSystem, gradients: Mapping[str, Any]) -> tuple[float, float]:
    """Return over how many decades the gradients spread (∞ where one is dead), and their trend towards layer 1."""
    import numpy as np

    weights = [symbol.name for symbol in forward.given if symbol.role is Role.WEIGHT and symbol.name in gradients]
    with np.errstate(all="ignore"):
        largest = [float(np.max(np.abs(gradients[name]))) for name in weights]
    if not largest:
        return 0.0, math.nan
    if not all(FLOOR < value < CEILING for value in largest):
        dead = not largest[0] > FLOOR
        return math.inf, -60.0 * len(largest) if dead else 60.0 * len(largest)
    logs = [math.log10(value) for value in largest]
    return max(map(abs, (max(logs), min(logs), max(logs) - min(logs)))), logs[0] - logs[-1]


def _kink_penalty(forward: ForwardSystem, intermediates: Mapping[str, Any]) -> float:
    """Return a few decades where an operand sits next to a kink of its activation."""
    import numpy as np

    for equation in forward:
        node = equation.rhs
        if isinstance(node, Elementwise) and len(node.args) == 2:
            operand: Any = intermediates.get(node.args[1].name)
            for kink in node.function.kinks if operand is not None else ():
                if np.min(np.abs(operand - float(kink))) < MARGIN:
                    return GOOD_DECADES + 1.0
    return 0.0


def _drawn(forward: ForwardSystem, sizes: Sizes, seed: list[int], plan: _Plan, around: Mapping[str, Centre]) -> Values:
    import numpy as np

    random = np.random.default_rng(seed)
    groups: dict[str, Arrays] = {"input": {}, "target": {}, "parameter": {}}
    kinds, positive = target_kinds(forward), positive_only(forward)
    for symbol in forward.given:
        shape = sizes.shapes[symbol.name]
        if symbol.role in (Role.INPUT, Role.CONSTANT, Role.DIRECTION):
            groups["input"][symbol.name] = random.normal(size=shape)
        elif symbol.role is Role.FROZEN:
            groups["input"][symbol.name] = random.normal(size=shape) / math.sqrt(shape[1])
        elif symbol.role is Role.MASK:
            groups["input"][symbol.name] = 2.0 * random.integers(0, 2, shape)
        elif symbol.role is Role.PADDING:
            groups["input"][symbol.name] = padding(random, shape)
        elif symbol.role in (Role.TARGET, Role.UPSTREAM):
            turned = examples_are_rows(symbol)
            target = TARGETS[kinds.get(symbol, "real")](random, shape[::-1] if turned else shape)
            groups["target"][symbol.name] = target.T if turned else target
        else:
            groups["parameter"][symbol.name] = _parameter(random, symbol, shape, plan, around.get(symbol.name))
        if symbol in positive or (plan.positive and symbol.name not in groups["parameter"]):
            (group,) = (each for each in groups.values() if symbol.name in each)
            group[symbol.name] = abs(group[symbol.name])
    if plan.centred:
        _centre_biases(forward, groups["parameter"], around)
    return Values(groups["parameter"], groups["input"], groups["target"])


def positive_only(forward: ForwardSystem) -> set[Variable]:
    """Return the given matrices that go straight into a logarithm or a root, which have no value below zero."""
    given = set(forward.given)
    return {
        operand
        for node in (equation.rhs for equation in forward)
        if isinstance(node, Elementwise) and not isinstance(node.function, GenericFunction)
        for letter, operand in zip(node.function.variables, node.args[1:], strict=True)
        if operand in given and node.function.expr.xreplace({letter: Integer(-1)}).is_real is False
    }


def padding(random: Any, shape: tuple[int, int]) -> Any:
    """Return a mask of tokens × examples: the first tokens of each example, one at least."""
    import numpy as np

    return (np.arange(shape[0])[:, None] < random.integers(1, shape[0] + 1, shape[1])).astype(float)


def _parameter(random: Any, symbol: Variable, shape: tuple[int, int], plan: _Plan, around: Centre | None) -> Any:
    import numpy as np

    noise = random.normal(size=shape)
    if symbol.role is not Role.WEIGHT:
        return 0.02 * noise if plan.centred else 0.3 * np.abs(noise) if plan.identity > 0 else 0.5 * noise
    rows, columns = shape
    ones, scale = _diagonal(rows, columns), plan.scale
    if plan.centred:
        ones = ones * (1 - 2 * random.integers(0, 2, (rows, 1)))
        scale /= around.slope if around is not None else 1.0
    return scale * (plan.noise * noise / math.sqrt(columns) + plan.identity * ones)


@lru_cache(maxsize=64)
def _diagonal(rows: int, columns: int) -> Any:
    """Return ones on the diagonal, which begins anew where the rows are more than the columns."""
    import numpy as np

    return (np.arange(rows)[:, None] % columns == np.arange(columns)).astype(float)


def _centre_biases(forward: ForwardSystem, parameters: Arrays, around: Mapping[str, Centre]) -> None:
    """Take what f(0) of the layer before adds to each pre-activation out of its bias."""
    biases = {(symbol.layer, symbol.path): symbol.name for symbol in forward.given if symbol.role is Role.BIAS}
    for symbol in forward.given:
        bias = biases.get((symbol.layer, symbol.path))
        if symbol.role is Role.WEIGHT and bias is not None and symbol.name in around:
            weight = parameters[symbol.name]
            if weight.shape[0] == parameters[bias].shape[0]:
                parameters[bias] -= around[symbol.name].before * weight.sum(axis=1, keepdims=True)


def target_kinds(forward: ForwardSystem) -> dict[Any, str]:
    """Return the kind of targets each target matrix must hold, a key of ``TARGETS``: of several the narrowest."""
    narrow = list(TARGETS)
    found: dict[Any, str] = {}
    for equation in forward:
        if isinstance(equation.rhs, Loss):
            kind = _kind(equation.rhs, forward)
            for operand in compared(equation.rhs, forward):
                found[operand] = max(found.get(operand, kind), kind, key=narrow.index)
    return found


def _kind(loss: Loss, forward: ForwardSystem) -> str:
    """Return the kind of a loss's targets; a loss of one's own on probabilities compares them with probabilities."""
    output = next((each.rhs for each in forward if each.lhs in loss.args), None)
    if loss.name in LOSSES or loss.targets != "real":
        return loss.targets
    return of_probabilities(output) or loss.targets


def of_probabilities(output: MatrixExpr | None) -> str:
    """Return the kind of targets that probabilities are compared with; nothing for what makes none."""
    if isinstance(output, Softmax):
        return "distribution"
    is_sigmoid = isinstance(output, Elementwise) and output.function.name == "sigmoid"
    return "share" if is_sigmoid else ""


def _distribution(random: Any, shape: tuple[int, int]) -> Any:
    """Return columns that sum to one, every other one of them one-hot."""
    import numpy as np

    drawn = random.random(shape) + 0.1
    is_sure = np.arange(shape[1]) % 2 == 1
    return np.where(is_sure, _one_hot(random, shape), drawn / drawn.sum(axis=0))


def _one_hot(random: Any, shape: tuple[int, int]) -> Any:
    import numpy as np

    return np.eye(shape[0])[:, random.integers(0, shape[0], shape[1])]


TARGETS: Mapping[str, Callable[[Any, tuple[int, int]], Any]] = {
    "real": lambda random, shape: random.normal(size=shape),
    "any": lambda random, shape: random.normal(size=shape),
    "count": lambda random, shape: random.poisson(1.5, shape).astype(float),
    "share": lambda random, shape: random.random(shape),
    "binary": lambda random, shape: random.integers(0, 2, shape).astype(float),
    "sign": lambda random, shape: 2.0 * random.integers(0, 2, shape) - 1.0,
    "distribution": _distribution,
    "one_hot": _one_hot,
}
"""How targets of a kind are drawn, the narrowest kind last."""
