"""Reading what was typed: numbers, lists, names. Every refusal names the option, the value and what is right.

Numbers are ASCII digits only. Python's ``int`` takes ``1_0``, `` 4 `` and Arabic digits, and a typing
mistake that happens to be a number is worse than one that is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from symbp.errors import MAX_SHOWN as MAX_SHOWN
from symbp.errors import SpecError, nearest
from symbp.errors import shown as shown
from symbp.limits import BYTES_PER_LAYER, MAX_LAYERS, MAX_UNITS

_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}\Z", re.ASCII)

MAX_DEVIATION = 1e6
"""Larger standard deviations of biases are typing errors."""

_DIGITS = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,18}\.?\d{0,18}|\.\d{1,18})(e-?\d{1,2})?\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z", re.ASCII)


def refuse(option: str, value: str, why: str) -> NoReturn:
    """Raise the one line that names the option, the value and what would be right."""
    raise SpecError(f"{option} {shown(value)}: {why}")


def number(option: str, value: str, least: int, most: int, what: str) -> int:
    """Read a whole number of ASCII digits between two bounds; ``what`` says what it counts."""
    right = f"{what} is a whole number from {least} to {most}"
    if not _DIGITS.match(value) or not least <= int(value) <= most:
        refuse(option, value, right)
    return int(value)


def deviation(option: str, value: str) -> float:
    """Read a standard deviation: a plain decimal number from 0 on."""
    if not _DECIMAL.match(value) or not 0 <= float(value) < MAX_DEVIATION:
        refuse(option, value, "a standard deviation is a number from 0 on, as in 0.05")
    return float(value)


def layers(value: str) -> int:
    """Read the number of weight layers; too many are refused with the memory they would take."""
    if re.fullmatch(r"[0-9]+", value, re.ASCII) and len(value) < 4000 and int(value) > MAX_LAYERS:
        need = size(int(value) * BYTES_PER_LAYER)
        refuse("--layers", value, f"at most {MAX_LAYERS}; this many would need about {need} of memory")
    return number("--layers", value, 1, MAX_LAYERS, "the number of weight layers")


def size(count: int) -> str:
    """Return a number of bytes in words: ``4 GB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if count < 1000:
            return f"{count} {unit}"
        count //= 1000
    return "more than 1000 PB"


def widths(value: str, depth: int | None) -> list[int] | int:
    """Read ``--widths``: one number for every layer, or L + 1 of them, the inputs first.

    ``depth`` is the number of layers where ``--layers`` gave it.
    """
    parts = value.split(",")
    found = [_width(value, part) for part in parts]
    if len(found) == 1:
        return found[0]
    if depth is not None and len(found) != depth + 1:
        refuse(
            "--widths",
            value,
            f"{len(found)} widths, but --layers {depth} takes {depth + 1}: the inputs, then one for every layer",
        )
    return found


def _width(whole: str, part: str) -> int:
    if not _DIGITS.match(part) or not 1 <= int(part) <= MAX_UNITS:
        wrong = "an empty place" if not part else shown(part)
        refuse(
            "--widths",
            whole,
            f"{wrong} is not a width; give whole numbers from 1 to {MAX_UNITS}, as in --widths 3,5,2",
        )
    return int(part)


def names(option: str, value: str) -> tuple[str, ...]:
    """Read names of matrices, as in ``X,W1``, each given once."""
    found = value.split(",")
    for name in found:
        if not _VARIABLE.match(name):
            wrong = f"{shown(name)} is not a name" if name else "an empty place"
            refuse(option, value, f"{wrong}; give names with commas between them, as in {option} X,W1")
    for place, name in enumerate(found):
        if name in found[:place]:
            refuse(option, value, f"{name} is given twice; give each name once")
    return tuple(found)


def pair(option: str, value: str, most: int) -> tuple[int, int]:
    """Read two different steps, the earlier first, as in ``2,6``."""
    parts = value.split(",")
    if len(parts) != 2 or not all(_DIGITS.match(part) and 1 <= int(part) <= most for part in parts):
        refuse(option, value, f"give two steps from 1 to {most}, as in {option} 2,6")
    first, last = map(int, parts)
    if first >= last:
        refuse(option, value, f"the earlier step comes first, as in {option} 2,6")
    return first, last


def bindings(values: Iterable[str]) -> dict[str, str]:
    """Read every ``--let NAME=VALUE`` into a mapping; the value stays text for the expression parser."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (equals and _NAME.match(name) and text):
            refuse("--let", value, "write NAME=NUMBER, as in --let beta=1.702")
        if name in found:
            refuse("--let", value, f"{name} was already given as {shown(found[name])}")
        found[name] = text
    return found


def layer_set(value: str, depth: int) -> list[int]:
    """Read ``--show``: layers and ranges of layers, as in ``1-3,98-100``, sorted and without repeats."""
    found: set[int] = set()
    for part in value.split(","):
        low, dash, high = part.partition("-")
        ends = (low, high if dash else low)
        if not all(_DIGITS.match(end) and 1 <= int(end) <= depth for end in ends) or int(ends[0]) > int(ends[1]):
            refuse("--show", value, f"give layers from 1 to {depth}, as in --show 1-2,{depth}")
        found.update(range(int(ends[0]), int(ends[1]) + 1))
    return sorted(found)


def choice(option: str, value: str, known: Iterable[str]) -> str:
    """Accept one of the known names, or refuse with the nearest one."""
    names = list(known)
    if value not in names:
        near = nearest(value[:MAX_SHOWN], names).removeprefix("; ") or f"choose from {', '.join(names)}"
        refuse(option, value, f"unknown; {near}")
    return value
