"""``symbp schema``: the JSON Schema of a network file."""

from __future__ import annotations

from symbp.cli.registry import job


def command() -> int:
    """Print the JSON Schema of network.toml and network.json, for editors and other programs."""
    return int(job("schema").run())
