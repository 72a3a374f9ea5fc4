"""A page as calls of macros, each with finished strings: what a template is given, ours or somebody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbp.writing.templates import fill


@dataclass(frozen=True)
class Call:
    """A macro by its name, and its arguments by theirs: strings, numbers, lists and mappings of them."""

    macro: str
    fields: dict[str, Any]


def call(macro: str, **fields: Any) -> Call:
    """Return a call as it is written."""
    return Call(macro, fields)


def written(calls: Sequence[Call], file: str, template_dir: str | Path | None = None, *, own: str = "") -> str:
    """Return what the macros of a file make of calls, one after the other; those of a format's own file come before.

    A macro gets of the fields of a call those that it names; somebody's come before ours.
    """
    return fill(template_dir, {"file": file, "own": own or file, "calls": tuple(calls)})
