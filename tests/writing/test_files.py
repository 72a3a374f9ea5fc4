"""Files: whole or not at all, unchanged ones untouched, and nobody else's overwritten."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from report_cases import PDFLATEX, derivation, need

from symbp.errors import OutputError, SpecError
from symbp.writing import files
from symbp.writing.files import write, write_chunks, write_text

OURS = "<!-- Written by symbp -->\n"
ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0


def test_folders_are_made_and_the_text_is_there(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.md"
    assert write_text(target, OURS + "1 ∂")
    assert target.read_text(encoding="utf-8") == OURS + "1 ∂"
    assert os.listdir(target.parent) == ["b.md"]


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    write_text(target, OURS)
    os.utime(target, (1, 1))
    assert not write_text(target, OURS)
    assert target.stat().st_mtime == 1
    assert write_text(target, OURS + "new")


def test_the_mode_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    write_text(target, OURS)
    target.chmod(0o640)
    write_text(target, OURS + "new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text(OURS)
    (tmp_path / "link.md").symlink_to("real.md")
    write_text(tmp_path / "link.md", OURS + "new")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text() == OURS + "new"


def test_somebody_elses_file_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    target.write_text("my notes on symbp\n")
    with pytest.raises(OutputError, match="was not written by symbp"):
        write_text(target, OURS)
    assert target.read_text() == "my notes on symbp\n"
    assert write_text(target, OURS, force=True)
    (tmp_path / "late.md").write_text("1\n2\n3\n" + OURS)
    with pytest.raises(OutputError):
        write_text(tmp_path / "late.md", OURS)


def one_line(caught: pytest.ExceptionInfo[OutputError]) -> str:
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder") as caught:
        write_text(tmp_path, OURS)
    assert str(tmp_path) in one_line(caught)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / "a" / "b.md", OURS)
    assert "b.md" in one_line(caught)


def test_a_pipe_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="it is a pipe or a device"):
        write_text(tmp_path / "pipe", OURS)


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_read_only(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    write_text(target, OURS)
    target.chmod(0o444)
    with pytest.raises(OutputError, match="read-only"):
        write_text(target, OURS + "new")


@pytest.mark.parametrize("name", ["a\0b.md", "x" * 300 + ".md"], ids=["nul", "long"])
def test_a_name_the_system_refuses(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / name, OURS)
    one_line(caught)


def test_on_a_full_disk_the_old_file_survives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.md"
    write_text(target, OURS)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_text(target, OURS + "new")
    assert target.read_text() == OURS
    assert os.listdir(tmp_path) == ["a.md"]


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    def chunks() -> object:
        yield OURS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_chunks(tmp_path / "a.tex", chunks())  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".md", ".tex", ".py", ".txt"])
def test_the_suffix_says_the_format_and_our_own_is_overwritten(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"report{suffix}"
    assert write(derivation("tanh-softmax-ce"), target)
    assert not write(derivation("tanh-softmax-ce"), target)
    assert write(derivation("sigmoid-bce"), target)
    assert files.MARK in target.read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.long
def test_pdf(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    assert write(derivation("layers-1"), tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert not write(derivation("layers-1"), tmp_path / "a.pdf")
    write(derivation("layers-2"), tmp_path / "a.pdf")


def test_a_suffix_that_is_no_format(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the suffix says no format"):
        write(derivation("layers-1"), tmp_path / "a.docx")
