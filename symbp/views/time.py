"""One step of a recurrent layer back in time, as matrices: what the error of its state is multiplied by.

The errors of a step are read as a page shows them. Let e be the error that the parts of the state receive from later
steps. Inside the step one part may hand its error on to another (the output of an LSTM to its cell), which makes
``within`` times e of it; every other error of the step is a diagonal matrix times that of one part; and what these send
to the step before is ``back``. So the transposed Jacobian of the step is the product of two small matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import (
    BlockMatrix,
    DiagMatrix,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixExpr,
    MatrixSymbol,
)

from symbp.equations import Equation, symbols_in
from symbp.nodes import hadamard, matadd, matmul, ones, zeros
from symbp.symbols import Adjoint

Found = dict[MatrixSymbol, list["Way"]]
"""The ways on which errors reach another one, by the error they come from."""


@dataclass(frozen=True)
class Way:
    """A matrix that an error is multiplied by: ``weights`` times a diagonal matrix with ``slopes``; None is ones."""

    weights: tuple[MatrixExpr, ...] = ()
    slopes: MatrixExpr | None = None

    def matrix(self, size: object) -> MatrixExpr:
        """Return the matrix; ``size`` is how many rows the error has."""
        diagonal = [] if self.slopes is None else [DiagMatrix(self.slopes)]
        factors = [*self.weights, *diagonal]
        return matmul(*factors) if len(factors) > 1 else factors[0] if factors else Identity(size)


class NoMatrixError(Exception):
    """An error is no matrix times another one."""


@dataclass(frozen=True)
class Inner:
    """An error inside a step: a diagonal matrix, with ``slopes``, times the error of a part of the state."""

    of: MatrixSymbol
    part: int
    slopes: MatrixExpr


@dataclass(frozen=True)
class Term:
    """What the error of the step before receives: ``weights`` times an error inside the step, or the part's own way."""

    inner: Inner | None
    way: Way


Entries = tuple[tuple[tuple[Term, ...], ...], ...]
"""A matrix whose entries are sums: a row for every part that receives, a column for every part that sends."""


@dataclass(frozen=True)
class StepBack:
    """One step back: ``now`` and ``before`` are the parts of the state at both steps, ``inner`` the other errors."""

    now: tuple[MatrixSymbol, ...]
    before: tuple[MatrixSymbol, ...]
    inner: Mapping[MatrixSymbol, Inner]
    back: Entries
    within: Entries

    @cached_property
    def matrix(self) -> MatrixExpr:
        """The transposed Jacobian of the step."""
        back, within = self._blocks(self.back, self.before), self._blocks(self.within, self.now)
        return back if self.is_cut is False else matmul(back, within)

    @property
    def is_cut(self) -> bool:
        """Whether a part hands its error on to another inside the step."""
        return any(term for at, line in enumerate(self.within) for n, term in enumerate(line) if n != at)

    def way_to(self, inner: Inner) -> MatrixExpr:
        """Return the matrix that takes the error of the state to one inside the step."""
        within = self._blocks((self.within[inner.part],), (self.now[inner.part],))
        return matmul(DiagMatrix(inner.slopes), within) if self.is_cut else DiagMatrix(inner.slopes)

    def _blocks(self, entries: Entries, to: Sequence[MatrixSymbol]) -> MatrixExpr:
        rows = [
            [_sum([self._term(term, of) for term in terms], part.shape[0], of.shape[0])
             for terms, of in zip(line, self.now, strict=True)]
            for line, part in zip(entries, to, strict=True)
        ]  # fmt: skip
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else BlockMatrix(rows)

    def _term(self, term: Term, of: MatrixSymbol) -> MatrixExpr:
        own = term.way.matrix(of.shape[0])
        return own if term.inner is None else matmul(own, DiagMatrix(term.inner.slopes))


def _sum(terms: Sequence[MatrixExpr], rows: object, columns: object) -> MatrixExpr:
    return matadd(*terms) if len(terms) > 1 else terms[0] if terms else zeros(rows, columns)


def step_back(
    errors: Iterable[Equation], now: tuple[MatrixSymbol, ...], before: tuple[MatrixSymbol, ...]
) -> StepBack | None:
    """Return a step back, read from a list of errors; None where an error is no matrix times one of the state.

    The first step has nothing ``before`` it.
    """
    path, step = now[0].path, now[0].step
    found = {each.lhs.of: each for each in errors}
    own = [of for of in found if getattr(of, "path", None) == path and getattr(of, "step", None) == step]
    if not all(each in found for each in (*now, *before)):
        return None
    try:
        inner: dict[MatrixSymbol, Inner] = {}
        for of in own:
            if of not in now:
                inner[of] = _inner(of, ways(found[of].rhs), now, inner)
        back = tuple(_line(ways(found[each].rhs), now, inner) for each in before)
        within = tuple(_within(at, ways(found[each].rhs), now, inner) for at, each in enumerate(now))
    except NoMatrixError:
        return None
    return StepBack(now, before, inner, back, within)


