"""Models as people write them, read in this process: PyTorch is loaded once for all of them."""

from __future__ import annotations

import json
import logging
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from symbp.derivation import derive
from symbp.networks.importing import child
from symbp.networks.importing.message import Message
from symbp.networks.importing.reader import Imported, imported

FOLDER = Path(__file__).parents[1] / "pytorch" / "modules"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["modules"]
logging.getLogger("torch").setLevel(logging.WARNING)
logging.getLogger("torch.__trace").setLevel(logging.WARNING)
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem in EXPECTED)


@cache
def message_of(name: str) -> Message:
    """Return what one of the models does."""
    place = FOLDER / f"{name}.py"
    spec = spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    file = module_from_spec(spec)
    spec.loader.exec_module(file)
    return exported(file.make(), file.example(), file.target(), file.loss)


def exported(module: Any, inputs: Any, target: Any = None, loss: Any = None) -> Message:
    """Return what a model does, written down and read back."""
    return Message.of(json.dumps(child.document(module, inputs, target, loss)).encode())


def gradients(found: Imported) -> tuple[float, dict[str, Any]]:
    """Return our loss and our gradients at the model's own numbers, in its shapes and by its names."""
    network, values = found.network, found.values
    targets = [each.name for each in network.forward.given if each.role == "target"]
    y = {name: values[name] for name in targets}
    loss, made = derive(network).compile()(
        {each.name: values[each.name] for each in network.parameters},
        {each.name: values[each.name] for each in network.inputs},
        y if len(y) > 1 else next(iter(y.values()), None),
    )
    trained = {each.name for each in network.parameters}
    return float(loss), {axes.name: axes.tensor(made[key]) for key, axes in found.axes.items() if key in trained}


def error(message: Message) -> float:
    """Return how far our gradients are from PyTorch's, relative to the largest of them; a loss that differs counts."""
    loss, ours = gradients(imported(message))
    theirs = {name: each.values for name, each in message.gradients.items()}
    assert ours.keys() == theirs.keys()
    largest = max(np.linalg.norm(each) for each in theirs.values())
    worst = max(np.linalg.norm(ours[name] - theirs[name]) for name in theirs)
    return float(max(worst / largest, abs(loss - message.loss) / max(1.0, abs(message.loss))))
