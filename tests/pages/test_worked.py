"""Pages with numbers: what they print comes out, in every format, for every kind of network."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kernel import another_kernel
from printed_sums import faults, steps, sums
from report_cases import PDFLATEX, need
from tex import complaints

from symbp import check, render, write
from symbp.cli.main import main
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.maths.figures import Figures
from symbp.networks.examples import EXAMPLES, VALUES
from symbp.networks.network import Network
from symbp.pages.tell.worked import worked_page
from symbp.worked.given import read_given
from symbp.worked.run import Worked
from symbp.writing.formula import math_text
from symbp.writing.text import write_text

KNOWN = "two-two-two"
FORMATS = ("gfm", "markdown", "latex", "text")


def known() -> Worked:
    return Worked.of(derive(Network.load(EXAMPLES[KNOWN])), read_given(VALUES[KNOWN]))


@cache
def page(to: str, **options: Any) -> str:
    worked = known()
    return render(worked.derivation, to, numbers=worked, **options)


def work(folder: Path, text: str, **network: Any) -> Worked:
    place = folder / "values.toml"
    place.write_text(text, encoding="utf-8")
    return Worked.of(derive(**network), read_given(place))


@pytest.mark.parametrize("to", FORMATS)
def test_every_line_comes_to_what_it_says(to: str) -> None:
    text = page(to)
    assert len(list(sums(text))) == 21
    assert len(list(steps(text))) == 16
    assert faults(text) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("0.138498562 − 0.50 · 0.0380982", "0.138498562 + 0.50 · 0.0380982"),
        ("0.40 · 0.593269992", "0.40 · 0.593269982"),
        ("=  0.241300709", "=  0.241300719"),
        ("½ (0.751365070", "(0.751365070"),
        ("1,2   0.20   0.008771355  0.10          0.000877135", "1,2   0.20   0.008771355  0.05          0.000877135"),
        ("0.149780716", "0.149780726"),
    ],
)
def test_a_planted_mistake_is_seen(right: str, wrong: str) -> None:
    text = page("text")
    assert right in text
    assert faults(text.replace(right, wrong))


def test_the_numbers_are_those_of_numpy() -> None:
    """Both passes written down by hand, without symbp: every value stands on the page."""
    x, y = np.array([[0.05], [0.10]]), np.array([[0.01], [0.99]])
    w1, w2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    a1 = 1 / (1 + np.exp(-(w1 @ x + 0.35)))
    a2 = 1 / (1 + np.exp(-(w2 @ a1 + 0.60)))
    d2 = (a2 - y) * a2 * (1 - a2)
    d1 = (w2.T @ d2) * a1 * (1 - a1)
    values = [a1, a2, a2 - y, d2, w2.T @ d2, d1, d2 @ a1.T, d1 @ x.T, w1 - 0.5 * d1 @ x.T, w2 - 0.5 * d2 @ a1.T]
    for to in FORMATS:
        text = page(to).replace("−", "-")
        assert all(f"{each:.9f}" in text for array in values for each in array.ravel())


def test_nothing_is_computed_twice_and_nothing_left_unrounded() -> None:
    lines = [left.strip() for left, _ in sums(page("text"))]
    assert len(set(lines)) == len(lines)
    numbers = re.findall(r"\d+\.(\d+)", page("text"))
    assert {len(each) for each in numbers} == {1, 2, 9}  # η = 0.5, what is given, all others


def test_a_terminal_without_unicode_gets_ascii() -> None:
    text = write_text(worked_page(known(), training=known().train(2)), ascii=True)
    assert text.isascii()
    assert "-0.217071535 * 0.175510053" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_product_with_numbers_stands_alone() -> None:
    assert "0.2413007" not in page("text").split("\n  one step")[1]
    text = page("text", only="W1")
    assert text.startswith("∂ℒ/∂W₁ = D₁ W₂ᵀ D₂ (a₂ − y) xᵀ = ")
    assert "0.000438568" in text
    factors = re.findall(r"\\begin\{bmatrix\} (.*?) \\end\{bmatrix\}", page("latex", only="W1"))
    *rest, shown = [matrix(each) for each in factors]
    product = np.linalg.multi_dot(rest)
    assert np.allclose(product, shown, atol=1e-9)


def matrix(text: str) -> Any:
    text = re.sub(r"\\phantom\{[^}]*\}", "", text)
    return np.array([[float(cell) for cell in row.split("&")] for row in text.split(r"\\")])


ONE = "X = [1, -2]\nY = [0, 1]"
ROUND = {
    "tanh": ("tanh", "mse", ONE, 21),
    "softmax": ("relu", "cross_entropy", ONE, 17),
    "bce": ("sigmoid", "bce", ONE, 17),
    "huber": ("leaky_relu", "huber", ONE, 10),
    "gelu": ("gelu", "mae", ONE, 10),
    "batch": ("tanh", "mse", "X = [[1, 2, 3], [4, 5, 6]]\nY = [[0, 1, 0], [1, 1, 1]]", 0),
}


@pytest.mark.parametrize("case", ROUND)
def test_other_networks_come_out_too(case: str, tmp_path: Path) -> None:
    activation, loss, data, count = ROUND[case]
    text = f"{data}\nseed = 1\nlearning_rate = 0.1\n"
    options = {"layers": 2, "widths": [2, 2, 2], "activation": activation, "loss": loss, "batch": "[[" in data}
    worked = work(tmp_path, text, **options)
    assert worked.loss_after < worked.loss
    for to in ("gfm", "latex", "text"):
        printed = render(worked.derivation, to, numbers=worked, training=worked.train(5))
        assert faults(printed) == []
        assert len(list(sums(printed))) == count
        assert "nan" not in printed.lower()


def test_equations_of_ones_own_with_several_inputs_and_targets_come_out(tmp_path: Path) -> None:
    equations = ["Z = W @ X + V @ U + b", "A = tanh(Z)", "B = C @ A", "loss = sum((B - Y1)**2)/2 + sum((A - Y2)**2)/2"]
    shapes = {"W": (2, 2), "V": (2, 1), "b": (2, 1), "C": (2, 2), "X": (2, "m"), "U": (1, "m")}
    shapes |= {"Y1": (2, "m"), "Y2": (2, "m")}
    network = Network.equations(equations, shapes, inputs=["X", "U"], targets=["Y1", "Y2"], batch=False)
    place = tmp_path / "two.toml"
    place.write_text("seed = 1\n[X]\nX = [1, 2]\nU = [0.5]\n[Y]\nY1 = [1, 0]\nY2 = [0, 1]\n", encoding="utf-8")
    worked = Worked.of(derive(network), read_given(place))
    text = render(worked.derivation, "text", numbers=worked)
    assert "(−1.163964)²" in text
    assert faults(text) == []
    assert len(list(sums(text))) == 18
    fewer = render(worked.derivation, "text", numbers=worked, digits=4)
    assert "½ 1.3548 + ½ 0.2715 + ½ 0.8560 + ½ 3.2446" in fewer
    assert faults(fewer) == []
    assert "after the step" not in text  # No learning rate, no step.


LAYERS = ("residual-mlp", "batchnorm-mlp", "lstm-classifier", "transformer-block", "small-cnn")


def layered(name: str, folder: Path) -> Worked:
    network = Network.load(EXAMPLES[name], batch=name in ("batchnorm-mlp", "small-cnn"))
    columns = 3 if name in ("batchnorm-mlp", "small-cnn", "transformer-block") else 1
    random = np.random.default_rng(0)
    arrays = {each.name: random.normal(size=(int(each.shape[0]), columns)).round(2) for each in network.inputs}
    inputs = "".join(f"{key} = {array.tolist()}\n" for key, array in arrays.items())
    y = np.eye(int(network.y.shape[0]))[:, np.arange(columns) % int(network.y.shape[0])]
    text = f"seed = 0\nlearning_rate = 0.01\nY = {y.tolist()}\n[X]\n{inputs}"
    place = folder / f"{name}.toml"
    place.write_text(text, encoding="utf-8")
    return Worked.of(derive(network), read_given(place))


SLOW = ("lstm-classifier", "transformer-block")
"""Networks whose pages take more than a second."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in SLOW)) for name in LAYERS])
def test_layers_of_any_kind_have_numbers(name: str, tmp_path: Path) -> None:
    worked = layered(name, tmp_path)
    assert worked.loss_after < worked.loss
    text = render(worked.derivation, "text", numbers=worked)
    assert faults(text) == []
    assert len(list(sums(text))) == {"residual-mlp": 54, "lstm-classifier": 285}.get(name, 0)
    assert all(len(line) <= 80 for line in text.splitlines())
    for symbol in worked.derivation.wrt:  # The largest entry of every gradient is on the page, where all of it is.
        gradient = worked.gradients[symbol.name]
        largest = max(map(abs, gradient.ravel()))
        assert max(gradient.shape) > 4 or math_text(Figures.of(gradient.flat, places(text)).tree(largest)) in text


