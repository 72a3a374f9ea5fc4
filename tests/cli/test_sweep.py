"""``symbp analyze --sweep`` and ``--compare``: files, what is resumed, what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from symbp.analysis import sweep
from symbp.cli.main import main
from symbp.cli.sweep import progress_bar

SWEEP = ["analyze", "--sweep", "layers=3,4", "--widths", "4", "--activation", "tanh", "--draws", "2"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("symbp.writing.figures.available", lambda: False)


def test_a_sweep_is_a_csv_and_a_json_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SWEEP) == 0
    out, err = capsys.readouterr()
    assert "output/sweep.csv" in out
    assert err == ""
    rows = sweep.finished(Path("output/sweep.csv").read_text(), "")
    results = json.loads(Path("output/sweep.json").read_text())["results"]
    assert list(rows.values()) == results
    assert len(results) == 4


def test_it_goes_on_where_it_stopped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[sweep.Cell] = []
    real = sweep.measure

    def measure(cell: sweep.Cell) -> dict[str, object]:
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(cell)
        return real(cell)

    monkeypatch.setattr(sweep, "measure", measure)
    assert main(SWEEP) == 130
    assert len(sweep.finished(Path("output/sweep.csv").read_text(), "")) == 2
    monkeypatch.setattr(sweep, "measure", lambda cell: measured.append(cell) or real(cell))
    assert main(SWEEP) == 0
    assert len(measured) == len(set(measured)) == 4
    assert "(2 of 4 cells were there)" in capsys.readouterr().out


def test_a_larger_sweep_keeps_what_is_there() -> None:
    assert main(SWEEP) == 0
    before = Path("output/sweep.csv").read_text().splitlines()
    assert main([*SWEEP, "--init", "he"]) == 0
    after = Path("output/sweep.csv").read_text().splitlines()
    assert set(before) < set(after)
    assert len(after) == 9


def test_compare_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--compare", "--layers", "5", "--widths", "4", "--draws", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(("take ", "no remedy "))
    assert "pip install 'symbp[plots]'" in err
    page = Path("output/remedies-5.md").read_text()
    assert "what it moves" in page
    assert "![" not in page


def test_compare_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--compare", "--layers", "4", "--widths", "4", "--draws", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["remedies"][0]["remedy"] == "as is"
    assert all(len(row["draws"]) == 2 for row in data["remedies"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sweep", "depth=3"], "--sweep depth: unknown; choose from layers, widths"),
        (["--sweep", "layers"], "--sweep layers: write layers=N,N,..."),
        (["--sweep", "layers=3,x"], "--sweep x: the number of weight layers is a whole number"),
        (["--sweep", "layers=3", "--sweep", "layers=4"], "--sweep layers=4: layers was already given"),
        (["--sweep", "layers=3", "-o", "a.txt"], "--output a.txt: a sweep is a table"),
        (["--sweep", "layers=3", "--loss", "mse"], "leave out --loss"),
        (["--sweep", "layers=3", "--jobs", "0"], "--jobs 0: the number of processes"),
        (["--compare", "--draws", "0"], "--draws 0: the number of draws"),
        (["--compare", "--init", "he", "--init", "xavier"], "--compare: give --init once"),
        (["--compare", "--activation", "tanh", "--activation", "relu"], "give each network option once"),
        (["--compare", "--layers", "2"], "2 layers have no trend to compare: give at least 3"),
        (
            ["--layers", "3", "--activation", "tanh", "--only", "budgets"],
            "--only budgets: unknown; did you mean 'budget'?",
        ),
        (
            ["--layers", "3", "--activation", "tanh", "-t", "numpy"],
            "--to numpy: this is a page; give gfm, markdown",
        ),
        ([part for n in range(25) for part in ("--layers", str(n + 1))], "25 combinations of the network options"),
        (["lstm-nowhere"], "lstm-nowhere: no such file"),
    ],
)
def test_refusals(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *words]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("symbp: ")
    assert said in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_somebody_elses_table_is_not_touched(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.csv").write_text("name,age\nx,1\n")
    assert main([*SWEEP, "-o", "mine.csv"]) == 2
    assert "mine.csv is no table of a sweep" in capsys.readouterr().err
    assert Path("mine.csv").read_text() == "name,age\nx,1\n"


def test_options_that_repeat_are_curves(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--layers", "4", "--layers", "8", "--widths", "4", "--activation", "tanh"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.split()[1:2] == ["layers"]]
    assert out.count("checked ") == 2
    assert main(["analyze", "--layers", "4", "--activation", "tanh", "--init", "he", "--init", "lecun", "--json"]) == 0
    flows = json.loads(capsys.readouterr().out)["flows"]
    assert [flow["init"].split(",")[0] for flow in flows] == ["he", "lecun"]


def test_a_network_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "batchnorm-mlp"]) == 0
    assert Path("output/flow-batchnorm-mlp.md").is_file()
    assert "multiply to its norm as compiled" in " ".join(capsys.readouterr().out.split())


def measured_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make the measuring count itself: what is refused is refused before it."""
    calls: list[str] = []
    right = sweep.measured
    monkeypatch.setattr(sweep, "measured", lambda *args, **options: calls.append("") or right(*args, **options))
    return calls


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("rate", "nan", "mine.csv, line 2: rate is nan, which no sweep wrote"),
        ("verdict", "s" * 200_000, "mine.csv is no table of a sweep"),
        ("layers", "-3", "mine.csv, line 2: layers is -3"),
    ],
)
def test_a_table_that_no_sweep_wrote_is_refused_by_its_line(
    field: str, value: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*SWEEP, "-o", "mine.csv"]) == 0
    capsys.readouterr()
    header, first, *rest = Path("mine.csv").read_text().splitlines()
    at = header.split(",").index(field)
    cells = first.split(",")
    cells[at] = value
    text = "\n".join([header, ",".join(cells), *rest]) + "\n"
    Path("mine.csv").write_text(text)
    calls = measured_once(monkeypatch)
    assert main([*SWEEP, "-o", "mine.csv"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert len(err) < 400
    assert not calls
    assert Path("mine.csv").read_text() == text


def test_a_foreign_json_beside_the_table_is_found_before_the_measuring(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.json").write_text('{"mine": 1}')
    calls = measured_once(monkeypatch)
    assert main([*SWEEP, "-o", "mine.csv"]) == 2
    assert "mine.json was not written by symbp" in capsys.readouterr().err
    assert not calls
    assert not Path("mine.csv").exists()
    assert Path("mine.json").read_text() == '{"mine": 1}'


def test_a_long_sweep_says_what_it_will_take_before_it_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*args: object, **options: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "measured", begun)
    assert main(["analyze", "--sweep", "layers=100000"]) == 130
    out, err = capsys.readouterr()
    assert "up to 100,000 layers of 64 units: about" in err
    assert "GB of memory" in err
    assert out == ""


def test_the_bar_says_what_is_measured_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for terminal, drawn in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", terminal)
        with progress_bar() as bar:
            task = bar.add_task("", total=4, completed=2)
            bar.update(task, advance=1, description="max(x, [0])", refresh=True)
        assert ("max(x, [0])" in terminal.getvalue()) == drawn
        assert ("3/4" in terminal.getvalue()) == drawn
