"""Starting: the command line against the least that the libraries it needs can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.measure import interleaved, python
from benchmarks.table import Row, against, seconds

SYMBP = ("-c", "import sys; from symbp.cli.main import main; sys.exit(main())")
"""What the ``symbp`` script does."""

BARE = ("-c", "from benchmarks.bare_typer import app; app()")
IMPORTS = ("-c", "import sympy, numpy, jinja2, typer")


def help_() -> Iterator[Row]:
    """symbp --help."""
    yield _compared("symbp --help", (*SYMBP, "--help"), (*BARE, "--help"), "bare Typer app", 1.3, 15)


def list_() -> Iterator[Row]:
    """symbp list."""
    yield _compared("symbp list", (*SYMBP, "list"), ("-c", "import typer"), "import typer", 1.3, 15)


def derive() -> Iterator[Row]:
    """symbp derive --layers 4."""
    command = (*SYMBP, "derive", "--layers", "4")
    yield _compared("symbp derive --layers 4", command, IMPORTS, "imports alone", 1.4, 9)


def _compared(name: str, ours: Sequence[str], theirs: Sequence[str], whose: str, allowed: float, repeats: int) -> Row:
    commands: Mapping[str, Sequence[str]] = {"ours": ours, "theirs": theirs}
    times = interleaved({each: lambda line=line: python(*line) for each, line in commands.items()}, repeats)
    middle = f"medians {seconds(times['ours'].median)} / {seconds(times['theirs'].median)}"
    return against(name, times["ours"].best, times["theirs"].best, whose, allowed, middle)


ROWS = (help_, list_, derive)
