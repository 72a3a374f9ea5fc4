"""Names that earlier pages gave to things, which a formula may still use: z_i_3, W[hidden], Π[norm2], D₂, g.

A name is the letter of a thing, what stands below it, its number, and in square brackets as much of its path as told
it apart: W of block1.hidden is W, W[hidden] and W[block1.hidden]. The thing whose path is left out least has the name;
where that is two things, neither has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from sympy import MatrixExpr, MatrixSymbol, S

from symbp.derivation import Derivation
from symbp.equations import nodes, operands
from symbp.judging.meanings import Diagonal, LinearMap, Meaning, Piece, Scalar, Symbol
from symbp.maths.names import PARAMETERS, read, small
from symbp.maths.notation import STANDARD
from symbp.maths.tree import Id
from symbp.op import Op
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.elementwise import Elementwise, GenericFunction, ScalarFunction, Slope
from symbp.ops.losses import Loss, LossGradient
from symbp.ops.penalty import Penalty
from symbp.symbols import BATCH, Adjoint, Role, Variable
from symbp.writing.formula import Speller
from symbp.writing.letters import ASCII, UNICODE

ALPHABETS = (Speller(UNICODE), Speller(ASCII))

ERRORS, DIAGONALS = ("δ", "delta"), ("D", "Λ", "Lambda")
"""The letters of ∂ℒ/∂z and of diag f′."""

LOSSES, LOSS_SLOPES = ("Σ ℓ", "sum l"), ("ℓ'", "l'")
"""A loss, summed over the entries, and its slope."""

LOSS_GRADIENTS = "gerq"
"""The letters of ∂ℒ/∂a of the last layer: the first that is no matrix of the network."""

REPEATED = {"RG": ("γ̄", "gamma_all"), "RB": ("β̄", "beta_all")}
"""One number a channel, at every place, by its stem."""

MASK = " + M"
"""What stands behind the scores of attention with a mask."""

NORMS = (("‖", "‖²"), ("|", "|^2"))
"""What stood around a matrix whose entries are squared and added up."""

WHOLE = slice(0, 0)
"""The part of a path that a name without brackets has."""


def aliases(derivation: Derivation, functions: Mapping[ScalarFunction, ScalarFunction]) -> dict[str, Meaning]:
    """Return what the names of earlier pages mean; ``functions`` stand for those that are left open."""
    names = _Names(derivation)
    found: dict[str, dict[Meaning, int]] = {}
    for text, meaning, omitted in (*names.of_operations(functions), *names.of_symbols()):
        known = found.setdefault(text, {})
        known[meaning] = min(omitted, known.get(meaning, omitted))
    chosen = {text: [each for each in known if known[each] == min(known.values())] for text, known in found.items()}
    return {text: meanings[0] for text, meanings in chosen.items() if len(meanings) == 1}


Named = Iterator[tuple[str, Meaning, int]]
"""A name, what it means, and how much of its path it leaves out."""


class _Names:
    """The names of one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.own, self.alone = derivation.network.named, not derivation.batch
        listed = (*derivation.forward.given, *(each.lhs for each in derivation.forward))
        symbols = [each for each in listed if isinstance(each, Variable) and each.role is not Role.LOSS]
        self.parts = {each: read(each, STANDARD, own_names=self.own) for each in symbols}
        self.maps: dict[tuple[object, ...], Op] = {}

    def of_symbols(self) -> Named:
        """Yield the names of matrices and of their gradients."""
        for symbol in self.parts:
            for cut in _cuts(self._path(symbol)):
                omitted = len(self._path(symbol)) - (cut.stop - cut.start)
                for name, column in self._spelled(symbol, cut):
                    yield name, Symbol(symbol, column), omitted
                    for gradient in (f"∂ℒ/∂{name}", f"dL/d{name}"):
                        yield gradient, Symbol(Adjoint(symbol), column), omitted
                if symbol.role is Role.PREACTIVATION and not self.own and symbol.stem.startswith("Z"):
                    for letter in ERRORS:
                        yield (
                            letter + self._index(symbol, cut),
                            Symbol(Adjoint(symbol), self._is_column(symbol)),
                            omitted,
                        )
        yield from self._loss_gradient()

    def _loss_gradient(self) -> Named:
        bases = {each.base.name.lower() for each in self.parts.values() if isinstance(each.base, Id)}
        letter = next((each for each in LOSS_GRADIENTS if each not in bases), "")
        gradient = Adjoint(self.derivation.network.output)
        if letter and gradient.name in self.derivation.backward:
            yield letter, Symbol(gradient, column=True), 0
            yield letter.upper(), Symbol(gradient), 0

    def of_operations(self, functions: Mapping[ScalarFunction, ScalarFunction]) -> Named:
        """Yield the names of functions, of operators, of operations with their operands."""
        for equation in (*self.derivation.forward, *self.derivation.backward):
            for node in nodes(equation.rhs):
                if isinstance(node, Op) and node.sign is None and not isinstance(node, LossGradient):
                    concrete = node.xreplace(dict(functions)) if functions else node
                    yield from self._operation(node, concrete, equation.lhs)

    def _operation(self, node: Op, concrete: Op, lhs: MatrixSymbol) -> Named:
        if isinstance(node, Elementwise):
            function = node.function
            for name in (function.text, function.name) if not isinstance(function, GenericFunction) else ():
                yield name, Scalar(function), 0
                yield f"{name}'", Scalar(function, slope=True), 0
        elif isinstance(node, Slope) and len(node.inputs) == 1:
            if isinstance(node.output, Variable):
                names = self._belonging(DIAGONALS, node.output)
                yield from ((name, Diagonal(concrete), omitted) for name, omitted in names)
        elif node.acts_on is not None:
            rest = tuple(each for at, each in enumerate(node.args) if at != node.acts_on)
            concrete = self.maps.setdefault((type(node), *rest), concrete)
            of = [each for each in rest if isinstance(each, Variable)]
            names = self._belonging(_labels(node), of[-1]) if of else ((each, 0) for each in _labels(node))
            yield from ((name, LinearMap(concrete), omitted) for name, omitted in names)
        else:
            meaning = Symbol(lhs) if isinstance(node, Loss) else Piece(concrete)
            yield from ((name, meaning, omitted) for name, omitted in self._calls(node))

    def _belonging(self, labels: tuple[str, ...], symbol: Variable) -> Iterator[tuple[str, int]]:
        """Yield labels with the index of what they belong to; where others have that index, its letter is below."""
        for cut in _cuts(self._path(symbol)):
            omitted = len(self._path(symbol)) - (cut.stop - cut.start)
            for label in labels:
                for below in ("", *(f"_{letter}" for letter, _ in self._letters(symbol))):
                    yield f"{label}{below}{self._index(symbol, cut)}", omitted

    def _calls(self, node: Op) -> Iterator[tuple[str, int]]:
        """Yield an operation applied to its operands, each with the same part of its path."""
        inside = [each for each in _arguments(node) if isinstance(each, Variable)]
        longest = max(map(self._path, inside), key=len, default=())
        for cut in _cuts(longest):
            spelled = [self._spelled(each, cut) for each in inside]
            for way in range(max(map(len, spelled), default=0)):
                names = [some[min(way, len(some) - 1)][0] for some in spelled]
                for text in _applied(node, names):
                    yield text, len(longest) - (cut.stop - cut.start)

    def _spelled(self, symbol: Variable, cut: slice) -> list[tuple[str, bool]]:
        """Return the names of a matrix with a part of its path, and whether each is of one example."""
        found = [(letter + self._index(symbol, cut), column) for letter, column in self._letters(symbol)]
        return [*found, (symbol.name, self._is_column(symbol))] if self.own else found

    def _path(self, symbol: Variable) -> tuple[str, ...]:
        return self.parts[symbol].path if symbol in self.parts else ()

    def _is_column(self, symbol: Variable) -> bool:
        return self.alone and bool(symbol.shape[1].has(BATCH))

    def _letters(self, symbol: Variable) -> list[tuple[str, bool]]:
        """Return the letters of a matrix: a capital for a batch, a small one for one example (true)."""
        if symbol.stem in REPEATED:
            return [(letter, False) for letter in REPEATED[symbol.stem]]
        base = self.parts[symbol].base
        forms = {base: self._is_column(symbol)}
        if not self.own and symbol.role not in PARAMETERS and small(base) != base:
            forms = {base: False, small(base): bool(symbol.shape[1].has(BATCH))}
        return [(alphabet.line(form), column) for form, column in forms.items() for alphabet in ALPHABETS]

    def _index(self, symbol: Variable, cut: slice) -> str:
        """Return what stands behind the letter of a matrix: words below, a number, a part of its path."""
        parts = self.parts[symbol]
        below = "".join(f"_{ALPHABETS[1].line(each)}" for each in parts.below) * (symbol.stem not in REPEATED)
        number = parts.number.replace(",", "_")
        apart = symbol.step is not None or self.own or symbol.name.endswith(f"_{number}")
        path = ".".join(parts.path[cut])
        return below + "_" * (bool(number) and apart) + number + f"[{path}]" * bool(path)


