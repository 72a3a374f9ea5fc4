"""``symbp.toml``: what a course always wants, set once. It sets what ``KEYS`` has and nothing else."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.cli.measure import text_width
from symbp.cli.options import label_prefix
from symbp.errors import SpecError, nearest, shown
from symbp.inputs import read_regular

NAME = "symbp.toml"

LARGEST = 16_000
"""Bytes that it may hold."""

KEYS: Mapping[str, Callable[[str], Any]] = {"notation": str, "text_width": text_width, "label_prefix": label_prefix}
"""What it may set: options of the same names; what reads each, of a notation its command."""


@dataclass(frozen=True)
class Config:
    """What a file sets that no option does."""

    file: Path
    values: Mapping[str, Any]


def read(names: Iterable[str]) -> Config | None:
    """Return what the file of this folder, or the nearest above it, sets of some options.

    Raises:
        SpecError: it is no TOML, or sets something else; by file and line.
    """
    found = place()
    values = {} if found is None else settings(found)
    asked = {name: values[name] for name in names if name in values}
    return Config(found, asked) if found is not None and asked else None


def place() -> Path | None:
    """Return the file of this folder or of the nearest one above it, up to the root of the repository."""
    found = next((each / NAME for each in _folders() if (each / NAME).is_file()), None)
    return None if found is None else Path(os.path.relpath(found))


def _folders() -> Iterator[Path]:
    """Yield this folder and those above it that belong to its repository; outside of one, this folder alone."""
    here = Path.cwd()
    above = [here, *here.parents]
    root = next((at for at, each in enumerate(above) if (each / ".git").exists()), 0)
    yield from above[: root + 1]


def settings(file: Path) -> dict[str, Any]:
    """Return what a file sets.

    Raises:
        SpecError: it is no TOML, or sets something else; by file and line.
    """
    text = read_regular(file, LARGEST).decode("utf-8", "replace")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{file}: {error}") from None
    return {key: _value(key, value, f"{file}:{_line(text, key)}: ") for key, value in found.items()}


def _value(key: str, value: Any, where: str) -> Any:
    if key not in KEYS:
        raise SpecError(f"{where}{shown(key)} is not set here{nearest(key, KEYS) or _known()}")
    if not isinstance(value, str):
        raise SpecError(f"{where}{key} is a text, in quotes")
    try:
        return KEYS[key](value)
    except SpecError as error:
        raise SpecError(f"{where}{key} {error}") from None


def _known() -> str:
    return f"; it sets {', '.join(KEYS)} and nothing else"


def _line(text: str, key: str) -> int:
    lines = enumerate(text.splitlines(), 1)
    return next((at for at, line in lines if re.match(rf"\s*[\[\"']*{re.escape(key)}\b", line)), 1)
