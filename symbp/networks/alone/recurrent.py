"""One step t of RNN, LSTM and GRU alone: the equations are those of the layers, the errors of h_t and c_t are given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import MatrixSymbol

from symbp.equations import Equation, System
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.networks.network import Network
from symbp.networks.recurrent import CELLS
from symbp.networks.unstacked import unstacked
from symbp.ops.upstream import Upstream
from symbp.symbols import Adjoint, Role, Variable

ERRORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"rnn": ("Z",), "lstm": ("c", "Zo", "Zg", "Zf", "Zi"), "gru": ("An", "Q", "Az", "Ar")}
)
"""The errors of a step as they are computed; then follow what goes back and the parameters."""


def rnn() -> OperationNetwork:
    """One step of an RNN with tanh."""
    return _step("rnn")


def lstm() -> OperationNetwork:
    """One step of an LSTM: the gradients of h_t and c_t from above are given."""
    return _step("lstm")


def gru() -> OperationNetwork:
    """One step of a GRU."""
    return _step("gru")


def _step(kind: str) -> OperationNetwork:
    network = Network([CELLS[kind](None, 1, initial=True)], loss="mse", batch=True)
    forward = unstacked(network.forward, System((), network.forward.given)).forward
    symbols = (*forward.given, *(each.lhs for each in forward))
    own = {each: _own(each, kind) for each in symbols if isinstance(each, Variable)}
    equations = [Equation(own[each.lhs], each.rhs.xreplace(own)) for each in forward.equations[:-1]]
    by_name = {each.name: each for each in own.values()}
    inputs = [by_name[name] for name in ("X", "h0", "c0") if name in by_name]
    parameters = [own[each] for each in network.parameters]
    h = by_name["h"]
    pairs: list[MatrixSymbol] = [h, Adjoint(h)]
    later = []
    if "c" in by_name:
        later = [Variable("c_bar", h.args[1], h.args[2], Role.UPSTREAM, "c_bar")]
        pairs += [by_name["c"], *later]
    order = (*ERRORS[kind], "c0", "h0", "X", *(each.name for each in parameters))
    plan = Plan((kind, "step"), one=True, step="t", order=order, notes=("see", "ends", "batch", "variant"))
    return OperationNetwork(kind, equations, inputs, [h], parameters, plan=plan, loss=Upstream(*pairs), targets=later)


def _own(variable: Variable, kind: str) -> Variable:
    """Return a symbol of the layer's first step without its layer: lstm1.i1 is i, H0 is h0.

    A GRU has a gate z, so what its gates are taken of is A.
    """
    name = variable.name.rpartition(".")[2]
    short = {0: f"{variable.stem.lower()}0", 1: name.removesuffix("1"), None: name}[variable.step]
    stem = variable.stem
    if kind == "gru" and variable.role is Role.PREACTIVATION:
        short, stem = (f"A{each.removeprefix('Z')}" for each in (short, stem))
    return Variable(short, variable.args[1], variable.args[2], variable.role, stem, 0)
