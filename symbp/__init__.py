"""symbp writes down backpropagation: forward pass, factored gradients, proof by numbers, lecture notes.

The names below are the public surface. Each is imported when it is first used, because SymPy and NumPy
take half a second and ``symbp --help`` needs neither.
"""

from typing import TYPE_CHECKING, Any

from symbp.errors import later

if TYPE_CHECKING:
    from symbp.analysis.budget import analyze
    from symbp.analysis.flow import GradientFlow
    from symbp.checking.check import CheckReport, check
    from symbp.checking.diagnosis.diagnose import diagnose
    from symbp.checking.diagnosis.sample import Diagnosis, Sample
    from symbp.derivation import Derivation, Gradient, derive
    from symbp.errors import (
        CheckFailedError,
        OutputError,
        RuleNotFoundError,
        ShapeError,
        SpecError,
        SymbpError,
        TemplateError,
        UnusedParameterWarning,
    )
    from symbp.networks.attention import Attention, CrossAttention
    from symbp.networks.concat import Concat, DenseBlock
    from symbp.networks.convolution import AvgPool1d, AvgPool2d, Conv1d, Conv2d, MaxPool1d, MaxPool2d
    from symbp.networks.embedding import Embedding
    from symbp.networks.images import Image
    from symbp.networks.layers import Activation, Dense, Linear
    from symbp.networks.network import Network
    from symbp.networks.normalisation import BatchNorm, BatchNorm2d, LayerNorm, RMSNorm
    from symbp.networks.recurrent import GRU, LSTM, RNN
    from symbp.networks.regularisation import Dropout
    from symbp.networks.residual import Residual
    from symbp.networks.transformer import DecoderBlock, Encoder, Positions, TransformerBlock
    from symbp.writing.files import write
    from symbp.writing.render import render

_HOME = {
    "Activation": "symbp.networks.layers",
    "Attention": "symbp.networks.attention",
    "AvgPool1d": "symbp.networks.convolution",
    "AvgPool2d": "symbp.networks.convolution",
    "BatchNorm": "symbp.networks.normalisation",
    "BatchNorm2d": "symbp.networks.normalisation",
    "CheckFailedError": "symbp.errors",
    "CheckReport": "symbp.checking.check",
    "Concat": "symbp.networks.concat",
    "CrossAttention": "symbp.networks.attention",
    "DecoderBlock": "symbp.networks.transformer",
    "Encoder": "symbp.networks.transformer",
    "Positions": "symbp.networks.transformer",
    "Conv1d": "symbp.networks.convolution",
    "Conv2d": "symbp.networks.convolution",
    "Dense": "symbp.networks.layers",
    "DenseBlock": "symbp.networks.concat",
    "Derivation": "symbp.derivation",
    "Diagnosis": "symbp.checking.diagnosis.sample",
    "Dropout": "symbp.networks.regularisation",
    "Embedding": "symbp.networks.embedding",
    "GRU": "symbp.networks.recurrent",
    "Gradient": "symbp.derivation",
    "GradientFlow": "symbp.analysis.flow",
    "Image": "symbp.networks.images",
    "LSTM": "symbp.networks.recurrent",
    "LayerNorm": "symbp.networks.normalisation",
    "Linear": "symbp.networks.layers",
    "MaxPool1d": "symbp.networks.convolution",
    "MaxPool2d": "symbp.networks.convolution",
    "Network": "symbp.networks.network",
    "OutputError": "symbp.errors",
    "RMSNorm": "symbp.networks.normalisation",
    "RNN": "symbp.networks.recurrent",
    "Residual": "symbp.networks.residual",
    "RuleNotFoundError": "symbp.errors",
    "Sample": "symbp.checking.diagnosis.sample",
    "ShapeError": "symbp.errors",
    "SpecError": "symbp.errors",
    "SymbpError": "symbp.errors",
    "TemplateError": "symbp.errors",
    "TransformerBlock": "symbp.networks.transformer",
    "UnusedParameterWarning": "symbp.errors",
    "analyze": "symbp.analysis.budget",
    "check": "symbp.checking.check",
    "derive": "symbp.derivation",
    "diagnose": "symbp.checking.diagnosis.diagnose",
    "render": "symbp.writing.render",
    "write": "symbp.writing.files",
}
"""Where each public name lives."""

__version__ = "0.1.0"
__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> Any:
    if name == "testing":
        return later("symbp.testing")
    if name not in _HOME:
        raise AttributeError(f"module 'symbp' has no attribute {name!r}")
    return getattr(later(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