def places(text: str) -> int:
    found = re.search(r"to\s+(\d+)\s+decimals", text)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("digits", "shown"), [(None, "0.298371109"), (3, "0.298"), (9, "0.298371109"), (15, "0.298371108760003")]
)
def test_the_page_has_one_number_of_decimals(digits: int | None, shown: str) -> None:
    text = page("text", digits=digits)
    assert f"The loss is {shown};" in text
    assert faults(text) == []


def test_small_and_large_numbers_have_powers_of_ten() -> None:
    array = np.array([[Decimal("1.5e-12")], [Decimal("-2e-13")]])
    assert math_text(Figures.of(array.flat, 9).matrix(array)) == "⎡ 1.50000 · 10⁻¹²⎤\n⎣−2.00000 · 10⁻¹³⎦"
    assert math_text(Figures.of([Decimal(123456789)], 2).tree(Decimal(123456789))) == "1.23457 · 10⁸"
    assert math_text(Figures(3).tree(Decimal("0.0005"))) == "0.001"
    assert math_text(Figures(3).tree(Decimal("-0.0004"))) == "0.000"
    assert math_text(Figures(2).tree(Decimal("NaN"))) == "NaN"


def test_numbers_that_are_none_and_large_ones_have_a_page(tmp_path: Path) -> None:
    text = "X = [1e8, 2]\nY = [1, 2]\nseed = 0\nlearning_rate = 1000.0"
    worked = work(tmp_path, text, layers=2, widths=[2, 3, 2], activation="identity", loss="mse")
    training = worked.train(500)
    printed = render(worked.derivation, "text", numbers=worked, training=training)
    assert training.steps < 500
    assert "the learning rate is too large" in " ".join(printed.split())
    assert "· 10" in printed
    text = "X = [{}]\nY = [1]\n[parameters]\nW1 = [[1]]\nb1 = 0"
    options = {"layers": 1, "widths": [1, 1], "loss": "mse"}
    worked = work(tmp_path, text.format("1e6"), activation="exp(x)", **options)
    assert "10⁴³⁴²⁹⁴" in render(worked.derivation, "text", numbers=worked)  # Fifty digits do not overflow.
    shapes = {"W": (1, 1), "X": (1, "m")}
    network = Network.equations(["Z = W @ X", "loss = sum(log(Z))"], shapes, inputs=["X"], batch=False)
    place = tmp_path / "log.toml"
    place.write_text("X = [-1]\nparameters = {W = [[1]]}", encoding="utf-8")
    worked = Worked.of(derive(network), read_given(place))
    assert "The loss is NaN." in render(worked.derivation, "text", numbers=worked)
    assert worked.to_dict()["loss"] is None


