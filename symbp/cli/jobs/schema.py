"""The JSON Schema of a network file, printed."""

from __future__ import annotations

import json

from symbp.cli.console import document
from symbp.networks.spec import schema


def run() -> int:
    """Print the schema as one JSON document."""
    document(json.dumps(schema(), ensure_ascii=False, indent=2))
    return 0
