"""Models with what must not be silently wrong: refused with the line, right, or right with a word about it."""

import importlib.util
import sys
from pathlib import Path

import pytest

import symbp
from symbp.networks.importing import child, models, process
from symbp.pages.tell.model import remarks
from symbp.pages.words import language
from symbp.writing.text import words_text

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch warns of itself.

FILE = Path(__file__).parent / "modules" / "traps.py"
SPEC = importlib.util.spec_from_file_location("traps", FILE)
TRAPS = importlib.util.module_from_spec(SPEC)
sys.modules["traps"] = TRAPS
SPEC.loader.exec_module(TRAPS)


class Single(torch.nn.Linear):
    """A model a part of which rounds to single precision."""

    def forward(self, x):
        return super().forward(x).float().double()


def network(name):
    """The network of one of the models, exported in this process."""
    torch.manual_seed(0)
    model = Single(3, 3) if name == "Single" else getattr(TRAPS, name)()
    model = model if name == "Lazy" else model.double()
    model.train(name != "BNEval")
    x = torch.randn(4, 4 if name == "Complex" else 3, dtype=torch.float64)
    y = torch.randn(4, 3, dtype=torch.float64)
    try:
        answer = child.message(child.task(model, x, y, "mse_loss"), str(FILE))
    except child.RefusedError as error:
        answer = {"refused": [{"line": (error.line or {}).get("number"), "what": str(error)}]}
    return models.of_message(process.told(answer, process.TORCH, "traps.py:make"), "traps.py")


REFUSED = {
    "Flow": r"line 20: what happens next depends on values",
    "LoopItem": r"line 29: what happens next depends on values",
    "Inplace": r"slice_scatter \(line 50\)",
    "Detach": r"round \(line 81\)",
    "Drop": r"line 115.*call eval\(\)",
    "Randn": r"line 125.*give the noise as an input",
    "TopK": r"topk \(line 145\), scatter \(line 146\)",
    "Nonzero": r"index \(line 156\)",
    "Complex": r"line 166: complex numbers",
    "GradIn": r"line 176: a gradient inside forward",
    "NumpyIn": r"line 185: forward leaves PyTorch for NumPy",
    "Lazy": r"a.weight has no shape yet: run the model once",
    "Half": r"_to_copy \(line 243\) computes in half precision",
}
DIFFERENT = {
    "Custom": r"2 of 2 parameters .*: Square has a backward pass of its own \(line 60\)",
    "Single": r"2 of 2 parameters .*: a part of it computes in single precision \(line \d+\)",
    "Hook": r"2 of 2 parameters .*a hook on forward changes gradients \(line 205\)",
}
RIGHT = {
    "ShapeIf": "forward does depends on a size (line 40)",
    "NoGrad": "",
    "Frozen": "",
    "BNEval": "n is in evaluation mode",
    "Spectral": "",
    "Ckpt": "Checkpointing in forward changes nothing",
    "Unused": "",
}


def test_every_trap_is_expected():
    assert {*REFUSED, *DIFFERENT, *RIGHT} == {*TRAPS.EXPECT, "Single"}
    assert all(TRAPS.EXPECT[name].startswith("right") for name in RIGHT)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_line(name):
    with pytest.raises(symbp.SpecError, match=REFUSED[name]) as raised:
        network(name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", DIFFERENT)
def test_other_gradients_than_those_of_the_forward_pass(name):
    found = network(name)
    with pytest.raises(symbp.CheckFailedError, match=DIFFERENT[name]):
        symbp.derive(found)


@pytest.mark.parametrize("name", RIGHT)
def test_right(name):
    found = network(name)
    derivation = symbp.derive(found)
    assert derivation.agreement.right
    assert symbp.check(derivation, thorough=False).passed
    assert RIGHT[name] in " ".join(words_text(each) for each in remarks(language(), found))


def test_what_has_no_part_in_the_loss_is_named():
    with pytest.warns(symbp.UnusedParameterWarning, match=r"b\.weight"):
        found = symbp.derive(network("Unused"))
    assert not found.network.sample.given["b.weight"].any()


def test_what_is_not_trained_has_no_gradient():
    assert {each.name for each in network("Frozen").parameters} == {"a.weight", "a.bias"}
