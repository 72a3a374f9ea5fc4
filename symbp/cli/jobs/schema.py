"""The JSON Schema of a network file, printed."""

from __future__ import annotations

from symbp.cli.console import json_document
from symbp.networks.spec import schema


def run() -> int:
    """Print the schema as one JSON document."""
    json_document(schema())
    return 0
