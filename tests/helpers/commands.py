"""Several commands in one process: what each returns and prints. Run as a program it takes them as JSON on stdin."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout


def outputs(commands: Sequence[Sequence[str]], encoding: str = "utf-8") -> list[tuple[int, str, str]]:
    """Return the exit code of every command, its standard output and its standard error."""
    from symbp.cli.main import main

    found = []
    for command in commands:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding, "backslashreplace") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(command)
            out.flush()
            err.flush()
        found.append((code, *(each.buffer.getvalue().decode("utf-8") for each in (out, err))))
    return found


if __name__ == "__main__":
    json.dump(outputs(json.load(sys.stdin)), sys.stdout)
