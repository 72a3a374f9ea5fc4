"""Stands between symbp and a process of somebody's code: ends with symbp, and takes along all that the process started.

Run as a script with one request in JSON: ``argv``, its ``cwd``, the ``memory`` it may use, and the ``folder`` that goes
when symbp is gone. Standard input is a pipe that symbp holds open: its end says that time is up, or that symbp died.
It needs the standard library alone and imports nothing of symbp, so that it starts in 20 ms. docs/trust.md says
what it promises.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

LARGEST_FILE = 2**30
"""Largest file that the process may write, in bytes."""

LAST = 5.0
"""How long descendants are hunted for, in seconds: processes that fork without end may be faster."""

_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36


def unlimited() -> tuple[str, ...]:
    """Return what this system cannot do to a process, one clause each; none on Linux."""
    found = []
    if _resource() is None:
        found.append("limit the memory of a process")
    if not _has_prctl():
        found.append("end what a process started in a session of its own")
    return tuple(found)


def _resource() -> Any:
    """Return what sets limits, or None where they do not hold: macOS and the BSDs allocate past RLIMIT_DATA."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import resource
    except ImportError:
        return None
    return resource


def _has_prctl() -> bool:
    return sys.platform.startswith("linux") and os.path.isdir("/proc/self")


def _prctl(option: int, value: int) -> None:
    if _has_prctl():
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _limits(memory: int) -> Callable[[], None]:
    """Return what the process does to itself before it becomes somebody's code."""
    resource, supervisor = _resource(), os.getpid()

    def limit() -> None:
        _prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)
        for name, most in (("RLIMIT_DATA", memory), ("RLIMIT_FSIZE", LARGEST_FILE), ("RLIMIT_CORE", 0)):
            if resource is not None:
                hard = resource.getrlimit(getattr(resource, name))[1]
                least = most if hard == resource.RLIM_INFINITY else min(most, hard)
                resource.setrlimit(getattr(resource, name), (least, least))

    return limit


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process; on Windows its tree while it can still be found."""
    with contextlib.suppress(OSError):
        if os.name == "nt":
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        process.kill()


def _end_all(group: int) -> None:
    """End what a process left behind: its group, and where orphans come to us everything that descends from us."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
    until = time.monotonic() + LAST
    while time.monotonic() < until:
        end_descendants(os.getpid())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.005)


def end_descendants(of: int) -> None:
    """Kill every process that descends from one, where the system lists them."""
    parents = dict(_processes())
    for pid in parents:
        above = pid
        while above in parents and above != of:
            above = parents[above]
        if above == of != pid:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, int]]:
    """Yield every process with its parent, as Linux tells them."""
    for name in os.listdir("/proc") if _has_prctl() else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if name.isdigit():
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    yield int(name), int(file.read().rpartition(")")[2].split()[1])


def main(request: dict[str, Any]) -> int:
    """Run the process to its end, or to ours; return its exit code, 128 more than the signal that ended it."""
    _prctl(_CHILD_SUBREAPER, 1)
    process = subprocess.Popen(
        request["argv"], stdin=subprocess.DEVNULL, cwd=request["cwd"], start_new_session=True,
        preexec_fn=_limits(request["memory"]) if os.name == "posix" else None,
    )  # fmt: skip
    alone = threading.Event()

    def leave(*_: object) -> None:
        alone.set()
        _stop(process)

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(0, 1)
        leave()

    signal.signal(signal.SIGTERM, leave)
    _prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    threading.Thread(target=watch, daemon=True).start()
    code = process.wait()
    _end_all(process.pid)
    if alone.is_set():
        import shutil  # 8 ms that only an end before time needs

        shutil.rmtree(request["folder"], ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    os._exit(main(json.loads(sys.argv[1])))  # Nothing is flushed: what was printed is not ours.
