"""The tables of names, printed; each table is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from symbp.cli.console import json_document, plain, say
from symbp.networks.examples import about as about_example

TARGETS = {"binary": "targets 0 or 1", "sign": "targets -1 or 1", "one_hot": "one-hot targets", "real": "real targets"}


def about_activation(row: Any) -> str:
    """Return the parameters of an activation with their values, as ``alpha = 0.01``."""
    return ", ".join(f"{letter} = {float(value):.6g}" for letter, value in row.numbers)


def about_loss(row: Any) -> str:
    """Return what a loss asks of the targets, and its output activation."""
    link = f"; with {row.link}" if row.link else ""
    return f"{TARGETS.get(row.targets, row.targets)}{link}"


def about_initialisation(row: Any) -> str:
    """Return the distribution of the entries, and how σ is given where it may be."""
    return f"{row.entries}{'; NAME:SIGMA, 1 unless given' if row.sigma else ''}"


def about_format(row: Any) -> str:
    """Return the suffix of a format and what it is."""
    return f"{row.suffix}; {row.about}"


def about_itself(row: Any) -> str:
    """Return what a row says of itself."""
    return str(row.about)


ASCII = str.maketrans({"σ": "SIGMA", "²": "^2"})
"""What a table says where the terminal has no Greek letters."""

EXPRESSION = "EXPR"
"""Stands in the text for whatever somebody writes; it is no name, so JSON leaves it out."""


@dataclass(frozen=True)
class Table:
    """Where a table lives, what its rows say, and the table of other names beside it, if it has one."""

    module: str
    name: str
    about: Callable[[Any], str]
    aliases: str = ""
    more: tuple[tuple[str, str], ...] = ()


TABLES = {
    "activations": Table(
        "symbp.ops.activations",
        "ACTIVATIONS",
        about_activation,
        "ALIASES",
        (("softmax", "on the output only"), (EXPRESSION, "any expression in x, such as x*sigmoid(1.702*x)")),
    ),
    "losses": Table(
        "symbp.ops.loss_table",
        "LOSSES",
        about_loss,
        "LOSS_ALIASES",
        ((EXPRESSION, "any expression in a and y, such as (a - y)**4"),),
    ),
    "initialisations": Table("symbp.analysis.initialisations", "INITIALISATIONS", about_initialisation, "ALIASES"),
    "formats": Table("symbp.writing.formats", "FORMATS", about_format, "FORMAT_ALIASES"),
    "notations": Table("symbp.maths.notation", "NOTATIONS", about_itself),
    "examples": Table("symbp.networks.examples", "EXAMPLES", about_example),
    "operations": Table("symbp.networks.operations", "OPERATIONS", about_itself, "OPERATION_ALIASES"),
}


MOST_ALIASES = 3
"""Other names a line of text shows; --json has all."""


@dataclass(frozen=True)
class Entry:
    """One name of a table, the other names it goes by, and a word about it."""

    name: str
    aliases: tuple[str, ...]
    about: str

    def data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"aliases": list(self.aliases), "about": self.about}

    def line(self, widest: int) -> str:
        """Return it as one line of text."""
        known = [*self.aliases[:MOST_ALIASES], *["…"] * (len(self.aliases) > MOST_ALIASES)]
        also = f"also {', '.join(known)}" if known else ""
        said = "; ".join(part for part in (self.about, also) if part)
        return f"  {self.name:<{widest}}  {said}".rstrip()


def run(names: Sequence[str], as_json: bool) -> int:
    """Print the tables, as text or as one JSON document of table -> name -> aliases and a word."""
    found = {name: list(entries(TABLES[name])) for name in names}
    if as_json:
        data = {
            title: {each.name: each.data() for each in rows if each.name != EXPRESSION} for title, rows in found.items()
        }
        json_document(data)
        return 0
    widest = max(len(each.name) for rows in found.values() for each in rows)
    sections = ["\n".join([title, *(each.line(widest) for each in rows)]) for title, rows in found.items()]
    text = "\n\n".join(sections)
    say(text.translate(ASCII) if plain() else text)
    return 0


def entries(table: Table) -> Iterator[Entry]:
    """Yield the rows of a table, then what the options take besides."""
    module = import_module(table.module)
    aliases: Mapping[str, str] = getattr(module, table.aliases, {}) if table.aliases else {}
    for name, row in getattr(module, table.name).items():
        yield Entry(name, tuple(alias for alias, of in aliases.items() if of == name), table.about(row))
    for name, about in table.more:
        yield Entry(name, (), about)
