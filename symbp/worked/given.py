"""The numbers of a worked example: a file of parameters, X, Y and how to descend, read as data and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sympy import Expr, Integer

from symbp.analysis.initialisations import initialisation
from symbp.derivation import Derivation
from symbp.domain import described
from symbp.errors import ShapeError, SpecError, nearest
from symbp.limits import MAX_DIGITS, MAX_UNITS
from symbp.networks.files import data_of
from symbp.ops.functions import LARGEST
from symbp.roles import DATA
from symbp.symbols import BATCH, Role, Variable

MAX_SEED = 2**32 - 1

DRAWN_AS = "xavier"
"""How parameters are drawn that a file with a seed leaves out."""


@dataclass(frozen=True)
class Given:
    """What a values file says: arrays by name, columns examples; nothing checked against a network yet."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Any = None
    targets: Any = None
    learning_rate: float | None = None
    frozen: tuple[str, ...] = ()
    digits: int | None = None
    seed: int | None = None

    @property
    def columns(self) -> int:
        """How many columns the input has: one says that one example is shown."""
        arrays = self.inputs.values() if isinstance(self.inputs, Mapping) else [self.inputs]
        return max((each.shape[1] for each in arrays if each is not None), default=1)


def read_given(path: str | Path) -> Given:
    """Return the numbers of a TOML or JSON file.

    Its keys: ``X`` and ``Y`` (a list is one example, a list of rows a matrix whose columns are examples; for several
    inputs a table of them), the table ``parameters``, ``learning_rate``, ``frozen`` (names), ``digits`` (behind the
    point), and ``seed`` (draws the parameters that are not there).

    Raises:
        SpecError: no such file, not TOML or JSON, an unknown key, or a value that is not what its key takes; with
            the file and the key.
    """
    place = Path(path)
    data = data_of(place)
    try:
        if not isinstance(data, dict):
            raise SpecError("a table of keys such as X, Y and parameters is needed")
        for key in data:
            if key not in _READERS:
                raise SpecError(f"unknown key {key[:60]!r}{nearest(key, _READERS) or f'; known: {_KNOWN}'}")
        found: dict[str, Any] = {str(_FIELDS.get(key, key)): _READERS[key](key, value) for key, value in data.items()}
        if found.get("inputs") is None:
            raise SpecError("X is missing: the input, as in X = [0.05, 0.10] for one example")
        return Given(place.name, **found)
    except SpecError as error:
        raise SpecError(f"{place.name}: {error}") from None


def _array(key: str, value: Any) -> Any:
    """Read a number, a list (a column) or a list of rows."""
    import numpy as np

    rows = value if isinstance(value, list) else [value]
    cells = [cell for row in rows for cell in (row if isinstance(row, list) else [row])]
    wrong = next((cell for cell in cells if isinstance(cell, bool) or not isinstance(cell, int | float)), None)
    if wrong is not None or not cells:
        raise SpecError(f"{key}: {described(wrong)} is not a number" if cells else f"{key}: it is empty")
    if not all(math.isfinite(cell) for cell in cells if isinstance(cell, float)):
        raise SpecError(f"{key}: every number must be finite")
    large = next((cell for cell in cells if isinstance(cell, int) and abs(cell) > LARGEST), None)
    if large is not None:
        raise SpecError(f"{key}: {described(large)} is too large: give a number below {LARGEST:.0e}")
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) > 1:
        raise SpecError(f"{key}: its rows have different lengths")
    array = np.array(value, dtype=float)
    return array if array.ndim == 2 else array.reshape(-1, 1)


def _arrays(key: str, value: Any) -> Any:
    """Read one array, or a table of several by name."""
    if isinstance(value, dict):
        return {name: _array(f"{key}.{name}", each) for name, each in value.items()}
    return _array(key, value)


