"""``symbp schema``: the JSON Schema of a network file, or of a page as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from symbp.cli.console import json_document
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.networks import spec
    from symbp.writing import page_json
else:
    spec = later("symbp.networks.spec")
    page_json = later("symbp.writing.page_json")

HELP = "Print the JSON Schema of network.toml and network.json, or of pages as data, for editors and other programs."


def command(page: Annotated[bool, typer.Option("--page", help="that of a page, what -t json writes")] = False) -> int:
    """Run ``symbp schema``."""
    json_document(page_json.schema() if page else spec.schema())
    return 0
