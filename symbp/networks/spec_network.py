"""The network of a file's data: validate against the schema, layers built in their place, errors with that place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from symbp.errors import ShapeError, SpecError
from symbp.limits import MAX_EQUATIONS
from symbp.networks.builder import Builder
from symbp.networks.concat import ConcatWith
from symbp.networks.general import General
from symbp.networks.given import require_used
from symbp.networks.images import Image
from symbp.networks.layers import Layer, Linear, SequenceLayer
from symbp.networks.network import Network
from symbp.networks.spec import ROWS, Equations, ImageTable, Table, layers_table
from symbp.networks.spec_problems import key_text, shown, validate
from symbp.symbols import Variable

MAX_NESTING = 32
"""Deepest nesting of tables and lists."""


def network_of(data: object, *, batch: bool = False, unroll: int | None = None, loss: str | None = None) -> Network:
    """Return the network that the data of a file describe; ``batch`` shows a batch whatever they say.

    ``unroll`` is the number of steps of the recurrent layers, in place of what the data say; ``loss`` chooses one of
    several losses of equations.

    Raises:
        SpecError: the place in the file, what was found and what was expected.
        ShapeError: shapes that do not fit, with the layer or equation.
    """
    _require_plain(data, "", 0)
    if not isinstance(data, dict):
        raise SpecError(f"found {shown(data)}, expected a table with layers or equations")
    if "equations" in data:
        if "layers" in data:
            raise SpecError("both layers and equations: a file has one of them")
        if unroll is not None:
            raise SpecError(f"unroll is {unroll!r}, but equations have no recurrent layer: write its steps out")
        return _equations(validate(Equations, data), batch, loss)
    if loss is not None:
        raise SpecError(f"loss is {loss!r}, but layers say their own; leave out --loss, or change the file")
    found = validate(layers_table(), data)
    found = found if unroll is None else _unrolled(found, unroll)
    return _layers(found, batch) if _repeats_any(found.layers) is None else _of_any(found, batch)


OPEN_REPEAT = "N"
"""What a layer says that follows itself any number of times."""

REPEATED = ("dense", "residual")
"""The types of layers that may."""


def _repeats_any(specs: Sequence[Any]) -> int | None:
    """Return which of the layers is there any number of times; None where each has its number.

    Raises:
        SpecError: there are several, one is inside another layer, or it is of a type that may not.
    """
    found = [at for at, spec in enumerate(specs) if spec.repeat == OPEN_REPEAT]
    if any(_repeats_any(_inner(spec)) is not None for spec in specs) or len(found) > 1:
        raise SpecError(f"repeat is {OPEN_REPEAT!r} more than once or inside a layer: one layer of the file may say it")
    for at in found:
        if specs[at].type not in REPEATED or specs[at].name is not None:
            types = " and ".join(REPEATED)
            raise SpecError(f"layers[{at}].repeat is {OPEN_REPEAT!r}: layers of type {types} without a name may say it")
    return found[0] if found else None


def _of_any(found: Any, batch: bool) -> Network:
    """Return the network that stands for those with any number of repeats."""
    place = _repeats_any(found.layers)

    def build(count: int) -> Network:
        layers = [
            spec.model_copy(update={"repeat": count}) if at == place else spec for at, spec in enumerate(found.layers)
        ]
        return _layers(found.model_copy(update={"layers": layers}), batch)

    return General(OPEN_REPEAT, build).shown


def _unrolled(found: Any, steps: int) -> Any:
    """Return the data with that many steps in every recurrent layer.

    Raises:
        SpecError: there is none.
    """
    if not any(map(_has_steps, found.layers)):
        recurrent = ", ".join(name for name, row in ROWS.items() if "steps" in row.keys)
        raise SpecError(f"unroll is {steps!r}, but there is no recurrent layer ({recurrent}) to unroll")
    return found.model_copy(update={"layers": [_with_steps(spec, steps) for spec in found.layers]})


def _has_steps(spec: Any) -> bool:
    return "steps" in ROWS[spec.type].keys or any(map(_has_steps, _inner(spec)))


def _inner(spec: Any) -> Sequence[Any]:
    """Return the layers inside a layer; asking a model for what it has not is slow."""
    return cast("Sequence[Any]", spec.layers) if "layers" in ROWS[spec.type].keys else ()


def _with_steps(spec: Any, steps: int) -> Any:
    update: dict[str, Any] = {"steps": steps} if "steps" in ROWS[spec.type].keys else {}
    if _inner(spec):
        update["layers"] = [_with_steps(each, steps) for each in spec.layers]
    return spec.model_copy(update=update)


def _equations(found: Any, batch: bool, loss: str | None) -> Network:
    return Network.equations(
        found.equations,
        found.shapes,
        found.parameters,
        found.inputs,
        found.targets,
        constants=found.constants,
        frozen=found.frozen,
        loss=loss,
        batch=True if batch else found.batch,
    )


def _layers(found: Any, batch: bool) -> Network:
    if not found.layers:
        raise SpecError("layers is empty: a network needs at least one layer")
    require_used(found.let, [*_texts(found.layers), *([found.loss] if found.loss else [])])
    _require_few(found.layers)
    _require_distinct(list(_named(found.layers, "layers")))
    inputs = Image(**found.inputs.model_dump()) if isinstance(found.inputs, ImageTable) else found.inputs
    return Network(
        list(_built(found.layers, "layers", found.let)),
        inputs,
        found.loss,
        batch=batch or found.batch,
        let=found.let,
        l2=found.l2,
    )


@dataclass(frozen=True)
class _Placed:
    """A layer that knows its place in the file, for what its own errors cannot say, and its name."""

    layer: Layer
    place: str
    name: str | None

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        """Add the layer's equations.

        Raises:
            SpecError: as the layer does, with the place in front.
            ShapeError: likewise.
        """
        with self._told(builder):
            result = self.layer.build(builder, incoming)
        if self.name:
            builder.results[self.name] = result
        return result

    def opened(self) -> _Placed | None:
        """Return the layer in its place with its width left open; None where it cannot."""
        open_ = getattr(self.layer, "opened", None)
        return None if open_ is None else replace(self, layer=open_())

    @contextmanager
    def _told(self, builder: Builder) -> Iterator[None]:
        try:
            with builder.scope(self.name) if self.name else nullcontext():
                yield
        except (SpecError, ShapeError) as error:
            raise _at(self.place, error) from None


@dataclass(frozen=True)
class _PlacedSequence(_Placed):
    """A layer in its place that reads a sequence."""

    def build_steps(self, builder: Builder, incoming: Sequence[Variable]) -> Variable | tuple[Variable, ...]:
        """Add the layer's equations, with errors as those of ``build``."""
        with self._told(builder):
            return cast("SequenceLayer", self.layer).build_steps(builder, incoming)


