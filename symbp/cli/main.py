"""The shell around everything: exit codes, one-line errors, an interrupt that leaves quietly.

Nothing is imported here that costs time, so that an interrupt during the imports is quiet too.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symbp.cli.console import note, progress, silence
from symbp.errors import CheckFailedError, SymbpError, later

if TYPE_CHECKING:
    from symbp.cli import app
else:  # Typer is imported where an interrupt is caught.
    app = later("symbp.cli.app")

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Set to 1 unless the user set them: checks use small matrices, and two threads are slower on a busy machine."""

SYSTEM = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors of a write that no other option would have avoided: the system's fault, not the input's."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    for name in THREADS:
        os.environ.setdefault(name, "1")
    if argv is None:
        # Collecting SymPy's many objects during the imports and once more at exit took 100 ms of the 740 ms of
        # `derive --layers 4`; a program that ends with its command gains nothing from it.
        gc.set_threshold(100_000)
        atexit.register(gc.freeze)
        progress.is_watched = True
    try:
        return app.run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        silence()
        return DONE
    except Exception as error:
        if os.environ.get("SYMBP_DEBUG"):
            traceback.print_exc()
        return _refusal(error)
    finally:
        progress.end()


def _refusal(error: Exception) -> int:
    """Print the error as one line and return the exit code that says whose fault it is."""
    if isinstance(error, SymbpError):
        note(f"symbp: {one_line(message(error))}")
        return FAILED if isinstance(error, CheckFailedError) or _system(error) else BAD_INPUT
    if isinstance(error, MemoryError):
        note("symbp: out of memory: describe a smaller network, with fewer layers, steps or tokens, or smaller widths")
    elif isinstance(error, OSError):
        silence()
        note(f"symbp: {one_line(message(error))}")
    else:
        what = one_line(f"{type(error).__name__}: {error}")
        note(f"symbp: internal error ({what[:200]}); SYMBP_DEBUG=1 shows the traceback, please report it")
    return FAILED


def message(error: BaseException) -> str:
    """Return what an error says, without the errno in front."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


def one_line(text: str) -> str:
    """Return text as one line of printable characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _system(error: SymbpError) -> bool:
    return any(getattr(each, "errno", None) in SYSTEM for each in (error, error.__cause__))


if __name__ == "__main__":
    sys.exit(main())
