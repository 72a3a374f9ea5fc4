"""What tells tokens apart by their place: matrices repeated for every example, biases by distance, rotations.

Columns are ordered (example, token), as in ``within``. Each operation is linear and has its adjoint here.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, Symbol, cos, sin, sympify

from symbp.equations import text
from symbp.errors import ShapeError
from symbp.op import Entry, FactorRole, Op, meaning, rule
from symbp.ops.entries import COLUMN, EXAMPLE, OTHER, ROW, Total, base

BASE = 10_000
"""The base of the wavelengths of rotary positions (Su et al. 2021, §3.4.3)."""


class _Moves(Op):
    """A linear operation on one operand that only moves, repeats or adds entries."""

    affine: ClassVar[bool] = True
    acts_on = 0
    factor_role = FactorRole.CONSTANT


class Tile(_Moves):
    """The same matrix for every example: r×t gives r×t·m. Args: A, m."""

    label: ClassVar[str] = "tile"
    about = "the same matrix for every example"

    def __new__(cls, a: MatrixExpr, examples: Expr | int) -> Tile:
        return cast("Tile", Basic.__new__(cls, a, sympify(examples)))

    shape = property(lambda self: (self.args[0].shape[0], self.args[0].shape[1] * self.args[1]))

    def entry(self) -> Entry:
        """Return a_ij for every example."""
        a, (rows, columns), examples = base("a"), self.args[0].shape, self.args[1]
        return Entry(
            operands=((a, (rows, columns)),),
            sizes=(rows, examples, columns),
            parts=(((ROW, EXAMPLE, COLUMN), a[ROW, COLUMN]),),
            ranges={ROW: rows, EXAMPLE: examples, COLUMN: columns},
            each=(EXAMPLE,),
            applies="example",
        )


class SumExamples(_Moves):
    """The sum over the examples: r×t·m gives r×t. Args: A, t."""

    label: ClassVar[str] = "sum"
    about = "the sum over the examples"

    def __new__(cls, a: MatrixExpr, tokens: Expr | int) -> SumExamples:
        return cast("SumExamples", Basic.__new__(cls, a, sympify(tokens)))

    shape = property(lambda self: (self.args[0].shape[0], self.args[1]))

    def entry(self) -> Entry:
        """Return Σ_e a_ij of example e."""
        a, (rows, columns), tokens = base("a"), self.args[0].shape, self.args[1]
        return Entry(
            operands=((a, (rows, columns / tokens, tokens)),),
            sizes=(rows, tokens),
            parts=(((ROW, COLUMN), Total(a[ROW, EXAMPLE, COLUMN], EXAMPLE)),),
            ranges={ROW: rows, EXAMPLE: columns / tokens, COLUMN: tokens},
            says="examples",
        )


class Offsets(_Moves):
    """A bias by distance: B_ij = r_{j−i+keys−1} for key i and query j. Args: r (1 × keys + queries − 1), keys, queries.

    Shaw et al. 2018, "Self-attention with relative position representations", as a bias of the scores (Raffel et al.
    2020, §2.1, without their buckets).

    Raises:
        ShapeError: r has not one number for every distance.
    """

    label: ClassVar[str] = "offsets"
    about = "a bias for each distance of query and key"

    def __new__(cls, r: MatrixExpr, keys: Expr | int, queries: Expr | int) -> Offsets:
        rows, columns = sympify(keys), sympify(queries)
        if r.shape != (1, rows + columns - 1):
            distances = f"{rows} keys and {columns} queries have {rows + columns - 1} distances"
            raise ShapeError(f"{r} is {text(r.shape)}: {distances}, a number each in one row")
        return cast("Offsets", Basic.__new__(cls, r, rows, columns))

    shape = property(lambda self: (self.args[1], self.args[2]))

    def entry(self) -> Entry:
        """Return r_{j − i + keys} for key i and query j."""
        r, (_, keys, queries) = base("r"), self.args
        return Entry(
            operands=((r, (keys + queries - 1,)),),
            sizes=self.shape,
            parts=(((ROW, COLUMN), r[COLUMN - ROW + keys]),),
            ranges={ROW: keys, COLUMN: queries},
        )


class OffsetSums(_Moves):
    """The sum over each distance: keys × queries gives 1 × keys + queries − 1. Args: B, keys, queries."""

    label: ClassVar[str] = "offsetsums"
    about = "the sum over all pairs of one distance"

    def __new__(cls, b: MatrixExpr, keys: Expr | int, queries: Expr | int) -> OffsetSums:
        return cast("OffsetSums", Basic.__new__(cls, b, sympify(keys), sympify(queries)))

    shape = property(lambda self: (Integer(1), self.args[1] + self.args[2] - 1))

    def entry(self) -> Entry:
        """Return Σ_i b_{i, i + k − keys}."""
        b, (_, keys, queries) = base("b"), self.args
        return Entry(
            operands=((b, (keys, queries)),),
            sizes=(keys + queries - 1,),
            parts=(((OTHER,), Total(b[ROW, ROW + OTHER - keys], ROW)),),
            ranges={ROW: keys, OTHER: keys + queries - 1},
            says="outside",
        )


class Sinusoids(Op):
    """Sinusoidal positions (Vaswani et al. 2017, §3.5): rows 2i and 2i + 1 are sin and cos of t·10000^(−2i/d).

    Args: d and t, rows and tokens counted from 0. It depends on nothing.

    Raises:
        ShapeError: an odd number of rows, which go in pairs.
    """

    flat: ClassVar[bool] = True
    factor_role = FactorRole.CONSTANT
    label: ClassVar[str] = "waves"

    def __new__(cls, rows: Expr | int, tokens: Expr | int) -> Sinusoids:
        if sympify(rows).is_odd:
            raise ShapeError(f"sinusoidal positions of {rows} rows: they go in pairs, so their number is even")
        return cast("Sinusoids", Basic.__new__(cls, sympify(rows), sympify(tokens)))

    shape = property(lambda self: self.args)
    size = property(lambda self: tuple(int(each) for each in self.args if each.is_Integer))

    def entry(self) -> Entry:
        """Return the sine and the cosine of every pair of rows; rows and tokens count from 0."""
        angle, token, (rows, tokens) = Symbol("omega"), Symbol("t", integer=True), self.args
        return Entry(
            sizes=(rows, tokens),
            parts=(((2 * ROW, token), sin(angle)), ((2 * ROW + 1, token), cos(angle))),
            ranges={ROW: rows / 2, token: tokens},
            where=((angle, token * Integer(BASE) ** (-2 * ROW / rows)),),
            says="pairs",
            first=0,
        )


class Rotate(_Moves):
    """Rotary positions (Su et al. 2021): rows i and i + d/2 of token t turned by the angle t·10000^(−2i/d).

    Args: X (d × t·m, d even), the tokens t of an example, and ``back`` (1: turned the other way).

    Raises:
        ShapeError: an odd number of rows, which are turned in pairs.
    """

    label: ClassVar[str] = "rot"
    about = "each token turned by the angles of its position"

    def __new__(cls, x: MatrixExpr, tokens: Expr | int, back: int | Integer = 0) -> Rotate:
        if x.shape[0].is_odd:
            raise ShapeError(f"{x} is {text(x.shape)}: rotary positions turn pairs of rows, so their number is even")
        return cast("Rotate", Basic.__new__(cls, x, sympify(tokens), Integer(back)))

    shape = property(lambda self: self.args[0].shape)
    mark = property(lambda self: "back" if self.args[2] == 1 else "")

    def entry(self) -> Entry:
        """Return the two coordinates of every pair of rows, turned by t·θ_i; rows and tokens count from 0."""
        x, angle, token = base("x"), Symbol("omega"), Symbol("t", integer=True)
        (rows, columns), tokens, back = self.shape, self.args[1], self.args[2]
        half, turn = rows / 2, 1 - 2 * back
        first, second = x[ROW, EXAMPLE, token], x[ROW + half, EXAMPLE, token]
        return Entry(
            operands=((x, (rows, columns / tokens, tokens)),),
            sizes=(rows, columns / tokens, tokens),
            parts=(
                ((ROW, EXAMPLE, token), first * cos(angle) - turn * second * sin(angle)),
                ((ROW + half, EXAMPLE, token), second * cos(angle) + turn * first * sin(angle)),
            ),
            ranges={ROW: half, EXAMPLE: columns / tokens, token: tokens},
            where=((angle, token * Integer(BASE) ** (-2 * ROW / rows)),),
            each=(EXAMPLE,),
            applies="sequence",
            says="pairs",
            first=0,
        )


@meaning(Tile)
def tile(xp: Any, a: Any, examples: int) -> Any:
    """A beside itself, once for every example."""
    return xp.concatenate([a] * examples, axis=-1)


@meaning(SumExamples)
def sum_examples(xp: Any, a: Any, tokens: int) -> Any:
    """The blocks of ``tokens`` columns added up."""
    return xp.sum(a.reshape(*a.shape[:-1], a.shape[-1] // tokens, tokens), axis=-2)


def by_distance(xp: Any, keys: int, queries: int) -> Any:
    """1 where a pair of key and query (a row of keys·queries) has a distance (a column), else 0."""
    distance = xp.arange(queries) - xp.arange(keys).reshape(keys, 1) + (keys - 1)
    return xp.where(distance.reshape(keys * queries, 1) == xp.arange(keys + queries - 1), 1.0, 0.0)


@meaning(Offsets)
def offsets(xp: Any, r: Any, keys: int, queries: int) -> Any:
    """The number of its distance at every pair of key and query."""
    return (r @ by_distance(xp, keys, queries).T).reshape(*r.shape[:-2], keys, queries)


@meaning(OffsetSums)
def offset_sums(xp: Any, b: Any, keys: int, queries: int) -> Any:
    """The pairs of each distance added up."""
    return b.reshape(*b.shape[:-2], 1, keys * queries) @ by_distance(xp, keys, queries)


@meaning(Rotate)
def rotate(xp: Any, x: Any, tokens: int, back: int) -> Any:
    """Rows i and i + d/2 as the two coordinates of points that are turned."""
    half = x.shape[-2] // 2
    speed = xp.exp(-xp.log(10000.0) * xp.arange(half).reshape(half, 1) / half)
    angle = (1 - 2 * back) * speed * (xp.arange(x.shape[-1]) % tokens)
    c, s, a, b = xp.cos(angle), xp.sin(angle), x[..., :half, :], x[..., half:, :]
    return xp.concatenate((a * c - b * s, b * c + a * s), axis=-2)


@meaning(Sinusoids)
def sinusoids(xp: Any, rows: int, tokens: int) -> Any:
    """Sines in the rows 0, 2, …, cosines in the rows 1, 3, …, slower from pair to pair."""
    half = rows // 2
    speed = xp.exp(-xp.log(10000.0) * xp.arange(half).reshape(half, 1) / half)
    angle = (speed * xp.arange(tokens)).reshape(half, 1, tokens)
    return xp.concatenate((xp.sin(angle), xp.cos(angle)), axis=1).reshape(rows, tokens)


@rule(Sinusoids, "Sinusoidal positions depend on nothing that is trained.", short="nothing trained in it")
def sinusoids_vjp(node: Sinusoids, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """There is no operand."""
    return ()


@rule(
    Tile,
    "The same matrix serves every example, so its errors add up over the examples.",
    short="added up over the examples",
)
def tile_vjp(node: Tile, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """Ā = Σₑ C̄ₑ."""
    return (SumExamples(adjoint, node.args[0].shape[1]),)


@rule(SumExamples, "A sum hands its error to every example alike.", short="every example gets the error")
def sum_examples_vjp(
    node: SumExamples, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """Āₑ = C̄."""
    return (Tile(adjoint, node.args[0].shape[1] / node.args[1]),)


@rule(
    Offsets,
    "All pairs of one distance share a number, so its gradient is the sum of their errors.",
    short="added up over pairs of one distance",
)
def offsets_vjp(node: Offsets, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """r̄_k = the sum of B̄ over the pairs of distance k."""
    return (OffsetSums(adjoint, *node.args[1:]),)


@rule(
    OffsetSums,
    "A sum over the pairs of one distance hands its error to each of them.",
    short="a pair gets the error of its distance",
)
def offset_sums_vjp(
    node: OffsetSums, output: MatrixSymbol | None, adjoint: MatrixExpr
) -> tuple[MatrixExpr | None, ...]:
    """B̄ = the number of its distance at every pair."""
    return (Offsets(adjoint, *node.args[1:]),)


@rule(
    Rotate,
    "A rotation keeps lengths and angles: its transpose turns the error back by the same angles.",
    short="turned back by the same angles",
)
def rotate_vjp(node: Rotate, output: MatrixSymbol | None, adjoint: MatrixExpr) -> tuple[MatrixExpr | None, ...]:
    """X̄ = C̄ turned back."""
    return (Rotate(adjoint, node.args[1], 1 - node.args[2]),)
