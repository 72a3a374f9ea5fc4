"""From the two lists to one readable NumPy program that depends on NumPy alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from types import MappingProxyType

from sympy import Expr, MatrixSymbol, Symbol, ZeroMatrix

from symbp.equations import Equation, symbols_in, text
from symbp.numeric.definitions import RESERVED, Definitions, Standins
from symbp.numeric.forms import ZEROS_LIKE, Form, Forms, Line
from symbp.numeric.fusion import Beside
from symbp.numeric.heads import Split
from symbp.numeric.matrices import Writer
from symbp.numeric.schedule import Lists
from symbp.ops.losses import Loss
from symbp.ops.structure import Stack
from symbp.roles import DATA
from symbp.symbols import BATCH, Adjoint, Role, Variable

LINE = 100
"""Longest line of a dictionary or a docstring, in characters."""

MOST_FREED = 6
"""More names than these that are freed together stand on lines of their own."""

FUNCTION = "loss_and_gradients"
"""The name of the function every program defines."""


@dataclass(frozen=True, eq=False)
class Program:
    """A NumPy program that defines ``loss_and_gradients(parameters, X, Y)``.

    ``lines`` are its assignments, one an equation of both lists and in their order; ``loss`` is what it returns beside
    the gradients, ``columns`` how it counts the examples where it needs their number. The text is written when asked
    for: ``header`` (docstring, imports), ``definitions`` (constants, helper functions) and ``function`` are its parts.
    """

    forward: Lists
    backward: Lists
    wrt: tuple[Variable, ...]
    writer: Writer
    lines: tuple[Line, ...]
    loss: Line
    columns: Line | None

    @property
    def names(self) -> Mapping[MatrixSymbol, str]:
        """The name of every symbol of both lists in the function."""
        return self.writer.names

    @property
    def constants(self) -> Mapping[str, Expr]:
        """The exact values of the constants it spells as floats."""
        return self.writer.definitions.constants

    @property
    def erf(self) -> str | None:
        """The name of its error function, which other engines than NumPy replace."""
        return self.writer.definitions.erf

    @cached_property
    def _groups(self) -> tuple[tuple[Variable, ...], ...]:
        return given_groups(self.forward)

    inputs = property(lambda self: self._groups[0])
    targets = property(lambda self: self._groups[1])
    parameters = property(lambda self: self._groups[2])

    @property
    def title(self) -> str:
        """What it computes, in a few words."""
        layers = max((equation.lhs.layer for equation in self.forward), default=0)
        return f"Backpropagation{f' through {layers} layer' + 's' * (layers != 1) if layers else ''}, derived by symbp"

    @cached_property
    def header(self) -> str:
        """Its docstring and imports."""
        imports = "import math\n\n" * bool(self.erf) + "import numpy as np"
        return f'"""{self.title}; needs NumPy alone."""\n\n{imports}'

    @cached_property
    def definitions(self) -> str:
        """Its constants and helper functions."""
        return definitions_of(self.writer.definitions)

    @cached_property
    def dying(self) -> Mapping[MatrixSymbol, MatrixSymbol]:
        """What may be freed, and the equation that is the last to use it."""
        forward, backward = self.forward, self.backward
        last_use = {symbol: equation.lhs for equation in (*forward, *backward) for symbol in symbols_in(equation.rhs)}
        kept = {*forward.given, forward[-1].lhs, *map(Adjoint, self.wrt)}
        return {symbol: last for symbol, last in last_use.items() if symbol not in kept}

    def passes(self) -> tuple[tuple[Lists, tuple[Line, ...], str], tuple[Lists, tuple[Line, ...], str]]:
        """Return the equations of each pass, their lines, and what it is called."""
        count = len(self.forward)
        return (self.forward, self.lines[:count], "forward"), (self.backward, self.lines[count:], "backward")

    @property
    def signature(self) -> str:
        """What its function takes."""
        inputs, targets = _argument(self.inputs, self.names, "inputs"), _target_argument(self.targets, self.names)
        return f"parameters, {inputs}, {targets}"

    @cached_property
    def function(self) -> str:
        """The function itself."""
        names = self.names
        return "\n".join(
            [
                f"def {FUNCTION}({self.signature}):",
                *_indented(docstring(self.inputs, self.targets, self.parameters, names)),
                *_indented(_unpacked(self)),
                *_indented(_body(self)),
                *_indented(_result(self)),
            ]
        )

    @property
    def text(self) -> str:
        """The whole program."""
        between = "\n\n\n" if self.definitions.startswith("def ") or not self.definitions else "\n\n"
        definitions = f"{between}{self.definitions}" if self.definitions else ""
        return f"{self.header}{definitions}\n\n\n{self.function}\n"


def program(
    forward: Lists,
    backward: Lists,
    wrt: Sequence[Variable],
    standins: Standins,
    wanted: Mapping[str, str] = MappingProxyType({}),
) -> Program:
    """Return the program that computes the loss, the last equation of ``forward``, and its gradients by ``wrt``.

    ``wanted`` are names for symbols in it, by their own.

    Raises:
        SpecError: an activation or a loss is left open and ``standins`` has nothing for it.
        RuleNotFoundError: an operation has no meaning.
    """
    names = _names(forward, backward, wanted)
    writer = Writer(names, _sizes(forward.given, names), Definitions(names.values(), standins))
    forms = Forms(writer)
    lines = tuple([_assignment(equation, forms) for equation in (*forward, *backward)])
    last = forward[-1]
    loss = Form("{0}" if isinstance(last.rhs, Loss) else "np.sum({0})", ("_0",))
    counted = any("m" in form.arguments for form in forms)
    columns = _columns(forward, names) if counted else None
    return Program(forward, backward, tuple(wrt), writer, lines, Line("loss", loss, (names[last.lhs],)), columns)


def _assignment(equation: Equation, forms: Forms) -> Line:
    name = forms.writer.names[equation.lhs]
    if isinstance(equation.rhs, ZeroMatrix) and isinstance(equation.lhs, Adjoint):
        return Line(name, ZEROS_LIKE, (forms.writer.names[equation.lhs.of],))
    return Line(name, *forms.of(equation.rhs))


def _columns(forward: Lists, names: Mapping[MatrixSymbol, str]) -> Line:
    """Return how the examples are counted: by the columns of what holds them, so many to an example."""
    owner, axis, tokens = next(
        (symbol, axis, size / BATCH)
        for group in given_groups(forward)
        for symbol in group
        for axis, size in enumerate(symbol.shape)
        if (size / BATCH).is_Integer
    )
    return Line("m", Form(f"{{0}}.shape[{axis}]{'' if tokens == 1 else f' // {tokens}'}", ("_0",)), (names[owner],))


_KINDS = {
    **dict.fromkeys(DATA, "input"),
    Role.TARGET: "target",
    Role.UPSTREAM: "target",
}


def given_groups(forward: Lists) -> tuple[tuple[Variable, ...], tuple[Variable, ...], tuple[Variable, ...]]:
    """Return inputs, targets and parameters, each in the order they are given."""
    groups: dict[str, list[Variable]] = {"input": [], "target": [], "parameter": []}
    for symbol in forward.given:
        groups[_KINDS.get(symbol.role, "parameter")].append(symbol)
    return tuple(groups["input"]), tuple(groups["target"]), tuple(groups["parameter"])


def _names(forward: Lists, backward: Lists, wanted: Mapping[str, str]) -> dict[MatrixSymbol, str]:
    """Give every symbol a Python name of its own: the one wanted, else that of the symbol, ``_`` for its dots."""
    taken = set(RESERVED)
    names: dict[MatrixSymbol, str] = {}
    for symbol in (*forward.given, *(equation.lhs for equation in (*forward, *backward))):
        name = wanted.get(symbol.name) or symbol.name.replace(".", "_")
        while name in taken:
            name += "_"
        taken.add(name)
        names[symbol] = name
    return names


def _sizes(given: Iterable[MatrixSymbol], names: Mapping[MatrixSymbol, str]) -> dict[Symbol, str]:
    """Say where a program finds each dimension: in the shape of the first symbol that has it."""
    found: dict[Symbol, str] = {}
    for symbol in given:
        for axis, size in enumerate(symbol.shape):
            if isinstance(size, Symbol) and size not in found:
                found[size] = str(size) if str(size) == "m" else f"{names[symbol]}.shape[{axis}]"
    return _multiples(given, names) | found


def _multiples(given: Iterable[MatrixSymbol], names: Mapping[MatrixSymbol, str]) -> dict[Symbol, str]:
    """Say where a program finds each dimension of which an axis is a multiple, as channels · pixels is."""
    sizes = [(symbol, axis, *size.as_coeff_Mul()) for symbol in given for axis, size in enumerate(symbol.shape)]
    return {
        size: f"({names[symbol]}.shape[{axis}] // {count})"
        for symbol, axis, count, size in sizes
        if isinstance(size, Symbol) and size != BATCH and count != 1
    }


def _argument(variables: Sequence[Variable], names: Mapping[MatrixSymbol, str], several: str) -> str:
    return names[variables[0]] if len(variables) == 1 else several


def _target_argument(targets: Sequence[Variable], names: Mapping[MatrixSymbol, str]) -> str:
    return _argument(targets, names, "targets") if targets else "targets=None"


def definitions_of(definitions: Definitions, without: str | None = None) -> str:
    """Return constants, then functions; another name of the same function stands in the next line."""
    constants = "\n".join(f"{name} = {float(value)!r}" for name, value in definitions.constants.items())
    blocks = [constants] if constants else []
    written = [source for name, source in definitions.sources.items() if name != without]
    for is_function, group in groupby(written, lambda source: source.startswith("def ")):
        sources = list(group)
        blocks.extend(sources if is_function else ["\n".join(sources)])
    return "\n\n\n".join(blocks)


def docstring(
    inputs: Sequence[Variable],
    targets: Sequence[Variable],
    parameters: Sequence[Variable],
    names: Mapping[MatrixSymbol, str],
) -> list[str]:
    """Return what the function says of itself: what it returns, and the shapes that it takes."""
    data = " and ".join(names[each] for each in (*inputs, *targets) if each.shape[1].has(BATCH))
    shapes = [f"{each.name} {text(each.shape)}" for each in (*inputs, *targets, *parameters)]
    return [
        '"""Return the loss and a dict of its gradients, with the keys of ``parameters``.',
        "",
        f"Columns of {data} are examples. Shapes:" if data else "Shapes:",
        "",
        *wrapped(shapes, "    ", ";"),
        '"""',
    ]


