"""What models do, as PyTorch wrote it down once, read into networks: no PyTorch is needed to see that it is right."""

from pathlib import Path

import pytest
from modules import error
from same_lists import unnamed

from symbp.errors import SpecError
from symbp.networks.blocks import Kind
from symbp.networks.equation_text import equation_text
from symbp.networks.files import equations_of
from symbp.networks.importing.message import Message
from symbp.networks.importing.reader import imported

MESSAGES = Path(__file__).parent / "messages"
NAMES = sorted(path.stem for path in MESSAGES.glob("*.json"))


def message(name: str) -> Message:
    return Message.of((MESSAGES / f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_the_gradients_are_those_that_pytorch_wrote_down(name: str) -> None:
    assert error(message(name)) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_read_back(name: str) -> None:
    network = imported(message(name)).network
    assert unnamed(equations_of(equation_text(network)).forward) == unnamed(network.forward)


def test_blocks_are_the_modules() -> None:
    blocks = {each.name: each.kind for each in imported(message("gpt_masked")).network.blocks}
    assert blocks["blocks.0.attn"] is Kind.ATTENTION
    assert blocks["blocks.0.mlp"] is Kind.FEED_FORWARD
    assert blocks["blocks.0.ln1"] is Kind.NORM
    steps = [each.kind for each in imported(message("lstm_classifier")).network.blocks]
    assert steps.count(Kind.STEP) == 5


def test_every_unknown_operation_is_said_with_its_line() -> None:
    known = message("lenet")
    changed = [
        each.model_copy(update={"kind": "topk" if each.kind == "tanh" else "scatter"})
        if each.kind in ("tanh", "linear")
        else each
        for each in known.operations
    ]
    with pytest.raises(SpecError, match=r"cannot read topk \(line 18\), scatter \(line 21\), scatter \(line 22\)"):
        imported(known.model_copy(update={"operations": tuple(changed)}), "model.py")
