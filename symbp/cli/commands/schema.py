"""``symbp schema``: the JSON Schema of a network file."""

from __future__ import annotations

from symbp.cli.registry import job

HELP = "Print the JSON Schema of network.toml and network.json, for editors and other programs."


def command() -> int:
    """Run ``symbp schema``."""
    return int(job("schema").run())
