"""Named pipes, devices and folders where a file belongs, in every command: said at once, and nothing waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from symbp.cli.main import main

KINDS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda place: place.symlink_to("/dev/zero"),
}

READ = {
    "spec": ["derive", "n.toml"],
    "equations": ["check", "n.txt"],
    "analysis of a file": ["analyze", "n.json"],
    "values": ["derive", "two-two-two", "--values", "v.toml"],
    "values of a check": ["check", "two-two-two", "--values", "v.json"],
    "function": ["check", "mine.py", "--layers", "1"],
    "arrays": ["check", "m.npz", "--layers", "1"],
    "arrays in JSON": ["check", "--layers", "1", "m.json"],
    "sweep": ["analyze", "--sweep", "layers=2", "-o", "s.csv"],
}

WRITTEN = {
    "page": ["derive", "--layers", "1", "-o", "n.md"],
    "compiled page": ["derive", "--layers", "1", "-o", "n.pdf"],
    "program": ["derive", "--layers", "1", "--activation", "tanh", "--loss", "mse", "-o", "n.py"],
    "numbers": ["derive", "two-two-two", "--values", "two-two-two", "-o", "n.tex"],
    "table": ["check", "--layers", "1", "-o", "n.md"],
    "analysis": ["analyze", "--layers", "2", "-o", "n.md"],
    "stub": ["check", "--stub", "n.py", "--layers", "1", "--activation", "tanh", "--loss", "mse"],
}


def named(argv: list[str]) -> Path:
    return next(Path(word) for word in reversed(argv) if "." in word)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "argv", [*READ.values(), *WRITTEN.values()], ids=[*READ, *(f"{each} written" for each in WRITTEN)]
)
def test_no_file_is_one_line(
    kind: str, argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    KINDS[kind](named(argv))
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named(argv).name in err
    assert any(words in err for words in ("a pipe or a device", "not a file that can be read", "and it is yours"))
    assert list(tmp_path.iterdir()) == [tmp_path / named(argv)]


def test_a_name_that_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--layers", "1", "-o", "x" * 300 + ".md"]) == 2
    assert "File name too long" in capsys.readouterr().err


def test_a_folder_of_templates_that_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page-latx.j2").write_text("x")
    assert main(["derive", "--layers", "1", "-o", "-", "--template-dir", str(tmp_path)]) == 2
    assert "did you mean 'page-latex.j2'?" in capsys.readouterr().err
    assert main(["derive", "--layers", "1", "-o", "-", "--template-dir", ""]) == 2
    assert "--template-dir '': there is no such folder" in capsys.readouterr().err


def test_a_template_of_a_section_is_sent_to_its_macro(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "notation.j2").write_text("x")
    assert main(["derive", "--layers", "1", "-o", "-", "--template-dir", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "change the macro table of page-latex.j2 or page-markdown.j2" in err
    assert err.count("\n") == 1
