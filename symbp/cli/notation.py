"""``symbp notation``: a notation as a file, to change and to give to --notation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from symbp.cli.console import say
from symbp.cli.derive import notation_of, row_of
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.maths import axes
else:
    axes = later("symbp.maths.axes")

HELP = """\
Print a notation as a file: every axis of it, and what each may be.

symbp notation ng > mine.toml; change what your course writes otherwise; symbp derive --layers 3 --notation mine.toml.
"""


def command(
    what: Annotated[str, typer.Argument(metavar="NOTATION", help="A name from 'symbp list notations', or a file.")],
) -> int:
    """Run ``symbp notation``."""
    say(axes.written(row_of(notation_of(what, "notation"))))
    return 0
