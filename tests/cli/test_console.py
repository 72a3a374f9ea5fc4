"""Standard output that leaves, fills up, or cannot show ∂; an interrupt; whose fault an error is."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symbp.cli import console
from symbp.cli.main import main
from symbp.errors import CheckFailedError, OutputError, SpecError

RUN = [sys.executable, "-c", "import sys; from symbp.cli.main import main; sys.exit(main())"]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | more


@pytest.mark.parametrize("argv", [[], ["--help"], ["derive", "--help"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_error(argv: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*RUN, *argv], stdout=writing, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("argv", [[], ["--help"]], ids=" ".join)
def test_a_full_disk_is_the_systems_fault(argv: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*RUN, *argv], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"No space left" in done.stderr


def test_help_is_ascii() -> None:
    done = subprocess.run(
        [*RUN, "derive", "--help"], capture_output=True, env=environment(PYTHONIOENCODING="ascii"), check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_encoding_that_cannot_show_mathematics_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, plain in (("utf-8", False), ("ascii", True), ("latin-1", True)):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        assert console.plain() is plain
        console.say("∂")
        assert stream.buffer.getvalue() == "∂\n".encode(encoding, "backslashreplace")  # type: ignore[attr-defined]


def test_a_document_is_utf8_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console.document("∂\n")
    assert stream.buffer.getvalue() == "∂\n".encode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SpecError("no"), 2),
        (OutputError("out/a.md is a folder"), 2),
        (OutputError(errno.EACCES, "Permission denied"), 2),
        (OutputError(errno.ENOSPC, "No space left on device"), 1),
        (CheckFailedError("W1 disagrees"), 1),
        (OSError(errno.EIO, "Input/output error", "a.md"), 1),
        (MemoryError(), 1),
        (ZeroDivisionError("0"), 1),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda each: repr(each)[:30],
)
def test_exit_codes_say_whose_fault_it_is(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(argv: object) -> int:
        raise error

    main(["--version"])
    capsys.readouterr()
    monkeypatch.setattr(sys.modules["symbp.cli.app"], "run", failing)
    assert main([]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == (0 if code == 130 else 1)


def test_progress_is_said_when_people_begin_to_wonder(capsys: pytest.CaptureFixture[str]) -> None:
    slow = console.Progress(first=0.01, every=0.01)
    slow("reading")
    assert capsys.readouterr().err == ""  # In a program of somebody else nothing is said.
    slow.is_watched = True
    slow("deriving 7 equations")
    said = ""
    while said.count("\n") < 2:
        said += capsys.readouterr().err
    slow.end()
    assert said.splitlines()[0] == "symbp: deriving 7 equations, 0 s"
    capsys.readouterr()
    quick = console.Progress(first=600)
    quick.is_watched = True
    quick("reading")
    quick.end()
    assert capsys.readouterr() == ("", "")


@pytest.mark.long
def test_five_thousand_layers_are_derived_and_said(tmp_path: Path) -> None:
    layers = '[[layers]]\ntype = "dense"\nunits = 3\nactivation = "tanh"\n' * 5000
    (tmp_path / "deep.toml").write_text(f'inputs = 3\nloss = "mse"\n{layers}')
    done = subprocess.run(
        [*RUN, "derive", "deep.toml", "--json", "-o", "deep.md"],
        capture_output=True, text=True, cwd=tmp_path, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert json.loads(done.stdout)["layers"] == 5000
    assert all(line.startswith("symbp: ") for line in done.stderr.splitlines())
