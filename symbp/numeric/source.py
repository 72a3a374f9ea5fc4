"""From the two lists to one readable NumPy program that depends on NumPy alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sympy import Expr, MatrixSymbol, Symbol, ZeroMatrix

from symbp.equations import Equation, symbols_in, text
from symbp.numeric.definitions import RESERVED, Definitions, Standins
from symbp.numeric.fusion import Beside
from symbp.numeric.heads import Split
from symbp.numeric.matrices import Writer
from symbp.numeric.schedule import Lists
from symbp.ops.losses import Loss
from symbp.ops.structure import Stack
from symbp.symbols import BATCH, Adjoint, Role, Variable

LINE = 100
"""Longest line of a dictionary or a docstring, in characters."""

MOST_FREED = 6
"""More names than these that are freed together stand on lines of their own."""

FUNCTION = "loss_and_gradients"
"""The name of the function every program defines."""


@dataclass(frozen=True)
class Program:
    """A NumPy program that defines ``loss_and_gradients(parameters, X, Y)``.

    ``header`` (docstring, imports), ``definitions`` (constants, helper functions) and ``function`` are its
    parts. ``constants`` are the exact values of the constants it spells as floats; ``erf`` is the name of
    its error function, which other engines than NumPy replace. ``names`` maps every symbol of both lists to
    its name in the function.
    """

    header: str
    definitions: str
    function: str
    constants: Mapping[str, Expr]
    erf: str | None
    inputs: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    parameters: tuple[Variable, ...]
    names: Mapping[MatrixSymbol, str]

    @property
    def text(self) -> str:
        """The whole program."""
        between = "\n\n\n" if self.definitions.startswith("def ") or not self.definitions else "\n\n"
        definitions = f"{between}{self.definitions}" if self.definitions else ""
        return f"{self.header}{definitions}\n\n\n{self.function}\n"


def program(forward: Lists, backward: Lists, wrt: Sequence[Variable], standins: Standins) -> Program:
    """Return the program that computes the loss, the last equation of ``forward``, and its gradients by ``wrt``.

    Raises:
        SpecError: an activation or a loss is left open and ``standins`` has nothing for it.
        RuleNotFoundError: an operation has no meaning.
    """
    names = _names(forward, backward)
    definitions = Definitions(names.values(), standins)
    writer = Writer(names, _sizes(forward.given, names), definitions)
    inputs, targets, parameters = given_groups(forward)
    body = list(_body(forward, backward, wrt, writer))
    result = _result(forward, wrt, writer)
    function = "\n".join(
        [
            f"def {FUNCTION}(parameters, {_argument(inputs, names, 'inputs')}, {_target_argument(targets, names)}):",
            *_indented(_docstring(inputs, targets, parameters, names)),
            *_indented(_unpacked(inputs, targets, parameters, writer)),
            *_indented(body),
            *_indented(result),
        ]
    )
    return Program(
        _header(forward, definitions),
        _definitions(definitions),
        function,
        definitions.constants,
        definitions.erf,
        inputs,
        targets,
        parameters,
        names,
    )


_KINDS = {
    Role.INPUT: "input",
    Role.MASK: "input",
    Role.PADDING: "input",
    Role.TARGET: "target",
    Role.UPSTREAM: "target",
}


def given_groups(forward: Lists) -> tuple[tuple[Variable, ...], tuple[Variable, ...], tuple[Variable, ...]]:
    """Return inputs, targets and parameters, each in the order they are given."""
    groups: dict[str, list[Variable]] = {"input": [], "target": [], "parameter": []}
    for symbol in forward.given:
        groups[_KINDS.get(symbol.role, "parameter")].append(symbol)
    return tuple(groups["input"]), tuple(groups["target"]), tuple(groups["parameter"])


def _names(forward: Lists, backward: Lists) -> dict[MatrixSymbol, str]:
    """Give every symbol a Python name of its own: that of the symbol, ``_`` for its dots."""
    taken = set(RESERVED)
    names: dict[MatrixSymbol, str] = {}
    for symbol in (*forward.given, *(equation.lhs for equation in (*forward, *backward))):
        name = symbol.name.replace(".", "_")
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
    return found


def _argument(variables: Sequence[Variable], names: Mapping[MatrixSymbol, str], several: str) -> str:
    return names[variables[0]] if len(variables) == 1 else several


def _target_argument(targets: Sequence[Variable], names: Mapping[MatrixSymbol, str]) -> str:
    return _argument(targets, names, "targets") if targets else "targets=None"


def _header(forward: Lists, definitions: Definitions) -> str:
    layers = max((equation.lhs.layer for equation in forward), default=0)
    depth = f" through {layers} layer{'s' * (layers != 1)}" if layers else ""
    title = f'"""Backpropagation{depth}, derived by symbp; needs NumPy alone."""'
    return f"{title}\n\n" + "import math\n\n" * bool(definitions.erf) + "import numpy as np"


def _definitions(definitions: Definitions) -> str:
    """Return constants, then functions; another name of the same function stands in the next line."""
    constants = "\n".join(f"{name} = {float(value)!r}" for name, value in definitions.constants.items())
    blocks = [constants] if constants else []
    for is_function, group in groupby(definitions.sources.values(), lambda source: source.startswith("def ")):
        sources = list(group)
        blocks.extend(sources if is_function else ["\n".join(sources)])
    return "\n\n\n".join(blocks)


def _docstring(
    inputs: Sequence[Variable],
    targets: Sequence[Variable],
    parameters: Sequence[Variable],
    names: Mapping[MatrixSymbol, str],
) -> list[str]:
    data = " and ".join(names[each] for each in (*inputs, *targets) if each.shape[1].has(BATCH))
    shapes = [f"{each.name} {text(each.shape)}" for each in (*inputs, *targets, *parameters)]
    return [
        '"""Return the loss and a dict of its gradients, with the keys of ``parameters``.',
        "",
        f"Columns of {data} are examples. Shapes:" if data else "Shapes:",
        "",
        *_wrapped(shapes, "    ", ";"),
        '"""',
    ]