def test_numbers_stand_under_each_other() -> None:
    array = np.array([[Decimal("10.5"), Decimal(0)], [Decimal("-1.25"), Decimal(3)]])
    assert math_text(Figures(2).matrix(array)) == "⎡10.50  0   ⎤\n⎣−1.25  3.00⎦"
    large = np.array([[Decimal(n) for n in range(9)] for _ in range(9)])
    assert math_text(Figures(0).matrix(large)).splitlines()[3] == "⎢⋮  ⋮  ⋮  ⋱  ⋮⎥"


def test_another_kernel_prints_the_same() -> None:
    here = render(known().derivation, "text", numbers=known(), training=known().train(20), digits=12)
    with another_kernel():
        worked = known()
        there = render(worked.derivation, "text", numbers=worked, training=worked.train(20), digits=12)
    assert here == there


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"roles": False}, "roles: with numbers there are no role labels"),
        ({"by_output": True}, "by_output: with numbers a slope has a line of its own"),
        ({"pair": (1, 2)}, "pair: with numbers there is no product over time"),
        ({"to": "numpy"}, "numbers: a program is called with numbers"),
        ({"to": "text", "standalone": True}, "standalone: text has no standalone form"),
        ({"show": [1, 2]}, "show: the page is the same without it"),
        ({"only": "W1", "show": [1]}, "show: one equation has no layers to choose"),
        ({"only": "W9"}, "with numbers a gradient stands alone: no parameter 'W9'"),
        ({"numbers": None, "digits": 3}, "digits: there are no numbers"),
    ],
)
def test_options_that_change_nothing_are_refused(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    worked = known()
    given = {"numbers": worked, **options}
    with pytest.raises(SpecError) as caught:
        render(worked.derivation, **given)
    assert said in str(caught.value)
    suffix = {"numpy": "py", "text": "txt"}.get(given.pop("to", ""), "md")
    with pytest.raises(SpecError):
        write(worked.derivation, tmp_path / f"page.{suffix}", **given)


def test_layers_and_notations_change_it() -> None:
    assert "W₂  1,1" not in page("text", show=(1,)).split("\n  one step")[1]
    assert "W^{[1]}" in page("gfm", notation="ng")
    assert "Z₁ = X W₁ + 1 b₁ᵀ = [0.377500000  0.392500000]" in page("text", notation="rows")


def test_the_command_writes_prints_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["derive", KNOWN, "--values", KNOWN, "--train", "2"]) == 0
    assert "0.149780716" in capsys.readouterr().out
    assert sorted(path.name for path in Path("output").iterdir()) == [f"{KNOWN}-numbers.md", f"{KNOWN}-numbers.tex"]
    assert main(["derive", KNOWN, "--values", KNOWN, "--digits", "3", "-o", "-"]) == 0
    assert "0.2984" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--train", "3"], "--train: needs numbers to work with; give --values FILE"),
        (["--values", "nothing"], "--values nothing: no such file"),
        (["--values", "nothing.toml"], "nothing.toml: No such file"),
        (["--values", KNOWN, "--train", "0"], "--train 0: the number of steps is a whole number"),
        (["--values", KNOWN, "--digits", "18"], "--digits 18: the digits behind the point"),
        (["--values", KNOWN, "-t", "numpy"], f"--values {KNOWN}: a program is called with numbers"),
        (["--values", KNOWN, "--no-roles"], "--no-roles: with numbers there are no role labels"),
        (["--values", KNOWN, "--only", "W9"], "--only W9"),
    ],
)
def test_bad_options_are_one_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["derive", KNOWN, *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not Path("output").exists()


@pytest.mark.long
@pytest.mark.parametrize("points", [10, 11])
def test_the_latex_compiles_and_fits_the_page(points: int, tmp_path: Path) -> None:
    need("pdflatex", PDFLATEX)
    batch = "X = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]\nY = [[0, 1, 0], [1, 0, 1]]\nseed = 1\nlearning_rate = 0.1"
    options = {"layers": 3, "widths": [3, 7, 5, 2], "activation": "tanh", "loss": "mse", "batch": True}
    found = {"known": known(), "wide": work(tmp_path, batch, **options)}
    for name, (activation, loss, data, _) in ROUND.items():
        text = f"{data}\nseed = 1\nlearning_rate = 0.1\n"
        network = {"layers": 2, "widths": [2, 2, 2], "activation": activation, "loss": loss, "batch": "[[" in data}
        found[name] = work(tmp_path, text, **network)
    found |= {name: layered(name, tmp_path) for name in LAYERS}
    pages = {
        name: render(worked.derivation, "latex", numbers=worked, training=worked.train(10), standalone=points == 10)
        for name, worked in found.items()
    }
    if points == 11:
        start = "\\documentclass[11pt]{article}\\usepackage{amsmath}\n\\begin{document}\n"
        pages = {name: f"{start}{text}\n\\end{{document}}" for name, text in pages.items()}
    assert {name: said for name, said in complaints(tmp_path, pages, margin=0.0).items() if said} == {}


def test_the_verdict_stands_at_the_end() -> None:
    worked = known()
    text = render(
        worked.derivation, "text", check=check(worked.derivation, thorough=False, at=worked.values), numbers=worked
    )
    assert "checked ✓   All 4 gradients agree" in text
    assert " ".join(text.split()).endswith("(widths 2, 2, 2; at the given numbers).")


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
