"""The smallest Typer application with four commands, no rich markup: what ``symbp --help`` is measured against."""

import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def one(name: str, times: int = 1) -> None:
    """Do the first thing."""


@app.command()
def two(name: str, times: int = 1) -> None:
    """Do the second thing."""


@app.command()
def three(name: str, times: int = 1) -> None:
    """Do the third thing."""


@app.command()
def four(name: str, times: int = 1) -> None:
    """Do the fourth thing."""
