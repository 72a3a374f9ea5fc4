"""Writing to the terminal: a reader that leaves, an encoding without ∂, a disk that is full."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symbp.errors import OutputError, SpecError, later
from symbp.inputs import bounded

if TYPE_CHECKING:
    from symbp.checking.report import CheckReport
    from symbp.pages import words
else:
    words = later("symbp.pages.words")

EXIT = {"passed": 0, "failed": 1, "inconclusive": 3}
"""The exit codes of a check: 1 says that a gradient is wrong, 3 that nothing could tell."""

PROBE = "∂₃ᵀ⊙𝓛ℒ′δ✓"
"""Characters the terminal text uses; an encoding without one of them gets ASCII."""


def exit_code(report: CheckReport | None) -> int:
    """Return the exit code of a check; 0 where none was wanted."""
    return 0 if report is None else EXIT[report.outcome]


def plain() -> bool:
    """Say whether standard output cannot show mathematical characters, so that it gets ASCII."""
    try:
        PROBE.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def columns() -> int:
    """Return the width of the terminal, between 80 and 160; 80 where nobody watches."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, 80), 160)


def say(text: str) -> None:
    """Print text for a reader on standard output; characters it cannot show become escapes."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    _write(text.rstrip("\n").encode(encoding, "backslashreplace") + b"\n")


def sentence(key: str, n: int | None = None, **fields: str | int) -> str:
    """Return a sentence of the language, by its key."""
    return "".join(map(str, words.language()(key, n, **fields)))


def document(data: str | bytes) -> None:
    """Print a document on standard output, in UTF-8 whatever the terminal: the bytes its file would have."""
    whole = data.encode() if isinstance(data, str) else data
    _write(whole if whole.endswith(b"\n") else whole + b"\n")


def json_document(found: Mapping[str, Any]) -> None:
    """Print data as one JSON document."""
    import json  # 6 ms that only --json needs

    document(json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False))


def standard_input(most: int) -> bytes:
    """Return what stands on standard input.

    Raises:
        SpecError: it is closed, cannot be read, or holds more than ``most`` bytes.
    """
    try:
        return bounded(sys.stdin.buffer.read(most + 1), most, "-")
    except SpecError:
        raise
    except (AttributeError, ValueError):  # None, or closed.
        raise SpecError("standard input is closed") from None
    except OSError as error:
        raise SpecError(f"standard input: {error.strerror or error}") from None


def note(text: str) -> None:
    """Print a message on standard error, which never carries results."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()


class Progress:
    """Says on standard error what a command is at, from the moment on when people begin to wonder.

    Whole lines, so that logs have them as terminals do; nothing where a command is done before.
    """

    def __init__(self, first: float = 5.0, every: float = 10.0) -> None:
        self.is_watched = False
        self._waits = (first, every)
        self._doing = ""
        self._thread: threading.Thread | None = None
        self._done = threading.Event()

    def __call__(self, doing: str) -> None:
        """Say what is begun; the clock runs from the first time on."""
        self._doing = doing
        if self.is_watched and self._thread is None:
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Say no more."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _tell(self) -> None:
        start = time.monotonic()
        first, every = self._waits
        while not self._done.wait(first):
            note(f"symbp: {self._doing}, {time.monotonic() - start:.0f} s")
            first = every


progress = Progress()
"""Of this command; watched where it is a program of its own."""


def _write(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        silence()
    except OSError as error:
        silence()
        raise OutputError(error.errno, f"standard output: {error.strerror}") from error


def silence() -> None:
    """Send the rest of standard output nowhere; the interpreter would write its buffer at exit, and fail loudly."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        target = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)
