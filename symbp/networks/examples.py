"""The networks that ship with symbp, by name; nothing here reads one."""

from __future__ import annotations

from pathlib import Path

from symbp.resources import folder

SUFFIXES = (".toml", ".json", ".txt")

OF_VALUES = ".values"
"""What stands before the suffix of a file of numbers for an example: ``first.values.toml`` for ``first.toml``."""


def _found() -> tuple[dict[str, Path], dict[str, Path]]:
    place = folder("examples")
    files = sorted(place.iterdir()) if place is not None and place.is_dir() else []
    stems = {file.stem: file for file in files if file.suffix in SUFFIXES}
    networks = {stem: file for stem, file in stems.items() if not stem.endswith(OF_VALUES)}
    return networks, {stem.removesuffix(OF_VALUES): file for stem, file in stems.items() if stem not in networks}


EXAMPLES, VALUES = _found()
"""Every example by name: the file that describes it, and the numbers that some come with."""


def about(file: Path) -> str:
    """Return what an example is: the comment in its first line."""
    first, *_ = file.read_text(encoding="utf-8").splitlines() or [""]
    return first.removeprefix("#").strip()