def _wrapped(pieces: Sequence[str], indent: str, separator: str) -> list[str]:
    """Break a list of pieces into lines."""
    lines = [indent]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > LINE and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += f"{'' if lines[-1] == indent else ' '}{piece}{separator}"
    lines[-1] = lines[-1].removesuffix(separator)
    return lines


def _unpacked(
    inputs: Sequence[Variable], targets: Sequence[Variable], parameters: Sequence[Variable], writer: Writer
) -> Iterator[str]:
    """Yield the lines that give the arguments their names, one for the parameters of each layer."""
    for _, group in groupby(parameters, lambda parameter: parameter.layer):
        yield from _taken("parameters", list(group), writer)
    for several, variables in (("inputs", inputs), ("targets", targets)):
        if len(variables) > 1:
            yield from _taken(several, variables, writer)
    if any(str(size) == "m" for size in writer.sizes_used):
        owner, axis, tokens = next(
            (symbol, axis, size / BATCH)
            for symbol in (*inputs, *targets, *parameters)
            for axis, size in enumerate(symbol.shape)
            if (size / BATCH).is_Integer
        )
        yield f"m = {writer.names[owner]}.shape[{axis}]{'' if tokens == 1 else f' // {tokens}'}"


def _taken(source: str, variables: Sequence[Variable], writer: Writer) -> list[str]:
    """Return one line, or one an array where that would be too long."""
    names = [writer.names[variable] for variable in variables]
    arrays = [f'{source}["{variable.name}"]' for variable in variables]
    together = f"{', '.join(names)} = {', '.join(arrays)}"
    return [together] if len(together) <= LINE else [" = ".join(pair) for pair in zip(names, arrays, strict=True)]


def _body(forward: Lists, backward: Lists, wrt: Sequence[Variable], writer: Writer) -> Iterator[str]:
    """Yield the lines of both passes; what no later equation uses is freed behind each layer, or step of a sequence."""
    last_use = {symbol: equation.lhs for equation in (*forward, *backward) for symbol in symbols_in(equation.rhs)}
    kept = {*forward.given, forward[-1].lhs, *map(Adjoint, wrt)}
    dying = {symbol: last for symbol, last in last_use.items() if symbol not in kept}
    final = (*forward, *backward)[-1].lhs
    title = None
    for part, equations in (("forward", forward), ("backward", backward)):
        for (layer, step), group in groupby(equations, _place):
            block = list(group)
            heading = f"# {part}, layer {layer}" if part == "backward" and layer else f"# {part}"
            if heading != title:
                yield from ("", heading)
            title = heading
            for equation in block:
                yield from _line(equation, writer)
            if block[-1].lhs != final:
                yield from _released(block, dying, "layer" if step is None else "step", writer)
    yield ""


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
    yield from (line.removesuffix(",") for line in _wrapped(dead, "del ", ","))


def _place(equation: Equation) -> tuple[int, int | None]:
    """Return the layer and the step of an equation."""
    of = equation.lhs.of if isinstance(equation.lhs, Adjoint) else equation.lhs
    return of.layer, of.step


def _line(equation: Equation, writer: Writer) -> list[str]:
    lhs, rhs = writer.names[equation.lhs], equation.rhs
    if isinstance(rhs, ZeroMatrix) and isinstance(equation.lhs, Adjoint):
        return [f"{lhs} = np.zeros_like({writer.names[equation.lhs.of]})"]
    line = f"{lhs} = {writer.code(rhs)}"
    joined = rhs.args[0] if isinstance(rhs, Split) else rhs
    if len(line) <= LINE or not isinstance(joined, (Beside, Stack)):
        return [line]
    parts = [writer.code(part).text for part in joined.args]
    before, _, behind = line.partition(", ".join(parts))
    return [before, *_wrapped(parts, "    ", ","), behind]


def _result(forward: Lists, wrt: Sequence[Variable], writer: Writer) -> list[str]:
    last = forward[-1]
    loss = writer.names[last.lhs]
    loss = loss if isinstance(last.rhs, Loss) else f"np.sum({loss})"
    pairs = [f'"{variable.name}": {writer.names[Adjoint(variable)]}' for variable in wrt]
    short = f"return {loss}, {{{', '.join(pairs)}}}"
    return [short] if len(short) <= LINE else [f"return {loss}, {{", *_wrapped(pairs, "    ", ","), "}"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
