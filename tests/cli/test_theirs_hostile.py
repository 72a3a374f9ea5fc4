"""Somebody's process whose answer is none, as seen on the command line: one line, exit code 2, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symbp.cli.main import main
from symbp.judging import process

NETWORK = ["--layers", "1", "--activation", "tanh", "--loss", "mse"]

MINE = """import os, sys
import numpy as np
def backward(X, Y, W1, b1, A1):
    CODE
"""

ENDED = "mine.py: backward ended its process without returning"

HOSTILE = {
    "exits": ("os._exit(0)", f"{ENDED} (exit code 0)"),
    "kills its supervisor": ("os.kill(os.getppid(), 9); import time; time.sleep(9)", f"{ENDED} (signal 9)"),
    "closes everything": ("os.closerange(0, 999); os._exit(3)", f"{ENDED} (exit code 3)"),
    "takes the place of the answer": ("os.mkdir(sys.argv[1] + '/answer.json'); return {}", "cannot be read"),
    "removes its folder": ("import shutil; shutil.rmtree(sys.argv[1]); return {}", ENDED),
    "masked": ("return {'W1': np.ma.array(np.ones((3, 7)), mask=np.eye(3, 7)), 'b1': 1}", "with masked entries"),
    "half a character as a key": (r"return {'\ud800\x1b[2J': np.ones((9, 9))}", "backward returned [2J"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_answer_is_one_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = HOSTILE[case]
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE.replace("CODE", code))
    assert main(["check", "mine.py", *NETWORK]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)


def test_what_it_removes_where_it_stands_is_not_yours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE.replace("CODE", "[os.remove(each) for each in os.listdir('.')]; return {}"))
    Path("thesis.tex").write_text("mine")
    main(["check", "mine.py", *NETWORK])
    assert capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine.py", "thesis.tex"]


def test_gigabytes_of_prints_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE.replace("CODE", "while True: os.write(1, b'a' * 10**6)"))
    assert main(["check", "mine.py", *NETWORK, "--timeout", "1"]) == 2
    assert "did not return within 1 s" in capsys.readouterr().err


def test_the_limits_that_a_system_lacks_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    right = "g = (A1 - Y) / X.shape[1] * (1 - A1**2)\n    return {'W1': g @ X.T, 'b1': g.sum(1)}"
    Path("mine.py").write_text(MINE.replace("CODE", right))
    assert main(["check", "mine.py", *NETWORK]) == 0
    assert "cannot" not in capsys.readouterr().out
    monkeypatch.setattr(process, "unlimited", lambda: ("limit the memory of a process",))
    assert main(["check", "mine.py", *NETWORK]) == 0
    assert "this system cannot limit the memory of a process" in " ".join(capsys.readouterr().out.split())


def test_a_fork_of_it_answers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    forks = "os.fork(); g = (A1 - Y) / X.shape[1] * (1 - A1**2)\n    return {'W1': g @ X.T, 'b1': g.sum(1)}"
    Path("mine.py").write_text(MINE.replace("CODE", forks))
    assert main(["check", "mine.py", *NETWORK]) == 0
    assert "right: " in capsys.readouterr().out


def test_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE.replace("CODE", "os._exit(0)"))
    assert main(["check", "mine.py", *NETWORK]) == 2
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sys.platform == "win32" or not (tmp_path / "__pycache__").exists()


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere less is promised")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_symbp_is_killed_and_an_endless_loop_goes_with_it(how: signal.Signals, tmp_path: Path) -> None:
    loops = """if not os.fork():
        os.setsid()
    open(os.path.join(HERE, f"{os.getpid()}.pid"), "w").close()
    while True: pass"""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "mine.py").write_text(f"HERE = {str(tmp_path)!r}\n" + MINE.replace("CODE", loops))
    argv = [sys.executable, "-m", "symbp", "check", "mine.py", *NETWORK, "--timeout", "600"]
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(argv, cwd=tmp_path, env=environment) as program:
        while len(running := [file.stem for file in tmp_path.glob("*.pid")]) < 2:
            assert program.poll() is None
            time.sleep(0.05)
        assert list((tmp_path / "tmp").iterdir())
        program.send_signal(how)
    until = time.monotonic() + 30
    while list((tmp_path / "tmp").iterdir()) or any(Path("/proc", pid).exists() for pid in running):
        assert time.monotonic() < until, "they run on, or the folder stays"
        time.sleep(0.05)
