"""WHAT: files, examples, equations from standard input; bad ones are one line and exit code 2."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbp.cli.main import main
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATION_ALIASES, OPERATIONS

EQUATIONS = """
W: 5 x 3
b: 5 x 1
X: 3 x m
Y: 5 x m
H = tanh(W @ X + b)
loss = mse(H, Y)
"""

SPEC = 'inputs = 3\nloss = "mse"\nlayers = [{ type = "dense", units = 2, activation = "tanh" }]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize("name", EXAMPLES)
def test_check_takes_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 0
    assert "gradients agree with differences of the loss" in capsys.readouterr().out


def test_check_takes_a_file_and_says_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.toml").write_text(SPEC)
    assert main(["check", "mine.toml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True


def test_check_takes_equations_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(EQUATIONS, monkeypatch)
    assert main(["check", "-"]) == 0
    assert "all 2 gradients agree" in capsys.readouterr().out


def test_a_program_of_equations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.txt").write_text(EQUATIONS)
    assert main(["derive", "mine.txt", "-t", "numpy", "-o", "-", "--no-check"]) == 0
    assert 'W, b = parameters["W"], parameters["b"]' in capsys.readouterr().out


def test_reports_are_named_after_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my net$.toml").write_text(SPEC)
    assert main(["derive", "my net$.toml", "--batch"]) == 0
    assert files(folder) == ["my net$.toml", "output/my-net.md", "output/my-net.tex"]
    out = capsys.readouterr().out
    assert "a batch of m examples" in out
    assert "symbp check 'my net$.toml' --batch" in out


def test_the_command_that_is_suggested_takes_a_name_that_looks_like_an_option(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "-x.toml").write_text(SPEC)
    assert main(["derive", "--", "-x.toml"]) == 0
    assert "symbp check -- -x.toml" in capsys.readouterr().out
    assert main(["check", "--", "-x.toml"]) == 0


def test_a_file_comes_before_an_example(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "blackboard").write_text(EQUATIONS)
    assert main(["check", "blackboard"]) == 0
    assert "all 2 gradients" in capsys.readouterr().out


def test_a_parameter_without_influence_is_said_on_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("U: 4 x 3\n" + EQUATIONS, monkeypatch)
    main(["check", "-"])
    out, err = capsys.readouterr()
    assert err == "symbp: warning: the loss does not depend on U: its gradient is zero\n"
    assert "2 of 3 gradients agree; U has no influence" in out


def test_the_schema_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "dense_layer" in json.loads(capsys.readouterr().out)["$defs"]


def test_the_examples_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "examples"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in EXAMPLES)
    assert {"blackboard", "sigmoid-mlp", "softmax-classifier", "batchnorm-mlp", "residual-mlp"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_derived_alone(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", name]) == 0
    out = capsys.readouterr().out
    assert "checked ✓" in out
    assert f"next        symbp check {name}" in out
    assert files(folder) == [f"output/{name}.md", f"output/{name}.tex"]


def test_an_operation_by_another_name_in_every_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "Batch_Normalisation"]) == 0
    assert "all 3 gradients agree" in capsys.readouterr().out
    assert main(["derive", "self-attention", "--only", "dQ"]) == 0
    assert r"\delta_Q = \delta_S\,K/\sqrt{d}" in capsys.readouterr().out
    assert main(["derive", "softmax", "-t", "numpy", "-o", "-"]) == 0
    program = capsys.readouterr().out
    scope: dict[str, Any] = {}
    exec(program, scope)
    value, gradients = scope["loss_and_gradients"]({}, np.zeros((2, 1)), np.array([[1.0], [0.0]]))
    assert value == 0.5
    assert gradients["Z"].tolist() == [[0.25], [-0.25]]
    assert main(["derive", "attention", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["operation"] == "attention"
    assert list(data["backward"]) == ["dV", "dP", "D", "dS", "dQ", "dK"]
    assert data["check"]["passed"] is True


def test_no_name_is_two_things() -> None:
    """An operation comes before an example: one would hide the other."""
    assert not set(EXAMPLES) & {*OPERATIONS, *OPERATION_ALIASES}
    assert not set(OPERATIONS) & set(OPERATION_ALIASES)


def test_a_file_comes_before_an_operation(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "softmax").write_text(EQUATIONS)
    assert main(["check", "softmax"]) == 0
    assert "all 2 gradients agree" in capsys.readouterr().out


NAMES = [
    (["derive", "atention"], "did you mean 'attention'?"),
    (["derive", "batchnorm", "--layers", "3"], "leave out --layers"),
    (["derive", "batchnorm", "--show", "1"], "--show 1: batchnorm alone has no layers; leave out --show"),
    (["derive", "attention", "--only", "dZ"], "--only dZ: no equation named 'dZ'"),
    (["derive", "sigmoid-ml"], "did you mean 'sigmoid-mlp'?"),
    (["derive", "nothing.toml"], "nothing.toml: no such file, and no example or operation of that name"),
    (["check", "."], ".: a folder; give a file"),
    (["check", ""], "'': no such file"),
    (["check", "x" * 5000], "no such file"),
    (["check", "a\nb"], "a\\nb: no such file"),
    (["derive", "blackboard", "--layers", "3"], "--layers: blackboard says the whole network; leave out --layers"),
    (["derive", "blackboard", "--widths", "3,2"], "leave out --widths"),
    (["derive", "blackboard", "--activation", "tanh"], "leave out --activation"),
    (["derive", "blackboard", "--output-activation", "tanh"], "leave out --output-activation"),
    (["derive", "blackboard", "--loss", "mse"], "leave out --loss"),
    (["derive", "blackboard", "--no-bias"], "leave out --no-bias"),
    (["check", "blackboard", "--let", "a=1"], "leave out --let"),
    (["derive", "blackboard", "--show", "4"], "--show 4: give layers from 1 to 3"),
]

CONTENTS = [
    ("n.toml", "layers = [", "n.toml: not TOML"),
    ("n.toml", "layers = 5", "layers is 5, expected a list"),
    ("n.toml", "[[layers]]\ntype = 'dense'\nunits = nan", "layers[0].units is nan"),
    ("n.toml", "[[layers]]\ntype = 'dense'\nunits = 'many'", "layers[0].units is 'many', expected a whole number"),
    ("n.toml", "[[layers]]\ntype = 'dens'", "did you mean 'dense'?"),
    ("n.toml", "layers = []", "a network needs at least one layer"),
    ("n.toml", "[[layers]]\ntype = 'dense'\nrepeat = 10_000_000", "10,000,000 layers"),
    ("n.toml", "a = " + "[" * 9000, "nested too deeply"),
    ("n.json", '{"a":' * 9000, "nested too deeply"),
    ("n.toml", "[" + ".".join("a" * 60) + "]", "nested more than 32 deep"),
    ("n.toml", r"[[layers]]" + "\ntype = 'dense'\nname = '\\input{x}'", "expected a name of letters"),
    ("n.toml", "[[layers]]\ntype = 'dense'\nname = '$x$'", "expected a name of letters"),
    ("n.toml", "[[layers]]\ntype = 'dense'\nactivation = '__class__'", "layers[0]"),
    ("n.toml", "[[layers]]\ntype='linear'\nname='a'\n[[layers]]\ntype='linear'\nname='a'",
     "the name of layers[0] already"),
    ("n.toml", "[[layers]]\ntype='linear'\nunits=4\n[[layers]]\ntype='residual'\nlayers=[{type='linear',units=3}]",
     "layers[1]: the residual block that ends in Z2 adds Z1, 4×m"),
    ("n.toml", "[[layers]]\ntype = 'batch_norm'\nepsilon = -1.0", "epsilon is -1.0: give a positive number"),
    ("n.txt", "X: 3 x m\nH = G + X\nG = H\nloss = sum(G)", "a cycle in 'H = G + X'"),
    ("n.txt", "X: 3 x m\n\\input{x} = X\nloss = sum(X)", "is not a name"),
    ("n.txt", "X: 3 x m\nH = X.__class__\nloss = sum(X)", "'.' may not stand"),
    ("n.txt", "W: 5 x 2\nX: 3 x m\nloss = sum(W @ X)",
     "W is 5×2 and X is 3×m in 'loss = sum(W @ X)': a product needs 2 = 3"),
    ("n.txt", "", "no equations"),
]  # fmt: skip


def refused(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("symbp: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(("argv", "said"), NAMES, ids=[each[1][:40] for each in NAMES])
def test_names_are_refused(argv: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(argv, said, capsys)
    assert files(folder) == []


@pytest.mark.parametrize(("name", "content", "said"), CONTENTS, ids=[each[2][:40] for each in CONTENTS])
def test_contents_are_refused(
    name: str, content: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    refused(["derive", name], said, capsys)
    assert files(folder) == [name]


def test_an_open_network_is_no_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "n.toml").write_text("layers = [{ type = 'dense' }]")
    refused(["derive", "n.toml", "-t", "numpy"], "give n.toml its activation and n.toml its loss", capsys)


@pytest.mark.parametrize(
    ("argv", "loads"),
    [(["check", "blackboard", "--layers", "2"], set()), (["check"], {"sympy"})],
    ids=["refusal", "options"],
)
def test_pydantic_is_imported_for_files_alone(argv: list[str], loads: set[str], folder: Path) -> None:
    probe = "import sys; from symbp.cli.main import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", probe, *argv],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    modules = set(done.stderr.splitlines()[-1].split())
    assert "pydantic" not in modules
    assert loads <= modules


@pytest.mark.parametrize("typed", ["lstm1.Wi", "Wi", "W_i"])
def test_a_matrix_of_a_layer_is_found_by_its_last_part(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "lstm-classifier", "--only", typed, "-t", "text", "-o", "-"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("∂ℒ/∂Wᵢ = ")
    assert [term.split()[-1] for term in out.split("\n")[0].split(" + ")] == ["x₄ᵀ", "x₃ᵀ", "x₂ᵀ", "x₁ᵀ"]


def test_a_last_part_that_several_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "transformer-block", "--only", "gamma", "-o", "-"]) == 2
    assert "in 2 places: give block1.norm1.gamma or block1.norm2.gamma" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["attention", "--notation", "ng"], "--notation ng: attention alone has the letters of its literature"),
        (["attention", "--batch"], "--batch"),
        (["attention", "--show", "1"], "--show 1: attention alone has no layers"),
        (["gru", "--by-output"], "--by-output: gru alone has its slopes through the output already"),
        (["gru", "--no-roles"], "--no-roles: gru alone has no role labels"),
        (["lstm", "--jacobian", "1,2"], "--jacobian 1,2: lstm alone is one step"),
        (
            ["lstm-classifier", "--jacobian", "1,2", "--only", "W2"],
            "--jacobian 1,2: one equation has no product",
        ),
        (["lstm-classifier", "--jacobian", "1,2", "-t", "numpy"], "--jacobian 1,2: a program has no product"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["derive", *argv]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
