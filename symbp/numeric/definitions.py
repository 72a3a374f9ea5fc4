"""What a generated program defines before its main function: constants and helper functions, each once."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import FunctionType
from typing import Any

from sympy import Expr, Function, Integer, Piecewise, Symbol, cse, erf

from symbp.errors import SpecError
from symbp.numeric.entropy import computed
from symbp.numeric.scalar import ATOM, DEFINED, ERF_SOURCE, PRODUCT, Code, helper_source, scalar_code
from symbp.ops.elementwise import OUTPUT, GenericFunction, ScalarFunction
from symbp.ops.scalar import step

LONGEST_INLINE = 34
"""Scalar code up to this many characters stands in the line itself; longer code gets a name."""

LONGEST_RETURN = 70
"""What a helper repeats inside longer code than this is computed once, in a line of its own."""

MAX_NAME = 24
"""Longest name made up for a constant."""

RESERVED = frozenset(
    {
        *("np", "math", "parameters", "m", "inputs", "targets", *keyword.kwlist, *dir(builtins)),
        *("torch", "jax", "jnp", "ctx", "arrays", "kept", "upstream"),
    }
)
"""Names a program uses for something else."""


@dataclass(frozen=True)
class Standins:
    """Concrete functions for what a network leaves open: one for each layer's f, one for the loss."""

    functions: Mapping[GenericFunction, ScalarFunction] = field(default_factory=dict)
    loss: ScalarFunction | None = None

    def function(self, generic: GenericFunction) -> ScalarFunction:
        """Return what stands for f of a layer."""
        if generic not in self.functions:
            raise SpecError(f'the activation of layer {generic.layer} is left open: name one, such as f="tanh"')
        return self.functions[generic]

    def required_loss(self) -> ScalarFunction:
        """Return what stands for the loss."""
        if self.loss is None:
            raise SpecError('the loss is left open: name one, such as loss="mse"')
        return self.loss


@dataclass(frozen=True, slots=True)
class Pattern:
    """Code with holes for its arguments, printed once and filled for every layer."""

    code: Code
    holes: tuple[str, ...]

    def filled(self, arguments: Sequence[Code]) -> Code:
        """Return the code with the arguments in the holes, in parentheses where they are not atoms."""
        text = self.code.text
        for hole, argument in zip(self.holes, arguments, strict=True):
            text = text.replace(hole, argument.within(ATOM))
        return Code(text, self.code.precedence)


