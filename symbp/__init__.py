"""symbp writes down backpropagation: forward pass, factored gradients, proof by numbers, lecture notes.

The names below are the public surface. Each is imported when it is first used, because SymPy and NumPy
take half a second and ``symbp --help`` needs neither.
"""

from typing import TYPE_CHECKING, Any

from symbp import representation
from symbp.errors import later

if TYPE_CHECKING:  # Each name twice: only so does a type checker take it for one that others may use.
    from symbp.analysis.budget import analyze as analyze
    from symbp.analysis.flow import GradientFlow as GradientFlow
    from symbp.checking.check import CheckReport as CheckReport
    from symbp.checking.check import check as check
    from symbp.derivation import Derivation as Derivation
    from symbp.derivation import Gradient as Gradient
    from symbp.derivation import derive as derive
    from symbp.errors import CheckFailedError as CheckFailedError
    from symbp.errors import OutputError as OutputError
    from symbp.errors import RuleNotFoundError as RuleNotFoundError
    from symbp.errors import ShapeError as ShapeError
    from symbp.errors import SpecError as SpecError
    from symbp.errors import SymbpError as SymbpError
    from symbp.errors import TemplateError as TemplateError
    from symbp.errors import UnusedParameterWarning as UnusedParameterWarning
    from symbp.judging.diagnosis.diagnose import diagnose as diagnose
    from symbp.judging.diagnosis.diagnosis import Diagnosis as Diagnosis
    from symbp.networks.attention import Attention as Attention
    from symbp.networks.attention import CrossAttention as CrossAttention
    from symbp.networks.concat import Concat as Concat
    from symbp.networks.concat import ConcatWith as ConcatWith
    from symbp.networks.concat import DenseBlock as DenseBlock
    from symbp.networks.convolution import Conv1d as Conv1d
    from symbp.networks.convolution import Conv2d as Conv2d
    from symbp.networks.convolution import ConvTranspose1d as ConvTranspose1d
    from symbp.networks.convolution import ConvTranspose2d as ConvTranspose2d
    from symbp.networks.embedding import Embedding as Embedding
    from symbp.networks.gated import GEGLU as GEGLU
    from symbp.networks.gated import GLU as GLU
    from symbp.networks.gated import PReLU as PReLU
    from symbp.networks.gated import ReGLU as ReGLU
    from symbp.networks.gated import SwiGLU as SwiGLU
    from symbp.networks.images import Image as Image
    from symbp.networks.layers import Activation as Activation
    from symbp.networks.layers import Dense as Dense
    from symbp.networks.layers import Linear as Linear
    from symbp.networks.network import Network as Network
    from symbp.networks.normalisation import BatchNorm as BatchNorm
    from symbp.networks.normalisation import BatchNorm2d as BatchNorm2d
    from symbp.networks.normalisation import GroupNorm as GroupNorm
    from symbp.networks.normalisation import InstanceNorm2d as InstanceNorm2d
    from symbp.networks.normalisation import LayerNorm as LayerNorm
    from symbp.networks.normalisation import RMSNorm as RMSNorm
    from symbp.networks.pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
    from symbp.networks.pooling import AdaptiveMaxPool2d as AdaptiveMaxPool2d
    from symbp.networks.pooling import AvgPool1d as AvgPool1d
    from symbp.networks.pooling import AvgPool2d as AvgPool2d
    from symbp.networks.pooling import MaxPool1d as MaxPool1d
    from symbp.networks.pooling import MaxPool2d as MaxPool2d
    from symbp.networks.pooling import Upsample as Upsample
    from symbp.networks.recurrent import GRU as GRU
    from symbp.networks.recurrent import LSTM as LSTM
    from symbp.networks.recurrent import RNN as RNN
    from symbp.networks.regularisation import Dropout as Dropout
    from symbp.networks.residual import Residual as Residual
    from symbp.networks.sequences import SequenceEncoder as SequenceEncoder
    from symbp.networks.sequences import Tokens as Tokens
    from symbp.networks.tokens import ClassToken as ClassToken
    from symbp.networks.tokens import Patches as Patches
    from symbp.networks.tokens import PickToken as PickToken
    from symbp.networks.tokens import TokenMean as TokenMean
    from symbp.networks.transformer import DecoderBlock as DecoderBlock
    from symbp.networks.transformer import Encoder as Encoder
    from symbp.networks.transformer import Positions as Positions
    from symbp.networks.transformer import TransformerBlock as TransformerBlock
    from symbp.networks.weights import SpectralNorm as SpectralNorm
    from symbp.networks.weights import WeightNorm as WeightNorm
    from symbp.sample import Sample as Sample
    from symbp.writing.files import write as write
    from symbp.writing.render import render as render