def wrapped(pieces: Sequence[str], indent: str, separator: str) -> list[str]:
    """Break a list of pieces into lines."""
    lines = [indent]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > LINE and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += f"{'' if lines[-1] == indent else ' '}{piece}{separator}"
    lines[-1] = lines[-1].removesuffix(separator)
    return lines


def _unpacked(program: Program) -> Iterator[str]:
    """Yield the lines that give the arguments their names, one for the parameters of each layer."""
    for _, group in groupby(program.parameters, lambda parameter: parameter.layer):
        yield from _taken("parameters", list(group), program.names)
    for several, variables in (("inputs", program.inputs), ("targets", program.targets)):
        if len(variables) > 1:
            yield from _taken(several, variables, program.names)
    if program.columns is not None:
        yield f"m = {program.columns.code}"


def _taken(source: str, variables: Sequence[Variable], names: Mapping[MatrixSymbol, str]) -> list[str]:
    """Return one line, or one an array where that would be too long."""
    own = [names[variable] for variable in variables]
    arrays = [f'{source}["{variable.name}"]' for variable in variables]
    together = f"{', '.join(own)} = {', '.join(arrays)}"
    return [together] if len(together) <= LINE else [" = ".join(pair) for pair in zip(own, arrays, strict=True)]


def _body(program: Program) -> Iterator[str]:
    """Yield the lines of both passes."""
    (ahead, first, forward), (back, second, backward) = program.passes()
    yield ""
    yield from passed(program, ahead, first, forward, freed=True)
    yield ""
    yield from passed(program, back, second, backward, by_layer=True, freed=True)
    yield ""


