"""Scalar expressions in LaTeX and in plain text, and the same applied entry by entry to vectors and matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import singledispatchmethod

from sympy import (
    Abs,
    Add,
    Expr,
    Function,
    Max,
    Min,
    Mul,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    atan,
    cos,
    cosh,
    erf,
    exp,
    latex,
    log,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.core.numbers import Exp1, Pi
from sympy.printing.pretty.pretty_symbology import greek_unicode

from symbp.errors import RuleNotFoundError
from symbp.ops.scalar import absolute, expm1, log_sigmoid, maximum, minimum, relu, sigmoid, signum, softplus, step
from symbp.ops.written import ATOM, POWER, PRODUCT, SUM, Code, decimal_text, quotient, terms

NAMES: dict[type[Function], tuple[str, str, str]] = {
    sigmoid: (r"\sigma", "σ", "sigmoid"),
    softplus: (r"\mathrm{softplus}", "softplus", "softplus"),
    log_sigmoid: (r"\log\sigma", "log σ", "log_sigmoid"),
    relu: (r"\mathrm{ReLU}", "ReLU", "ReLU"),
    erf: (r"\mathrm{erf}", "erf", "erf"),
    atan: (r"\arctan", "arctan", "arctan"),
    signum: (r"\mathrm{sign}", "sign", "sign"),
    sign: (r"\mathrm{sign}", "sign", "sign"),
    **dict.fromkeys((maximum, Max), (r"\max", "max", "max")),
    **dict.fromkeys((minimum, Min), (r"\min", "min", "min")),
    **{kind: (rf"\{kind.__name__}", kind.__name__, kind.__name__) for kind in (log, sin, cos, tan, sinh, cosh, tanh)},
}
"""How each function prints: in LaTeX, in Unicode, in ASCII."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between LaTeX, Unicode and ASCII; ``column`` picks from ``NAMES``."""

    column: int
    minus: str
    times: str
    before_digit: str
    tight: bool
    hadamard: str
    entry_power: str
    relations: Mapping[str, str]
    constants: tuple[str, str]
    symbol: Callable[[Symbol], str]
    fraction: Callable[[Code, Code], Code]
    power: Callable[[str, str], str]
    root: Callable[[Code], str]
    absolute: Callable[[str], str]
    indicator: str
    cases: Callable[[list[tuple[str, str]]], str]
    brackets: Callable[[str], str]


def scalar_latex(expr: Expr, names: Mapping[Symbol, str]) -> str:
    r"""Return a scalar expression in LaTeX: ``x \sigma(\beta x)``."""
    return _Writer(LATEX, names).write(_shown(expr)).text


def scalar_text(expr: Expr, names: Mapping[Symbol, str], ascii_only: bool = False) -> str:
    """Return a scalar expression for a terminal: ``x σ(βx)``, in ASCII ``x*sigmoid(beta*x)``."""
    return _Writer(ASCII if ascii_only else UNICODE, names).write(_shown(expr)).text


def entrywise_latex(expr: Expr, names: Mapping[Symbol, str], varying: frozenset[Symbol] | None = None) -> str:
    r"""Return a scalar expression applied to whole matrices, in LaTeX: ``1 - a \odot a``.

    ``varying`` are the symbols that stand for matrices; without it all that have a name in ``names``.
    """
    return _Writer(LATEX, names, frozenset(names) if varying is None else varying).write(_shown(expr)).text


def entrywise_text(
    expr: Expr, names: Mapping[Symbol, str], varying: frozenset[Symbol] | None = None, ascii_only: bool = False
) -> str:
    """Return a scalar expression applied to whole matrices, for a terminal: ``1 − a ⊙ a``."""
    dialect = ASCII if ascii_only else UNICODE
    return _Writer(dialect, names, frozenset(names) if varying is None else varying).write(_shown(expr)).text


def _shown(expr: Expr) -> Expr:
    """expm1 is for computers; people read e^u − 1."""
    return expr.replace(expm1, lambda argument: exp(argument) - 1)


