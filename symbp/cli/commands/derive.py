"""``symbp derive``: its options, read and refused before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.cli import values
from symbp.cli.options import (
    CheckOptions,
    JsonOptions,
    NetworkOptions,
    NetworkSpec,
    OutputOptions,
    SkipOptions,
    takes,
)
from symbp.cli.registry import job


@dataclass(frozen=True)
class Request:
    """What to derive, and what to do with it."""

    network: NetworkSpec
    output: OutputOptions
    show: list[int] | None
    seed: int
    check: bool
    json: bool


@takes(NetworkOptions, OutputOptions, CheckOptions, SkipOptions, JsonOptions)
def command(
    network: NetworkOptions, output: OutputOptions, check: CheckOptions, skip: SkipOptions, as_json: JsonOptions
) -> int:
    """Derive the gradient of every weight and bias, factored from the loss to the parameter.

    Writes output/backprop-N.md and .tex, checks every gradient numerically and prints the derivation.
    With -t or -o it writes that format only; with -o - or --only it prints to standard output.
    """
    spec = network.read()
    request = Request(
        network=spec,
        output=output,
        show=None if output.show is None else values.layer_set(output.show, spec.layers),
        seed=check.read(),
        check=not skip.no_check,
        json=as_json.json,
    )
    return int(job("derive").run(request))
