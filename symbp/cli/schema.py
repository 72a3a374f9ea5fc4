"""``symbp schema``: the JSON Schema of a network file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbp.cli.console import json_document
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.networks import spec
else:
    spec = later("symbp.networks.spec")

HELP = "Print the JSON Schema of network.toml and network.json, for editors and other programs."


def command() -> int:
    """Run ``symbp schema``."""
    json_document(spec.schema())
    return 0
