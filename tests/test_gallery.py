"""The committed gallery is what symbp writes today.

``SYMBP_UPDATE=1 pytest tests/test_gallery.py`` writes it anew.
"""

import os
from pathlib import Path

import pytest

from symbp import Network, check, derive, render
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS

GALLERY = Path(__file__).parents[1] / "output" / "gallery"
UPDATE = os.environ.get("SYMBP_UPDATE") == "1"
MLP = {
    "backprop-4": {"layers": 4},
    "tanh-softmax-batch": {"layers": 3, "activation": "tanh", "loss": "cross_entropy", "batch": True},
}
SUFFIXES = {".md": "gfm", ".tex": "latex"}


def derivation(name):
    if name in OPERATIONS:
        return derive(OPERATIONS[name].build())
    return derive(Network.mlp(**MLP[name]) if name in MLP else Network.load(EXAMPLES[name]))


@pytest.mark.parametrize("name", [*MLP, *EXAMPLES, *OPERATIONS])
def test_fresh(name):
    found = derivation(name)
    command = f"symbp derive {name}" if name not in MLP else None
    report = check(found, thorough=False)
    assert report.passed
    for suffix, form in SUFFIXES.items():
        path = GALLERY / f"{name}{suffix}"
        text = render(found, to=form, check=report, command=command)
        if UPDATE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


def test_nothing_else_is_in_it():
    expected = {f"{name}{suffix}" for name in (*MLP, *EXAMPLES, *OPERATIONS) for suffix in SUFFIXES}
    assert {path.name for path in GALLERY.iterdir()} == expected