def _cuts(path: tuple[str, ...]) -> Iterator[slice]:
    """Yield the parts of a path."""
    yield WHOLE
    yield from (slice(start, stop) for start, stop in combinations(range(len(path) + 1), 2))


def _arguments(node: Op) -> tuple[MatrixExpr, ...]:
    """Return what an operation was written with: a loss stood with the output and the target."""
    return node.inputs if isinstance(node, Slope) else operands(node)[-2 if isinstance(node, Loss) else 0 :]


def _applied(node: Op, names: list[str]) -> Iterator[str]:
    """Yield an operation with the names of its operands in its brackets."""
    if isinstance(node, Penalty):
        for opening, closing in NORMS:
            squares = " + ".join(f"{opening}{name}{closing}" for name in names)
            yield f"{node.args[0]}/2 {f'({squares})' if len(names) > 1 else squares}"
    mask = MASK if isinstance(node, MaskedSoftmax) and node.is_masked else ""
    yield from (f"{label}({', '.join(names)}{mask})" for label in _labels(node))


def _labels(node: Op) -> tuple[str, ...]:
    """Return the names of an operation, with the sides of its window or its rows in square brackets."""
    if isinstance(node, Slope):
        return LOSS_SLOPES
    if isinstance(node, Loss):
        return tuple(f"{share}{total}" for total in LOSSES for share in _shares(node))
    inside = {"x".join(map(str, node.size)), "×".join(map(str, node.size))} if node.size else {""}
    if node.extent is not None:
        inside = {":".join(map(str, node.extent))}
    labels = dict.fromkeys(alphabet.alphabet.spell(node.label) for alphabet in ALPHABETS)
    return tuple(f"{label}[{each}]" if each else label for label in labels for each in inside)


def _shares(node: Loss) -> tuple[str, ...]:
    """Return what may stand before the sum of a loss: nothing for one example, else its share of the columns."""
    columns = node.args[-1].shape[1].xreplace({BATCH: S.One})
    many = ("m",) if columns == 1 else (f"({columns}m)", f"({columns}*m)", f"{columns}")
    return ("", *(f"1/{each} " for each in many))
