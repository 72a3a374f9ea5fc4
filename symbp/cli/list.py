"""``symbp list``: the tables of names that options take; a table is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symbp.cli.console import columns, json_document, plain, say
from symbp.cli.options import one_of, refuse
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.analysis import initialisations
    from symbp.maths import notation
    from symbp.networks import examples, operations
    from symbp.ops import activations, loss_table
    from symbp.pages.tell import notations as side_by_side
    from symbp.writing import formats, text
else:
    initialisations = later("symbp.analysis.initialisations")
    notation = later("symbp.maths.notation")
    examples = later("symbp.networks.examples")
    operations = later("symbp.networks.operations")
    activations = later("symbp.ops.activations")
    loss_table = later("symbp.ops.loss_table")
    formats = later("symbp.writing.formats")
    side_by_side = later("symbp.pages.tell.notations")
    text = later("symbp.writing.text")

HELP = "List what options take (activations, losses, initialisations, formats, notations), examples, operations."

TARGETS = {
    "binary": "targets 0 or 1", "sign": "targets -1 or 1", "one_hot": "one-hot targets", "real": "real targets",
    "count": "targets 0, 1, 2, ...",
}  # fmt: skip

ASCII = str.maketrans({"σ": "SIGMA", "²": "^2", "…": "..."})
"""What a table says where the terminal has no Greek letters."""

EXPRESSION = "EXPR"
"""Stands in the text for whatever somebody writes; it is no name, so JSON leaves it out."""

MOST_ALIASES = 3
"""Other names a line of text shows; --json has all."""


def about_activation(row: Any) -> str:
    """Return the parameters of an activation with their values, as ``alpha = 0.01``."""
    return ", ".join(f"{letter} = {float(value):.6g}" for letter, value in row.numbers)


def about_loss(row: Any) -> str:
    """Return what a loss asks of the targets, its output activation and its numbers, or what it compares."""
    link = getattr(row, "link", None)
    numbers = ", ".join(f"{name} = {value}" for name, value in row.numbers)
    parts = (getattr(row, "about", None) or TARGETS[row.targets], f"with {link}" if link else "", numbers)
    return "; ".join(filter(None, parts))


def about_initialisation(row: Any) -> str:
    """Return the distribution of the entries, and how σ is given where it may be."""
    return f"{row.entries}{'; NAME:SIGMA, 1 unless given' if row.sigma else ''}"


def about_format(row: Any) -> str:
    """Return the suffix of a format and what it is."""
    return f"{row.suffix}; {row.about}"


def about_itself(row: Any) -> str:
    """Return what a row says of itself."""
    return str(row.about)


@dataclass(frozen=True)
class Table:
    """The rows of a table by name, what each says, other names of them, and what the options take besides."""

    rows: Callable[[], Mapping[str, Any]]
    about: Callable[[Any], str]
    aliases: Callable[[], Mapping[str, str]] = dict
    more: tuple[tuple[str, str], ...] = ()

    def entries(self) -> Iterator[Entry]:
        """Yield the rows, then what the options take besides."""
        aliases = self.aliases()
        for name, row in self.rows().items():
            yield Entry(name, tuple(alias for alias, of in aliases.items() if of == name), self.about(row))
        for name, about in self.more:
            yield Entry(name, (), about)


@dataclass(frozen=True)
class Entry:
    """One name of a table, the other names it goes by, and a word about it."""

    name: str
    aliases: tuple[str, ...]
    about: str

    def line(self, widest: int) -> str:
        """Return it as one line of text."""
        known = [*self.aliases[:MOST_ALIASES], *["…"] * (len(self.aliases) > MOST_ALIASES)]
        also = f"also {', '.join(known)}" if known else ""
        return f"  {self.name:<{widest}}  {'; '.join(filter(None, (self.about, also)))}".rstrip()


ANY_ACTIVATION = (("softmax", "on the output only"), (EXPRESSION, "any expression in x, such as x*sigmoid(1.702*x)"))
ANY_LOSS = ((EXPRESSION, "any expression in a and y, such as (a - y)**4"),)

TABLES = {
    "activations": Table(
        lambda: activations.ACTIVATIONS, about_activation, lambda: activations.ALIASES, ANY_ACTIVATION
    ),
    "losses": Table(lambda: loss_table.rows(), about_loss, lambda: loss_table.LOSS_ALIASES, ANY_LOSS),
    "initialisations": Table(
        lambda: initialisations.INITIALISATIONS, about_initialisation, lambda: initialisations.ALIASES
    ),
    "formats": Table(lambda: formats.FORMATS, about_format, lambda: formats.FORMAT_ALIASES),
    "notations": Table(lambda: notation.NOTATIONS, about_itself),
    "examples": Table(lambda: examples.EXAMPLES, lambda row: examples.about(row)),
    "operations": Table(lambda: operations.OPERATIONS, about_itself, lambda: operations.OPERATION_ALIASES),
}


def command(
    what: Annotated[str | None, typer.Argument(metavar="TABLE", help="One of: " + ", ".join(TABLES) + ".")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Of notations: the same two equations in each of them.")] = False,
) -> int:
    """Run ``symbp list``: the tables as text, or as one JSON document of table -> name -> aliases and a word."""
    if show:
        if what != "notations" or json:
            refuse("--show", "shows notations, as text: symbp list notations --show")
        say(text.write_text(side_by_side.notations_page(), width=columns(), ascii=plain()))
        return 0
    chosen = tuple(TABLES) if what is None else (one_of(what, TABLES, "list"),)
    tables = {name: list(TABLES[name].entries()) for name in chosen}
    if json:
        json_document(
            {
                title: {
                    row.name: {"aliases": row.aliases, "about": row.about} for row in rows if row.name != EXPRESSION
                }
                for title, rows in tables.items()
            }
        )
        return 0
    widest = max(len(row.name) for rows in tables.values() for row in rows)
    found = "\n\n".join("\n".join([title, *(row.line(widest) for row in rows)]) for title, rows in tables.items())
    say(found.translate(ASCII) if plain() else found)
    return 0
