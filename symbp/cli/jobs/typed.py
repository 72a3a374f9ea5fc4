"""The command that makes a page of an analysis again, ready for a shell."""

from __future__ import annotations

import shlex

from symbp.cli.analysis_options import REPEATED
from symbp.cli.analyze import Request
from symbp.cli.jobs.closing import command_line
from symbp.cli.options import NetworkSpec


def typed(request: Request) -> str:
    """Return the command with every option that decides what is measured."""
    first, *others = request.networks
    words = shlex.split(command_line("analyze", first))
    for name in REPEATED:
        given = {_text(getattr(each, name)): None for each in (first, *others) if isinstance(each, NetworkSpec)}
        for value in list(given)[1:]:
            words += [f"--{name.replace('_', '-')}", value]
    measures = request.measures
    words += [word for init in measures.inits for word in ("--init", init)]
    words += ["--compare"] * measures.compare + ["--bounds"] * measures.bounds
    numbers = {"--draws": measures.draws, "--seed": measures.seed or None, "--sigma-b": request.theory.sigma_b}
    words += [word for name, value in numbers.items() if value is not None for word in (name, f"{value:g}")]
    return shlex.join(words)


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