_HOME = {
    "Activation": "symbp.networks.layers",
    "AdaptiveAvgPool2d": "symbp.networks.pooling",
    "AdaptiveMaxPool2d": "symbp.networks.pooling",
    "Attention": "symbp.networks.attention",
    "AvgPool1d": "symbp.networks.pooling",
    "AvgPool2d": "symbp.networks.pooling",
    "BatchNorm": "symbp.networks.normalisation",
    "BatchNorm2d": "symbp.networks.normalisation",
    "CheckFailedError": "symbp.errors",
    "CheckReport": "symbp.checking.check",
    "ClassToken": "symbp.networks.tokens",
    "Concat": "symbp.networks.concat",
    "ConcatWith": "symbp.networks.concat",
    "Conv1d": "symbp.networks.convolution",
    "Conv2d": "symbp.networks.convolution",
    "ConvTranspose1d": "symbp.networks.convolution",
    "ConvTranspose2d": "symbp.networks.convolution",
    "CrossAttention": "symbp.networks.attention",
    "DecoderBlock": "symbp.networks.transformer",
    "Dense": "symbp.networks.layers",
    "DenseBlock": "symbp.networks.concat",
    "Derivation": "symbp.derivation",
    "Diagnosis": "symbp.judging.diagnosis.diagnosis",
    "Dropout": "symbp.networks.regularisation",
    "Embedding": "symbp.networks.embedding",
    "Encoder": "symbp.networks.transformer",
    "GEGLU": "symbp.networks.gated",
    "GLU": "symbp.networks.gated",
    "GRU": "symbp.networks.recurrent",
    "Gradient": "symbp.derivation",
    "GradientFlow": "symbp.analysis.flow",
    "GroupNorm": "symbp.networks.normalisation",
    "Image": "symbp.networks.images",
    "InstanceNorm2d": "symbp.networks.normalisation",
    "LSTM": "symbp.networks.recurrent",
    "LayerNorm": "symbp.networks.normalisation",
    "Linear": "symbp.networks.layers",
    "MaxPool1d": "symbp.networks.pooling",
    "MaxPool2d": "symbp.networks.pooling",
    "Network": "symbp.networks.network",
    "OutputError": "symbp.errors",
    "PReLU": "symbp.networks.gated",
    "Patches": "symbp.networks.tokens",
    "PickToken": "symbp.networks.tokens",
    "Positions": "symbp.networks.transformer",
    "RMSNorm": "symbp.networks.normalisation",
    "RNN": "symbp.networks.recurrent",
    "ReGLU": "symbp.networks.gated",
    "Residual": "symbp.networks.residual",
    "RuleNotFoundError": "symbp.errors",
    "Sample": "symbp.sample",
    "SequenceEncoder": "symbp.networks.sequences",
    "ShapeError": "symbp.errors",
    "SpecError": "symbp.errors",
    "SpectralNorm": "symbp.networks.weights",
    "SwiGLU": "symbp.networks.gated",
    "SymbpError": "symbp.errors",
    "TemplateError": "symbp.errors",
    "TokenMean": "symbp.networks.tokens",
    "Tokens": "symbp.networks.sequences",
    "TransformerBlock": "symbp.networks.transformer",
    "UnusedParameterWarning": "symbp.errors",
    "Upsample": "symbp.networks.pooling",
    "WeightNorm": "symbp.networks.weights",
    "analyze": "symbp.analysis.budget",
    "check": "symbp.checking.check",
    "derive": "symbp.derivation",
    "diagnose": "symbp.judging.diagnosis.diagnose",
    "render": "symbp.writing.render",
    "write": "symbp.writing.files",
}
"""Where each public name lives."""

if TYPE_CHECKING:
    from symbp.writing import notebook as _notebook
else:
    _notebook = later("symbp.writing.notebook")
representation.WRITERS.append(_notebook)

_ROOMS = ("extend", "testing")
"""Modules of public names of their own."""

__version__ = "0.1.0"
__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return later(f"symbp.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'symbp' has no attribute {name!r}")
    return getattr(later(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
