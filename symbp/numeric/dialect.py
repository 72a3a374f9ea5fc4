"""A NumPy program in the words of another library: a table of calls, and how that library spells each.

What no row names keeps its name: ``np.exp(x)`` is ``torch.exp(x)``. The text around a call stays as it was written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

Row = tuple[str, str]
"""A call of NumPy and what stands for it: a small letter is any expression, N a number."""

_HOLE = re.compile(r"\b[a-zN]\b")


@dataclass(frozen=True)
class Dialect:
    """A library's own words: its namespace, its error function, the rows of calls that it spells otherwise."""

    namespace: str
    erf: str
    rows: tuple[Row, ...] = ()

    def translated(self, text: str, numbers: Collection[str] = ()) -> str:
        """Return a program, or lines of one, in these words; ``numbers`` are the names in it that are no arrays."""
        return _Translation(self, text, frozenset(numbers)).text()


class _Translation:
    def __init__(self, dialect: Dialect, text: str, numbers: frozenset[str]) -> None:
        self.dialect, self.numbers = dialect, numbers
        self.source = text.encode()
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def text(self) -> str:
        """Return the whole text, translated."""
        return self._between(ast.parse(self.source), 0, len(self.source))

    def _between(self, node: ast.AST, start: int, end: int) -> str:
        """Return a part of the text with every call in a node as the dialect spells it."""
        pieces, at = [], start
        for first, last, spelled in sorted(self._spelled(node)):
            pieces += [self.source[at:first].decode(), spelled]
            at = last
        return "".join([*pieces, self.source[at:end].decode()])

    def _spelled(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        """Yield the outermost calls in a node: from where to where they stand, and what stands for them."""
        if isinstance(node, ast.expr):
            own = self._own(node)
            if own is not None:
                yield (*self._place(node), own)
                return
        for each in ast.iter_child_nodes(node):
            yield from self._spelled(each)

    def _own(self, node: ast.expr) -> str | None:
        for pattern, spelling in self.dialect.rows:
            found: dict[str, ast.expr] = {}
            if self._matches(_parsed(pattern), node, found):
                said = {name: self._between(each, *self._place(each)) for name, each in found.items()}
                return _HOLE.sub(partial(_standing, said), spelling)
        return self.dialect.namespace if isinstance(node, ast.Name) and node.id == "np" else None

    def _place(self, node: ast.expr) -> tuple[int, int]:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[last - 1] + column

    def _matches(self, pattern: Any, node: Any, found: dict[str, ast.expr]) -> bool:
        """Whether code is of a pattern; what its letters stand for comes into ``found``."""
        if isinstance(pattern, ast.Name) and len(pattern.id) == 1:
            found[pattern.id] = node
            return isinstance(node, ast.expr) and (pattern.id != "N" or self._is_number(node))
        if isinstance(pattern, list):
            return len(pattern) == len(node) and all(map(self._matches, pattern, node, [found] * len(node)))
        if not isinstance(pattern, ast.AST):
            return bool(pattern == node)
        fields = (name for name in pattern._fields if name != "ctx")
        return type(pattern) is type(node) and all(
            self._matches(getattr(pattern, each), getattr(node, each), found) for each in fields
        )

    def _is_number(self, node: ast.expr) -> bool:
        """Whether code is a number whatever the arrays hold: literals, lengths of axes, and what is made of them."""
        match node:
            case ast.Constant():
                return True
            case ast.Name():
                return node.id in self.numbers
            case ast.Attribute():
                return ast.unparse(node) == "np.pi"
            case ast.Subscript():
                return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
            case ast.UnaryOp():
                return self._is_number(node.operand)
            case ast.BinOp():
                return self._is_number(node.left) and self._is_number(node.right)
            case ast.Call():
                named = isinstance(node.func, ast.Attribute) and node.func.attr in _OF_NUMBERS
                return named and all(map(self._is_number, node.args))
        return False


def _standing(said: Mapping[str, str], hole: re.Match[str]) -> str:
    return said.get(hole[0], hole[0])


@cache
def _parsed(pattern: str) -> ast.expr:
    return ast.parse(pattern, mode="eval").body


_OF_NUMBERS: Mapping[str, str] = {
    "sqrt": "sqrt", "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "arctan": "atan", "abs": "fabs", "expm1": "expm1", "log1p": "log1p",
}  # fmt: skip
"""What Python itself has for a number that is no array, by NumPy's name."""

TORCH = Dialect(
    "torch",
    "torch.erf",
    (
        ("np.sum(a, axis=k, keepdims=True)", "torch.sum(a, dim=k, keepdim=True)"),
        ("np.sum(a, axis=k)", "torch.sum(a, dim=k)"),
        ("np.max(a, axis=k, keepdims=True)", "torch.amax(a, dim=k, keepdim=True)"),
        ("np.max(a, axis=k)", "torch.amax(a, dim=k)"),
        ("np.concatenate(p, axis=k)", "torch.cat(p, dim=k)"),
        ("np.concatenate(p)", "torch.cat(p)"),
        ("np.maximum(a, 0)", "torch.relu(a)"),
        ("np.maximum(N, a)", "torch.clamp(a, min=N)"),
        ("np.maximum(a, N)", "torch.clamp(a, min=N)"),
        ("np.minimum(N, a)", "torch.clamp(a, max=N)"),
        ("np.minimum(a, N)", "torch.clamp(a, max=N)"),
        ("np.where(c, 1, 0)", "torch.where(c, 1.0, 0.0)"),
        ("np.full(a.shape, c)", "torch.full_like(a, c)"),
        ("np.full(s, c)", "torch.full(s, c, dtype=torch.get_default_dtype())"),
        *[(f"np.{name}(N)", f"math.{of}(N)") for name, of in _OF_NUMBERS.items()],
    ),
)
"""PyTorch: axes are dimensions, a bound is a clamp, and its functions take no plain numbers."""

NUMPY = Dialect("np", "")
"""NumPy itself."""

JAX = Dialect("jnp", "jax.scipy.special.erf")
"""JAX has NumPy's functions under their names."""
