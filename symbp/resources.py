"""The folders that stand beside the package in the repository and inside it in a wheel; the mark of what we write."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import symbp

MARK = "Written by symbp"
"""Stands in the first line of every file we write: what carries it may be overwritten."""

_PACKAGE = Path(symbp.__file__).parent


@cache
def folder(name: str) -> Path | None:
    """Return ``templates``, ``words`` or ``examples``: inside the wheel, else where our own pyproject.toml stands.

    From a wheel the place beside the package is a stranger's folder. None: the installation is broken.
    """
    inside = _PACKAGE / name
    if inside.is_dir():
        return inside
    project = _PACKAGE.parent / "pyproject.toml"
    if project.is_file() and 'name = "symbp"' in project.read_text(encoding="utf-8"):
        return _PACKAGE.parent / name
    return None
