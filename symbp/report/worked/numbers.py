"""Numbers and matrices of numbers as LaTeX and as text, and expressions with the numbers put in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sympy import DiagMatrix, HadamardProduct, Identity, MatAdd, MatMul, MatrixExpr, MatrixSymbol, OneMatrix, Transpose

from symbp.equations import operands
from symbp.ops.elementwise import Elementwise, Slope
from symbp.report.dialects import Dialect
from symbp.report.printer import Printer
from symbp.report.products import latex_width
from symbp.report.text import power_of_ten
from symbp.report.written import INSIDE, Level, Written
from symbp.worked.run import Numbers

MOST = 6
"""Rows or columns of a matrix that are all shown; of a larger or wider one the first few and the last."""

ROOM = 250.0
"""Widest matrix, in points: what is left of LaTeX's own page beside a left side."""

GRIDS = 0xE000
"""Code point of the first stand-in for a matrix in a line of text: private to us, no font has it."""


def number(value: float, digits: int, latex: bool) -> str:
    """Return a number with ``digits`` significant digits, trailing zeros left out: 0.35891648, 1.5 · 10⁻⁷."""
    if not math.isfinite(value):
        words = "NaN" if value != value else "∞" if value > 0 else "−∞"
        return {"NaN": r"\text{NaN}", "∞": r"\infty", "−∞": r"-\infty"}[words] if latex else words
    # A zero that rounding left its sign is a zero.
    text = f"{value + 0.0:.{digits}g}"
    if "e" not in text:
        return text if latex else text.replace("-", "−")
    if latex:
        return power_of_ten(text)
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def elided(length: int, most: int = MOST) -> list[int | None]:
    """Return the rows or columns shown, None for what is left out."""
    if length <= most:
        return list(range(length))
    return [*range(max(1, most // 2)), None, length - 1]


def cells(array: Any, digits: int, latex: bool) -> list[list[str]]:
    """Return a matrix as texts, of a large or wide one both ends with dots between them."""
    found: list[list[str]] = []
    for most in range(MOST, 1, -1):
        found = _cells(array, digits, latex, elided(array.shape[0]), elided(array.shape[1], most))
        if matrix_width(found) <= ROOM:
            break
    return found


def _cells(
    array: Any, digits: int, latex: bool, rows: Sequence[int | None], columns: Sequence[int | None]
) -> list[list[str]]:
    across, along, corner = (r"\cdots", r"\vdots", r"\ddots") if latex else ("⋯", "⋮", "⋱")
    return [
        [
            number(float(array[i, j]), digits, latex) if i is not None and j is not None
            else corner if i is None and j is None
            else along if i is None
            else across
            for j in columns
        ]
        for i in rows
    ]  # fmt: skip


def matrix_width(texts: Sequence[Sequence[str]]) -> float:
    """Estimate the width of a matrix in points: brackets, and every column's widest number with its gap."""
    return 12.0 + sum(10.0 + max(map(_width, column)) for column in zip(*texts, strict=True))


def _width(cell: str) -> float:
    """Return the width of a number: closer than the estimate for formulas, whose errors many digits add up."""
    if "\\" in cell:
        return latex_width(cell)
    return 5.1 * len(cell) - 2.2 * cell.count(".") + 2.8 * (cell.count("-") + cell.count("−"))


@dataclass
class Numeral:
    """Writes expressions with numbers put in, in one dialect.

    ``grids`` holds the matrices of text lines; ``shortened`` says whether any matrix was not shown whole.
    """

    numbers: Numbers
    printer: Printer
    digits: int
    grids: list[list[str]] = field(default_factory=list)
    shortened: bool = False

    @property
    def dialect(self) -> Dialect:
        """How mathematics is spelled."""
        return self.printer.dialect

    @property
    def latex(self) -> bool:
        """Whether LaTeX is written."""
        return self.dialect.column == 0

    def matrix(self, array: Any) -> str:
        """Return a matrix; one of a single number is the number."""
        texts = cells(array, self.digits, self.latex)
        self.shortened |= (len(texts), len(texts[0])) != array.shape
        if array.shape == (1, 1):
            return texts[0][0]
        if self.latex:
            body = r" \\ ".join(" & ".join(row) for row in texts)
            return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
        grid = boxed(texts, self.dialect.name == "ascii")
        if grid not in self.grids:  # equal texts stay equal
            self.grids.append(grid)
        return chr(GRIDS + self.grids.index(grid))

    def value(self, expr: MatrixExpr) -> str:
        """Return what an expression comes to."""
        return self.matrix(self.numbers[expr.name] if isinstance(expr, MatrixSymbol) else self.numbers.value(expr))

    def put_in(self, expr: MatrixExpr) -> str:
        """Return an expression with the numbers in the place of its symbols."""
        return self._signed(self._written(expr))

    def _written(self, node: MatrixExpr) -> Written:
        if isinstance(node, MatMul):
            return self._product(node)
        if isinstance(node, MatAdd):
            return self._sum(node)
        if isinstance(node, HadamardProduct):
            slopes_first = sorted(node.args, key=lambda arg: not isinstance(arg, Slope))  # as the formula is printed
            parts = [self._inside(self._written(arg), Level.HADAMARD) for arg in slopes_first]
            return Written(self.dialect.hadamard.join(parts), Level.HADAMARD)
        if isinstance(node, Transpose) and not isinstance(node.arg, MatrixSymbol):
            return Written(self.dialect.transposed(self._inside(self._written(node.arg), Level.ATOM)))
        if isinstance(node, Elementwise) and len(operands(node)) == 1:
            return Written(self.printer.function(node.function) + self._bracket(self.put_in(node.args[1])))
        return self._leaf(self._array(node))

    def _array(self, node: MatrixExpr) -> Any:
        import numpy as np

        if isinstance(node, Transpose):
            return self.numbers[node.arg.name].T
        if isinstance(node, MatrixSymbol):
            return self.numbers[node.name]
        if isinstance(node, DiagMatrix):
            return np.diagflat(self.numbers.value(node.args[0]))
        if isinstance(node, Identity):
            return np.eye(int(self.numbers.number(node.shape[0])))
        if isinstance(node, OneMatrix):
            return np.ones([int(self.numbers.number(size)) for size in node.shape])
        return self.numbers.value(node)

    def _leaf(self, array: Any) -> Written:
        text = self.matrix(array)
        single = array.shape == (1, 1)
        negative = single and text[:1] in "-−"
        return Written(text[1:] if negative else text, Level.ATOM, negative)

    def _product(self, node: MatMul) -> Written:
        coefficient, factors = node.as_coeff_matrices()
        front = coefficient.xreplace(self.numbers.sizes)
        parts = [self._written(each) for each in factors if not self._counts_one(each)]
        negative = bool(front < 0)
        if len(parts) == 1 and abs(front) == 1 and not (negative and parts[0].level is Level.SUM):
            return parts[0]._replace(negative=parts[0].negative != negative)
        texts = [str(self.dialect.scalar(abs(front), {}))] * (abs(front) != 1)
        texts += [self._inside(part, Level.PRODUCT) for part in parts]
        dot = r" \cdot " if self.latex else " * " if self.dialect.name == "ascii" else " · "
        found = texts[:1]
        for before, text in pairwise(texts):
            # Between two numbers a space would read as one number.
            found.append((dot if _ends_in_digit(before) and _begins_with_digit(text) else " ") + text)
        return Written("".join(found) or "1", Level.PRODUCT if len(texts) > 1 else Level.ATOM, negative)

    def _counts_one(self, node: MatrixExpr) -> bool:
        """Say whether a matrix of ones only counts one example."""
        return isinstance(node, OneMatrix) and all(self.numbers.number(size) == 1 for size in node.shape)

    def _sum(self, node: MatAdd) -> Written:
        first, *rest = [self._written(arg) for arg in node.args]
        text = self._signed(first)
        for part in rest:
            inner = self._bracket(part.text) if part.negative and part.level is Level.SUM else part.text
            text += f" {self.dialect.minus if part.negative else '+'} {inner}"
        return Written(text, Level.SUM)

    def _signed(self, part: Written) -> str:
        return self.dialect.minus + part.text if part.negative else part.text

    def _inside(self, part: Written, context: Level) -> str:
        if part.level in INSIDE[context] and not part.negative:
            return part.text
        return self._bracket(self._signed(part))

    def _bracket(self, text: str) -> str:
        return rf"\Bigl( {text} \Bigr)" if self.latex else f"({text})"


def _ends_in_digit(text: str) -> bool:
    return text[-1:].isdigit() or (text.endswith(("}", ")")) and not text.endswith(r"\end{bmatrix}"))


def _begins_with_digit(text: str) -> bool:
    return text[:1].isdigit() or text.startswith(("(", r"\Bigl("))


def boxed(texts: Sequence[Sequence[str]], ascii_only: bool = False) -> list[str]:
    """Return a matrix as lines with brackets drawn around them, its columns aligned right."""
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    rows = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in texts]
    if len(rows) == 1 or ascii_only:
        return [f"[{row}]" for row in rows]
    ends = [("⎡", "⎤"), *[("⎢", "⎥")] * (len(rows) - 2), ("⎣", "⎦")]
    return [f"{left}{row}{right}" for (left, right), row in zip(ends, rows, strict=True)]


def composed(line: str, grids: Sequence[Sequence[str]]) -> list[str]:
    """Return a line with stand-ins for matrices as lines of text: matrices side by side, words in the middle."""
    blocks = [grids[ord(letter) - GRIDS] if GRIDS <= ord(letter) < GRIDS + len(grids) else [letter] for letter in line]
    height = max(map(len, blocks), default=1)
    middle = (height - 1) // 2
    found = [""] * height
    for block in blocks:
        width = len(block[0])
        top = middle - (len(block) - 1) // 2
        for at in range(height):
            inside = 0 <= at - top < len(block)
            found[at] += block[at - top] if inside else " " * width
    return [each.rstrip() for each in found]


def width_of(line: str, grids: Sequence[Sequence[str]]) -> int:
    """Return how wide a composed line is."""
    return max(map(len, composed(line, grids)))
