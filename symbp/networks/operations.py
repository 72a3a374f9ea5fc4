"""The operations that are derived alone, by name; a row builds nothing until it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from symbp.errors import later

if TYPE_CHECKING:
    from symbp.networks.alone.network import OperationNetwork


@dataclass(frozen=True)
class Operation:
    """One operation: ``about`` for ``symbp list operations``, ``source`` the paper that its letters are from.

    ``place`` is ``module:function`` below ``symbp.networks.alone``; the function returns the ``OperationNetwork``.
    Its module is imported when the operation is built: SymPy is no part of ``symbp --help``.
    """

    name: str
    about: str
    source: str
    place: str
    aliases: tuple[str, ...] = ()

    def build(self) -> OperationNetwork:
        """Return the network of this operation alone."""
        module, _, function = self.place.partition(":")
        found = cast("OperationNetwork", getattr(later(f"symbp.networks.alone.{module}"), function)())
        found.source = self.source
        return found


_ROWS = (
    Operation(
        "batchnorm", "over the batch: the steps, then the projection", "Ioffe and Szegedy 2015, section 3",
        "normalisation:batchnorm", ("batch-norm", "batch-normalization", "bn"),
    ),
    Operation(
        "layernorm", "over the features of a token", "Ba, Kiros and Hinton 2016",
        "normalisation:layernorm", ("layer-norm", "layer-normalization", "ln"),
    ),
    Operation(
        "rmsnorm", "a token divided by its root mean square", "Zhang and Sennrich 2019",
        "normalisation:rmsnorm", ("rms-norm", "rms-normalization"),
    ),
    Operation("softmax", "its Jacobian, for a vector and for rows", "Bridle 1990", "softmax:softmax"),
    Operation(
        "softmax-cross-entropy", "the lemma: prediction minus target", "Bishop 2006, section 4.3.4",
        "softmax:softmax_cross_entropy", ("softmax-ce", "cross-entropy"),
    ),
    Operation(
        "attention", "dV, dP, dS, dQ, dK, tokens as rows", "Vaswani et al. 2017, section 3.2.1",
        "attention:attention", ("self-attention", "scaled-dot-product-attention", "sdpa"),
    ),
    Operation(
        "causal-attention", "the same with a mask", "Vaswani et al. 2017, section 3.2.3",
        "attention:causal_attention", ("masked-attention", "causal-self-attention"),
    ),
    Operation(
        "conv1d", "convolution of signals: correlation and full convolution",
        "Goodfellow et al. 2016, section 9.5",
        "images:conv1d", ("convolution-1d", "conv-1d"),
    ),
    Operation(
        "conv2d", "convolution of images: correlation and full convolution",
        "Goodfellow et al. 2016, section 9.5",
        "images:conv2d", ("conv", "convolution", "conv-2d", "convolution-2d"),
    ),
    Operation(
        "strided-conv2d", "the same with stride 2 and padding 1", "Dumoulin and Visin 2016, section 4.6",
        "images:strided_conv2d", ("strided-convolution", "conv2d-stride"),
    ),
    Operation(
        "max-pool", "the mask of the largest values", "Goodfellow et al. 2016, section 9.3",
        "images:max_pool", ("maxpool", "max-pooling", "max-pool2d", "maxpool2d"),
    ),
    Operation(
        "avg-pool", "equal shares of the error", "Goodfellow et al. 2016, section 9.3",
        "images:avg_pool", ("avgpool", "average-pool", "average-pooling", "avg-pooling", "avg-pool2d", "avgpool2d"),
    ),
    Operation(
        "rnn", "one step, then the sum over the steps", "Elman 1990",
        "recurrent:rnn", ("elman", "recurrent", "simple-rnn", "vanilla-rnn"),
    ),
    Operation(
        "lstm", "one step t with its four gates, then the sum over the steps",
        "Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000", "recurrent:lstm", ("lstm-cell",),
    ),
    Operation(
        "gru", "one step t, as in PyTorch, then the sum over the steps", "Cho et al. 2014",
        "recurrent:gru", ("gru-cell",),
    ),
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}
"""Every operation by name."""

OPERATION_ALIASES: dict[str, str] = {alias: row.name for row in _ROWS for alias in row.aliases}
"""Other names people type; upper case, underscores and British spelling are read as well."""


def operation_named(name: str) -> Operation | None:
    """Return the operation of a name or another name of it, None where there is none."""
    key = name.lower().replace("_", "-").replace("isation", "ization")
    return OPERATIONS.get(OPERATION_ALIASES.get(key, key))
