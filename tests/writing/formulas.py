"""Formulas by chance, as a builder makes them: sums, products, brackets, functions, fractions, indices, braces."""

from __future__ import annotations

import random

from symbp.maths.tree import (
    APPLY,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    TIMES,
    TRANSPOSE,
    Accent,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
    joined,
    row,
)  # fmt: skip

LETTERS = "WXZAbxyzaδγβμσUGQKVShPMgDm"
WORDS = ("softmax", "tanh", "att", "norm", "diag", "log", "W_hidden", "relu")
LABELS = (("weight",), ("activation", "derivative"), ("loss gradient",), ("input",))


def letter(chance: random.Random) -> Node:
    name = chance.choice(LETTERS)
    return Accent(Id(name), "hat") if chance.random() < 0.08 else Id(name)


def index(chance: random.Random) -> Node:
    return chance.choice(
        (
            Id("l"), Num("1"), Num("12"), Id("h"), Id("cls", "upright"), row(Id("l"), PLUS, Num("1")),
            row(Id("i"), Id("j")), row(Id("t"), MINUS, Num("1")),
        )
    )  # fmt: skip


def symbol(chance: random.Random) -> Node:
    kind = chance.random()
    base = letter(chance)
    if kind < 0.25:
        return base
    if kind < 0.45:
        return Script(base, index(chance))
    if kind < 0.6:
        return Script(base, index(chance), TRANSPOSE)
    if kind < 0.75:
        return Script(base, None, Fence(index(chance)))
    if kind < 0.85:
        return Script(base, None, row(Fence(index(chance)), TRANSPOSE))
    if kind < 0.9:
        return Script(Id("1", "bold"), None, TRANSPOSE)
    return Script(Id(chance.choice("FAN"), "script"), index(chance))


def function(chance: random.Random, depth: int) -> Node:
    name: Node = Id(chance.choice(WORDS), "upright") if chance.random() < 0.6 else Script(Id("f"), Id("l"), PRIME)
    return row(name, APPLY, Fence(total(chance, depth - 1)))


def small(chance: random.Random) -> Node:
    under: Node = letter(chance) if chance.random() < 0.6 else Root(Script(Id("d"), Id("h")))
    return Frac(Num("1"), under)


def factor(chance: random.Random, depth: int) -> Node:
    kind = chance.random()
    if depth <= 0 or kind < 0.55:
        return symbol(chance)
    if kind < 0.68:
        return Fence(total(chance, depth - 1))
    if kind < 0.82:
        return function(chance, depth)
    if kind < 0.9:
        return row(Script(Sign("∑", "big"), Id("i")), Script(letter(chance), Id("i")))
    if kind < 0.94:
        return Script(Fence(total(chance, depth - 1)), None, TRANSPOSE)
    if kind < 0.97:
        return Tag(symbol(chance), None, "weight", chance.choice(LABELS))
    return Table(((symbol(chance), Num("0")), (Num("0"), symbol(chance))))


def product(chance: random.Random, depth: int) -> Node:
    factors = [factor(chance, depth) for _ in range(chance.choice((1, 2, 2, 3, 4)))]
    if chance.random() < 0.2:
        factors.insert(0, small(chance))
    return joined(factors, TIMES)


def total(chance: random.Random, depth: int) -> Node:
    terms = [product(chance, depth) for _ in range(chance.choice((1, 1, 2, 3)))]
    found: list[Node] = [NEGATIVE] if chance.random() < 0.1 else []
    for place, term in enumerate(terms):
        found += ([chance.choice((PLUS, MINUS, HADAMARD))] if place else []) + [term]
    return row(*found)


def equation(chance: random.Random, terms: int = 1) -> Node:
    left: Node = symbol(chance)
    if chance.random() < 0.2:
        left = Frac(row(Sign("∂", "prefix"), Id("L", "script")), row(Sign("∂", "prefix"), left))
    sides = joined([total(chance, 2) for _ in range(terms)], PLUS)
    where: tuple[Node, ...] = (Sign("\u2003", "quad"), Words("for all l")) if chance.random() < 0.1 else ()
    return Row((left, EQUALS, *(sides.items if isinstance(sides, Row) else (sides,)), *where))


def equations(count: int, seed: int = 0, terms: int = 1) -> list[Node]:
    chance = random.Random(seed)
    return [equation(chance, terms) for _ in range(count)]
