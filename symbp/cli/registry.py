"""The table of commands. To add one: a row here, a module in ``commands/`` and one in ``jobs/``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Command:
    """A command: its name, what it does in one line, and the other names people type for it."""

    name: str
    summary: str
    aliases: tuple[str, ...] = ()


COMMANDS = (
    Command("derive", "Derive every gradient, check it, and write the report.", ("derivate", "derivation", "backprop")),
    Command("check", "Compare every derived gradient with differences of the loss.", ("verify", "gradcheck")),
    Command("analyze", "Say why gradients vanish or explode: every factor's gain.", ("analyse", "analysis", "flow")),
    Command("list", "List the names that options take, examples and operations.", ("ls",)),
    Command("schema", "Print the JSON Schema of a network file."),
)

FIRST_STEPS = (
    ("symbp derive --layers 4", "the general derivation: reports in output/"),
    ("symbp derive --layers 2 --activation tanh --loss mse", "a concrete network"),
    ("symbp derive --layers 3 --only W1", "one gradient, as LaTeX"),
    ("symbp check --layers 4 --activation sigmoid --loss bce", "every gradient against differences"),
    ("symbp list", "activations, losses, formats, notations, examples, operations"),
)
"""What bare ``symbp`` prints: five commands to try, and what each gives."""

BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
"""Every name that reaches a command, aliases among them."""


def entry(name: str) -> Any:
    """Return the module of the command ``name``: Typer reads its ``command`` and shows its ``HELP``."""
    return import_module(f"symbp.cli.commands.{name}")


def job(name: str) -> Any:
    """Return the module that does the work of the command ``name``, importing what it needs."""
    return import_module(f"symbp.cli.jobs.{name}")
