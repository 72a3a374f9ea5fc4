"""How a page is set: what its format, and nothing of what it says, depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from symbp.errors import SpecError

LEAST, MOST = 18, 200
"""Em of the narrowest and the widest text: in less a formula does not fit, more is no text."""


def width_fault(width: float) -> str | None:
    """Return what is wrong with a width of text in em; None where nothing is."""
    return None if LEAST <= width <= MOST else f"{width:g} em of text; give from {LEAST} to {MOST} em"


@dataclass(frozen=True)
class Setting:
    """How a page is set.

    Args:
        standalone: a complete document instead of a fragment.
        template_dir: a folder of templates that replace ours one by one.
        text_width: how wide a line is, in em; None: what the format chooses.
        heading_shift: by how many levels headings are lower than those of a page of its own.
        label_prefix: what every label begins with; None: the page's stem.
        credit: say at the end who wrote the page and what made it.
        columns: how many characters a line of text has; None: what the terminal, or the format, has.

    Raises:
        SpecError: text too narrow or too wide for formulas.
    """

    standalone: bool = False
    template_dir: str | Path | None = None
    text_width: float | None = None
    heading_shift: int = 0
    label_prefix: str | None = None
    credit: bool = True
    columns: int | None = None

    def __post_init__(self) -> None:
        fault = None if self.text_width is None else width_fault(self.text_width)
        if fault:
            raise SpecError(f"text_width: {fault}")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Setting:
        """Return the setting that is among options of ``render``."""
        return cls(**{name: options[name] for name in OPTIONS if name in options})


DEFAULT = Setting()
"""A page as its format sets it of itself."""

OPTIONS: Mapping[str, Any] = {each.name: each.default for each in fields(Setting)}
"""Every option of a setting, and what it is where it is not given."""

REASONS: Mapping[str, str] = {
    "standalone": "{name} has no standalone form",
    "template_dir": "{name} has no template",
    "text_width": "{name} fits any width",
    "heading_shift": "{name} has headings of its own",
    "label_prefix": "{name} has no labels",
    "credit": "{name} has no line that says who wrote it",
    "columns": "{name} has no columns of characters",
}
"""Why a format has no use for an option."""
