"""Run lists of equations that call blocks: a call runs the block's list, its map the block's backward list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Basic, MatrixExpr, MatrixSymbol

from symbp.derivation import Derivation
from symbp.equations import Equation
from symbp.networks.blocks import Kind
from symbp.numeric import engines
from symbp.numeric.definitions import Definitions, Standins
from symbp.numeric.matrices import Writer, matrix_code
from symbp.numeric.sizes import distinct_sizes
from symbp.numeric.values import draw, evaluation
from symbp.symbols import Adjoint, Role, Variable
from symbp.views.blocks import Call, Calls, Part, Pull
from symbp.views.skeleton import skeleton

Arrays = dict[str, Any]


def compiled(derived: Derivation, seed: int = 0) -> tuple[Arrays, Arrays]:
    """Return drawn numbers for all that is given, one example, and the gradients of ``compile()`` on them."""
    sizes = distinct_sizes(derived.forward, 1)
    found = draw(derived.forward, sizes, seed, evaluation(derived.compile().program), Standins())
    values = found.values
    return {**values.parameters, **values.inputs, **values.targets}, found.gradients


Parts = Mapping[tuple[Kind, str], Part]
"""Blocks by what they are and the name of their output."""


def every_part(made: Calls) -> dict[tuple[Kind, str], Part]:
    """Return all blocks that a list calls, and those that they call."""
    return {(each.kind, each.output.name): each for part in made.all.values() for each in part}


class Runner:
    """Evaluates expressions and lists in the values of symbols by their names."""

    def __init__(self, parts: Parts, loss: Variable, engine: engines.Engine | None = None) -> None:
        self.parts, self.loss, self.engine = parts, loss, engine or engines.real()

    def run(self, equations: Iterable[Equation], env: Arrays) -> Arrays:
        """Return the values with those of the left sides."""
        env = dict(env)
        for each in equations:
            env[each.name] = self.value(each.rhs, env, each.name)
        return env

    def value(self, expr: MatrixExpr, env: Arrays, name: str = "") -> Any:
        """Return the value of an expression; ``name`` is what a call in it defines."""
        if isinstance(expr, Call):
            return self.called(self.parts[expr.kind, name], env, *(self.value(each, env) for each in expr.inputs))
        env = dict(env)
        return self._plain(self._without_maps(expr, env), env)

    def called(self, part: Part, env: Arrays, *inputs: Any) -> Any:
        """Return what a block makes of its inputs."""
        given = dict(zip((each.name for each in part.inputs), inputs, strict=True))
        return self.run(part.forward, {**env, **given})[part.output.name]

    def pulled(self, part: Part, env: Arrays, error: Any) -> Any:
        """Return what the map of a block makes of an error."""
        above = Adjoint(part.output).name
        found = self.run(part.backward(self.loss, ()), {**env, above: error})
        return found[Adjoint(part.input).name]

    def _without_maps(self, expr: MatrixExpr, env: Arrays) -> MatrixExpr:
        """Return an expression with a symbol in the place of every map, its value in ``env``."""
        if isinstance(expr, Pull):
            name = f"made{len(env)}"
            env[name] = self.pulled(self.parts[expr.kind, expr.output.name], env, self.value(expr.error, env))
            return Variable(name, *expr.shape, Role.WEIGHT, "made")
        if isinstance(expr, MatrixSymbol) or not any(isinstance(arg, MatrixExpr) for arg in expr.args):
            return expr
        args = [self._without_maps(arg, env) if isinstance(arg, MatrixExpr) else arg for arg in expr.args]
        return Basic.__new__(type(expr), *args)

    def _plain(self, expr: MatrixExpr, env: Arrays) -> Any:
        """Return the value of an expression without blocks."""
        slots: list[Any] = []
        skeleton(expr, slots)
        symbols = dict.fromkeys(each for each in slots if isinstance(each, MatrixSymbol))
        names = {symbol: f"v{at}" for at, symbol in enumerate(symbols)}
        definitions = Definitions(names.values(), Standins())
        sizes = {size: f"{name}.shape[{axis}]" for s, name in names.items() for axis, size in enumerate(s.shape)}
        code = str(matrix_code(expr, Writer(names, sizes, definitions)))
        constants = {name: float(value) for name, value in definitions.constants.items()}
        scope = {"np": self.engine.np, **constants, **{name: env[symbol.name] for symbol, name in names.items()}}
        exec("\n".join(definitions.sources.values()), scope)
        return eval(code, scope)
