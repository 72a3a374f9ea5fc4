"""Gradients as arrays: a ``.npz`` or ``.json`` file with parameters, X, Y and gradients. A file is data, never code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, ShapeError, SpecError
from symbp.inputs import read_regular
from symbp.judging import reductions
from symbp.judging.cases import narrowed
from symbp.judging.diagnosis.diagnose import diagnose
from symbp.judging.forms import Form, Shaper
from symbp.judging.judging import Judged, sides_of
from symbp.judging.layouts import BY_COLUMNS, BY_ROWS, ROWS, Layout
from symbp.judging.penalty import with_own_penalty
from symbp.judging.returned import LOSSES, Reader, spelled, unknown_note
from symbp.judging.vocabulary import by_plain_name, plain_name
from symbp.judging.zipped import arrays_in
from symbp.limits import MAX_JSON_ARRAYS, MAX_UNITS
from symbp.networks.files import reason
from symbp.numeric.values import target_kinds
from symbp.sample import Sample
from symbp.symbols import Role, Variable

FEW = 5
"""With fewer examples than this mistakes may coincide."""

GROUPS = {"parameters": "parameters", "weights": "parameters", "params": "parameters", "inputs": "inputs",
          "targets": "inputs", "gradients": "gradients", "grads": "gradients", "gradient": "gradients"}  # fmt: skip
"""Tables of a JSON file, by the names people give them."""


@dataclass
class Arrays:
    """What a file holds: arrays by key, gradients by key, their loss."""

    given: dict[str, Any] = field(default_factory=dict)
    gradients: dict[str, Any] = field(default_factory=dict)
    loss: float | None = None

    @property
    def layers(self) -> int:
        """The number of weight matrices W1, W2 … among them."""
        return sum(1 for name in self.given if name[:1] in "Ww" and name[1:].isdigit())

    @property
    def bias(self) -> bool:
        """Whether there is a bias among them."""
        return any(name[:1] == "b" and name[1:].isdigit() for name in self.given)


def load(place: Path) -> Arrays:
    """Return the arrays of a ``.npz`` or ``.json`` file, gradients told apart by their keys (dW1) or their table.

    Raises:
        SpecError: not readable, too large, pickled objects, or no numbers.
    """
    found = _READERS[place.suffix.lower()](place)
    if not found.gradients:
        raise SpecError(f"{place.name}: no gradients in it: give them the keys dW1, db1 …, beside W1, b1 …, X and Y")
    return found


def _npz(place: Path) -> Arrays:
    found = Arrays()
    for name, array in arrays_in(place):
        _put(place, found, name, array)
    return found


def _json(place: Path) -> Arrays:
    try:
        text = read_regular(place, MAX_JSON_ARRAYS).decode("utf-8-sig")
        data = json.loads(text, object_pairs_hook=partial(_table, place))
    except SpecError:
        raise
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{place.name}: not JSON: {reason(error)}") from None
    if not isinstance(data, dict):
        raise SpecError(f'{place.name}: not a table: write {{"parameters": {{…}}, "X": …, "Y": …, "gradients": {{…}}}}')
    found = Arrays()
    for key, value in data.items():
        group = GROUPS.get(key.lower()) if isinstance(value, dict) else None
        for name, each in value.items() if group else ((key, value),):
            _put(place, found, name, _array(place, name, each), group)
    return found


def _table(place: Path, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return a table of a JSON file; Python would keep the last of two keys without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise SpecError(f"{place.name}: the key {twice[:60]!r} stands twice in one table: keep one of them")
    return found


def _npy(place: Path) -> Arrays:
    raise SpecError(
        f"{place.name}: one array alone, and a gradient is compared at its parameters and data: "
        "np.savez('theirs.npz', W1=W1, b1=b1, X=X, Y=Y, dW1=dW1, db1=db1)"
    )


_READERS: Mapping[str, Callable[[Path], Arrays]] = {".npz": _npz, ".npy": _npy, ".json": _json}


def _array(place: Path, name: str, value: Any) -> Any:
    import numpy as np

    try:
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            return array
    except ValueError:
        pass
    raise SpecError(
        f"{place.name}: {name[:60]} is no array of numbers: give rows of equal length, and numbers that a double holds"
    )


def _put(place: Path, found: Arrays, name: str, array: Any, group: str | None = None) -> None:
    word = plain_name(name)
    if word in LOSSES and array.size == 1 and group is None:
        found.loss = float(array.reshape(()))
        return
    is_gradient = group == "gradients" or (group is None and (word.startswith(("d", "grad")) or word.endswith("grad")))
    table = found.gradients if is_gradient else found.given
    if name in table:
        raise SpecError(f"{place.name}: {name[:60]} is there twice: keep one of them")
    table[name] = array


def judge_data(
    derivation: Derivation, arrays: Arrays, source: str, *, rows: bool = False, reduction: str = "mean"
) -> Judged:
    """Diagnose the gradients of a file at the numbers it holds.

    Raises:
        SpecError: an array that is missing or has no meaning in this network.
        ShapeError: shapes that do not fit the network.
        CheckFailedError: a gradient of the wrong shape or one that is not a number.
    """
    derivation = with_own_penalty(derivation, reduction)
    layouts = BY_ROWS if rows else BY_COLUMNS[:1]
    problems: list[SpecError | ShapeError | CheckFailedError] = []
    for layout in layouts:
        try:
            return _judged(derivation, arrays, source, layout, reduction)
        except (SpecError, ShapeError, CheckFailedError) as error:
            problems.append(error)
    worst = problems[0]
    if not rows and _fits_rows(derivation, arrays):
        raise type(worst)(f"{source}: {worst}; it fits with rows as examples: give --rows")
    raise type(worst)(f"{source}: {worst}")


def _fits_rows(derivation: Derivation, arrays: Arrays) -> bool:
    for layout in BY_ROWS:
        try:
            _sample(derivation, arrays, layout, "mean")
        except (SpecError, ShapeError, CheckFailedError):
            continue
        return True
    return False


def _judged(derivation: Derivation, arrays: Arrays, source: str, layout: Layout, reduction: str) -> Judged:
    sample, notes = _sample(derivation, arrays, layout, reduction)
    diagnosis = diagnose(derivation, [sample])
    examples = min((array.shape[1] for array in sample.x.values()), default=FEW)
    if examples < FEW:
        notes.append(f"only {examples} example{'s' * (examples > 1)}: with {FEW} and more fewer mistakes look alike")
    return Judged(diagnosis, source, tuple(notes), sides=sides_of(diagnosis))


def _sample(derivation: Derivation, arrays: Arrays, layout: Layout, reduction: str) -> tuple[Sample, list[str]]:
    network = derivation.network
    names = by_plain_name(network.by_name)
    if len(network.inputs) == 1:
        names.update(dict.fromkeys(("x", "inputs", "input", "a0"), str(network.x.name)))
    if network.y is not None:
        names.update(dict.fromkeys(("y", "targets", "target", "labels"), str(network.y.name)))
    found: dict[str, Any] = {}
    keys: dict[str, str] = {}
    unknown = []
    for key, array in arrays.given.items():
        name = key if key in network.by_name else names.get(plain_name(key))
        if name is None:
            unknown.append(key)
        elif keys.setdefault(name, key) != key:
            raise SpecError(f"{keys[name]} and {key} both name {name}: keep one of them")
        else:
            found[name] = _finite(key, _ours(key, network.by_name[name], array, layout, derivation))
    keys_of = {key: network.by_name[name] for name, key in keys.items()}
    parameters = {each.name: found[each.name] for each in network.parameters if each.name in found}
    inputs = {each.name: found[each.name] for each in network.inputs if each.name in found}
    _require(derivation, found)
    goals = {each.name: found[each.name] for each in derivation.forward.given if each.name in found
             and isinstance(each, Variable) and each.role is Role.TARGET}  # fmt: skip
    y = goals if len(goals) > 1 else next(iter(goals.values()), None)
    _, ours = derivation.compile()(parameters, inputs if len(inputs) > 1 else next(iter(inputs.values())), y)
    examples = next(iter(inputs.values())).shape[1]
    reader = Reader(
        derivation,
        "the file",
        Shaper(derivation, Form(BY_COLUMNS[0])),
        (),
        _Shapes(found, {name: each.shape for name, each in ours.items()}, derivation),
        parameters,
    )
    nodes = [{"kind": "array", "at": at} for at in range(len(arrays.gradients))]
    node = {"kind": "dict", "keys": list(arrays.gradients), "values": nodes}
    # A gradient lies as its parameter does, so it is turned like it.
    turned = [_gradient(key, array, layout, derivation) for key, array in arrays.gradients.items()]
    returned = reader.read(node, turned)
    outputs = next((each.shape[0] for each in goals.values()), 1)
    share = reductions.share(derivation, reduction, examples, outputs)
    given = {name: array / share for name, array in returned.gradients.items()}
    notes = [unknown_note([*unknown, *returned.unknown], list(network.by_name))] if unknown or returned.unknown else []
    notes += [f"{key} holds class labels from 1" for key, array in arrays.given.items() if (own := keys_of.get(key))
              and _holds_labels(own, array, derivation) and _counts_from_one(own, array)]  # fmt: skip
    if layout is not BY_COLUMNS[0] and layout is not ROWS:
        notes.append(f"read so that {layout.name}")
    loss = None if arrays.loss is None else arrays.loss / share
    forward = {name: array for name, array in found.items() if name in network.by_name}
    return Sample(parameters, inputs, y, given, loss, forward), notes


def _finite(key: str, array: Any) -> Any:
    import numpy as np

    count = int((~np.isfinite(array)).sum())
    if count:
        raise SpecError(f"{key} is NaN or infinite in {count} of {array.size} entries: nothing can be compared there")
    return array


def _gradient(key: str, array: Any, layout: Layout, derivation: Derivation) -> Any:
    name = spelled(key, derivation.network.by_name)
    return array if name is None else _ours(key, derivation.network.by_name[name], array, layout, derivation)


class _Shapes(dict[str, tuple[int, ...]]):
    """The shapes of all gradients: parameters as given, intermediates as the network makes them."""

    def __init__(self, given: Mapping[str, Any], known: Mapping[str, tuple[int, ...]], derivation: Derivation) -> None:
        sizes: dict[Any, int] = {}
        for name, array in given.items():
            sizes.update(zip(derivation.network.by_name[name].shape, array.shape, strict=True))
        shapes = {
            name: tuple(int(size.xreplace({each: _integer(sizes[each]) for each in size.free_symbols if each in sizes}))
                        for size in variable.shape)
            for name, variable in derivation.network.by_name.items()
            if all(each in sizes for size in variable.shape for each in size.free_symbols)
        }  # fmt: skip
        super().__init__({**shapes, **known})


def _integer(number: int) -> Any:
    from sympy import Integer

    return Integer(number)


def _require(derivation: Derivation, found: Mapping[str, Any]) -> None:
    network = derivation.network
    goals = [each for each in derivation.forward.given if isinstance(each, Variable) and each.role is Role.TARGET]
    wanted: Sequence[Variable] = (*network.parameters, *network.inputs, *goals)
    missing = [each.name for each in wanted if each.name not in found]
    if missing:
        shown = ", ".join(missing[:6])
        raise SpecError(
            f"{shown} {'is' if len(missing) == 1 else 'are'} missing: the gradients are compared at your numbers"
        )


def _holds_labels(variable: Variable, array: Any, derivation: Derivation) -> bool:
    """Whether whole numbers in one row stand for the classes of one-hot columns."""
    kinds = {*target_kinds(derivation.forward).values(), *narrowed(derivation.forward, certain=True).values()}
    is_one_hot = variable.role is Role.TARGET and "one_hot" in kinds
    is_row = array.ndim > 0 and max(array.shape) == array.size
    return is_one_hot and variable.shape[0] != 1 and is_row and array.dtype.kind in "iu"


def _one_hot(key: str, variable: Variable, labels: Any) -> Any:
    import numpy as np

    rows = variable.shape[0]
    most = int(rows) if rows.is_Integer else MAX_UNITS
    if _counts_from_one(variable, labels):
        labels = labels - 1
    outside = labels[(labels < 0) | (labels >= most)]
    if outside.size:
        raise SpecError(
            f"{key} holds the class label {outside[0]}: the labels of n classes are 0 to n - 1{_known(rows)}"
        )
    classes = most if rows.is_Integer else int(labels.max()) + 1
    return (np.arange(classes)[:, None] == labels).astype(float)


def _counts_from_one(variable: Variable, labels: Any) -> bool:
    """Whether class labels are 1 to n: the last class is among them, and no 0."""
    rows = variable.shape[0]
    return bool(rows.is_Integer and labels.min() >= 1 and labels.max() == int(rows))


def _known(rows: Any) -> str:
    return f", here 0 to {rows - 1}" if rows.is_Integer else ""


def _ours(key: str, variable: Variable, array: Any, layout: Layout, derivation: Derivation) -> Any:
    """Return an array in our orientation and as a matrix; class labels become one-hot columns."""
    if array.size == 0:
        raise SpecError(f"{key} is empty, {array.shape}: give at least one example")
    if _holds_labels(variable, array, derivation):
        return _one_hot(key, variable, array.reshape(-1))
    plain = array.astype(float) if array.dtype.kind in "biu" else array
    if plain.ndim == 1:
        return plain.reshape(-1, 1) if variable.shape[1] == 1 else plain.reshape(1, -1)
    if variable.shape[1] == 1 and 1 in plain.shape:
        return plain.reshape(-1, 1)
    if plain.ndim == 0:
        return plain.reshape(1, 1)
    return layout.ours(variable, plain)
