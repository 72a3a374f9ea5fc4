"""A folder of submissions: a row each, whatever one does; gone on with, the same bytes by whoever shares the work."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from symbp.cli.main import main
from symbp.errors import SpecError
from symbp.grading import marking, marks
from symbp.grading.grade import grade
from symbp.grading.marking import Marked, Row, not_judged
from symbp.grading.page import grade_page
from symbp.grading.submissions import Settings, Submission
from symbp.networks.network import Network
from symbp.writing.text import write_text

VERDICTS = {
    "s01": ("right", "4", "", ""),
    "s02": ("wrong", "2", "tanh′ written as 1 - a", ""),
    "s03": ("right up to a scale", "0", "m times ours", "dW2"),
    "s04": ("wrong", "3", "wrong sign of dW2", "dW2"),
    "s05": ("not judged", "0", "not Python", ""),
    "s07": ("incomplete", "2", "missing", "dW1"),
    "s08": ("not judged", "0", "raised ValueError", ""),
    "s09": ("not judged", "0", "ended its process", ""),
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Judge nothing: a row says which file it is of."""
    seen: list[str] = []

    def mark(submission: Submission) -> Marked:
        seen.append(submission.file)
        return not_judged(submission, f"{submission.file}: line 3: =1+1")

    monkeypatch.setattr("symbp.grading.grade.mark", mark)
    return seen


def test_rows_are_sorted_and_gone_on_with(quick: list[str], network: Network, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "marks.csv"
    first = grade(network, folder, place)
    assert [row.file for row in first.rows] == sorted(quick)
    assert first.kept == 0
    whole = place.read_bytes()
    (folder / "s01.py").write_text("changed = True\n")
    place.write_bytes(whole[: whole.index(b"s04") + 9])  # Stopped in the middle of a line.
    quick.clear()
    again = grade(network, folder, place)
    assert quick == ["s01.py", "s04.py", "s05.py", "s07.py", "s08.py", "s09.py"]
    assert again.kept == 2
    assert len(place.read_text().splitlines()) == len(VERDICTS) + 1


def test_a_spreadsheet_computes_nothing(quick: list[str], network: Network, folder: Path, tmp_path: Path) -> None:
    grade(network, folder, tmp_path / "marks.csv")
    rows = list(csv.DictReader((tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0]["mistake"] == "'=1+1"
    assert rows[0]["where"] == "s01.py:3"
    assert marks.finished(marks.table([Row("=a.py", "right")], ["W1"]), "x")["=a.py"].verdict == "right"


def test_an_executor_is_given_the_work(quick: list[str], network: Network, folder: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        grade(network, folder, tmp_path / "a.csv", executor=executor)
    assert sorted(quick) == [f"{name}.py" for name in VERDICTS]


def test_a_crash_of_ours_is_a_row(
    monkeypatch: pytest.MonkeyPatch, network: Network, folder: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(marking, "_judged", lambda submission: 1 // 0)
    found = grade(network, folder, tmp_path / "marks.csv", only=["s01"])
    assert found.rows[0].mistake == "internal error: ZeroDivisionError: integer division or modulo by zero"
    assert not found.judged


REFUSED = {
    "no folder": (["nowhere"], "there is no such folder"),
    "no csv": (["submissions", "--csv", "marks.txt"], "give a file that ends in .csv"),
    "no table": (["submissions", "--csv", "mine.csv"], "is no table of marks"),
    "no network": (["submissions", "--layers", "2"], "leaves its activation and loss open"),
    "no scheduler": (["submissions", "--cluster", "here"], "as in tcp://host:8786"),
    "no submission": (["submissions", "--only", "s1"], "no such submission; did you mean 's01'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_graded_is_refused_in_one_line(
    case: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("a,b\n1,2\n")
    words, said = REFUSED[case]
    own = words if "--layers" in words else [*words, "--layers", "2", "--activation", "tanh", "--loss", "mse"]
    assert main(["grade", *own]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_the_page_has_counts_rows_and_what_is_often_wrong() -> None:
    rows = [
        Row("a.py", "right", 2, 0, 2, marks={"W1": "right", "W2": "right"}),
        Row(
            "b.py", "wrong", 0, 1, 2, "wrong sign of dW2", "b.py:4", "dW2", {"W1": "right, given yours", "W2": "wrong"}
        ),
        Row("c.py", "wrong", 1, 0, 2, "=" * 80, "", "dW2", {"W1": "right", "W2": "wrong"}),
        Row("d.py", "not judged", mistake="no answer in 2 s"),
    ]
    text = write_text(grade_page(rows))
    assert text.startswith("4 files: 1 right, 2 wrong, 1 not judged\n")
    assert "right, given an earlier mistake of their own: b 1 (dW1)" in text
    assert "most often wrong: dW2 (b, c)" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.long
def test_every_submission_gets_its_marks(network: Network, folder: Path, tmp_path: Path) -> None:
    found = grade(network, folder, tmp_path / "a" / "marks.csv")
    rows = {row.file.removesuffix(".py"): row for row in found.rows}
    for name, (verdict, right, mistake, gradient) in VERDICTS.items():
        row = rows[name]
        assert (row.verdict, str(row.right), row.gradient) == (verdict, right, gradient), name
        assert mistake in row.mistake
        assert (found.pages / f"{name}.md").read_text(encoding="utf-8").startswith("<!-- Written by symbp")
    assert rows["s02"].carried == 2
    grade(network, folder, tmp_path / "b" / "marks.csv", jobs=2)
    assert (tmp_path / "a" / "marks.csv").read_bytes() == (tmp_path / "b" / "marks.csv").read_bytes()


CALLED = """
def step(p, q, r, s, one, two):
    import numpy as np
    a = np.tanh(p @ one + q)
    b = np.tanh(r @ a + s)
    d = (b - two) / one.shape[1] * (1 - b**2)
    e = r.T @ d * (1 - a**2)
    return {"dW1": e @ one.T, "db1": e.sum(1, keepdims=True), "dW2": d @ a.T, "db2": d.sum(1, keepdims=True)}
"""


@pytest.mark.long
def test_a_call_is_that_of_every_file(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.py").write_text(CALLED)
    (folder / "b.py").write_text(CALLED.replace("1 - a**2", "1 - a"))
    table = tmp_path / "marks.csv"
    network = ["--layers", "2", "--activation", "tanh", "--loss", "mse"]
    call = "step(W1, b1, W2, b2, X, Y)"
    assert main(["grade", *network, str(folder), "--csv", str(table), "--call", call]) == 0
    assert [row["verdict"] for row in csv.DictReader(table.read_text().splitlines())] == ["right", "wrong"]


def test_a_call_that_is_none_is_refused_before_anything_runs(network: Network, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="write it as in Python"):
        grade(network, folder, tmp_path / "marks.csv", settings=Settings(call="step("))
