"""The architectures of ``examples/architectures``: each from a paper, no two the same, each derived and checked.

Their numbers stand against PyTorch's in ``tests/pytorch/test_architectures_torch.py``.
``SYMBP_UPDATE=1 pytest tests/test_architectures.py`` writes the table of docs/architectures.md anew.
"""

import warnings

import pytest
from architecture_files import ARCHITECTURES, DOCUMENT, canonical, document, header, losses_of, networks
from committed import UPDATE

from symbp import Network, check, derive
from symbp.errors import UnusedParameterWarning

QUICK = ("highway", "pinn", "glove")
"""What the short suite checks: steps, gradients of gradients, given numbers that must be positive."""

FILES = [
    pytest.param(place, id=place.stem, marks=[pytest.mark.long] * (place.stem not in QUICK)) for place in ARCHITECTURES
]


def test_there_are_enough():
    assert len(ARCHITECTURES) >= 90


def test_each_says_what_it_is_and_where_it_comes_from():
    titles = [header(place)[0] for place in ARCHITECTURES]
    assert len(set(titles)) == len(titles)


def test_the_table_is_that_of_the_files():
    if UPDATE:
        DOCUMENT.write_text(document(), encoding="utf-8", newline="\n")
    assert DOCUMENT.read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("place", FILES)
def test_all_gradients_agree_with_differences(place):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnusedParameterWarning)
        for network in networks(place):
            assert check(derive(network)).passed


@pytest.mark.long
def test_no_two_are_the_same_up_to_names_and_sizes():
    seen = {}
    for place in ARCHITECTURES:
        for loss, network in zip(losses_of(place), networks(place), strict=True):
            seen.setdefault(canonical(network), []).append((place.stem, loss))
    assert [each for each in seen.values() if len(each) > 1] == []


def test_the_same_is_seen_whatever_its_names_sizes_and_numbers_are():
    def made(*lines, n=3, k=5, names="WXV"):
        w, x, v = names
        shapes = {w: (k, n), x: (n, "m"), v: (2, k), "Y": (2, "m")}
        return canonical(Network.equations([line.format(w=w, x=x, v=v) for line in lines], shapes))

    one = made("H = tanh({w} @ {x})", "loss = mse(2 * {v} @ H, Y)")
    assert one == made("Q = tanh({w} @ {x})", "loss = mse(3 * {v} @ Q, Y)", n=4, k=6, names="UZR")
    assert one != made("H = sigmoid({w} @ {x})", "loss = mse(2 * {v} @ H, Y)")
    assert one != made("H = tanh({w} @ {x})", "loss = mse({v} @ H, Y) + sum({w} * {w})")
