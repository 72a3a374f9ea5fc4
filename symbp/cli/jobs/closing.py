"""The last lines of a command: what was written, and the command that names a network again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from symbp.cli.console import columns
from symbp.cli.what import Described, FileSpec


def written(wrote: Sequence[Path]) -> list[str]:
    """Return one line a file, with what to do with a LaTeX fragment."""
    found: list[str] = []
    for index, path in enumerate(wrote):
        line = f"  {'' if index else 'wrote':<11} {path}"
        hint = rf"for your notes: \input{{{path.stem}}}" if path.suffix == ".tex" else ""
        fits = len(line) + 5 + len(hint) <= columns()
        found += [f"{line}     {hint}".rstrip()] if fits else [line, f"{'':14}{hint}"]
    return found


def command_line(command: str, spec: Described) -> str:
    """Return the command that names this network, ready for a shell."""
    if isinstance(spec, FileSpec):
        return shlex.join(
            ["symbp", command, *(["--"] * (spec.what[:1] == "-" != spec.what)), spec.what, *["--batch"] * spec.batch,
             *([] if spec.unroll is None else ["--unroll", str(spec.unroll)]), *_wrt(spec)]
        )  # fmt: skip
    words = ["symbp", command, "--layers", str(spec.layers)]
    widths = spec.widths
    if widths is not None:
        words += ["--widths", ",".join(map(str, widths)) if isinstance(widths, list) else str(widths)]
    for name in ("activation", "output_activation", "loss"):
        value = getattr(spec, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}", value]
    words += ["--batch"] * spec.batch + ["--no-bias"] * (not spec.bias)
    for name, value in spec.let.items():
        words += ["--let", f"{name}={value}"]
    return shlex.join([*words, *_wrt(spec)])


def _wrt(spec: Described) -> list[str]:
    return [] if spec.wrt is None else ["--wrt", ",".join(spec.wrt)]
