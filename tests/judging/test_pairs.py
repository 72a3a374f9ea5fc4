"""A layer of a file by itself: its backward pass against differences of its own forward pass."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.report_cases import need

from symbp.cli.main import main
from symbp.errors import SpecError
from symbp.judging.pairs import judge_pair

FOLDER = Path(__file__).parent / "layers"

NUMPY = ("conv_backward", "relu_backward", "batchnorm_backward", "wrong_batchnorm_backward", "rnn_step_backward",
         "gate_backward", "wrong_gate_backward", "WrongSigmoid", "wrong_affine_backward")  # fmt: skip


@pytest.mark.usefixtures("same_process")
@pytest.mark.parametrize(
    "name", ["affine_backward", "Linear", *(pytest.param(each, marks=pytest.mark.long) for each in NUMPY)]
)
def test_a_layer_is_judged_by_its_own_forward_pass(name: str) -> None:
    found = judge_pair(FOLDER / "numpy_layers.py", name)
    assert found is not None
    assert found.right == (not name.lower().startswith("wrong")), found


@pytest.mark.long
@pytest.mark.parametrize(
    ("library", "name"), [("torch", "Linear"), ("torch", "WrongTanh"), ("jax", "wave_bwd"), ("jax", "wrong_wave_bwd")]
)
def test_a_function_of_a_library_with_its_own_backward_pass(library: str, name: str) -> None:
    need(library, find_spec(library))
    found = judge_pair(FOLDER / f"{library}_layers.py", name)
    assert found is not None
    assert found.right == (not name.lower().startswith("wrong")), found


@pytest.mark.usefixtures("same_process")
def test_what_draws_other_numbers_every_time_is_not_judged() -> None:
    with pytest.raises(SpecError, match="returns other numbers every time: let it draw by a seed"):
        judge_pair(FOLDER / "numpy_layers.py", "dropout_backward")


@pytest.mark.usefixtures("same_process")
def test_the_command_says_which_gradient_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{FOLDER / 'numpy_layers.py'}:wrong_affine_backward"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("wrong: db disagrees with differences of wrong_affine_forward")
    assert "dx        10      right" in said


def test_what_is_no_pair_is_left_to_others() -> None:
    assert judge_pair(FOLDER / "numpy_layers.py", "relu_forward") is None
    assert judge_pair(FOLDER / "numpy_layers.py", "nothing") is None
