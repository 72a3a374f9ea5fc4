"""The command that makes a page of an analysis again, ready for a shell."""

from __future__ import annotations

import shlex

from symbp.cli.analyze import REPEATED, Request
from symbp.cli.what import NetworkOptions, command_line, flag


def typed(request: Request) -> str:
    """Return the command with every option that decides what is measured."""
    first, *others = request.networks
    words = shlex.split(command_line("analyze", first))
    for name in REPEATED:
        given = {str(getattr(each, name)): None for each in (first, *others) if isinstance(each, NetworkOptions)}
        for value in list(given)[1:]:
            words += [flag(name), value]
    measures = request.measures
    words += [word for init in measures.inits for word in ("--init", init)]
    words += ["--compare"] * measures.compare + ["--bounds"] * measures.bounds
    numbers = {"--draws": measures.draws, "--seed": measures.seed or None, "--sigma-b": request.theory.sigma_b}
    words += [word for name, value in numbers.items() if value is not None for word in (name, f"{value:g}")]
    return shlex.join(words)
