"""Committed pages do not depend on the processor: under another kernel they come out byte for byte the same."""

import numpy as np
import pytest
from committed import DOCUMENTS, GALLERY, NAMES, document, gallery
from kernel import Otherwise, another_kernel, otherwise, product, total

from symbp import check, derive
from symbp.pages.tell import checked

SHORT = ("lstm-classifier", "conv2d", "backprop-4", "batchnorm-mlp", "batchnorm", "softmax-classifier")
"""Two whose numbers once differed, an open network, sums that cancel, two forms of one gradient, and logarithms."""


def different(name):
    """Return the pages of one name that another kernel writes otherwise."""
    with another_kernel():
        found = gallery(name)
    return [file for file, text in found.items() if text != (GALLERY / file).read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", SHORT)
def test_the_gallery_is_the_same(name):
    assert different(name) == []


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SHORT])
def test_the_whole_gallery_is_the_same(name):
    assert different(name) == []


@pytest.mark.long
@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.stem)
def test_what_the_documents_print_is_the_same(page, tmp_path, capsys):
    with another_kernel():
        assert document(page, tmp_path, capsys) == page.read_text(encoding="utf-8")


def test_a_page_that_prints_a_rounding_error_is_seen(monkeypatch):
    monkeypatch.setattr(checked, "steady_digits", lambda relative, most: f"{relative:.1e}")
    here = gallery("softmax-classifier")
    with another_kernel():
        there = gallery("softmax-classifier")
    assert all(here[file] != there[file] for file in here)


def test_the_other_kernel_rounds_every_gradient_otherwise():
    derivation = derive(layers=3, activation="tanh", loss="mse")
    here = check(derivation, thorough=False)
    with another_kernel():
        there = check(derivation, thorough=False)
    assert here.passed
    assert there.passed
    assert all(one.relative != other.relative for one, other in zip(here.rows, there.rows, strict=True))


def test_the_other_kernel_is_right():
    random = np.random.default_rng(0)
    for shape in ((), (2,)):
        left, right = random.normal(size=(*shape, 5, 64)), random.normal(size=(*shape, 64, 3))
        assert np.allclose(product(left, right), left @ right, rtol=1e-12)
        assert np.any(product(left, right) != left @ right)
        assert isinstance(otherwise(left) @ right, Otherwise)
        assert np.array_equal(otherwise(left) @ right, product(left, right))
    for options in ({"axis": 1}, {"axis": (0, 1), "keepdims": True}, {"axis": None}, {"axis": -1, "keepdims": True}):
        assert np.allclose(total(left, **options), np.sum(left, **options), rtol=1e-12)
        assert np.any(np.sum(otherwise(left), **options) != np.sum(left, **options))
    assert np.linalg.norm(otherwise(left)) == pytest.approx(np.linalg.norm(left), rel=1e-14)
