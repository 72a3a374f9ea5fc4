"""Scaled dot-product attention alone. The calculus has tokens as columns; the page shows its literature's rows."""

from __future__ import annotations

from sympy import MatMul, Pow, Rational, Symbol, Transpose

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.softmax import Softmax
from symbp.symbols import Role, Variable

QUERIES, KEYS, WIDTH, VALUES = (Symbol(name, integer=True, positive=True) for name in ("N", "M", "d", "d_v"))
"""How many queries and keys there are, and how many numbers a key and a value have."""

ATTENTION = Page("Scaled dot-product attention", "", "")
CAUSAL_ATTENTION = Page("Causal scaled dot-product attention", "", "")


def attention() -> Lone:
    """N queries over M keys and their values."""
    return _network("attention", KEYS, ATTENTION, causal=False)


def causal_attention() -> Lone:
    """N tokens, each over itself and the tokens before it."""
    return _network("causal-attention", QUERIES, CAUSAL_ATTENTION, causal=True)


def _network(name: str, keys: Symbol, page: Page, *, causal: bool) -> Lone:
    q = Variable("Q", WIDTH, QUERIES, Role.INPUT, "Q")
    k = Variable("K", WIDTH, keys, Role.INPUT, "K")
    v = Variable("V", VALUES, keys, Role.INPUT, "V")
    s = Variable("S", keys, QUERIES, Role.SCORE, "S")
    p = Variable("P", keys, QUERIES, Role.ATTENTION, "P")
    o = Variable("O", VALUES, QUERIES, Role.MIXED, "O")
    equations = [
        Equation(s, MatMul(Pow(WIDTH, Rational(-1, 2)), Transpose(k), q)),
        Equation(p, MaskedSoftmax(s, QUERIES, causal) if causal else Softmax(s)),
        Equation(o, MatMul(v, p)),
    ]
    return Lone(name, equations, [q, k, v], [o], page=page)