def _parameters(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError("parameters is a table: write [parameters], then W1 = [[0.15, 0.20], [0.25, 0.30]] below it")
    # A bare number fills a whole vector; how long it is only the network knows.
    return {
        name: _array(f"parameters.{name}", each) if isinstance(each, list) else _filling(f"parameters.{name}", each)
        for name, each in value.items()
    }


def _filling(key: str, value: Any) -> float:
    return float(_array(key, value)[0, 0])


def _rate(key: str, value: Any) -> float:
    found = _filling(key, value)
    if not found > 0:
        raise SpecError(f"{key} {described(value)}: give a positive number, such as 0.5")
    return found


def _names(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SpecError(f'{key} is a list of names, such as ["b1", "b2"]')
    return tuple(value)


def _whole(least: int, most: int) -> Any:
    def read(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SpecError(f"{key} {described(value)}: a whole number from {least} to {most}")
        return value

    return read


_READERS: dict[str, Any] = {
    "X": _arrays,
    "Y": _arrays,
    "parameters": _parameters,
    "learning_rate": _rate,
    "frozen": _names,
    "digits": _whole(1, MAX_DIGITS),
    "seed": _whole(0, MAX_SEED),
}
_KNOWN = ", ".join(_READERS)
_FIELDS = {"X": "inputs", "Y": "targets"}


def filled(given: Given, derivation: Derivation) -> Given:
    """Return the values with an array for every parameter of the network: bare numbers spread, missing ones drawn.

    Raises:
        SpecError: a name the network does not have, or a parameter that is missing and no seed to draw it with.
        ShapeError: a bare number, or a missing parameter, whose shape neither network nor numbers say.
    """
    import numpy as np

    variables = {symbol.name: symbol for symbol in derivation.network.parameters}
    for name in (*given.parameters, *given.frozen):
        if name not in variables:
            raise SpecError(f"{given.name}: the network has no parameter {name[:60]!r}{nearest(name, variables)}")
    missing = [name for name in variables if name not in given.parameters]
    if missing and given.seed is None:
        raise SpecError(
            f"{given.name}: {', '.join(missing[:6])} {'is' if len(missing) == 1 else 'are'} missing from [parameters]; "
            "give numbers, or seed = 0 to draw them"
        )
    sizes = _sizes(given, derivation)
    found: dict[str, Any] = {}
    for number, (name, variable) in enumerate(variables.items()):
        value = given.parameters.get(name)
        if isinstance(value, np.ndarray):
            found[name] = value
            continue
        shape = _shape(given.name, variable, sizes)
        drawn = value is None
        found[name] = (
            initialisation(DRAWN_AS).parameter(variable, shape, [given.seed or 0, number])
            if drawn
            else np.full(shape, value)
        )
    return replace(given, parameters=found)


def _sizes(given: Given, derivation: Derivation) -> dict[Expr, Integer]:
    """Return what the given arrays say of the dimensions that the network leaves open."""
    arrays = {name: array for name, array in given.parameters.items() if hasattr(array, "shape")}
    for group, roles in ((given.inputs, DATA), (given.targets, (Role.TARGET,))):
        names = [symbol.name for symbol in derivation.forward.given if symbol.role in roles]
        arrays |= group if isinstance(group, Mapping) else dict.fromkeys(names[:1], group) if group is not None else {}
    return {
        size: Integer(number)
        for symbol in derivation.forward.given
        if symbol.name in arrays
        for size, number in zip(symbol.shape, arrays[symbol.name].shape, strict=True)
        if size.is_Symbol and size != BATCH
    }


def _shape(name: str, variable: Variable, sizes: Mapping[Expr, Integer]) -> tuple[int, int]:
    found = [size.xreplace(dict(sizes)) for size in variable.shape]
    if not all(isinstance(size, Integer) and size <= MAX_UNITS for size in found):
        raise ShapeError(
            f"{name}: nothing says the shape of {variable.name}: give its rows, or the widths of the network"
        )
    return int(found[0]), int(found[1])
