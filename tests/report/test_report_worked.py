"""Worked examples: the published numbers of the best known one, and other networks and values."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_cases import PDFLATEX, need

from symbp.cli.main import main
from symbp.derivation import derive
from symbp.errors import ShapeError, SpecError
from symbp.networks.examples import EXAMPLES, VALUES
from symbp.networks.network import Network
from symbp.report.worked.numbers import boxed, composed, number
from symbp.report.worked.render import render_worked, worked_data
from symbp.worked.given import read_given
from symbp.worked.run import Worked

KNOWN = "two-two-two"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def known() -> Worked:
    return Worked.of(derive(Network.load(EXAMPLES[KNOWN])), read_given(VALUES[KNOWN]))


def values(folder: Path, text: str) -> Path:
    place = folder / "values.toml"
    place.write_text(text, encoding="utf-8")
    return place


def work(folder: Path, text: str, **network: Any) -> Worked:
    return Worked.of(derive(**network), read_given(values(folder, text)))


def test_the_numbers_that_course_notes_print() -> None:
    worked = known()
    loss, gradients = worked.result
    assert round(loss, 9) == 0.298371109
    assert worked.numbers["A1"].ravel().round(9).tolist() == [0.593269992, 0.596884378]
    assert worked.numbers["A2"].ravel().round(9).tolist() == [0.751365070, 0.772928465]
    assert round(float(gradients["W2"][0, 0]), 9) == 0.082167041
    assert worked.updated["W2"].ravel().round(9).tolist() == [0.358916480, 0.408666186, 0.511301270, 0.561370121]
    assert worked.updated["W1"].ravel().round(9).tolist() == [0.149780716, 0.199561432, 0.249751144, 0.299502287]
    assert round(worked.loss_after, 9) == 0.291027774
    for name in ("b1", "b2"):
        assert (worked.updated[name] == worked.given.parameters[name]).all()


def test_training_repeats_the_step() -> None:
    worked = known()
    training = worked.train(3)
    assert training.steps == 3
    assert training.losses[:2] == (worked.result[0], worked.loss_after)
    assert list(training.losses) == sorted(training.losses, reverse=True)
    assert training.shown == [0, 1, 2, 3]
    assert worked.train(1000).shown == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]


@pytest.mark.parametrize("to", ["gfm", "markdown", "latex", "text"])
def test_every_format_shows_the_numbers(to: str) -> None:
    text = render_worked(known(), to, training=known().train(10))
    for shown in ("0.298371109", "0.35891648", "0.149780716", "0.274811083 + 0.0235600256", "0.291027774", "0.3775"):
        assert shown in text
    assert "0.29837110876" not in text
    assert "0.298" in render_worked(known(), to, digits=3)
    assert "0.2984" not in render_worked(known(), to, digits=3)


def test_what_the_text_equates_is_equal() -> None:
    """Every numeric product that the LaTeX shows comes to the value that it shows."""
    text = render_worked(known(), "latex", digits=17)
    start = text.index(r"\delta^{(1)} x")
    left, right, shown = map(matrix, re.findall(r"\\begin\{bmatrix\} (.*?) \\end\{bmatrix\}", text[start:])[:3])
    assert left.shape == (2, 1)
    assert right.shape == (1, 2)
    assert np.allclose(left @ right, shown, rtol=1e-15)


def matrix(text: str) -> Any:
    return np.array([[float(cell) for cell in row.split("&")] for row in text.split(r"\\")])


def test_data_holds_every_number() -> None:
    data = json.loads(json.dumps(worked_data(known(), known().train(2)), allow_nan=False))
    assert round(data["loss"], 9) == 0.298371109
    assert round(data["updated"]["W2"][0][0], 8) == 0.35891648
    assert set(data["backward"]) == {"dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1"}
    assert len(data["training"]["losses"]) == 3
    assert data["frozen"] == ["b1", "b2"]


ROUND = {
    "mlp batch": ("tanh", "mse", "X = [[1, 2, 3], [4, 5, 6]]\nY = [[0, 1, 0], [1, 1, 1]]"),
    "softmax": ("relu", "cross_entropy", "X = [1, -2]\nY = [0, 1]"),
    "bce": ("sigmoid", "bce", "X = [1, -2]\nY = [0, 1]"),
    "huber": ("leaky_relu", "huber", "X = [[0.5, 1], [2, 3]]\nY = [[1, 2], [3, -40]]"),
}


@pytest.mark.parametrize("case", ROUND)
def test_other_networks_are_worked_too(case: str, tmp_path: Path) -> None:
    activation, loss, data = ROUND[case]
    text = f"{data}\nseed = 1\nlearning_rate = 0.1\n"
    batch = "[[" in data
    worked = work(tmp_path, text, layers=2, widths=[2, 3, 2], activation=activation, loss=loss, batch=batch)
    assert worked.loss_after < worked.result[0]
    for to in ("gfm", "latex", "text"):
        shown = render_worked(worked, to, digits=4, training=worked.train(5))
        assert number(worked.result[0], 4, True) in shown
        assert "nan" not in shown.lower()


def test_layers_of_any_kind_are_worked(tmp_path: Path) -> None:
    for name in ("residual-mlp", "batchnorm-mlp", "lstm-classifier", "transformer-block", "small-cnn"):
        network = Network.load(EXAMPLES[name], batch=True)
        derivation = derive(network)
        random = np.random.default_rng(0)
        columns = {symbol.name: 6 for symbol in derivation.forward.given}
        arrays = {
            symbol.name: random.normal(size=(int(symbol.shape[0]), columns[symbol.name])) for symbol in network.inputs
        }
        inputs = "".join(f"{key} = {array.tolist()}\n" for key, array in arrays.items())
        y = np.eye(int(network.y.shape[0]))[:, np.arange(6) % int(network.y.shape[0])]
        text = f"seed = 0\nlearning_rate = 0.01\nY = {y.tolist()}\n[X]\n{inputs}"
        worked = Worked.of(derivation, read_given(values(tmp_path, text)))
        assert worked.loss_after < worked.result[0], name
        assert r"\begin{bmatrix}" in render_worked(worked, "latex")
        assert "⋯" in render_worked(worked, "text") or name != "small-cnn"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "X is missing"),
        ("X = 1\nmomentum = 1", "unknown key 'momentum'"),
        ("X = 1\nlearning_rte = 1", "did you mean 'learning_rate'?"),
        ("X = [1, true]", "X: True is not a number"),
        (f"X = [1, {'9' * 400}]", "X: 999999… (400 digits) is too large: give a number below 1e+30"),
        (f"X = 1\nlearning_rate = {'9' * 400}", "learning_rate: 999999… (400 digits) is too large"),
        (f"X = 1\nparameters = {{ W1 = [[-{'9' * 400}]], b1 = 1 }}", "parameters.W1: -999999… (400 digits) is too"),
        (f"X = 1\nparameters = {{ b1 = {'9' * 400} }}", "parameters.b1: 999999… (400 digits) is too large"),
        (f"X = 1\nseed = {'9' * 400}", "seed 999999… (400 digits): a whole number from 0"),
        (f"X = 1\ndigits = {'9' * 400}", "digits 999999… (400 digits): a whole number from 1 to 17"),
        (f"X = {'9' * 5000}", "not TOML: a number with thousands of digits"),
        ("X = 1e999", "X: every number must be finite"),
        ('X = ["a"]', "X: 'a' is not a number"),
        ("X = []", "X: it is empty"),
        ("X = [[1, 2], [3]]", "X: its rows have different lengths"),
        ("X = [1, nan]", "X: every number must be finite"),
        ("X = 1\nlearning_rate = -1", "learning_rate -1: give a positive number"),
        ("X = 1\nparameters = 3", "parameters is a table"),
        ("X = 1\nfrozen = 3", "frozen is a list of names"),
        ("X = 1\ndigits = 99", "digits 99: a whole number from 1 to 17"),
        ("X = ", "not TOML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"^values\.toml: ") as caught:
        read_given(values(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (
            "X = [1, 2]\nY = [1, 2]\n[parameters]\nW1 = [[1]]\nw2 = 1",
            SpecError,
            "no parameter 'w2'; did you mean 'W2'?",
        ),
        ("X = [1, 2]\nY = [1, 2]\nfrozen = ['b9']", SpecError, "no parameter 'b9'"),
        (
            "X = [1, 2]\nY = [1, 2]",
            SpecError,
            "W1, b1, W2, b2 are missing from [parameters]; give numbers, or seed = 0",
        ),
        ("X = [1, 2, 3]\nY = [1, 2]\nseed = 0", ShapeError, "X has shape (3, 1)"),
        ("X = [1, 2]\nseed = 0", SpecError, "give Y"),
    ],
)
def test_values_that_do_not_fit_the_network_are_refused(
    text: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=r"^values\.toml: ") as caught:
        work(tmp_path, text, layers=2, widths=[2, 3, 2], activation="tanh", loss="mse")
    assert said in str(caught.value)


def test_a_number_fills_a_vector_whose_length_other_arrays_say(tmp_path: Path) -> None:
    text = "X = [1, 2]\nY = [1]\n[parameters]\nW1 = [[1, 2], [3, 4], [5, 6]]\nb1 = 0.5\nW2 = [[1, 2, 3]]\nb2 = 0"
    worked = work(tmp_path, text, layers=2, activation="tanh", loss="mse")
    assert worked.given.parameters["b1"].tolist() == [[0.5]] * 3
    assert "descent" not in render_worked(worked, "text")


def test_training_that_explodes_says_so(tmp_path: Path) -> None:
    text = "X = [100, 200]\nY = [1, 2]\nseed = 0\nlearning_rate = 1000.0"
    worked = work(tmp_path, text, layers=2, widths=[2, 3, 2], activation="identity", loss="mse")
    training = worked.train(500)
    assert training.steps < 500
    assert "the learning rate is too large" in " ".join(render_worked(worked, "text", training=training).split())
    json.dumps(worked_data(worked, training), allow_nan=False)


def test_numbers_are_written_as_people_write_them() -> None:
    assert number(0.358916479717885, 9, True) == "0.35891648"
    assert number(1.5e-7, 3, True) == r"1.5 \cdot 10^{-7}"
    assert number(1.5e-7, 3, False) == "1.5e−7"
    assert number(-0.0, 3, False) == "0"
    assert number(float("nan"), 3, True) == r"\text{NaN}"


def test_matrices_stand_beside_each_other() -> None:
    tall, flat = boxed([["1"], ["22"], ["3"]]), boxed([["4", "5"]])
    assert composed("a \ue000 + \ue001", [tall, flat]) == ["  ⎡ 1⎤", "a ⎢22⎥ + [4  5]", "  ⎣ 3⎦"]


def test_the_command_writes_prints_and_refuses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", KNOWN, "--values", KNOWN, "--train", "2"]) == 0
    assert "0.149780716" in capsys.readouterr().out
    assert sorted(path.name for path in Path("output").iterdir()) == [f"{KNOWN}-numbers.md", f"{KNOWN}-numbers.tex"]
    assert main(["derive", KNOWN, "--values", KNOWN, "--digits", "3", "-o", "-"]) == 0
    assert "0.298" in (out := capsys.readouterr().out)
    assert "0.2984" not in out
    assert main(["derive", KNOWN, "--values", KNOWN, "--json"]) == 0
    assert round(json.loads(capsys.readouterr().out)["loss"], 9) == 0.298371109


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--train", "3"], "--train: needs numbers to work with; give --values FILE"),
        (["--values", "nothing"], "--values nothing: no such file"),
        (["--values", "nothing.toml"], "nothing.toml: No such file"),
        (["--values", KNOWN, "--train", "0"], "--train 0: the number of steps is a whole number"),
        (["--values", KNOWN, "--digits", "18"], "--digits 18: significant digits"),
        (["--values", KNOWN, "-t", "numpy"], "--to numpy: unknown"),
        (["--values", KNOWN, "--only", "W1"], "--only W1"),
    ],
)
def test_bad_options_are_one_line(
    arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["derive", KNOWN, *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not Path("output").exists()


def test_the_latex_compiles_and_fits_the_page(tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    batch = (
        "X = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]\nY = [[0, 1, 0], [1, 0, 1]]\nseed = 1\nlearning_rate = 0.1\ndigits = 9"
    )
    options = {"layers": 3, "widths": [3, 7, 5, 2], "activation": "tanh", "loss": "mse", "batch": True}
    for name, worked in (("known", known()), ("batch", work(tmp_path, batch, **options))):
        text = render_worked(worked, "latex", training=worked.train(10), standalone=True)
        (tmp_path / f"{name}.tex").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", f"{name}.tex"],
            cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Overfull" not in done.stdout, re.findall(r"Overfull.*", done.stdout)


def test_the_documentation_prints_what_it_says() -> None:
    text = (Path(__file__).parents[2] / "docs" / "worked-examples.md").read_text(encoding="utf-8")
    ((code, shown),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "docs/worked-examples.md", "exec"), {})
    assert out.getvalue() == shown
    (file,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    shipped = tomllib.loads(VALUES[KNOWN].read_text(encoding="utf-8"))
    assert tomllib.loads(file) == shipped
