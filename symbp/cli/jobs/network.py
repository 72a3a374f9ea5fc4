"""From the network options to a Network, with errors that name the option they come from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from symbp.cli.console import note, progress, standard_input
from symbp.cli.options import NetworkSpec
from symbp.cli.values import refuse, shown
from symbp.cli.what import Described, FileSpec, OperationSpec
from symbp.derivation import Derivation, derive
from symbp.errors import SpecError, UnusedParameterWarning, later
from symbp.limits import MAX_FILE
from symbp.networks.network import Network

if TYPE_CHECKING:
    from symbp.networks import files
else:
    files = later("symbp.networks.files")  # Options need no readers of files.

SUSPECTS = ("activation", "output_activation", "loss", "widths")
"""Options whose values the floors below read, in the order they are suspected."""


def build(spec: Described) -> Network:
    """Return the network, or raise a SpecError that begins with the option or file to change."""
    progress("reading the network")
    if not isinstance(spec, FileSpec):
        return from_options(spec)
    if isinstance(spec, OperationSpec):
        return spec.operation.build()
    if spec.place is not None:
        return files.load(spec.place, batch=spec.batch, unroll=spec.unroll)
    return files.network_of(standard_input(MAX_FILE), "-", batch=spec.batch, unroll=spec.unroll)


def derived(network: Network, wrt: Sequence[str] | None = None) -> Derivation:
    """Return the derivation by ``wrt``; what the loss does not depend on is said on standard error.

    Raises:
        SpecError: a name that is no parameter and no input; it begins with the option.
    """
    progress(f"deriving {len(network.forward.equations):,} equations")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UnusedParameterWarning)
        derivation = _by(network, wrt)
    for each in said:
        note(f"symbp: warning: {each.message}")
    return derivation


def _by(network: Network, wrt: Sequence[str] | None) -> Derivation:
    try:
        return derive(network, wrt=wrt)
    except SpecError as error:
        if wrt is None or not str(error).startswith("wrt: "):
            raise
        refuse("--wrt", ",".join(wrt), str(error).removeprefix("wrt: "))


def from_options(spec: NetworkSpec) -> Network:
    """Return the network of the options, or raise a SpecError that begins with the one to change."""
    try:
        return Network.mlp(**spec.keywords())
    except SpecError as error:
        if str(error).startswith("let "):
            raise SpecError(f"--{error}") from None
        given = [name for name in SUSPECTS if getattr(spec, name) is not None]
        guilty = next(culprits(spec, given, str(error)), None)
        blamed = " ".join(_typed(spec, name) for name in ([guilty] if guilty else given))
        raise SpecError(f"{blamed}: {error}" if blamed else str(error)) from None


def culprits(spec: NetworkSpec, given: list[str], said: str) -> Iterator[str]:
    """Yield the options that make the same complaint when they stand alone: messages below know no options."""
    for name in given:
        alone: dict[str, Any] = {name: getattr(spec, name), "let": spec.let}
        try:
            Network.mlp(layers=spec.layers if name == "widths" else min(spec.layers, 2), **alone)
        except SpecError as error:
            if str(error) == said:
                yield name


def _typed(spec: NetworkSpec, name: str) -> str:
    value = getattr(spec, name)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"--{name.replace('_', '-')} {shown(text)}"