@dataclass(frozen=True)
class _PlacedRecurrent(_PlacedSequence):
    """A layer in its place that says how many steps a sequence has."""

    @property
    def steps(self) -> int:
        """The number of steps."""
        return cast("int", self.layer.steps)  # type: ignore[attr-defined]


def _placed(layer: Layer, place: str, name: str | None) -> _Placed:
    kind = _PlacedRecurrent if hasattr(layer, "steps") else _PlacedSequence
    return (kind if hasattr(layer, "build_steps") else _Placed)(layer, place, name)


def _at(place: str, error: SpecError | ShapeError) -> SpecError | ShapeError:
    """Return an error with its place in front, the innermost one."""
    return error if str(error).startswith("layers[") else type(error)(f"{place}: {error}")


def _built(specs: Sequence[Any], place: str, let: Mapping[str, str]) -> Iterator[Layer]:
    for index, spec in enumerate(specs):
        here = f"{place}[{index}]"
        row = ROWS[spec.type]
        values = {key: getattr(spec, key) for key in row.keys}
        if "layers" in values:
            values["layers"] = tuple(_built(spec.layers, f"{here}.layers", let))
        if isinstance(values.get("projection"), Table):
            values["projection"] = Linear(**values["projection"].model_dump())
        if "let" in {each.name for each in fields(row.layer)}:  # type: ignore[arg-type]
            values["let"] = let
        try:
            layer = _placed(row.layer(**values), here, spec.name)
        except (SpecError, ShapeError) as error:
            raise _at(here, error) from None
        earlier = [spec.concat] if isinstance(spec.concat, str) else spec.concat or []
        yield from (_placed(ConcatWith(name), f"{here}.concat", None) for name in earlier)
        yield from [layer] * spec.repeat


def _texts(specs: Sequence[Any]) -> Iterator[str]:
    """Yield the activations of layers, where the names of ``let`` may stand."""
    for spec in specs:
        keys = ROWS[spec.type].keys
        yield from (text for key in ("activation", "function") if key in keys and (text := getattr(spec, key)))
        yield from _texts(_inner(spec))


def _count(specs: Sequence[Any]) -> int:
    """Return the number of layers once all repeats are written out, every step and every head as one."""
    return sum(spec.repeat * (_weight(spec) + _count(_inner(spec))) for spec in specs)


def _weight(spec: Any) -> int:
    found = {key: getattr(spec, key) for key in ("steps", "heads", "depth") if key in ROWS[spec.type].keys}
    return max(1, found.get("heads", 1), found.get("steps", 1) * found.get("depth", 1))


def _require_few(specs: Sequence[Any]) -> None:
    total = _count(specs)
    if total > MAX_EQUATIONS:
        shown = f"{total:,}" if total < 10**15 else "more than 10^15"
        raise SpecError(f"layers: {shown} layers with their repeats, steps and heads; at most {MAX_EQUATIONS:,}")


def _named(specs: Sequence[Any], place: str) -> Iterator[tuple[str, str]]:
    for index, spec in enumerate(specs):
        here = f"{place}[{index}]"
        if spec.name is not None:
            yield spec.name, here
        yield from _named(_inner(spec), f"{here}.layers")


def _require_distinct(named: Sequence[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for name, place in named:
        if name in first:
            raise SpecError(f"{place}.name is {name}, the name of {first[name]} already: give another")
        first[name] = place


def _require_plain(value: object, place: str, depth: int) -> None:
    """Refuse what no file needs: deep nesting, numbers that are not finite, dates."""
    if depth > MAX_NESTING:
        raise SpecError(f"{place[:60]}…: nested more than {MAX_NESTING} deep")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _require_plain(inner, f"{place}.{key_text(key)}" if place else key_text(key), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _require_plain(inner, f"{place}[{index}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{place} is {value}: give a finite number")
    elif value is not None and not isinstance(value, str | int | float):
        raise SpecError(f"{place} is {shown(value)}: give a number, text, a list or a table")
