"""``symbp check`` of one's own gradient: files, formulas, stubs, exit codes, JSON; the assertion for test suites."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selection import short

import symbp
from symbp.cli.main import main
from symbp.judging.cases import cases
from symbp.networks.examples import EXAMPLES

NETWORK = ["--layers", "2", "--activation", "tanh", "--loss", "mse"]

MINE = """
def backward(parameters, cache, X, Y):
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / X.shape[1] * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    print("here I am")
    return {"W1": dZ1 @ X.T, "b1": dZ1.sum(1), "W2": dZ2 @ A1.T, "b2": dZ2.sum(1)}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def test_a_file_beside_options_and_its_output_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "mine.py", *NETWORK]) == 0
    out, err = capsys.readouterr()
    assert "right: " in out
    assert "here I am" not in out
    assert "here I am" in err


def test_a_file_beside_a_network_file_and_a_function(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "net.toml").write_text(
        'loss = "mse"\n[[layers]]\ntype = "dense"\nunits = 4\nactivation = "tanh"\n'
        '[[layers]]\ntype = "dense"\nunits = 2\nactivation = "tanh"\n'
    )
    assert main(["check", "net.toml", "mine.py:backward"]) == 0
    (folder / "mine.py").write_text(MINE.replace("(1 - A1**2)", "A1"))
    assert main(["check", "net.toml", "mine.py"]) == 1
    out = capsys.readouterr().out
    assert "wrong: tanh in place of tanh′ in dZ1" in out
    assert "  yours  mine.py:" in out
    assert "  right  dZ1 = dA1 * tanh′(Z1)" in out


