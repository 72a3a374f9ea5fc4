"""What somebody's process started ends with it, when time is up, and when symbp dies; with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from symbp.guard import child, supervisor
from symbp.guard.child import run

LINUX = sys.platform.startswith("linux")

FAMILY = """
import os, sys, time
place = sys.argv[1]
def note(name):
    with open(f"{place}/{name}.part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(f"{place}/{name}.part", f"{place}/{name}.pid")
if not os.fork():
    os.setsid()
    if not os.fork():
        note("orphan")
        time.sleep(600)
    os._exit(0)
if not os.fork():
    note("kin")
    time.sleep(600)
note("first")
ENDING
"""
"""A process with a child in its group and a grandchild in a session of its own, whose parent is gone."""

NAMES = ("first", "kin", "orphan")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for file in tmp_path.glob("*.pid"):
        if is_alive(pid := int(file.read_text())):
            os.kill(pid, signal.SIGKILL)


def family(place: Path, ending: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", FAMILY.replace("ENDING", ending), str(place)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pids(place: Path) -> list[int]:
    until = time.monotonic() + 20
    while not all((place / f"{name}.pid").exists() for name in NAMES):
        assert time.monotonic() < until, "they did not start"
        time.sleep(0.01)
    return [int((place / f"{name}.pid").read_text()) for name in NAMES]


def gone(numbers: list[int]) -> bool:
    until = time.monotonic() + 20
    while any(map(is_alive, numbers)):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


pytestmark = pytest.mark.skipif(not LINUX, reason="elsewhere less is promised")


def test_what_it_left_running_ends_with_it(place: Path) -> None:
    wait = "while not all(os.path.exists(f'{place}/{n}.pid') for n in ('kin', 'orphan')): time.sleep(0.01)"
    assert run(family(place, wait), place, 30).code == 0
    assert not any(map(is_alive, pids(place)))


def test_time_is_up(place: Path) -> None:
    ended = run(family(place, "time.sleep(600)"), place, 0.7)
    assert ended.code is None
    # On a busy machine not all of them had begun; none begins any more.
    assert not any(is_alive(int(file.read_text())) for file in place.glob("*.pid"))


PARENT = """
import signal, sys, tempfile
from pathlib import Path
from symbp.guard.child import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # A shell lets what runs in the background ignore it.
folder = Path(tempfile.mkdtemp(dir=sys.argv[1], prefix="folder-"))
run(sys.argv[2:], folder, 600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_symbp_is_killed(how: signal.Signals, place: Path) -> None:
    argv = family(place, "while True: pass")
    with subprocess.Popen([sys.executable, "-c", PARENT, str(place), *argv], stderr=subprocess.DEVNULL) as parent:
        started = pids(place)
        assert list(place.glob("folder-*"))
        parent.send_signal(how)
        try:
            parent.wait(20)
        finally:
            parent.kill()
        assert gone(started)
    until = time.monotonic() + 20
    while list(place.glob("folder-*")) and how is not signal.SIGINT:  # Whoever lives on removes its own.
        assert time.monotonic() < until, "the folder stays"
        time.sleep(0.01)


def test_its_supervisor_is_stopped(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GRACE", 0.2)
    argv = family(place, "os.kill(os.getppid(), 19); time.sleep(600)")
    assert run(argv, place, 0.7).code is None
    assert gone([int(file.read_text()) for file in place.glob("*.pid")])


ENDINGS = {
    "print('a' * 10**4)": (0, 4000),
    "import os; os._exit(7)": (7, 0),
    "import os; os.abort()": (-6, 0),
    "import os; os.kill(os.getppid(), 9)": (-9, 0),
    "import os; os.closerange(0, 99)": (0, 0),
}


@pytest.mark.parametrize("code", ENDINGS)
def test_how_it_ended(code: str, tmp_path: Path) -> None:
    ended = run([sys.executable, "-I", "-S", "-c", code], tmp_path, 30, cwd=tmp_path)
    assert (ended.code, len(ended.printed)) == ENDINGS[code]


def test_files_are_limited(tmp_path: Path) -> None:
    code = "open('large', 'wb').truncate(2**31)"
    assert "File too large" in run([sys.executable, "-I", "-S", "-c", code], tmp_path, 30, cwd=tmp_path).printed


def test_memory_is_limited(tmp_path: Path) -> None:
    code = "a = bytearray(10**8)"
    argv = [sys.executable, "-I", "-S", "-c", code]
    assert run(argv, tmp_path, 30).code == 0
    assert "MemoryError" in run(argv, tmp_path, 30, memory=9 * 10**7).printed


def test_where_a_limit_is_missing_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert supervisor.unlimited() == ()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert supervisor.unlimited() == (
        "limit the memory of a process",
        "end what a process started in a session of its own",
    )
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert supervisor.unlimited() == ("limit the memory of a process",)
