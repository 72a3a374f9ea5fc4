"""A process with limits: of time, of memory, of what it prints; nothing that it started outlives it, or us."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from symbp.guard import supervisor

MEMORY = 6 * 2**30
"""Memory that a process may use, in bytes: an array too large is an error of its own, not of the machine."""

PRINTED = 4000
"""How much of what it prints is kept, in bytes."""

GRACE = 7.0
"""How long the supervisor may take to end everything, in seconds, before it is ended itself."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, below 0 the signal that ended it, None when time was up; what it printed."""

    code: int | None
    printed: str


def run(
    argv: Sequence[str],
    folder: Path,
    seconds: float,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    memory: int = MEMORY,
    kept: int = PRINTED,
) -> Ended:
    """Run a command under a supervisor, for at most ``seconds``.

    ``folder`` is what the caller made for it and removes afterwards; the supervisor removes it where the caller died.
    """
    request = {"argv": list(argv), "folder": str(folder), "cwd": None if cwd is None else str(cwd), "memory": memory}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", supervisor.__file__, json.dumps(request)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    printed = bytearray()
    reader = threading.Thread(target=_drain, args=(process.stdout, printed, kept), daemon=True)
    reader.start()
    code = None
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(seconds)
    finally:
        process.stdin.close()
        _await(process)
        reader.join(1.0)
        if not reader.is_alive():
            process.stdout.close()
    if code is not None and code > 128 and os.name == "posix":
        code = 128 - code
    return Ended(code, bytes(printed).decode("utf-8", "replace"))


def _await(process: subprocess.Popen[bytes]) -> None:
    """Wait for the supervisor, which ends all others first; where it was stopped, do its work."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        supervisor.end_descendants(process.pid)
        process.kill()
        process.wait()


def _drain(stream: IO[bytes], printed: bytearray, kept: int) -> None:
    """Read all that is printed, so that nobody waits for a full pipe; keep the beginning."""
    with contextlib.suppress(OSError, ValueError):
        while piece := os.read(stream.fileno(), 65536):
            printed.extend(piece[: max(0, kept - len(printed))])
