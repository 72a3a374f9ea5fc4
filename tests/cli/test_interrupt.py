"""An interrupted sweep ends quietly, with all its workers, which never see the interrupt themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are seen in /proc")
def test_ctrl_c_ends_a_sweep_and_its_workers_without_a_traceback(tmp_path: Path) -> None:
    words = "analyze --activation tanh --sweep layers=2000,2500,3000,3500 --widths 64 --jobs 2"
    command = [sys.executable, "-m", "symbp", *words.split()]
    # A shell lets what runs in the background ignore the signal, and whoever is started inherits that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert running.stderr is not None
    said = running.stderr.readline()
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    until = time.monotonic() + 20
    while len(children.read_text().split()) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    workers = children.read_text().split()  # And the one that looks after what they share.
    deaf = [_is_deaf(worker) for worker in workers]
    time.sleep(0.3)  # They are at work, not at the start of Python.
    os.killpg(running.pid, signal.SIGINT)
    _, rest = running.communicate(timeout=60)
    assert "Traceback" not in said + rest
    assert running.returncode == 130, rest
    assert len(deaf) == 3, said
    assert all(deaf)  # From before their first line: an interrupt while they start is no traceback either.
    until = time.monotonic() + 20
    while any(_runs(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [worker for worker in workers if _runs(worker)]


def _is_deaf(process: str) -> bool:
    """Whether the system keeps an interrupt from a process: it blocks the signal, or ignores it."""
    status = dict(line.split(":", 1) for line in Path("/proc", process, "status").read_text().splitlines())
    return any(int(status[which], 16) >> signal.SIGINT - 1 & 1 for which in ("SigBlk", "SigIgn"))


def _runs(process: str) -> bool:
    """Whether a process is there and no zombie that nobody asked about."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
