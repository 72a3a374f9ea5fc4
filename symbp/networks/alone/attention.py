"""Scaled dot-product attention alone. The calculus has tokens as columns; the page shows its literature's rows."""

from __future__ import annotations

from types import MappingProxyType

from sympy import Pow, Rational, Symbol

from symbp.equations import Equation
from symbp.networks.alone.network import OperationNetwork, Plan
from symbp.nodes import hadamard, matmul, ones, transpose
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.softmax import Softmax
from symbp.symbols import Adjoint, Role, Variable

QUERIES, KEYS, WIDTH, VALUES = (Symbol(name, integer=True, positive=True) for name in ("N", "M", "d", "d_v"))
"""How many queries and keys there are, and how many numbers a key and a value have."""


def attention() -> OperationNetwork:
    """N queries over M keys and their values."""
    return _network("attention", KEYS, causal=False)


def causal_attention() -> OperationNetwork:
    """N tokens, each over itself and the tokens before it."""
    return _network("causal-attention", QUERIES, causal=True)


def _network(name: str, keys: Symbol, *, causal: bool) -> OperationNetwork:
    q = Variable("Q", WIDTH, QUERIES, Role.INPUT, "Q")
    k = Variable("K", WIDTH, keys, Role.INPUT, "K")
    v = Variable("V", VALUES, keys, Role.INPUT, "V")
    s = Variable("S", keys, QUERIES, Role.SCORE, "S")
    p = Variable("P", keys, QUERIES, Role.ATTENTION, "P")
    o = Variable("O", VALUES, QUERIES, Role.MIXED, "O")
    equations = [
        Equation(s, matmul(Pow(WIDTH, Rational(-1, 2)), transpose(k), q)),
        Equation(p, MaskedSoftmax(s, QUERIES, causal) if causal else Softmax(s)),
        Equation(o, matmul(v, p)),
    ]
    row_sum = Variable("D", 1, QUERIES, Role.STATE, "D")
    by_output = Equation(row_sum, matmul(ones(1, VALUES), hadamard(Adjoint(o), o)))
    plan = Plan(
        (name, "attention"),
        "tokens",
        order=("V", "P", "S", "Q", "K"),
        inlined=("S", "P"),
        letters=MappingProxyType({"D": "D"}),
        formulas=MappingProxyType({"by_output": by_output}),
        notes=("see", "output"),
    )
    return OperationNetwork(name, equations, [q, k, v], [o], plan=plan)
