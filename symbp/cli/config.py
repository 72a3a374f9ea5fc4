"""``symbp.toml``: what a course always wants, set once. It sets what ``KEYS`` has and nothing else."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from symbp.errors import SpecError, nearest, shown
from symbp.inputs import read_regular

NAME = "symbp.toml"

LARGEST = 16_000
"""Bytes that it may hold."""

KEYS = ("notation",)
"""What it may set: options of the same names."""


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
    for key, value in found.items():
        if key not in KEYS:
            raise SpecError(f"{file}:{_line(text, key)}: {shown(key)} is not set here{nearest(key, KEYS) or _known()}")
        if not isinstance(value, str):
            raise SpecError(f"{file}:{_line(text, key)}: {key} is a text, in quotes")
    return found


def _known() -> str:
    return f"; it sets {', '.join(KEYS)} and nothing else"


def _line(text: str, key: str) -> int:
    lines = enumerate(text.splitlines(), 1)
    return next((at for at, line in lines if re.match(rf"\s*[\[\"']*{re.escape(key)}\b", line)), 1)