class _Writer:
    def __init__(self, dialect: Dialect, names: Mapping[Symbol, str], varying: frozenset[Symbol] = frozenset()) -> None:
        self.dialect, self.names, self.varying = dialect, names, varying

    @singledispatchmethod
    def write(self, expr: Expr) -> Code:
        """Return the text of an expression and how tightly it binds."""
        raise RuleNotFoundError(f"no print for {type(expr).__name__} in a scalar function")

    @write.register
    def _(self, expr: Symbol) -> Code:
        return Code(self.names.get(expr) or self.dialect.symbol(expr))

    @write.register
    def _(self, expr: Pi) -> Code:
        return Code(self.dialect.constants[0])

    @write.register
    def _(self, expr: Exp1) -> Code:
        return Code(self.dialect.constants[1])

    @write.register
    def _(self, expr: Rational) -> Code:
        size = abs(expr)
        whole = decimal_text(size) or (str(size.p) if size.q == 1 else None)
        code = Code(whole) if whole else self.dialect.fraction(Code(str(size.p)), Code(str(size.q)))
        return Code(self.dialect.minus + code.text, SUM) if expr < 0 else code

    @write.register
    def _(self, expr: Add) -> Code:
        (negative, first), *rest = terms(expr)
        text = self.dialect.minus * negative + self._in(self.write(first), PRODUCT)
        for subtracted, term in rest:
            text += f" {self.dialect.minus if subtracted else '+'} {self._in(self.write(term), PRODUCT)}"
        return Code(text, SUM)

    @write.register
    def _(self, expr: Mul) -> Code:
        parts = quotient(expr)
        shown = decimal_text(parts.coefficient)
        above, below = (shown, "1") if shown else (str(parts.coefficient.p), str(parts.coefficient.q))
        over = self._product([Code(above)] * (above != "1"), parts.over)
        under = self._product([Code(below)] * (below != "1"), parts.under)
        code = over if under.text == "1" else self.dialect.fraction(over, under)
        return Code(self.dialect.minus + self._in(code, PRODUCT), SUM) if parts.negative else code

    def _product(self, first: list[Code], factors: tuple[Expr, ...]) -> Code:
        """Join factors: juxtaposed, with ⊙ between those that vary from entry to entry."""
        codes = [(code, False) for code in first]
        codes += [(self.write(factor), self._varies(factor)) for factor in sorted(factors, key=self._varies)]
        if len(codes) < 2:
            return codes[0][0] if codes else Code("1")
        text, before = self._in(codes[0][0], PRODUCT), codes[0][1]
        previous = text
        for code, varies in codes[1:]:
            following = self._in(code, PRODUCT)
            text += (self.dialect.hadamard if before and varies else self._join(previous, following)) + following
            previous, before = following, before or varies
        return Code(text, PRODUCT)

    def _join(self, left: str, right: str) -> str:
        """In Unicode numbers and single letters stand together: 2βx."""
        if right[0].isdigit():
            return self.dialect.before_digit
        number = left.replace(".", "").isdigit()
        letter = right[0].isalpha() and (len(right) == 1 or right[1] in "^²³⁴⁵⁶⁷⁸⁹")
        tight = number or (len(left) == 1 and right[0] != "e")
        return "" if self.dialect.tight and letter and tight else self.dialect.times

    def _varies(self, factor: Expr) -> bool:
        return not self.varying.isdisjoint(factor.free_symbols)

    @write.register
    def _(self, expr: Pow) -> Code:
        if expr.exp == S.Half:
            return Code(self.dialect.root(self.write(expr.base)))
        if expr.exp.as_coeff_Mul()[0].is_negative:
            return self.dialect.fraction(Code("1"), self.write(1 / expr))
        base = self._in(self.write(expr.base), ATOM)
        if self._varies(expr.base) and expr.exp in (2, 3):
            return Code(self.dialect.hadamard.join([base] * int(expr.exp)), PRODUCT)
        exponent = self._exponent(expr.exp).text
        if self._varies(expr.base):
            exponent = self.dialect.entry_power + self._in(self._exponent(expr.exp), ATOM)
        if isinstance(expr.base, Function) and expr.base.func in NAMES and expr.exp.is_Integer:
            name, arguments = self._call(expr.base)
            return Code(self.dialect.power(name, exponent) + arguments, ATOM)
        return Code(self.dialect.power(base, exponent), POWER)

    @write.register
    def _(self, expr: exp) -> Code:
        return Code(self.dialect.power(self.dialect.constants[1], self._exponent(expr.args[0]).text), POWER)

    def _exponent(self, expr: Expr) -> Code:
        """An exponent stays on one line: e^{-x^2/2}."""
        return _Writer(replace(self.dialect, fraction=_text_fraction), self.names, self.varying).write(expr)

    @write.register(Abs)
    @write.register(absolute)
    def _(self, expr: Expr) -> Code:
        return Code(self.dialect.absolute(self.write(expr.args[0]).text))

    @write.register
    def _(self, expr: step) -> Code:
        return Code(f"{self.dialect.indicator}[{self.write(expr.args[0])} > 0]")

    @write.register
    def _(self, expr: Piecewise) -> Code:
        return Code(self.dialect.cases([(self.write(value).text, self._condition(when)) for value, when in expr.args]))

    def _condition(self, condition: Expr) -> str:
        if condition is S.true:
            return ""
        relation = self.dialect.relations[condition.rel_op]
        return f"{self.write(condition.lhs)} {relation} {self.write(condition.rhs)}"

    @write.register(Function)
    @write.register(Max)
    @write.register(Min)
    def _(self, expr: Expr) -> Code:
        return Code("".join(self._call(expr)))

    def _call(self, expr: Expr) -> tuple[str, str]:
        if expr.func not in NAMES:
            raise RuleNotFoundError(f"no print for the function {expr.func.__name__}")
        arguments = sorted(expr.args, key=lambda argument: argument.is_number)
        inside = ", ".join(self.write(argument).text for argument in arguments)
        return NAMES[expr.func][self.dialect.column], self.dialect.brackets(inside)

    def _in(self, code: Code, precedence: int) -> str:
        return code.text if code.precedence >= precedence else self.dialect.brackets(code.text)


