"""``symbp list``: the tables of names."""

from __future__ import annotations

from typing import Annotated

import typer

from symbp.cli import values
from symbp.cli.registry import job

TABLES = ("activations", "losses", "initialisations", "formats", "notations", "examples", "operations")

HELP = "List what options take (activations, losses, initialisations, formats, notations), examples, operations."


def command(
    what: Annotated[str | None, typer.Argument(metavar="TABLE", help="One of: " + ", ".join(TABLES) + ".")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> int:
    """Run ``symbp list``."""
    chosen = TABLES if what is None else (values.choice("list", what, TABLES),)
    return int(job("list").run(chosen, json))
