"""The axes of a notation by name: what each may be, a value read and checked, a row with some of them changed.

A file of a notation is TOML: ``preset`` names the row, or the file, that it starts from; every other key is an axis.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from symbp.errors import SpecError, nearest, shown
from symbp.inputs import read_regular
from symbp.maths.notation import AS_Z, DERIVATIVE, NABLA, NOTATIONS, STANDARD, Notation, affine, notation_named
from symbp.views.layout import LAYOUTS
from symbp.views.scale import SCALES

LARGEST = 64_000
"""Bytes that a file of a notation may hold."""

PRESET = "preset"
"""The key of what a file starts from."""

DEEPEST = 8
"""How many files may start from each other."""


@dataclass(frozen=True)
class Axis:
    """One axis: how a value of it is read, and in words what it may be."""

    read: Callable[[Any], Any]
    may_be: str


@cache
def axes() -> Mapping[str, Axis]:
    """Return every axis by its name."""
    hints = get_type_hints(Notation)
    return {each.name: _axis(each.name, hints[each.name]) for each in fields(Notation) if each.name not in ABOUT}


ABOUT = ("name", "about")
"""The fields of a row that are no axes."""


def _axis(name: str, hint: Any) -> Axis:
    tables: dict[str, Mapping[str, object]] = {"layout": LAYOUTS, "scale": SCALES}
    if name in tables:
        return _choice(tuple(tables[name]))
    if get_origin(hint) is Literal:
        return _choice(get_args(hint))
    if hint is bool:
        return Axis(_yes_or_no, "true or false")
    if hint is int:
        return Axis(_first, "0, 1 or 2")
    if name == "entry_letters":
        return Axis(_indices, "letters of indices, such as ijk")
    if name.endswith("_number"):
        return Axis(_number, "a number such as l, l - 1, 2l + 1")
    if name in DERIVATIVES:
        return Axis(partial(_letter_or, DERIVATIVES[name]), f"a letter, or {' or '.join(DERIVATIVES[name])}")
    return Axis(_letter, "a letter, or one with a word below, such as Z_in" if name in WORDED else "a letter")


WORDED = ("bias", "preactivation", "activation")
"""Letters that may have a word below them."""

DERIVATIVES = {"error": (DERIVATIVE,), "loss_gradient": (DERIVATIVE, NABLA)}
"""Letters in whose place the derivative may stand, and what says so."""


def _letter_or(words: tuple[str, ...], value: Any) -> str:
    return str(value) if value in words else _letter(value)


def _choice(known: tuple[str, ...]) -> Axis:
    def read(value: Any) -> str:
        if value not in known:
            raise SpecError(nearest(str(value), known).removeprefix("; ") or f"choose from {', '.join(known)}")
        return str(value)

    return Axis(read, " | ".join(known))


def _yes_or_no(value: Any) -> bool:
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise SpecError("choose from true, false")
    return found


def _first(value: Any) -> int:
    if str(value) not in ("0", "1", "2"):
        raise SpecError("layers are counted from 0, 1 or 2")
    return int(value)


def _number(value: Any) -> str:
    if value != AS_Z:
        affine(str(value))
    return str(value)


def _indices(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]{1,6}", value) or len(set(value)) < len(value):
        raise SpecError("give up to six small letters, each once, such as ijk")
    return value


_LETTER = re.compile(r"[^\W\d_](_[A-Za-z0-9]{1,8})?\Z")


def _letter(value: Any) -> str:
    if not isinstance(value, str) or not _LETTER.match(value):
        raise SpecError("give one letter, such as W or Ω; a word may stand below it, as in z_in")
    return value


def changed(row: Notation, values: Mapping[str, Any]) -> Notation:
    """Return a row with some axes changed.

    Raises:
        SpecError: an unknown axis, a value that it has not, or two things with one letter; it begins with the axis.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in axes():
            raise SpecError(f"{shown(name)}: no axis of a notation{nearest(name, axes())}")
        try:
            found[name] = axes()[name].read(value)
        except SpecError as error:
            raise SpecError(f"{name}: {shown(str(value))} does not fit; {error}") from None
    whole = replace(row, **found)
    clash = next((pair for pair in clashes(whole) if {*pair} & {*found} or not found), None)
    if clash is not None:
        first, second = sorted(clash, key=lambda axis: axis not in found)
        raise SpecError(f"{first}: {second} has the letter {getattr(whole, second)} already")
    return whole


MATRICES = ("weight", "bias", "preactivation", "activation", "target", "input")
SIGNS = ("function", "loss", "error", "loss_gradient", "slopes", "index", "last", "count")


def clashes(row: Notation) -> Iterator[tuple[str, str]]:
    """Yield the axes of which two have one letter; what is numbered otherwise may have the same."""
    for first, second in combinations((*MATRICES, *SIGNS), 2):
        if _letters(row, first) & _letters(row, second) and not _apart(row, first, second):
            yield first, second


def _letters(row: Notation, axis: str) -> set[str]:
    """Return how a letter is printed: of a value also the small one of one example."""
    letter = getattr(row, axis)
    if letter in DERIVATIVES.get(axis, ()):
        return set()
    is_value = axis in MATRICES and axis not in ("weight", "bias")
    return {letter, letter.lower()} if is_value and row.examples == "one" else {letter}


def _apart(row: Notation, first: str, second: str) -> bool:
    """Whether numbers tell two things of one letter apart: x₂ and x₃, and x that all begin with."""
    counted = {"preactivation": row.preactivation_number, "activation": row.activation_number, "input": ""}
    if first not in counted or second not in counted:
        return False
    return row.preactivation == row.activation and counted["preactivation"] != counted["activation"]


def read_file(place: Path, above: tuple[Path, ...] = ()) -> Notation:
    """Return the notation of a file.

    Raises:
        SpecError: it cannot be read, is no TOML, starts from itself, or an axis does not fit; by file and line.
    """
    own = place.resolve()
    if own in above:
        raise SpecError(f"{PRESET}: leads back to {place.name}, which starts from it")
    if len(above) >= DEEPEST:
        raise SpecError(f"{PRESET}: more than {DEEPEST} files start from each other")
    text = read_regular(place, LARGEST).decode("utf-8", "replace")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{place}: {error}") from None
    try:
        row = _start(values.pop(PRESET, STANDARD.name), place, (*above, own))
        return replace(changed(row, values), name=place.stem, about=f"after {row.name}")
    except SpecError as error:
        key = str(error).partition(":")[0]
        line = next((at for at, each in enumerate(text.splitlines(), 1) if _is_of(each, key)), None)
        raise SpecError(f"{place}:{line}: {error}" if line else str(error)) from None


def _is_of(line: str, key: str) -> bool:
    return re.match(rf"\s*\[?[\"']?{re.escape(key)}[\"']?\s*[=.\]]", line) is not None


def _start(preset: Any, place: Path, above: tuple[Path, ...]) -> Notation:
    if str(preset).endswith(".toml"):
        return read_file(place.parent / str(preset), above)
    if preset not in NOTATIONS:
        raise SpecError(f"{PRESET}: {shown(str(preset))} is no notation{nearest(str(preset), NOTATIONS)}")
    return notation_named(str(preset))


def written(row: Notation) -> str:
    """Return a notation as a file: every axis with what it may be."""
    lines = [f"# {row.name}: {row.about}", f'{PRESET} = "{STANDARD.name}"', ""]
    for name, axis in axes().items():
        value = getattr(row, name)
        text = str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else f'"{value}"'
        lines.append(f"{f'{name} = {text}':<34}# {axis.may_be}")
    return "\n".join(lines)