def passed(
    program: Program, equations: Lists, lines: Sequence[Line], title: str = "", *, by_layer: bool = False,
    freed: bool = False, noted: bool = False,
) -> Iterator[str]:  # fmt: skip
    """Yield the lines of one pass below its title, ``by_layer`` with one for each layer.

    ``freed`` frees what no later equation uses behind each layer, or step of a sequence; ``noted`` says behind a line
    which equation of the forward pass it undoes, and why so where the rule is met for the first time.
    """
    told: set[str] = set()
    dying, final, writer = program.dying, (*program.forward, *program.backward)[-1].lhs, program.writer
    left, last = iter(lines), None
    for (layer, step), group in groupby(equations, _place):
        block = list(group)
        heading = ", ".join(filter(None, (title, f"layer {layer}" if by_layer and layer else "")))
        if heading != last:
            yield from ("",) if last is not None else ()
            yield from (f"# {heading}",) if heading else ()
        last = heading
        for equation in block:
            *before, end = _written(equation, next(left), writer)
            yield from (*before, end + (_note(equation, writer, told) if noted else ""))
        if freed and block[-1].lhs != final:
            yield from _released(block, dying, "layer" if step is None else "step", writer)


def _note(equation: Equation, writer: Writer, told: set[str]) -> str:
    """Return which equations a line undoes, as a comment, and in a few words why so unless that is ``told``."""
    names = {symbol.name: name for symbol, name in writer.names.items()}
    undone = ", ".join(dict.fromkeys(names[each] for each in equation.undoes if each in names))
    new = dict.fromkeys(step.short for step in equation.steps if step.short and step.short not in told)
    told.update(new)
    return f"  # {': '.join(filter(None, (undone, '; '.join(new))))}" if undone else ""


