"""A process of its own for somebody's function: a time limit, its output kept apart, arrays without pickle."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from symbp.errors import SpecError

MAX_PRINTED = 4000
"""How much of what they print is kept, in bytes."""


@dataclass(frozen=True)
class Call:
    """One call: the description of what was returned, its arrays, and the arguments it changed."""

    result: dict[str, Any]
    arrays: tuple[Any, ...]
    changed: tuple[str, ...] = ()


class RaisedError(SpecError):
    """Somebody's function raised; another way to call it may still fit."""


def run(
    source: Path, function: str, plan: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], timeout: float
) -> tuple[list[Call], str]:
    """Call a function of a file once for every case; return the calls and the first of what it printed.

    Raises:
        SpecError: it took longer than ``timeout`` seconds, ended its process, or raised.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for number, arrays in enumerate(cases):
            for at, array in enumerate(arrays.values()):
                np.save(folder / f"{number}-{at}.npy", array, allow_pickle=False)
        request = {
            "source": str(source.resolve()),
            "function": function,
            "plan": plan,
            "cases": [list(each) for each in cases],
        }
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        code, printed = _process(folder, source, function, timeout)
        found = _answer(folder, source, function, code)
        return [_call(folder, number, each) for number, each in enumerate(found["results"])], printed


def _process(folder: Path, source: Path, function: str, timeout: float) -> tuple[int, str]:
    runner = Path(__file__).with_name("runner.py")
    process = subprocess.Popen(
        [sys.executable, "-B", str(runner), str(folder)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stdout is not None
    kept = bytearray()
    reader = threading.Thread(target=_drain, args=(process.stdout, kept), daemon=True)
    reader.start()
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise SpecError(
            f"{source.name}: {function} did not return within {timeout:g} s: an endless loop, or input() that waits? "
            f"--timeout SECONDS gives it more"
        ) from None
    finally:
        _end(process)
        reader.join(1.0)
        if not reader.is_alive():
            process.stdout.close()
    return code, bytes(kept).decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with everything it started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _drain(stream: IO[bytes], kept: bytearray) -> None:
    """Read all that is printed, so that nobody waits for a full pipe; keep the beginning."""
    with contextlib.suppress(OSError, ValueError):
        for piece in _pieces(stream):
            kept.extend(piece[: max(0, MAX_PRINTED - len(kept))])


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := os.read(stream.fileno(), 65536):
        yield piece


def _answer(folder: Path, source: Path, function: str, code: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    except OSError:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise SpecError(f"{source.name}: {function} ended its process without returning ({how})") from None
    if "refused" in found:
        raise SpecError(f"{source.name}: {function} {found['refused']}")
    if "error" in found:
        raise RaisedError(_raised(found, source, function))
    return found


def _raised(found: Mapping[str, Any], source: Path, function: str) -> str:
    """Return an exception of theirs as one line: where, what, and what it says."""
    line = f", line {found['line']}" if found.get("line") else ""
    says = " ".join(str(found["says"]).split())
    if found["error"] == "SystemExit":
        return f"{source.name}{line}: it calls sys.exit: let {function} return its gradients"
    if "Tensor" in says and "numpy" in says:
        says += "; the arguments are NumPy arrays, so begin with X = torch.from_numpy(X)"
    doing = f"{function} raised " if found["while"] == "calling" else "loading it raised "
    return f"{source.name}{line}: {doing}{found['error']}{f': {says}' if says else ''}"


def _call(folder: Path, number: int, found: Mapping[str, Any]) -> Call:
    import numpy as np

    count = _arrays_in(found["result"])
    arrays = tuple(np.load(folder / f"answer-{number}-{at}.npy", allow_pickle=False) for at in range(count))
    return Call(found["result"], arrays, tuple(found["changed"]))


def _arrays_in(node: Mapping[str, Any]) -> int:
    return int(node["kind"] == "array") + sum(_arrays_in(each) for each in node.get("values", ()))
