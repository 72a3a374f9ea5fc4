"""A loss fused with its link is the same function, with the same gradient, as the two composed."""

import pytest
from sympy import MatMul
from systems import CASES, LOSS, N1, W1, X, derivation, variable

from symbp.checking.bench import Bench
from symbp.numeric.definitions import Standins
from symbp.numeric.sizes import distinct_sizes
from symbp.ops.elementwise import Elementwise
from symbp.ops.functions import activation
from symbp.ops.losses import EntrywiseLoss, entry_loss
from symbp.ops.softmax import Softmax


@pytest.mark.parametrize(
    ("fused", "loss", "link"),
    [
        ("softmax_cross_entropy", "cross_entropy", Softmax),
        ("sigmoid_binary_cross_entropy", "binary_cross_entropy", lambda z: Elementwise(activation("sigmoid"), z)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fused_equals_composed_to_50_digits(fused: str, loss: str, link, seed: int) -> None:  # type: ignore[no-untyped-def]
    z, p, y = variable("Z1", N1), variable("A1", N1), variable("Y", N1)
    node = EntrywiseLoss(entry_loss(loss), p, y)
    composed = derivation([(z, MatMul(W1, X)), (p, link(z)), (LOSS, node)], [X, y, W1])
    benches = [
        Bench.of(derived, Standins(), distinct_sizes(derived.forward), seed) for derived in (CASES[fused](), composed)
    ]
    first, second = (bench.digits for bench in benches)
    assert (benches[0].values.parameters["W1"] == benches[1].values.parameters["W1"]).all()
    assert first.value == pytest.approx(second.value, rel=1e-14)
    difference = abs((first.gradients["W1"] - second.gradients["W1"]).floats()).max()
    assert difference < 1e-45
