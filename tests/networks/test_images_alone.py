"""Convolution and pooling alone: names, the pair as one line each, a check that passes."""

import pytest

from symbp import check, derive
from symbp.networks.operations import OPERATIONS, operation_named
from symbp.ops.convolution import KernelCorrelation, TransposedConvolve
from symbp.ops.pooling import AveragePoolTranspose, MaxPoolTranspose
from symbp.symbols import Adjoint
from symbp.writing.render import render

NAMES = ["conv1d", "conv2d", "strided-conv2d", "max-pool", "avg-pool"]


@pytest.mark.parametrize("name", NAMES)
def test_every_gradient_agrees(name):
    report = check(derive(OPERATIONS[name].build()))
    assert report.passed, report.rows


@pytest.mark.parametrize(
    ("typed", "name"),
    [("max_pool", "max-pool"), ("avg_pool", "avg-pool"), ("Conv2D", "conv2d"), ("convolution", "conv2d")],
)
def test_names_people_type(typed, name):
    assert operation_named(typed) is OPERATIONS[name]


@pytest.mark.parametrize("name", NAMES[:3])
def test_the_pair_is_two_lines_of_the_backward_pass(name):
    backward = derive(OPERATIONS[name].build()).backward
    assert isinstance(backward["dW"].rhs, KernelCorrelation)
    assert isinstance(backward["dX"].rhs, TransposedConvolve)


def test_pooling_hands_the_error_from_above_back():
    for name, kind in (("max-pool", MaxPoolTranspose), ("avg-pool", AveragePoolTranspose)):
        network = OPERATIONS[name].build()
        node = derive(network).backward["dX"].rhs
        assert isinstance(node, kind)
        assert node.args[node.acts_on] == Adjoint(network.output)


def test_the_page_has_both_forms_and_the_geometry():
    shown = " ".join(render(derive(OPERATIONS["strided-conv2d"].build()), to="gfm").split())
    assert r"\delta_K = \delta_z \star_{\uparrow2,p=1} x" in shown
    assert r"\delta_x = K \ast_{\uparrow2,p=1} \delta_z" in shown
    assert r"2p" in shown
    assert r"x$ is an image of" in shown.replace("`", "")
    assert r"C_{\mathrm{in}} \times 7 \times 5" in shown