class Definitions:
    """The module-level names of one program."""

    def __init__(self, taken: Iterable[str], standins: Standins) -> None:
        self.standins = standins
        self.constants: dict[str, Expr] = {}
        self.sources: dict[str, str] = {}
        self.erf: str | None = None
        self._taken = {*taken, *RESERVED}
        self._known: dict[object, Any] = {}

    def fresh(self, wanted: str) -> str:
        """Return ``wanted``, with a number behind it where the name is taken."""
        wanted = re.sub(r"\W|^(?=\d)", "_", wanted, flags=re.ASCII)
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name

    def constant(self, value: Expr, wanted: str = "") -> str:
        """Return the name of a constant that is not exact as a literal: log_2 for log(2)."""
        key = ("constant", value)
        if key not in self._known:
            spelled = re.sub(r"\W+", "_", str(value)).strip("_")
            self._known[key] = self.fresh(wanted or (spelled if spelled[:1].isalpha() else f"c_{spelled}")[:MAX_NAME])
            self.constants[self._known[key]] = value
        return str(self._known[key])

    def primitive(self, kind: type[Function]) -> str:
        """Return the name of a scalar function that NumPy lacks, and define it."""
        if kind is erf:
            if self.erf is None:
                self.erf = self.fresh("erf")
                self.sources[self.erf] = ERF_SOURCE.replace("def erf(", f"def {self.erf}(")
            return self.erf
        return self.meaning(DEFINED[kind], kind.__name__)

    def meaning(self, function: Callable[..., Any], wanted: str | None = None) -> str:
        """Return the name of an operation's meaning, defined with the meanings it calls."""
        if function not in self._known:
            for called in calls(function):
                self.meaning(called, called.__name__)
            name = self._known[function] = self.fresh(wanted or function.__name__)
            self.sources[name] = helper_source(function, name)
        return str(self._known[function])

    def value(self, function: ScalarFunction) -> Pattern:
        """Return the code of f(x, …)."""
        if isinstance(function, GenericFunction):
            return self._generic(function, "")
        return self._pattern(function, function.expr, function.variables, "")

    def slope(self, function: ScalarFunction, index: int) -> tuple[Pattern, bool]:
        """Return the code of ∂f/∂x_index, and whether its first argument is f's own value."""
        if isinstance(function, GenericFunction):
            return self._generic(function, "_slope"), False
        by_output = function.slope_by_output if index == 0 else None
        suffix = "_slope" if index == 0 else f"_slope_{function.variables[index]}"
        if by_output is not None:
            return self._pattern(function, by_output, (OUTPUT, *function.variables), suffix), True
        slope = computed(function, function.slopes[index])
        return self._pattern(function, slope, function.variables, suffix), False

    def summand(self, function: ScalarFunction) -> tuple[Expr, Pattern]:
        """Return ℓ(a, y) as a number and the code it multiplies."""
        number, rest = computed(function, function.expr).as_coeff_Mul()
        return number, self._pattern(function, rest, function.variables, "")

    def open_loss(self, what: str) -> str:
        """Return the name of what stands for an open loss, its ``value`` or its ``gradient``, and define it."""
        key = ("loss", what)
        if key not in self._known:
            self._known[key] = name = self.fresh(f"loss_{what}")
            self.sources[name] = self._open_loss(name, self.standins.required_loss(), what)
        return str(self._known[key])

    def _open_loss(self, name: str, chosen: ScalarFunction, what: str) -> str:
        expr = chosen.expr if what == "value" else chosen.slopes[0]
        number, rest = computed(chosen, expr).as_coeff_Mul()
        a, y = (str(variable) for variable in chosen.variables)
        code = self._scalar(rest, dict(zip(chosen.variables, (a, y), strict=True)), self._parameters(chosen))
        inside = f"np.sum({code})" if what == "value" else code.within(PRODUCT)
        over, under = number.as_numer_denom()
        examples = f"{a}.shape[1]" if under == 1 else f"({under}*{a}.shape[1])"
        sign = {1: "", -1: "-"}.get(over, f"{over} * ")
        return f"def {name}({a}, {y}):\n    return {sign}{inside} / {examples}"

    def _generic(self, function: GenericFunction, suffix: str) -> Pattern:
        key = (function, suffix)
        if key not in self._known:
            name = self.fresh(f"{function.name}{function.layer}{suffix}")
            self._define_standin(name, self.standins.function(function), suffix)
            self._known[key] = Pattern(Code(f"{name}(<0>)"), ("<0>",))
        return self._known[key]

    def _define_standin(self, name: str, chosen: ScalarFunction, suffix: str) -> None:
        first = self._known.setdefault(("standin", chosen, suffix), name)
        if first != name:
            self.sources[name] = f"{name} = {first}"
            return
        expr = chosen.slopes[0] if suffix else chosen.expr
        self.sources[name] = self._function(name, expr, chosen.variables, self._parameters(chosen))

    def _pattern(self, function: ScalarFunction, expr: Expr, variables: Sequence[Symbol], suffix: str) -> Pattern:
        """Return scalar code in the line itself where it is short, else as a call of a helper."""
        key = (function, expr, suffix)
        if key not in self._known:
            values = self._parameters(function)
            used = [variable for variable in variables if variable in expr.free_symbols]
            holes = tuple(f"<{index}>" for index in range(len(variables)))
            code = self._scalar(expr, dict(zip(variables, holes, strict=True)), values)
            if isinstance(expr, step) and suffix:  # A product with a comparison is faster than with numbers.
                code = Code(f"({self._scalar(expr.args[0], dict(zip(variables, holes, strict=True)), values)} > 0)")
            if len(code.text) > LONGEST_INLINE:
                name = self.fresh(function.name + suffix)
                self.sources[name] = self._function(name, expr, used, values)
                chosen = [hole for hole, variable in zip(holes, variables, strict=True) if variable in used]
                code = Code(f"{name}({', '.join(chosen)})")
            self._known[key] = Pattern(code, holes)
        return self._known[key]

    def _parameters(self, function: ScalarFunction) -> dict[Symbol, Expr | str]:
        """Give each parameter of a function its value where that is a whole number, else a named constant."""
        return {
            symbol: value if isinstance(value, Integer) else self.constant(value, f"{function.name}_{symbol}")
            for symbol, value in function.parameters
        }

    def _scalar(self, expr: Expr, names: Mapping[Symbol, str], values: Mapping[Symbol, Expr | str]) -> Code:
        numbers = {symbol: value for symbol, value in values.items() if isinstance(value, Expr)}
        constants = {symbol: value for symbol, value in values.items() if isinstance(value, str)}
        return scalar_code(expr.xreplace(numbers), {**names, **constants}, self.constant, self.primitive)

    def _function(self, name: str, expr: Expr, variables: Sequence[Symbol], values: Mapping[Symbol, Expr | str]) -> str:
        names = {variable: re.sub(r"\W", "_", str(variable)) for variable in variables}
        lines = [f"def {name}({', '.join(names.values())}):"]
        result = self._scalar(expr, names, values)
        if len(result.text) > LONGEST_RETURN and not expr.has(Piecewise):  # A branch guards what is inside it.
            parts, (expr,) = cse(expr, symbols=(Symbol(f"t{number}", real=True) for number in count(1)))
            for symbol, part in parts:
                lines.append(f"    {symbol} = {self._scalar(part, names, values)}")
                names[symbol] = str(symbol)
            result = self._scalar(expr, names, values)
        return "\n".join([*lines, f"    return {result}"])


def calls(function: Callable[..., Any]) -> list[FunctionType]:
    """Return the meanings a meaning calls by name; its own module knows them."""
    known = inspect.unwrap(function)
    found = [known.__globals__.get(name) for name in known.__code__.co_names]
    return [each for each in found if isinstance(each, FunctionType) and each is not known]
