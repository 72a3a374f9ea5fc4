"""``symbp derive`` and ``symbp check`` end to end: what is printed, what is written, what is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from symbp.checking.check import check
from symbp.checking.report import CheckReport, Verdict
from symbp.cli.main import main
from symbp.cli.options import binding, widths
from symbp.cli.what import NetworkOptions, command_line
from symbp.errors import SpecError

RUN = [sys.executable, "-c", "import sys; from symbp.cli.main import main; sys.exit(main())"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | more


def test_derive_writes_two_reports_and_prints_the_derivation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--layers", "4"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert files(folder) == ["output/backprop-4.md", "output/backprop-4.tex"]
    assert out.startswith("Backpropagation through a four-layer network")
    for words in ("output/backprop-4.md", r"\input{backprop-4}", "symbp check --layers 4", "gradients agree"):
        assert words in out


def test_a_second_run_touches_nothing(folder: Path) -> None:
    assert main(["derive"]) == 0
    before = {name: (folder / name).stat().st_mtime_ns for name in files(folder)}
    assert main(["derive"]) == 0
    assert {name: (folder / name).stat().st_mtime_ns for name in files(folder)} == before


@pytest.mark.parametrize(
    ("argv", "written"),
    [
        (["-t", "latex"], ["output/backprop-3.tex"]),
        (["--format", "numpy", "--activation", "tanh", "--loss", "mse"], ["output/backprop-3.py"]),
        (["-o", "notes.tex"], ["notes.tex"]),
        (["-o", "new/folder/"], ["new/folder/backprop-3.md", "new/folder/backprop-3.tex"]),
        (["-o", "."], ["backprop-3.md", "backprop-3.tex"]),
        (["-o", "odd.name", "-t", "gfm"], ["odd.name"]),
        (["-o", "w.tex", "--only", "W1"], ["w.tex"]),
        (["-o", "-"], []),
        (["--only", "W1"], []),
    ],
    ids=lambda each: " ".join(each),
)
def test_output_options_say_what_is_written(argv: list[str], written: list[str], folder: Path) -> None:
    assert main(["derive", "--no-check", *argv]) == 0
    assert files(folder) == sorted(written)


def test_standard_output_is_the_document_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "-o", "-"]) == 0
    document = capsys.readouterr().out
    assert main(["derive", "-o", "a.md"]) == 0
    assert Path("a.md").read_text(encoding="utf-8") == document


def test_one_equation_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--only", "W1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert r"\partial" in out
    assert "symbp" not in out


@pytest.mark.parametrize("command", ["derive", "check"])
def test_json_is_one_document(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--layers", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    data = json.loads(out)
    assert isinstance(data, dict)
    if command == "derive":
        assert list(data["gradients"]) == ["W1", "b1", "W2", "b2"]
        roles = [factor["role"] for factor in data["gradients"]["W1"]["factors"]]
        assert roles == [
            "loss gradient",
            "activation derivative",
            "weight",
            "activation derivative",
            "previous activation",
        ]


def test_check_prints_a_row_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--layers", "2", "--activation", "tanh", "--loss", "mse"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("W1", "b1", "W2", "b2"))


def test_a_failed_check_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(*args: Any, **options: Any) -> CheckReport:
        report = check(*args, **options)
        return replace(report, rows=tuple(replace(row, verdict=Verdict.WRONG) for row in report.rows))

    monkeypatch.setattr("symbp.checking.check.check", wrong)
    assert main(["derive", "--layers", "2"]) == 1
    assert "wrote" in capsys.readouterr().out


BAD = [
    (["-t", "numpy", "--loss", "mse"], ["--to numpy", "give --activation"]),
    (["-o", "a.py"], ["--to numpy", "--activation and --loss"]),
    (["-t", "latx"], ["--to latx", "'latex'"]),
    (["-o", "a.xyz"], ["--output a.xyz", "--to"]),
    (["-o", ""], ["--output ''"]),
    (["--notation", "nq"], ["--notation nq", "ng"]),
    (["--only", "W9"], ["--only W9"]),
    (["--template-dir", "nowhere"], ["--template-dir nowhere", "no such folder"]),
    (["-o", "taken.md"], ["taken.md", "--force"]),
    (["-o", "taken.md/"], ["taken.md"]),
    (["-o", "taken.md/deeper/a.md"], ["taken.md"]),
    (["-o", "/dev/full", "-t", "gfm"], ["/dev/full"]),
    (["--activation", "tahn"], ["--activation tahn", "'tanh'"]),
]


@pytest.mark.parametrize(("argv", "words"), BAD, ids=lambda each: " ".join(each))
def test_bad_output_options_touch_no_file(
    argv: list[str], words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "taken.md").write_text("mine\n", encoding="utf-8")
    assert main(["derive", "--layers", "2", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    for word in words:
        assert word in err
    assert files(folder) == ["taken.md"]
    assert (folder / "taken.md").read_text(encoding="utf-8") == "mine\n"


def test_force_overwrites(folder: Path) -> None:
    (folder / "taken.md").write_text("mine\n", encoding="utf-8")
    assert main(["derive", "--no-check", "-o", "taken.md", "--force"]) == 0
    assert (folder / "taken.md").read_text(encoding="utf-8").strip() != "mine"


def test_a_stream_that_cannot_show_mathematics_gets_ascii() -> None:
    done = subprocess.run(
        [*RUN, "derive", "--layers", "2"], capture_output=True, env=environment(PYTHONIOENCODING="ascii"), check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"\\u" not in done.stdout


@pytest.mark.parametrize(
    "argv",
    [["derive"], pytest.param(["derive", "-o", "-"], marks=pytest.mark.long), ["check", "--layers", "2"]],
    ids=" ".join,
)
def test_a_reader_that_leaves_is_no_error(argv: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*RUN, *argv], stdout=writing, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "options",
    [
        NetworkOptions(layers=4),
        NetworkOptions(
            layers=2,
            widths=widths("3,5,2"),
            activation="x*sigmoid(beta*x)",
            loss="mse",
            let=[binding("beta=1.702")],
            batch=True,
            bias=False,
        ),
        NetworkOptions(layers=2, widths=widths("7"), output_activation="softmax", loss="cross_entropy"),
    ],
)
def test_the_command_in_a_report_makes_the_same_network(
    options: NetworkOptions, capsys: pytest.CaptureFixture[str]
) -> None:
    said = subprocess.run(
        ["sh", "-c", "printf '%s\\0' " + command_line("derive", options)],
        capture_output=True,
        text=True,
        check=True,
    )
    argv = said.stdout.split("\0")[1:-1]
    seen = []

    def build(described: NetworkOptions) -> NoReturn:
        seen.append(described)
        raise SpecError("seen")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NetworkOptions, "build", build)
        assert main(argv) == 2
    assert seen == [options]
