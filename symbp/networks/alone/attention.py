"""Scaled dot-product attention alone. The calculus has tokens as columns; the page shows its literature's rows."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from sympy import Pow, Rational, Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Identity, Lone, Page
from symbp.nodes import hadamard, matmul, ones, transpose
from symbp.op import ShownStep
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.softmax import Softmax
from symbp.symbols import Adjoint, Role, Variable

QUERIES, KEYS, WIDTH, VALUES = (Symbol(name, integer=True, positive=True) for name in ("N", "M", "d", "d_v"))
"""How many queries and keys there are, and how many numbers a key and a value have."""

ATTENTION = Page(
    "Scaled dot-product attention",
    "Every query is compared with all keys; the softmax of its scores says how much of each value its output takes.",
    "Tokens are rows: row {i} of {Q} and of {O} is query {i}, row {j} of {K} and of {V} is key {j}; the softmax is "
    "taken of every row.",
    rows=True,
    short=True,
    meanings=MappingProxyType(
        {
            "Q": "queries", "K": "keys", "V": "values", "S": "scores", "P": "attention weights, every row sums to one",
            "O": "output", "D": "softmax row sums",
        }
    ),
    inlined=("S", "P"),
    order=("V", "P", "S", "Q", "K"),
    why=MappingProxyType(
        {
            "V": "Output {i} takes a part of value {j}; value {j} gets the same part of the error of output {i}, added "
            "up over {i}: the transpose.",
            "P": "The error of one weight is the inner product of the error of output {i} with value {j}.",
            "S": "A row of {P} sums to one, so a score only moves weight from one key to another: the softmax row sum "
            "{D}, the mean of the row of {dP} under the weights {P}, is taken away.",
            "Q": "The scores are linear in the queries: the error of query {i} is a sum of keys.",
            "K": "The scores are linear in the keys too: the error of key {j} is a sum of queries, by the transpose.",
        }
    ),
)  # fmt: skip
"""What a page says of attention; FlashAttention (Dao et al. 2022, appendix B.2) calls the row sums D."""

CAUSAL_ATTENTION = replace(
    ATTENTION,
    title="Causal scaled dot-product attention",
    subject="Every token attends to itself and to the tokens before it; the mask {M} takes the later ones out.",
    layout="Tokens are rows; the softmax is taken of every row. The mask {M} is 0 where key {j} is not later than "
    "query {i}, and minus infinity where it is: there the weight is zero and stays zero, and so is its error.",
    definitions=(
        ShownStep(
            "",
            (r"M_{ij} &= 0 \ \text{ if } j \leq i, \qquad M_{ij} = -\infty \ \text{ if } j > i",),
        ),
    ),
)


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
        Equation(s, matmul(Pow(WIDTH, Rational(-1, 2)), transpose(k), q)),
        Equation(p, MaskedSoftmax(s, QUERIES, causal) if causal else Softmax(s)),
        Equation(o, matmul(v, p)),
    ]
    row_sum = Variable("D", 1, QUERIES, Role.STATE, "D")
    by_output = matmul(ones(1, VALUES), hadamard(Adjoint(o), o))
    same = Identity(
        "With {dP} from line (2), the softmax row sum is also the error of the output times the output, row by row: "
        "no {P} is needed for it.",
        Equation(row_sum, by_output),
    )
    return Lone(name, equations, [q, k, v], [o], page=replace(page, identities=(same,)))
