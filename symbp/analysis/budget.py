"""analyze(network): the exact account of how large every gradient is, and because of which factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Self

from sympy import MatrixSymbol

from symbp.analysis.account import Row, Use
from symbp.analysis.bench import LOSS, WIDTH, Bench
from symbp.analysis.cuts import unit
from symbp.analysis.flow import GradientFlow
from symbp.analysis.initialisations import Chosen, Source, initialisation
from symbp.analysis.repetitions import TENFOLD, Remedied, Repetitions, Run, Unit
from symbp.analysis.scaled import Scaled, share, total
from symbp.analysis.spectral import CHEAP
from symbp.analysis.stages import measurable, measured
from symbp.analysis.values import Point
from symbp.analysis.walk import Gain, State, Walk, tree
from symbp.calculus.factor import Paths
from symbp.derivation import Derivation, derive
from symbp.domain import Called, From, Seed, takes
from symbp.equations import ForwardSystem
from symbp.errors import SpecError
from symbp.networks.network import Network
from symbp.numeric import engines
from symbp.numeric.arguments import Arguments
from symbp.numeric.sizes import Sizes, given_sizes
from symbp.numeric.source import Program
from symbp.numeric.values import TARGETS, Values, padding, target_kinds
from symbp.op import FactorRole
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import Elementwise, ScalarFunction
from symbp.ops.losses import GenericLoss, Loss
from symbp.roles import DATA
from symbp.symbols import Role, Variable

EXAMPLES = 32
"""Examples of a batch that is drawn."""

PLAIN = (-640.0, 640.0)
"""Natural logs between which float64 neither under- nor overflows, with room for the entries of a norm."""

InitName = Annotated[str, Called("a name, such as 'xavier' or 'normal:1.5'")]

BIASES = (1.0, 2.0)
"""Where the bias of a gate that keeps a state is started to see what that changes."""

WIDEST: Mapping[bool | None, float | None] = {None: CHEAP, True: math.inf, False: None}
"""Up to which width a weight has its spectral norm computed, by what ``bounds`` is."""

ROUNDING = 64 * 2.0**-52
"""A product whose norm is below this, by what it would be if nothing cancelled, is zero but for rounding."""


@takes
def analyze(
    what: Network | Derivation,
    init: InitName | Chosen = "xavier",
    seed: Seed = 0,
    examples: Annotated[int, From(1, 1_000_000)] = EXAMPLES,
    *,
    X: Any = None,  # noqa: N803 - the name of the data everywhere in symbp
    Y: Any = None,  # noqa: N803
    bounds: bool | None = None,
) -> GradientFlow:
    """Measure every factor of every weight's gradient on the gradient that actually flows through it.

    The parameters are drawn by ``init``, a name from ``initialisations.py`` such as ``normal:1.5`` (entries
    N(0, 1.5²/n_in)) or what ``initialisation`` made of one, the data from a standard normal distribution unless
    ``X`` and ``Y`` are given. ``examples`` is the size of the batch that is drawn. Beside the gains stand bounds:
    max|f′|, and the spectral norms of weights up to ``spectral.CHEAP`` wide, of all with ``bounds=True``; none of
    them with ``bounds=False``.

    Raises:
        SpecError: no network, an activation left open, no weight, an unknown initialisation, a seed that is no whole
            number from 0 on, data or a forward pass that is not finite.
    """
    chosen = initialisation(init) if isinstance(init, str) else init
    derivation = what if isinstance(what, Derivation) else derive(what)
    flow = Prepared.of(derivation, _columns(X, Y, examples)).account(chosen, seed, None, bounds, (X, Y))
    return replace(flow, of=derivation)


@dataclass(frozen=True)
class Prepared:
    """A network at the sizes it is measured at, ready for draw after draw."""

    bench: Bench
    sizes: Sizes

    @classmethod
    def of(cls, derivation: Derivation, examples: int = EXAMPLES) -> Self:
        """Return a network for a batch of examples, its open widths 64.

        Raises:
            SpecError: an activation is left open, or there is no weight.
        """
        return cls(Bench.of(derivation), given_sizes(derivation.forward, examples, (WIDTH,)))

    @cached_property
    def paths(self) -> Paths:
        """The factors, the same for every draw."""
        return Paths(self.bench.derivation.backward, self.bench.derivation.wrt)

    @cached_property
    def point(self) -> Point:
        """Where factors are evaluated, without values."""
        return self._point(self.bench)

    def _point(self, bench: Bench) -> Point:
        return Point(bench.derivation.forward, bench.program.names, bench.standins, self.sizes, {})

    @cached_property
    def _by_repetition(self) -> tuple[Bench, Paths, Point]:
        """The network as its repetitions are measured."""
        bench = Bench.of(measurable(self.bench.derivation))
        return bench, Paths(bench.derivation.backward, bench.derivation.wrt), self._point(bench)

    def account(
        self,
        chosen: Chosen,
        seed: int,
        source: Source | None = None,
        bounds: bool | None = False,
        given: tuple[Any, Any] = (None, None),
    ) -> GradientFlow:
        """Return the exact account of one draw; ``given`` are data X and Y in the place of what is drawn.

        Raises:
            SpecError: data or a forward pass that is not finite.
        """
        values = _given(self.bench, _drawn(self.bench.derivation.forward, self.sizes, chosen, seed, source), *given)
        return replace(_measured(self, values, chosen, seed, bounds), repetitions=self.repetitions(values))

    def repetitions(self, values: Values) -> Repetitions | None:
        """Return what every repetition does to the error, and where steps lose it what the bias of a gate changes."""
        if unit(self.bench.derivation) is Unit.LAYER:
            return Repetitions(Unit.LAYER)
        found = self._repetitions(values)
        return replace(found, runs=tuple(self._remedied(run, values) for run in found.runs))

    def _repetitions(self, values: Values) -> Repetitions:
        import numpy as np

        bench, paths, point = self._by_repetition
        engine = engines.real()
        with np.errstate(all="ignore"):
            _, local = engine.run(bench.program, traced=True)(*values.arguments(engine.array))
            _require_finite(bench.derivation.forward, bench.program, local)
            known = {symbol: local[name] for symbol, name in bench.program.names.items() if name in local}
            return measured(bench.derivation, Walk(paths, point.at(local), None), known)

    def _remedied(self, run: Run, values: Values) -> Run:
        """Return a run with what it is where the bias of the gate that keeps its state starts higher."""
        if not run.bias or run.total > -TENFOLD:
            return run
        found = []
        for value in BIASES:
            runs = self._repetitions(_raised(values, {run.bias: value})).runs
            found.append(Remedied(run.bias, value, next(each for each in runs if each.name == run.name)))
        return replace(run, remedies=tuple(found))

    def started(self, chosen: Chosen, seed: int, biases: Mapping[str, float]) -> Repetitions:
        """Return what every repetition does to the error in one draw, some biases started higher.

        Raises:
            SpecError: the forward pass overflows.
        """
        return self._repetitions(_raised(_drawn(self.bench.derivation.forward, self.sizes, chosen, seed), biases))


def _raised(values: Values, biases: Mapping[str, float]) -> Values:
    """Return values with some biases higher by a number."""
    changed = {name: values.parameters[name] + value for name, value in biases.items()}
    return replace(values, parameters=values.parameters | changed)


def _columns(x: Any, y: Any, examples: int) -> int:
    """Return the number of examples: that of the data where there is any."""
    import numpy as np

    data = x if x is not None else y
    array = next(iter(data.values()), None) if isinstance(data, Mapping) else data
    return int(np.shape(array)[1]) if array is not None and np.ndim(array) == 2 else examples


def _drawn(forward: ForwardSystem, sizes: Sizes, chosen: Chosen, seed: int, source: Source | None = None) -> Values:
    """Draw every given matrix."""
    found = Values({}, {}, {})
    groups = dict.fromkeys(DATA, found.inputs)
    groups |= dict.fromkeys((Role.TARGET, Role.UPSTREAM), found.targets)
    draw = drawing(forward, sizes, chosen, seed, source)
    for symbol in forward.given:
        groups.get(symbol.role, found.parameters)[symbol.name] = draw(symbol)
    return found


def drawing(
    forward: ForwardSystem, sizes: Sizes, chosen: Chosen, seed: int, source: Source | None = None
) -> Callable[[Variable], Any]:
    """Return what draws a given matrix from a generator of its own: the seed and its place in the list say which."""
    import numpy as np

    kinds = target_kinds(forward)
    places = {symbol: place for place, symbol in enumerate(forward.given)}

    def draw(symbol: Variable) -> Any:
        shape, own = sizes.shapes[symbol.name], [seed, places[symbol]]
        if symbol.role in (Role.INPUT, Role.CONSTANT):
            return np.random.default_rng(own).normal(size=shape)
        if symbol.role is Role.PADDING:
            return padding(np.random.default_rng(own), shape)
        if symbol.role is Role.MASK:  # Half of the values dropped, the others doubled.
            return 2.0 * np.random.default_rng(own).integers(0, 2, shape)
        if symbol.role in (Role.TARGET, Role.UPSTREAM):
            return TARGETS[kinds.get(symbol, "real")](np.random.default_rng(own), shape)
        return chosen.parameter(symbol, shape, own, source)

    return draw


def _given(bench: Bench, drawn: Values, x: Any, y: Any) -> Values:
    """Put the user's data in the place of what was drawn, after checking it."""
    import numpy as np

    if x is None and y is None:
        return drawn
    own = replace(drawn, inputs=_named(drawn.inputs, x), targets=_named(drawn.targets, y))
    Arguments.of(bench.derivation.forward).read(own.parameters, own.inputs, own.targets or None)
    for name, array in {**own.inputs, **own.targets}.items():
        if not np.isfinite(array).all():
            raise SpecError(f"{name} holds a number that is not finite: give finite data")
    return own