def ways(expr: MatrixExpr) -> Found:
    """Return the ways on which errors reach this one; what no error stands in starts here.

    Raises:
        NoMatrixError: an error is multiplied from the right, or an operation stands on it.
    """
    if isinstance(expr, Adjoint):
        return {expr.of: [Way()]}
    if not any(isinstance(each, Adjoint) for each in symbols_in(expr)):
        return {}
    if isinstance(expr, MatAdd):
        return _joined(ways(each) for each in expr.args)
    if isinstance(expr, HadamardProduct):
        inside, others = _holder(expr)
        return {of: [_times(found, others)] for of, found in ways(inside).items()}
    if isinstance(expr, MatMul) and any(isinstance(each, Adjoint) for each in symbols_in(expr.args[-1])):
        return {of: [_after(way, expr) for way in found] for of, found in ways(expr.args[-1]).items()}
    raise NoMatrixError


def _joined(parts: Iterable[Found]) -> Found:
    found: Found = {}
    for part in parts:
        for of, more in part.items():
            found.setdefault(of, []).extend(more)
    return found


def _holder(expr: HadamardProduct) -> tuple[MatrixExpr, list[MatrixExpr]]:
    """Return the factor that holds an error, and the others."""
    (inside,) = [each for each in expr.args if any(isinstance(symbol, Adjoint) for symbol in symbols_in(each))]
    return inside, [each for each in expr.args if each is not inside]


def _times(found: Sequence[Way], others: Sequence[MatrixExpr]) -> Way:
    """Return ways, added up and then multiplied entry by entry."""
    if any(way.weights for way in found):
        raise NoMatrixError
    return Way((), product((added(found), *others)))


def added(found: Sequence[Way]) -> MatrixExpr | None:
    """Return the diagonal of several ways together, what is subtracted last; None for ones."""
    if len(found) == 1:
        return found[0].slopes
    shape = next((way.slopes.shape for way in found if way.slopes is not None), None)
    if shape is None:
        raise NoMatrixError
    terms = [ones(*shape) if way.slopes is None else way.slopes for way in found]
    return matadd(*sorted(terms, key=_is_negative))


def _is_negative(expr: MatrixExpr) -> bool:
    return isinstance(expr, MatMul) and bool(expr.args[0].could_extract_minus_sign())


def product(factors: Iterable[MatrixExpr | None]) -> MatrixExpr | None:
    """Return a product entry by entry without its ones."""
    kept = [inner for each in factors if each is not None for inner in _factors(each)]
    return hadamard(*kept) if len(kept) > 1 else kept[0] if kept else None


def _factors(expr: MatrixExpr) -> Sequence[MatrixExpr]:
    return expr.args if isinstance(expr, HadamardProduct) else (expr,)


def _after(way: Way, expr: MatMul) -> Way:
    """Return a way behind which matrices, or a number, stand."""
    front = expr.args[:-1]
    numbers = [each for each in front if not isinstance(each, MatrixExpr)]
    matrices = tuple(each for each in front if isinstance(each, MatrixExpr))
    if not numbers:
        return Way((*matrices, *way.weights), way.slopes)
    if matrices or way.weights:
        raise NoMatrixError
    slopes = ones(*expr.shape) if way.slopes is None else way.slopes
    return Way((), matmul(*numbers, slopes))


def _inner(of: MatrixSymbol, found: Found, now: tuple[MatrixSymbol, ...], known: Mapping[MatrixSymbol, Inner]) -> Inner:
    """Return an error as a diagonal matrix times that of one part of the state."""
    if len(found) != 1:
        raise NoMatrixError
    ((source, own),) = found.items()
    if any(way.weights for way in own):
        raise NoMatrixError
    before = known.get(source)
    if before is None and source not in now:
        raise NoMatrixError
    slopes = product((None if before is None else before.slopes, added(own)))
    part = now.index(source) if before is None else before.part
    return Inner(of, part, ones(*of.shape) if slopes is None else slopes)


def _line(
    found: Found, now: tuple[MatrixSymbol, ...], inner: Mapping[MatrixSymbol, Inner]
) -> tuple[tuple[Term, ...], ...]:
    """Return what a part of the step before receives from every part of this step."""
    entries: list[list[Term]] = [[] for _ in now]
    for source, own in found.items():
        if source in inner:
            entries[inner[source].part] += [Term(inner[source], way) for way in own]
        elif source in now:
            entries[now.index(source)] += [Term(None, way) for way in own]
    return tuple(map(tuple, entries))


def _within(
    at: int, found: Found, now: tuple[MatrixSymbol, ...], inner: Mapping[MatrixSymbol, Inner]
) -> tuple[tuple[Term, ...], ...]:
    """Return what a part receives inside its step: its own error, and what others hand on, also by errors inside."""
    handed: list[list[Way]] = [list(found.get(each, ())) for each in now]
    for source, own in found.items():
        if source in inner:  # A gate that sees this part, as through a peephole.
            handed[inner[source].part].append(_times(own, [inner[source].slopes]))
    later = any(handed[at:]) if at else any(source in inner for source in found)
    if later or any(way.weights for found_ in handed for way in found_):
        raise NoMatrixError
    others = [(Term(None, Way((), added(found_))),) if found_ else () for found_ in handed]
    return tuple((Term(None, Way()),) if place == at else terms for place, terms in enumerate(others))
