"""WHAT: a network's file, a shipped example, an operation, or standard input, told apart without reading it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from symbp.cli import values
from symbp.cli.options import NetworkOptions, NetworkSpec
from symbp.errors import SpecError, nearest
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATION_ALIASES, OPERATIONS, Operation, operation_named

STANDARD_INPUT = "-"

_ODD = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True)
class FileSpec:
    """A network that is described somewhere: ``what`` as typed, ``place`` its file, None for standard input."""

    what: str
    place: Path | None
    batch: bool

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix."""
        found = _ODD.sub("-", self.place.stem).strip("-.") if self.place is not None else ""
        return found or "network"


@dataclass(frozen=True)
class OperationSpec(FileSpec):
    """An operation that is derived alone."""

    operation: Operation

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix: its own, whatever was typed."""
        return self.operation.name


Described = NetworkSpec | FileSpec


@dataclass(frozen=True)
class WhatOptions:
    """The network by name, in place of the network options."""

    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHAT]",
            help="A network: a .toml or .json file, a file of equations or - for standard input, an example from "
            "'symbp list examples' or an operation from 'symbp list operations'; in place of the network options.",
            rich_help_panel="Network",
            show_default=False,
        ),
    ] = None

    def read(self, network: NetworkOptions) -> Described:
        """Return which network is meant, by name or by options.

        Raises:
            SpecError: no such file or example, or options beside a name.
        """
        if self.what is None:
            return network.read()
        found = _place(self.what)
        for name, default in (each for each in _DEFAULTS.items() if each[0] != "batch"):
            if getattr(network, name) != default:
                option = "--no-bias" if name == "bias" else f"--{name.replace('_', '-')}"
                raise SpecError(
                    f"{option}: {values.shown(self.what)} says the whole network; "
                    f"leave out {option}, or describe the network by options alone"
                )
        if isinstance(found, Operation):
            return OperationSpec(self.what, None, network.batch, found)
        return FileSpec(self.what, found, network.batch)


_DEFAULTS = vars(NetworkOptions())


def _place(what: str) -> Path | Operation | None:
    """Return the file of a network, the operation of a name, or None for standard input."""
    if what == STANDARD_INPUT:
        return None
    try:
        if Path(what).is_file():
            return Path(what)
        is_folder = bool(what) and Path(what).is_dir()
    except (OSError, ValueError):
        is_folder = False
    if what in OPERATIONS:
        return OPERATIONS[what]
    if what in EXAMPLES:
        return EXAMPLES[what]
    operation = operation_named(what)
    if operation is not None:
        return operation
    if is_folder:
        values.refuse("WHAT", what, "a folder; give a file, such as network.toml")
    near = nearest(what[: values.MAX_SHOWN], (*EXAMPLES, *OPERATIONS, *OPERATION_ALIASES)) or (
        f"; the examples are {', '.join(EXAMPLES)}; the operations {', '.join(OPERATIONS)}"
    )
    raise SpecError(f"{values.shown(what)}: no such file, and no example or operation of that name{near}")