@pytest.mark.usefixtures("same_process")
def test_json(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "mine.py").write_text(MINE.replace(" / X.shape[1]", ""))
    assert main(["check", "mine.py", *NETWORK, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "scaled"
    assert found["scale"]["text"] == "m"
    assert found["sentence"].startswith("right up to a scale: yours is m times ours")
    assert main(["check", "mine.py", *NETWORK, "--reduction", "sum"]) == 0


def test_a_formula(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "blackboard", "--formula", "dW₁ = dLoss·W₃·f′₂·a₂·W₂·f′₁·a₁"]) == 1
    assert "superfluous factor a₂; everything else is right" in capsys.readouterr().out
    assert main(["check", "--layers", "3", "--formula", "dW2 = ((W3.T @ dZ3) * f2'(Z2)) @ A1.T"]) == 0
    capsys.readouterr()
    assert main(["check", "--layers", "3", "--formula", "dW2 = ((W3.T @ dZ3) * f1'(Z2)) @ A1.T"]) == 1
    assert "f1 = tanh, f2 = sigmoid" in capsys.readouterr().out


def arrays(scale: float = 1.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    parameters = {"W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1)}
    drawn = {name: random.normal(size=shape) for name, shape in parameters.items()}
    x, y = random.normal(size=(3, 7)), random.normal(size=(2, 7))
    _, found = symbp.derive(layers=2, activation="tanh", loss="mse").compile()(drawn, x, y)
    found["W1"] = found["W1"] * scale
    return {**drawn, "X": x, "Y": y, **{f"d{name}": array for name, array in found.items()}}


def test_arrays_of_a_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("right.npz", **arrays())
    np.savez("wrong.npz", **arrays(2.0))
    assert main(["check", "right.npz", "--activation", "tanh", "--loss", "mse"]) == 0
    assert main(["check", "wrong.npz", *NETWORK]) == 1
    assert "factor 2 too much in dW1" in capsys.readouterr().out


def test_arrays_of_another_language(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    found = arrays()
    data = {
        "parameters": {name: found[name].T.tolist() for name in ("W1", "b1", "W2", "b2")},
        "gradients": {name: found[f"d{name}"].T.tolist() for name in ("W1", "b1", "W2", "b2")},
        "X": found["X"].T.tolist(),
        "Y": found["Y"].T.tolist(),
    }
    (folder / "theirs.json").write_text(json.dumps(data))
    assert main(["check", "theirs.json", "--rows", *NETWORK]) == 0
    assert main(["check", "theirs.json", *NETWORK]) == 2
    assert "it fits with rows as examples: give --rows" in capsys.readouterr().err


@pytest.mark.usefixtures("same_process")
def test_a_file_to_fill_in(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["check", "--stub", "todo.py", *NETWORK]) == 0
    assert "symbp check todo.py --layers 2" in capsys.readouterr().out
    assert main(["check", "todo.py", *NETWORK]) == 2
    assert "nothing is filled in yet: W1, b1, W2, b2 still None" in capsys.readouterr().err
    source = (folder / "todo.py").read_text()
    filled = source.replace("    # layer 2\n", "    dZ2 = (A2 - Y) / m * (1 - A2**2)\n").replace(
        "    # layer 1\n", "    dZ1 = W2.T @ dZ2 * (1 - A1**2)\n"
    )
    for name, right in {"W2": "dZ2 @ A1.T", "b2": "dZ2.sum(1)", "W1": "dZ1 @ X.T", "b1": "dZ1.sum(1)"}.items():
        filled = filled.replace(f"d{name} = None", f"d{name} = {right}")
    (folder / "todo.py").write_text(filled)
    assert main(["check", "todo.py", *NETWORK]) == 0
    assert main(["check", "--stub", "todo.py", *NETWORK]) == 2
    assert "there is one already" in capsys.readouterr().err
    assert (folder / "todo.py").read_text() == filled
    assert sorted(each.name for each in folder.iterdir() if each.name.startswith(".")) == []


@pytest.mark.parametrize("name", ["softmax-classifier", "lstm-classifier", "transformer-block", "small-cnn"])
def test_the_forward_pass_of_a_stub_is_the_networks(name: str, folder: Path) -> None:
    assert main(["check", "--stub", name, "todo.py"]) == 0
    scope: dict[str, Any] = {}
    exec((folder / "todo.py").read_text(), scope)
    derivation = symbp.derive(symbp.Network.load(EXAMPLES[name]))
    case = cases(derivation)[0]
    loss, cache = scope["forward"](*case.values.arguments())
    assert loss == pytest.approx(case.loss)
    assert all(np.allclose(cache[key], case.known[key]) for key in cache)


BAD = {
    ("check", "none.py", *NETWORK): "there is no such file; symbp check --stub writes one to fill in",
    ("check", "blackboard", "mine.txt"): "give a .py, .npz or .json file",
    ("check", "mine.py", "--formula", "dW1 = X"): "give one of them",
    ("check", "--rows"): "--rows is about your own gradient",
    ("check", "mine.py", *NETWORK, "--notation", "ng"): "--notation is about a formula of yours or notes",
    ("check", *NETWORK, "--formula", "dW1 = X", "--rows", "--notation", "ng"): "a notation says whether rows are",
    ("check", "mine.py", "--timeout", "0"): "--timeout 0",
    ("check", "mine.py", "--reduction", "both"): "--reduction both",
    ("check", "mine.py", "--layers", "2"): "give --activation and --loss",
    ("check", "pickled.npz", *NETWORK): "dW1 is a pickled object",
    ("check", "text.npz", *NETWORK): "not an .npz file",
    ("check", "bare.npz", *NETWORK): "no gradients in it",
    ("check", "few.npz", *NETWORK): "W2, b2, Y are missing",
    ("check", "blackboard", "words.json"): "W1 is no array of numbers",
    ("check", "blackboard", "broken.json"): "not JSON",
}


@pytest.mark.parametrize("argv", BAD, ids=lambda argv: " ".join(argv[1:3]))
def test_bad_input_gets_one_line(argv: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = arrays()
    np.savez("pickled.npz", dW1=np.array([{}], dtype=object), allow_pickle=True)
    np.savez("bare.npz", W1=found["W1"], X=found["X"])
    np.savez("few.npz", **{name: found[name] for name in ("W1", "b1", "X", "dW1")})
    Path("text.npz").write_text("no archive")
    Path("mine.txt").write_text("no")
    Path("words.json").write_text('{"W1": ["a"], "dW1": [[1]]}')
    Path("broken.json").write_text("{")
    assert main(list(argv)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert BAD[argv] in err
    assert err.count("\n") == 1


def right(parameters, cache, X, Y):  # type: ignore[no-untyped-def] # noqa: N803
    d2 = (cache["A2"] - Y) / X.shape[1] * (1 - cache["A2"] ** 2)
    d1 = parameters["W2"].T @ d2 * (1 - cache["A1"] ** 2)
    return {"W1": d1 @ X.T, "b1": d1.sum(1), "W2": d2 @ cache["A1"].T, "b2": d2.sum(1)}


def doubled(parameters, cache, X, Y):  # type: ignore[no-untyped-def] # noqa: N803
    found = right(parameters, cache, X, Y)
    return {**found, "W1": 2 * found["W1"]}


def test_the_assertion_for_test_suites() -> None:
    net = symbp.Network.mlp(layers=2, activation="tanh", loss="mse")
    symbp.testing.assert_gradients_match(right, net)
    symbp.testing.assert_gradients_match(right, symbp.derive(net))
    symbp.testing.assert_gradients_match(right, layers=2, activation="tanh", loss="mse")
    with pytest.raises(AssertionError, match=r"factor 2 too much in dW1; everything else is right"):
        symbp.testing.assert_gradients_match(doubled, net)
    with pytest.raises(AssertionError, match=r"W1 has shape \(3, 7\)"):
        symbp.testing.assert_gradients_match(lambda X: {"W1": np.ones((3, 7))}, net)  # noqa: N803
    with pytest.raises(symbp.SpecError, match="ZeroDivisionError") as caught:
        symbp.testing.assert_gradients_match(lambda X: 1 / 0, net)  # noqa: N803
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_nothing_else_of_the_module_is_called_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setitem(right.__globals__, "main", lambda *args, **kwargs: called.append(args))
    symbp.testing.assert_gradients_match(right, layers=2, activation="tanh", loss="mse")
    assert called == []


SUITE = """import symbp.testing

def backward(parameters, cache, X, Y):
    d2 = (cache["A2"] - Y) / X.shape[1] * (1 - cache["A2"] ** 2)
    d1 = parameters["W2"].T @ d2 * (1 - cache["A1"] ** 2)
    return {"W1": d1 @ X.T, "b1": d1.sum(1), "W2": d2 @ cache["A1"].T, "b2": d2.sum(1)}

def forgetful(parameters, cache, X, Y):
    return {"W2": backward(parameters, cache, X, Y)["W2"]}

def slipped(parameters, cache, X, Y):
    d2 = (cache["A2"] - Y) / X.shape[1] * (1 - cache["A2"] ** 2)
    d1 = parameters["W2"].T @ d2 * cache["A1"]
    return {"W1": d1 @ X.T, "b1": d1.sum(1), "W2": d2 @ cache["A1"].T, "b2": d2.sum(1)}

NETWORK = dict(layers=2, activation="tanh", loss="mse")

def test_right():
    symbp.testing.assert_gradients_match(backward, **NETWORK)

def test_forgetful():
    symbp.testing.assert_gradients_match(forgetful, **NETWORK)

def test_slipped():
    symbp.testing.assert_gradients_match(slipped, **NETWORK)
"""


@pytest.mark.long
def test_the_assertion_in_a_suite_of_ones_own(folder: Path) -> None:
    (folder / "test_mine.py").write_text(SUITE)
    environment = {**os.environ, "PYTHONPATH": str(Path(symbp.__file__).parents[1])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
    found = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert found.returncode == 1, found.stdout
    assert "2 failed, 1 passed" in found.stdout
    assert "incomplete: dW2 agrees to 16 digits, but dW1, db1 and db2 are missing" in found.stdout
    assert "wrong: tanh in place of tanh′ in dZ1; everything else is right" in found.stdout
    assert "yours  dZ1 = dA1 * A1" in found.stdout
    assert "right  dZ1 = dA1 * tanh′(Z1)" in found.stdout


def test_the_assertion_imports_nothing_until_it_runs() -> None:
    probe = "import sys, symbp.testing; sys.exit(bool({'sympy', 'numpy'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(Path(symbp.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", probe], check=False, env=environment).returncode == 0


def test_the_page_about_it_shows_what_is_printed(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "checking.md"
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(# mine\.py\n.*?)```", text, re.DOTALL):
        (folder / "mine.py").write_text(code)
    found = re.findall(r"(```console\n\$ symbp ([^\n]*)\n)(.*?)(```)", text, re.DOTALL)
    assert len(found) == 2
    for head, command, shown, end in found:
        assert main(shlex.split(command)) in (1, 2)
        said = "".join(capsys.readouterr())
        if os.environ.get("SYMBP_UPDATE") == "1":
            text = text.replace(head + shown + end, head + said + end)
            page.write_text(text, encoding="utf-8")
            shown = said
        assert shown == said


@pytest.mark.parametrize("to", short(["gfm", "markdown", "latex", "text"], {"gfm"}))
def test_a_verdict_is_written_as_a_table(to: str, capsys: pytest.CaptureFixture[str]) -> None:
    formula = ["--formula", "dZ1 = W2.T @ dZ2 * (1 - A1)"]
    assert main(["check", "--layers", "2", "--activation", "tanh", "--loss", "mse", *formula, "-t", to, "-o", "-"]) == 1
    out = capsys.readouterr().out
    assert "Written by symbp" in out.splitlines()[0]
    assert "dA1" in out
    assert "wrong" in out
    assert r"\begin{tabular}" in out or to != "latex"


def test_a_verdict_goes_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--layers", "2", "--formula", "db1 = dZ1", "--batch", "-o", "verdict.md"]) in (1, 2)
    capsys.readouterr()
    assert main(["check", "--layers", "2", "--formula", "δ₁ = (W₂ᵀ δ₂) ⊙ A₁ ⊙ A₁", "-o", "verdict.md"]) == 1
    assert "verdict.md" in capsys.readouterr().out
    assert "```\nyours  δ₁ = " in Path("verdict.md").read_text(encoding="utf-8")


COMMANDS = {
    "function": ["check", "mine.py:backward", *NETWORK],
    "beside a network": ["check", "softmax-classifier", "mine.py"],
    "formula": ["check", *NETWORK, "--formula", "dW2 = dZ2 @ A1.T"],
    "sum": ["check", "mine.py", *NETWORK, "--reduction", "sum"],
}


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize("case", short(COMMANDS, {"function"}))
def test_the_table_of_a_verdict_ends_with_its_command(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = COMMANDS[case]
    code = main([*argv, "-t", "gfm", "-o", "-"])
    out = capsys.readouterr().out
    said = out.splitlines()[0].removeprefix("<!-- Written by symbp: ").removesuffix(" -->")
    assert said == shlex.join(["symbp", *argv])
    assert main([*shlex.split(said)[1:], "-t", "gfm", "-o", "-"]) == code
    assert capsys.readouterr().out == out


@pytest.mark.parametrize(
    "option", [pytest.param(("--engine", "torch"), marks=pytest.mark.long), ("--values", "two-two-two")]
)
def test_what_a_verdict_does_not_use_is_refused(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--layers", "2", "--formula", "dW1 = dZ1 @ X.T", *option]) == 2
    assert "is about the derived gradients" in capsys.readouterr().err


def test_a_formula_in_rows_and_options_that_are_about_code(capsys: pytest.CaptureFixture[str]) -> None:
    net = [*NETWORK, "--batch", "--formula"]
    rows = ("dZ1 = (dZ2 @ W2.T) * (1 - A1**2)", "db1 = dZ1.sum(axis=0)", "Z1 = X @ W1 + b1", "Z₁ = X W₁ + 1 b₁ᵀ")
    assert [main(["check", *net, each, "--rows"]) for each in rows] == [0] * len(rows)
    assert main(["check", *net, "dZ1 = (dZ2 @ W2.T) * A1", "--rows"]) == 1
    assert main(["check", *net, "dW2 = A1.T @ dZ1", "--rows"]) == 1
    assert "dZ1 in place of dZ2" in capsys.readouterr().out
    for option in (["--reduction", "sum"], ["--timeout", "5"]):
        assert main(["check", *net, "dW2 = dZ2 @ A1.T", *option]) == 2
        assert "leave out" in capsys.readouterr().err
