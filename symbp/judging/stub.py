"""A file to fill in: the forward pass of a network as NumPy, and a backward pass that is left to write."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.derivation import Derivation
from symbp.equations import System, text
from symbp.judging.cases import require_concrete
from symbp.numeric.definitions import Standins
from symbp.numeric.source import Program, program
from symbp.symbols import Role, Variable

LINE = 100
"""Longest line of the file, in characters."""

FREES = ("    del ", "    # memory for the next ")
"""How lines of a program begin that free what its backward pass no longer uses: whoever fills in one has all of it."""


def stub(derivation: Derivation, command: str) -> str:
    """Return the file as text; ``command`` is what checks it.

    Raises:
        SpecError: the network leaves something open.
    """
    require_concrete(derivation)
    forward = derivation.forward
    source = program(forward, System((), forward.given), (), Standins())
    definitions = f"\n\n{source.definitions}" if source.definitions else ""
    if source.definitions.startswith("def "):
        definitions = f"\n{definitions}"
    return "\n".join(
        [
            '"""Backpropagation to fill in: write what is None in backward, then run',
            "",
            f"    {command}",
            '"""',
            "",
            *(["import math", ""] if source.erf is not None else []),
            f"import numpy as np{definitions}",
            "",
            "",
            *_forward(source, derivation),
            "",
            "",
            *_backward(source, derivation),
            "",
        ]
    )


def _forward(source: Program, derivation: Derivation) -> Iterator[str]:
    """Yield the forward pass: the program's own lines, its result the loss and a cache."""
    lines = [line for line in source.function.splitlines() if not line.startswith(FREES)]
    end = max(at for at, line in enumerate(lines) if line.startswith("    return "))
    yield lines[0].replace("loss_and_gradients", "forward")
    yield from (
        line.replace("Return the loss and a dict of its gradients, with the keys of ``parameters``.",
                     "Return the loss and the cache, every matrix of the forward pass by its name.")
        for line in lines[1:end]
    )  # fmt: skip
    yield "    cache = {"
    for equation in derivation.forward.equations[:-1]:
        yield f'        "{equation.lhs.name}": {source.names[equation.lhs]},'
    yield "    }"
    yield f"    return {lines[end].removeprefix('    return ').rpartition(', {')[0]}, cache"


def _backward(source: Program, derivation: Derivation) -> Iterator[str]:
    """Yield the backward pass: everything at hand, the last layer first, nothing derived."""
    network = derivation.network
    arguments = source.function.splitlines()[0].partition("(parameters, ")[2].rpartition(")")[0]
    yield f"def backward(parameters, cache, {arguments.replace('=None', '')}):"
    yield '    """Return the gradient of the loss by every parameter, of the shape of the parameter."""'
    yield f"    m = {_examples(derivation)}"
    for group in _by_layer(derivation.network.parameters):
        yield from _taken("parameters", group, source)
    made = [each.lhs for each in derivation.forward.equations[:-1] if isinstance(each.lhs, Variable)]
    for group in _by_layer(made):
        yield from _taken("cache", group, source)
    yield ""
    wanted = list(derivation.wrt)
    for layer in sorted({each.layer for each in wanted}, reverse=True):
        yield f"    # layer {layer}" if network.depth > 1 else "    # the gradients"
        for each in wanted:
            if each.layer == layer:
                yield f"    d{source.names[each]} = None  # {text(each.shape)}"
    yield ""
    yield "    return {"
    for each in wanted:
        yield f'        "{each.name}": d{source.names[each]},'
    yield "    }"


def _examples(derivation: Derivation) -> str:
    if not derivation.network.inputs:
        return "1"
    x = derivation.network.x
    whole = f"{x.name}.shape[1]" if len(derivation.network.inputs) == 1 else f'inputs["{x.name}"].shape[1]'
    tokens = x.shape[1].as_coeff_Mul()[0]
    return whole if tokens == 1 else f"{whole} // {tokens}"


def _by_layer(variables: tuple[Variable, ...] | list[Variable]) -> Iterator[list[Variable]]:
    for layer in dict.fromkeys(each.layer for each in variables):
        yield [each for each in variables if each.layer == layer and each.role is not Role.LOSS]


def _taken(where: str, variables: list[Variable], source: Program) -> list[str]:
    """Return one line, or one an array where that would be too long."""
    names = [source.names[each] for each in variables]
    arrays = [f'{where}["{each.name}"]' for each in variables]
    together = f"    {', '.join(names)} = {', '.join(arrays)}"
    return [together] if len(together) <= LINE else [f"    {a} = {b}" for a, b in zip(names, arrays, strict=True)]