def _named(drawn: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return the user's arrays by name; a single one may come without its name, none stays as drawn."""
    if given is None:
        return drawn
    if isinstance(given, Mapping):
        return dict(given)
    return dict.fromkeys(drawn, given) if len(drawn) == 1 else {"": given}


def _measured(ready: Prepared, values: Values, chosen: Chosen, seed: int, bounds: bool | None) -> GradientFlow:
    import numpy as np

    bench, sizes, derivation = ready.bench, ready.sizes, ready.bench.derivation
    engine = engines.real()
    with np.errstate(all="ignore"):
        (_, gradients), local = engine.run(bench.program, traced=True)(*values.arguments(engine.array))
        _require_finite(derivation.forward, bench.program, local)
        names = bench.program.names
        known = {names[each]: local[names[each]] for each in forward_symbols(derivation)}
        weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
        walk = Walk(ready.paths, ready.point.at(known), WIDEST[bounds])
        rows = measured_rows(walk, weights, sizes, gradients)
        squares = mean_squares(bench, local)
    silent = _silent(derivation.forward, bench.program, local)
    return replace(found_flow(bench, sizes, chosen, seed, rows, walk.gains, silent), squares=squares)


def mean_squares(bench: Bench, local: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the mean squares behind every block, or of every hidden Z where there are no blocks."""
    import numpy as np

    found: dict[Role, list[float]] = {Role.BLOCK: [], Role.PREACTIVATION: []}
    for equation in bench.derivation.forward:
        if equation.lhs.role in found:
            found[equation.lhs.role].append(float(np.mean(np.square(local[bench.program.names[equation.lhs]]))))
    return tuple(found[Role.BLOCK] or found[Role.PREACTIVATION][:-1])


def found_flow(
    bench: Bench,
    sizes: Sizes,
    chosen: Chosen,
    seed: int,
    rows: tuple[Row, ...],
    gains: Iterable[Gain],
    silent: Iterable[str] = (),
) -> GradientFlow:
    """Return what was found together with what it was found on."""
    forward = bench.derivation.forward
    return GradientFlow(
        rows=rows,
        gains=tuple(gains),
        chosen=chosen,
        seed=seed,
        widths=_widths(bench.derivation, sizes),
        examples=sizes.examples,
        activations=_activations(forward),
        loss=_loss(forward),
        assumed=bench.assumed,
        silent=tuple(silent),
    )


def forward_symbols(derivation: Derivation) -> Iterator[MatrixSymbol]:
    """Yield what a walk may read: the forward list, and of the backward list the gradients by parts of the loss."""
    yield from derivation.forward.given
    yield from (equation.lhs for equation in derivation.forward)
    yield from (equation.lhs for equation in derivation.backward if equation.lhs.of.role is Role.LOSS)


def _require_finite(forward: ForwardSystem, written: Program, local: Mapping[str, Any]) -> None:
    """Stop at the first matrix of the forward pass that overflows."""
    for equation in forward:
        require_finite(equation.lhs, local[written.names[equation.lhs]])


def require_finite(variable: Variable, value: Any) -> None:
    """Refuse a matrix of the forward pass that overflows.

    Raises:
        SpecError: naming it and its layer.
    """
    import numpy as np

    if variable.role is not Role.LOSS and not np.isfinite(value).all():  # A square may overflow, its gradient need not.
        raise SpecError(
            f"the forward pass overflows in layer {variable.layer}, at {variable.name}: "
            "give a smaller σ in normal:σ, fewer layers, or an activation that grows more slowly"
        )


def _silent(forward: ForwardSystem, written: Program, local: Mapping[str, Any]) -> list[str]:
    """Return the first matrix of the forward pass that is all zero: dead units, or a signal that underflowed."""
    follows = {symbol for symbol in forward.given if symbol.role is Role.INPUT}
    for each in forward:
        if follows.isdisjoint(each.rhs.free_symbols) or each.lhs.role is Role.LOSS:
            continue  # biases that are repeated, or an initial state, are zero as they should be
        follows.add(each.lhs)
        if not local[written.names[each.lhs]].any():
            return [each.name]
    return []


def measured_rows(
    walk: Walk, weights: Iterable[Variable], sizes: Sizes, gradients: Mapping[str, Any] | None = None
) -> tuple[Row, ...]:
    """Walk the products of all weights; one row a weight, in the order of the forward list.

    ``gradients`` are the compiled ones to compare with, where there are any.
    """
    wanted = list(weights)
    products = [(variable, product) for variable in wanted for product in walk.paths.products(variable)]
    states: dict[Variable, list[State]] = {variable: [] for variable in wanted}
    left = {variable: len(walk.paths.products(variable)) for variable in wanted}
    rows: dict[Variable, Row] = {}

    def finish(variable: Variable) -> None:
        compiled = None if gradients is None else gradients[variable.name]
        rows[variable] = _row(variable, states.pop(variable), math.prod(sizes.shapes[variable.name]), compiled)

    for variable in (each for each in wanted if not left[each]):
        finish(variable)
    for variable, state in walk.ends(tree(products)):
        states[variable].append(state)
        left[variable] -= 1
        if not left[variable]:
            finish(variable)
    return tuple(rows[variable] for variable in wanted)


def _row(variable: Variable, states: list[State], size: int, gradient: Any) -> Row:
    """Return the account of one weight from the contributions of its uses."""
    parts = [state.direction for state in states if state.direction is not None]
    whole = total(parts) if parts else Scaled(0.0, 0)
    found = [Use(_logs(state), part.log, _share(part, whole)) for state, part in zip(states, parts, strict=True)]
    # A use that is exactly zero, as behind an initial state of zeros, hides no underflow.
    low = min((state.low for state in states if state.log[0] > -math.inf), default=0.0)
    high = max((state.high for state in states), default=0.0)
    is_plain = (PLAIN[0] < low or whole.log == -math.inf) and high < PLAIN[1]
    compiled = Scaled.of(gradient) if is_plain and gradient is not None else None
    return Row(
        variable.name,
        variable.layer,
        size,
        whole.log,
        tuple(found),
        None if compiled is None else compiled.log if compiled.is_finite else math.nan,
        any(state.noise * ROUNDING > 1 for state in states),
    )


def _logs(state: State) -> dict[FactorRole, float]:
    return {role: high for role, (high, _) in state.logs.items()}


def _share(part: Scaled, whole: Scaled) -> float:
    return share(part, whole) if whole.norm else 0.0


def _widths(derivation: Derivation, sizes: Sizes) -> tuple[int, ...]:
    weights = [variable for variable in derivation.wrt if variable.role is Role.WEIGHT]
    first = [symbol for symbol in derivation.forward.given if symbol.role in DATA]
    return tuple(sizes.shapes[variable.name][0] for variable in (*first, *weights))


def _activations(forward: ForwardSystem) -> tuple[str, ...]:
    """Return the names of the hidden activations; those of the output where it has the only one."""
    functions = [equation.rhs.function for equation in forward if isinstance(equation.rhs, Elementwise)]
    last = {equation.lhs for equation in forward[-2:-1]}
    hidden = [each.rhs.function for each in forward if isinstance(each.rhs, Elementwise) and each.lhs not in last]
    return tuple(dict.fromkeys(label(function) for function in hidden or functions))


def label(function: ScalarFunction) -> str:
    """Return the name of an activation, with its expression where it is one of the user's own."""
    return function.name if function.name in ACTIVATIONS else f"{function.name}(x) = {function.expr}"


def _loss(forward: ForwardSystem) -> str:
    nodes = [equation.rhs for equation in forward if isinstance(equation.rhs, Loss)]
    names = [LOSS if isinstance(node, GenericLoss) else node.name for node in nodes]
    return " + ".join(dict.fromkeys(names)) if names else "the last equation"
