"""WHAT: a network's file, a shipped example, an operation, or standard input, told apart without reading it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer

from symbp.cli import values
from symbp.cli.options import NetworkOptions, NetworkSpec
from symbp.errors import SpecError
from symbp.networks.operations import Operation
from symbp.networks.places import place

STANDARD_INPUT = "-"

_ODD = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.ASCII | re.IGNORECASE)
"""Names of devices: Windows has no such file, whatever its suffix."""


@dataclass(frozen=True)
class FileSpec:
    """A network that is described somewhere: ``what`` as typed, ``place`` its file, None for standard input.

    ``unroll`` is the number of steps of its recurrent layers where that is given, ``wrt`` what to differentiate by.
    """

    what: str
    place: Path | None
    batch: bool
    unroll: int | None = field(default=None, kw_only=True)
    wrt: tuple[str, ...] | None = field(default=None, kw_only=True)

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix."""
        found = _ODD.sub("-", self.place.stem).strip("-.") if self.place is not None else ""
        return f"network-{found}" if _RESERVED.match(found) else found or "network"


@dataclass(frozen=True)
class OperationSpec(FileSpec):
    """An operation that is derived alone."""

    operation: Operation

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix: its own, whatever was typed."""
        return self.operation.name


Described = NetworkSpec | FileSpec

Spec = TypeVar("Spec", covariant=True)


class Readable(Protocol[Spec]):
    """Network options, as ``NetworkOptions`` or as the repeatable ones of an analysis."""

    @property
    def batch(self) -> bool:
        """Whether a batch is asked for."""
        ...

    @property
    def unroll(self) -> str | None:
        """The number of steps as typed."""
        ...

    @property
    def steps(self) -> int | None:
        """The number of steps, read."""
        ...

    @property
    def names(self) -> tuple[str, ...] | None:
        """What to differentiate by, read."""
        ...

    def read(self) -> Spec:
        """Return what the options say."""
        ...


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

    def read(self, network: Readable[Spec]) -> Spec | FileSpec:
        """Return which network is meant, by name or by options, which may be several networks.

        Raises:
            SpecError: no such file or example, or options beside a name.
        """
        if self.what is None:
            return network.read()
        found = None if self.what == STANDARD_INPUT else place(self.what)
        for name, default in (each for each in _DEFAULTS.items() if each[0] not in _BESIDE):
            if getattr(network, name) != default:
                option = "--no-bias" if name == "bias" else f"--{name.replace('_', '-')}"
                raise SpecError(
                    f"{option}: {values.shown(self.what)} says the whole network; "
                    f"leave out {option}, or describe the network by options alone"
                )
        if isinstance(found, Operation):
            if network.unroll is not None:
                values.refuse("--unroll", network.unroll, f"{self.what} alone is one step; name a file with its layer")
            if network.batch:
                raise SpecError(f"--batch: {values.shown(self.what)} alone has all its columns or rows; leave it out")
            return OperationSpec(self.what, None, network.batch, found, wrt=network.names)
        return FileSpec(self.what, found, network.batch, unroll=network.steps, wrt=network.names)


_BESIDE = ("batch", "unroll", "wrt")
"""The options that go beside a name."""

_DEFAULTS = vars(NetworkOptions())