def _released(
    block: Sequence[Equation], dying: Mapping[MatrixSymbol, MatrixSymbol], what: str, writer: Writer
) -> Iterator[str]:
    """Yield lines that free what no later equation uses: fresh memory a layer costs a tenth of the time."""
    defined = {equation.lhs for equation in block}
    used = {symbol: None for equation in block for symbol in symbols_in(equation.rhs)}
    dead = [writer.names[symbol] for symbol in used if dying.get(symbol) in defined]
    if len(dead) <= MOST_FREED:
        yield from (f"del {', '.join(dead)}  # memory for the next {what}" for _ in dead[:1])
        return
    yield f"# memory for the next {what}"
    yield from (line.removesuffix(",") for line in wrapped(dead, "del ", ","))


def _place(equation: Equation) -> tuple[int, int | None]:
    """Return the layer and the step of an equation."""
    of = equation.lhs.of if isinstance(equation.lhs, Adjoint) else equation.lhs
    return of.layer, of.step


def _written(equation: Equation, line: Line, writer: Writer) -> list[str]:
    whole, rhs = f"{line.name} = {line.code}", equation.rhs
    joined = rhs.args[0] if isinstance(rhs, Split) else rhs
    if len(whole) <= LINE or not isinstance(joined, (Beside, Stack)):
        return [whole]
    parts = [writer.code(part).text for part in joined.args]
    before, _, behind = whole.partition(", ".join(parts))
    return [before, *wrapped(parts, "    ", ","), behind]


def _result(program: Program) -> list[str]:
    pairs = [f'"{variable.name}": {program.names[Adjoint(variable)]}' for variable in program.wrt]
    short = f"return {program.loss.code}, {{{', '.join(pairs)}}}"
    return [short] if len(short) <= LINE else [f"return {program.loss.code}, {{", *wrapped(pairs, "    ", ","), "}"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
