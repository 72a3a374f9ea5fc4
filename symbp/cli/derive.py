"""``symbp derive``: its options, read and refused before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symbp.cli import values
from symbp.cli.options import (
    CheckOptions,
    JsonOptions,
    NetworkOptions,
    NetworkSpec,
    OutputOptions,
    SkipOptions,
    ValuesOptions,
    takes,
)
from symbp.cli.what import Described, WhatOptions
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.cli.jobs import derive as derive_job
    from symbp.cli.jobs import worked as worked_job
else:
    derive_job = later("symbp.cli.jobs.derive")
    worked_job = later("symbp.cli.jobs.worked")


@dataclass(frozen=True)
class Request:
    """What to derive, and what to do with it; ``show`` of a file is read when its depth is known."""

    network: Described
    output: OutputOptions
    show: list[int] | None
    seed: int
    check: bool
    json: bool


HELP = """\
Derive the gradient of every weight and bias, factored from the loss to the parameter.

Writes output/backprop-N.md and .tex (WHAT.md and .tex), checks every gradient numerically and prints the
derivation. With -t or -o it writes that format only; with -o - or --only it prints to standard output. With
--values it writes the derivation with numbers put in, and one step of gradient descent.
"""


@takes(WhatOptions, NetworkOptions, ValuesOptions, OutputOptions, CheckOptions, SkipOptions, JsonOptions)
def command(
    what: WhatOptions,
    network: NetworkOptions,
    numbers: ValuesOptions,
    output: OutputOptions,
    check: CheckOptions,
    skip: SkipOptions,
    as_json: JsonOptions,
) -> int:
    """Run ``symbp derive``."""
    spec = what.read(network)
    depth = spec.layers if isinstance(spec, NetworkSpec) else None
    request = Request(
        network=spec,
        output=output,
        show=values.layer_set(output.show, depth) if output.show is not None and depth is not None else None,
        seed=check.read(),
        check=not skip.no_check,
        json=as_json.json,
    )
    if numbers != ValuesOptions():
        return worked_job.run(request, numbers)
    return derive_job.run(request)
