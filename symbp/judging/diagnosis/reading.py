"""Samples as they are given, checked and brought into one form before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import ShapeError, SpecError
from symbp.numeric.arguments import Arguments
from symbp.numeric.compiled import generic_functions
from symbp.ops.losses import GenericLoss
from symbp.sample import Sample
from symbp.symbols import Variable


def read(derivation: Derivation, samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return samples whose arrays have the right names and shapes and hold finite numbers.

    Raises:
        SpecError: what is no derivation or no sample, a name that is missing or unknown, no examples, no numbers.
        ShapeError: a parameter, an input or a target that does not fit the network.
    """
    if not isinstance(derivation, Derivation):
        raise SpecError(f"diagnose: {_kind(derivation)} is no derivation: give symbp.derive(…) first, then the samples")
    if isinstance(samples, Sample) or not isinstance(samples, Sequence) or isinstance(samples, str):
        raise SpecError(f"diagnose: give a list of samples, such as [symbp.Sample(…)], not {_kind(samples)}")
    if not samples:
        raise SpecError("diagnose: give at least one sample of the gradient")
    if missing := left_open(derivation):
        raise SpecError(
            f"diagnose: {' and '.join(missing)} of the network left open: name what is meant, such as tanh, mse"
        )
    arguments = Arguments.of(derivation.forward)
    return tuple(_read(arguments, f"sample {number}", sample) for number, sample in enumerate(samples, 1))


def left_open(derivation: Derivation) -> list[str]:
    """Return what a network leaves open, so that nothing can be computed with it: its activation, its loss."""
    generic = bool(generic_functions(derivation.forward))
    is_open = any(isinstance(equation.rhs, GenericLoss) for equation in derivation.forward)
    return [name for name, found in (("activation", generic), ("loss", is_open)) if found]


def tolerance_of(given: object) -> float | None:
    """Return a relative error, a positive number below one; None where none is given."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, Real) or not 0 < float(given) < 1:
        raise SpecError(f"diagnose: tolerance is {given!r}: give a relative error between 0 and 1, such as 1e-6")
    return float(given)


def _read(arguments: Arguments, where: str, sample: Sample) -> Sample:
    if not isinstance(sample, Sample):
        raise SpecError(f"diagnose: {where} is {_kind(sample)}: give symbp.Sample(parameters, x, y, given)")
    for what in ("given", "forward"):
        if not isinstance(getattr(sample, what), Mapping):
            raise SpecError(f"{where}: {what} is {_kind(getattr(sample, what))}: give a dict of arrays by name")
    parameters, inputs, targets = _named(arguments, where, sample)
    for name, array in {**parameters, **inputs, **targets}.items():
        _require_finite(where, name, array)
    return replace(
        sample,
        parameters=parameters,
        x=inputs,
        y=targets if len(targets) > 1 else next(iter(targets.values()), None),
        given={name: _real(where, f"the gradient of {name}", array) for name, array in sample.given.items()},
        forward={name: _real(where, name, array) for name, array in sample.forward.items()},
        loss=_loss(where, sample.loss),
    )


def _named(arguments: Arguments, where: str, sample: Sample) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return parameters, inputs and targets by name, their shapes checked against the network."""
    _require_examples(where, arguments, sample)
    try:
        parameters, inputs, targets, _ = arguments.read(sample.parameters, sample.x, sample.y)
    except (SpecError, ShapeError) as error:
        raise type(error)(f"{where}: {error}") from None
    return parameters, _by_name(arguments.inputs, inputs), _by_name(arguments.targets, targets)


def _by_name(variables: Sequence[Variable], arrays: Any) -> dict[str, Any]:
    if not variables:
        return {}
    return dict(arrays) if isinstance(arrays, Mapping) else {variables[0].name: arrays}


def _require_examples(where: str, arguments: Arguments, sample: Sample) -> None:
    """Refuse arrays without an entry before their shapes are compared: no examples are the clearer reason."""
    import numpy as np

    groups = (sample.parameters, sample.x, sample.y)
    names = [[each.name for each in group] for group in (arguments.parameters, arguments.inputs, arguments.targets)]
    for group, known in zip(groups, names, strict=True):
        arrays = group.items() if isinstance(group, Mapping) else zip(known[:1], [group], strict=False)
        for name, array in arrays:
            if isinstance(array, np.ndarray) and array.size == 0:
                raise SpecError(f"{where}: {name} is empty, {array.shape}: give at least one example, a column each")


def _require_finite(where: str, name: str, array: Any) -> None:
    import numpy as np

    count = int((~np.isfinite(array)).sum())
    if count:
        raise SpecError(
            f"{where}: {name} is NaN or infinite in {count} of {array.size} entries: nothing can be compared there"
        )


def _real(where: str, name: str, given: Any) -> Any:
    """Return an array of real numbers, in the precision it has."""
    import numpy as np

    try:
        array = np.asarray(given)
    except ValueError:
        raise ShapeError(f"{where}: {name} is not an array: its rows have different lengths") from None
    if array.dtype.kind not in "fiu":
        what = f"{array.dtype} numbers" if array.dtype.kind in "bc" else f"no numbers ({array.dtype})"
        raise SpecError(f"{where}: {name} holds {what}: a gradient and what it is made of are real; give float64")
    return array


def _loss(where: str, given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, Real):
        raise SpecError(f"{where}: the loss is {given!r:.60}: give a number, or leave it out")
    return float(given)


def _kind(given: object) -> str:
    name = type(given).__name__
    return "nothing" if given is None else f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"