def _latex_brackets(text: str) -> str:
    return rf"\left({text}\right)" if r"\frac" in text or r"\begin" in text else f"({text})"


def _latex_cases(rows: list[tuple[str, str]]) -> str:
    lines = [rf"{value} & \text{{{'if ' if when else 'otherwise'}}} {when}".strip() for value, when in rows]
    return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"


def _text_cases(rows: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{value} if {when}" if when else f"{value} otherwise" for value, when in rows) + "}"


def _text_fraction(over: Code, under: Code) -> Code:
    return Code(f"{over.within(PRODUCT)}/{under.within(POWER)}", PRODUCT)


def _text_power(base: str, exponent: str) -> str:
    return f"{base}^{exponent}" if exponent.isalnum() else f"{base}^({exponent})"


def _unicode_power(base: str, exponent: str) -> str:
    if base != "e" and exponent.isdigit():
        return base + exponent.translate(SUPERSCRIPTS)
    return _text_power(base, exponent)


LATEX = Dialect(
    column=0,
    minus="-",
    times=" ",
    before_digit=r" \cdot ",
    tight=False,
    hadamard=r" \odot ",
    entry_power=r"\odot ",
    relations={">": ">", "<": "<", ">=": r"\geq", "<=": r"\leq"},
    constants=(r"\pi", "e"),
    symbol=latex,
    fraction=lambda over, under: Code(rf"\frac{{{over}}}{{{under}}}", PRODUCT),
    power=lambda base, exponent: f"{base}^{{{exponent}}}",
    root=lambda inside: rf"\sqrt{{{inside}}}",
    absolute=lambda inside: rf"\lvert {inside} \rvert",
    indicator=r"\mathbf{1}",
    cases=_latex_cases,
    brackets=_latex_brackets,
)
UNICODE = Dialect(
    column=1,
    minus="−",
    times=" ",
    before_digit="·",
    tight=True,
    hadamard=" ⊙ ",
    entry_power="⊙",
    relations={">": ">", "<": "<", ">=": "≥", "<=": "≤"},
    constants=("π", "e"),
    symbol=lambda symbol: greek_unicode.get(symbol.name, symbol.name),
    fraction=_text_fraction,
    power=_unicode_power,
    root=lambda inside: f"√{inside.within(ATOM)}",
    absolute=lambda inside: f"|{inside}|",
    indicator="1",
    cases=_text_cases,
    brackets=lambda text: f"({text})",
)
ASCII = Dialect(
    column=2,
    minus="-",
    times="*",
    before_digit="*",
    tight=False,
    hadamard=" .* ",
    entry_power=".",
    relations={relation: relation for relation in (">", "<", ">=", "<=")},
    constants=("pi", "e"),
    symbol=lambda symbol: "lambda" if symbol.name == "lamda" else symbol.name,
    fraction=_text_fraction,
    power=_text_power,
    root=lambda inside: f"sqrt({inside})",
    absolute=lambda inside: f"|{inside}|",
    indicator="1",
    cases=_text_cases,
    brackets=lambda text: f"({text})",
)
