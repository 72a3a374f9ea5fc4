"""The tables of names, printed; each table is imported only when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from symbp.cli.console import document, say


@dataclass(frozen=True)
class Table:
    """Where a table lives: its module, its name there, and its table of other names, if it has one."""

    module: str
    name: str
    aliases: str = ""


TABLES = {
    "activations": Table("symbp.ops.functions", "ACTIVATIONS", "ALIASES"),
    "losses": Table("symbp.ops.losses", "LOSSES", "LOSS_ALIASES"),
    "formats": Table("symbp.report.formats", "FORMATS"),
    "notations": Table("symbp.report.notation", "NOTATIONS"),
}


def run(names: Sequence[str], as_json: bool) -> int:
    """Print the tables, as text or as one JSON document of table -> name -> other names."""
    found = {name: read(TABLES[name]) for name in names}
    if as_json:
        document(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        say("\n\n".join(section(title, rows) for title, rows in found.items()))
    return 0


def read(table: Table) -> dict[str, list[str]]:
    """Return every name of a table with the other names it goes by."""
    module = import_module(table.module)
    aliases: Mapping[str, str] = getattr(module, table.aliases) if table.aliases else {}
    return {name: [alias for alias, of in aliases.items() if of == name] for name in getattr(module, table.name)}


def section(title: str, rows: Mapping[str, Sequence[str]]) -> str:
    """Return a table as text, one name a line."""
    lines = [f"  {name}" + (f" ({', '.join(others)})" if others else "") for name, others in rows.items()]
    return "\n".join([title, *lines])
