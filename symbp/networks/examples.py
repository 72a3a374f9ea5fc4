"""The networks that ship with symbp, by name; nothing here reads one."""

from __future__ import annotations

from pathlib import Path

from symbp.resources import folder

SUFFIXES = (".toml", ".json", ".txt")


def _found() -> dict[str, Path]:
    place = folder("examples")
    files = sorted(place.iterdir()) if place is not None and place.is_dir() else []
    return {file.stem: file for file in files if file.suffix in SUFFIXES}


EXAMPLES: dict[str, Path] = _found()
"""Every example by name: the file that describes it."""


def about(file: Path) -> str:
    """Return what an example is: the comment in its first line."""
    first, *_ = file.read_text(encoding="utf-8").splitlines() or [""]
    return first.removeprefix("#").strip()
