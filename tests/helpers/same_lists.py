"""Whether two forward lists are the same, whatever their symbols are called."""

from __future__ import annotations

from sympy import MatrixExpr, MatrixSymbol

from symbp.equations import System


def unnamed(system: System) -> list[tuple[MatrixSymbol, MatrixExpr]]:
    """Return the equations over symbols that are numbered as they occur."""
    known: dict[str, MatrixSymbol] = {}

    def put(symbol: MatrixSymbol) -> MatrixSymbol:
        return known.setdefault(symbol.name, MatrixSymbol(f"s{len(known)}", *symbol.shape))

    found = []
    for equation in system:
        right = equation.rhs.xreplace({symbol: put(symbol) for symbol in equation.symbols})
        found.append((put(equation.lhs), right))
    return found
