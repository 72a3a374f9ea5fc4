"""The page of a derivation of an initialisation: a sentence a step, the equation that it gives, the result."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sympy import Eq, Expr, Function, Integer, Symbol, exp, sqrt

from symbp.analysis.derivations import ALPHA, LAMBDA, N_IN, N_OUT, A, Derivation, N, Q, S, V, X, equal
from symbp.maths.scalars import Scalars
from symbp.maths.tree import COMMA, EQUALS, NEGATIVE, PLUS, TIMES, TRANSPOSE, Fence, Id, Node, Script, joined, row
from symbp.pages.page import Aside, Block, Equations, Line, Page, Para
from symbp.pages.words import Words, language


def derivation_page(name: str, derivation: Derivation, *, words: Words | None = None, command: str = "") -> Page:
    """Return the page of a derivation by its name in the table."""
    w = words or language()
    blocks: list[Block] = []
    for number, step in enumerate(derivation.steps, 1):
        blocks.append(Para(w(f"derivation.{name}.{number}", None, **fields())))
        blocks.append(Equations((Line((equation(step),)),)))
    result = Equations(tuple(Line((equation(each),)) for each in derivation.result))
    blocks.append(Aside((result,), title=w("section.result")))
    return Page(w(f"derivation.{name}.title"), w(f"derivation.{name}.source"), tuple(blocks), name, command)


def equation(of: Eq) -> Node:
    """Return an equation as a tree."""
    return row(tree(of.lhs), EQUALS, tree(of.rhs))


UNKNOWN = frozenset(("f", "f'", "E", "Var"))
"""Functions that the steps leave undefined."""


def tree(expr: Expr) -> Node:
    """Return one side of an equation."""
    return Scalars({}, unknown=UNKNOWN).tree(expr)


@cache
def fields() -> Mapping[str, Node]:
    """Return the formulas that stand in the sentences, by the names that they have there."""
    f, sigma, sigma_w, blocks = Function("f"), Symbol("sigma"), Symbol("sigma_w"), Symbol("L")
    weight, error, x = Id("W"), Id("δ"), Id("x")
    back = Script(weight, None, TRANSPOSE)
    slope = Function("f'")
    given: dict[str, Expr] = {
        "x": X, "q": Q, "s": S, "v": V, "a": A, "n_in": N_IN, "n_out": N_OUT, "alpha": ALPHA, "lambda": LAMBDA,
        "L": blocks, "sigma": sigma, "sigma_w": sigma_w, "square": sigma**2, "variance": sigma_w**2,
        "in_v": N_IN * V, "out_v": N_OUT * V, "leak": ALPHA * X, "negative": LAMBDA * ALPHA * (exp(X) - 1),
        "second_moment": Function("E")(f(X) ** 2), "second_moment_of_slope": Function("E")(slope(X) ** 2),
        "entry": sigma**2 / N,
    }  # fmt: skip
    equations: dict[str, Eq] = {
        "equal_widths": equal(N_IN, N_OUT), "identity": equal(f(X), X), "scaled": equal(f(X), LAMBDA * X),
        "no_leak": equal(ALPHA, Integer(0)), "he": equal(sigma_w**2, Integer(2)), "one": equal(ALPHA, Integer(1)),
        "inverse_root": equal(ALPHA, 1 / sqrt(blocks)),
    }  # fmt: skip
    return {
        **{key: tree(expr) for key, expr in given.items()},
        **{key: equation(each) for key, each in equations.items()},
        "f": Id("f"),
        "positive": tree(X > 0),
        "affine": row(Id("z"), EQUALS, weight, TIMES, x),
        "back": row(back, TIMES, error),
        "interval": Fence(row(NEGATIVE, Id("a"), COMMA, Id("a")), "[", "]"),
        "block": row(x, PLUS, joined([tree(ALPHA), weight, tree(f(X))], TIMES)),
        "isometry": row(back, TIMES, weight, EQUALS, tree(sigma**2)),
    }
