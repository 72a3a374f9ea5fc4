"""The same multilayer perceptron as it is and with each remedy for vanishing and exploding gradients, as a table.

A remedy changes how the weights are drawn, which activation stands in a layer, or what a hidden layer is made of.
Everything else stays: the number of weight layers, the widths, the data and the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symbp.errors import SpecError
from symbp.networks.layers import Activation, Dense, Layer, Linear
from symbp.networks.loss_choice import link_of
from symbp.networks.network import Network
from symbp.networks.normalisation import BatchNorm, LayerNorm
from symbp.networks.residual import Residual

Hidden = Callable[["Stack", int], Sequence[Layer]]
"""(stack, units) -> the layers that one hidden layer is made of."""


@dataclass(frozen=True)
class Stack:
    """A multilayer perceptron to be remedied: ``widths`` are those of its hidden layers and of the output.

    ``inputs`` is n_0. The other fields are those of ``Network.mlp``, but the output is linear where neither it nor
    the loss says otherwise: the networks differ in their hidden layers only.
    """

    inputs: int
    widths: tuple[int, ...]
    activation: str
    output_activation: str | None = None
    loss: str | None = None
    bias: bool = True
    let: Mapping[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """n_0 to n_L."""
        return (self.inputs, *self.widths)


def _plain(stack: Stack, units: int) -> list[Layer]:
    return [Dense(units, stack.activation, stack.bias, stack.let)]


def _normalised(norm: type[BatchNorm] | type[LayerNorm]) -> Hidden:
    """Between the affine map, whose bias the normalisation's shift replaces, and the activation."""
    return lambda stack, units: [Linear(units, bias=False), norm(), Activation(stack.activation, stack.let)]


def _residual(hidden: Hidden) -> Hidden:
    return lambda stack, units: [Residual(hidden(stack, units))]


def _before(norm: type[LayerNorm]) -> Hidden:
    return lambda stack, units: [norm(), *_plain(stack, units)]


@dataclass(frozen=True)
class Remedy:
    """One row of the table; what it leaves at None stays as it is in the network."""

    about: str
    init: str | None = None
    activation: str | None = None
    hidden: Hidden = _plain
    keeps_width: bool = False


AS_IS = "as is"

CRITICAL = "critical"
"""The remedy, and its initialisation: normal:σ with the critical σ of the activation."""

REMEDIES: Mapping[str, Remedy] = {
    AS_IS: Remedy("the network as given"),
    "xavier": Remedy("weights N(0, 2/(n_in + n_out)) (Glorot and Bengio 2010)", init="xavier"),
    "he": Remedy("weights N(0, 2/n_in) (He et al. 2015)", init="he"),
    "orthogonal": Remedy("orthogonal weights (Saxe et al. 2014)", init="orthogonal"),
    CRITICAL: Remedy("weights N(0, σ²/n_in) with the σ at which the slopes make up for it", init=CRITICAL),
    "relu": Remedy("ReLU in the place of the activation", activation="relu"),
    "relu + he": Remedy("ReLU, with its own initialisation", init="he", activation="relu"),
    "batchnorm": Remedy("BatchNorm before the activation (Ioffe and Szegedy 2015)", hidden=_normalised(BatchNorm)),
    "layernorm": Remedy("LayerNorm before the activation (Ba et al. 2016)", hidden=_normalised(LayerNorm)),
    "residual": Remedy("a skip over every hidden layer (He et al. 2016)", hidden=_residual(_plain), keeps_width=True),
    "residual + layernorm": Remedy(
        "a skip over LayerNorm and layer", hidden=_residual(_before(LayerNorm)), keeps_width=True
    ),
    "residual + batchnorm": Remedy(
        "a skip over layer, BatchNorm and activation", hidden=_residual(_normalised(BatchNorm)), keeps_width=True
    ),
    "relu + he + batchnorm": Remedy(
        "ReLU with He's weights and BatchNorm", init="he", activation="relu", hidden=_normalised(BatchNorm)
    ),
    "relu + he + residual": Remedy(
        "ReLU with He's weights and skips", init="he", activation="relu", hidden=_residual(_plain), keeps_width=True
    ),
}
"""One row a remedy or combination, in the order they are shown."""


def remedied(stack: Stack, remedy: Remedy) -> Network:
    """Return the network with a remedy; for a batch, since its columns may meet.

    The first hidden layer, and every one that changes the width, stays plain under a remedy that keeps the width.

    Raises:
        SpecError: an activation or loss that symbp cannot accept.
    """
    chosen = stack if remedy.activation is None else replace(stack, activation=remedy.activation)
    last = chosen.output_activation or link_of(chosen.loss) or "identity"
    layers: list[Layer] = []
    for before, units in zip(chosen.shape, chosen.widths[:-1], strict=False):
        is_plain = remedy.keeps_width and (before != units or not layers)
        layers += (_plain if is_plain else remedy.hidden)(chosen, units)
    layers.append(Dense(chosen.widths[-1], last, chosen.bias, chosen.let))
    return Network(layers, chosen.inputs, chosen.loss, batch=True, let=chosen.let)


def applicable(stack: Stack, init: str) -> dict[str, Remedy]:
    """Return the remedies that change the network: none that it has already, none that its widths exclude.

    Raises:
        SpecError: fewer than three layers have no trend that a remedy could change.
    """
    if len(stack.widths) < 3:
        raise SpecError(f"{len(stack.widths)} layers have no trend to compare: give at least 3")
    equal = any(one == other for one, other in zip(stack.widths, stack.widths[1:-1], strict=False))
    is_relu = stack.activation in ("relu", "rectifier")
    kept = {}
    for name, remedy in REMEDIES.items():
        repeats = remedy.init is not None and remedy.init == init and remedy.activation is None
        if repeats or (remedy.keeps_width and not equal):
            continue
        if is_relu and name == "relu":
            continue
        kept[name] = remedy
    return kept
