"""The arithmetic of a printed page, worked out anew: every number is what rounding to the page's digits leaves of it.

Nothing of symbp is used. A number with as many digits as the page has may be half a unit of the last one away; any
other is exact. A line is right where what it may come to and what its value may be have a number in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mpmath import iv, mp

iv.dps = mp.dps = 40

NUMBER = r"\d+(?:\.\d+)?"
FUNCTIONS = ("exp", "log", "tanh", "max", "relu", "gelu")
SPELLED = {
    r"\mathrm{ReLU}'": "step", r"\mathrm{gelu}": "gelu",
    "·": "*", r"\cdot": "*", "−": "-", "½": "(1/2)*", r"\tfrac{1}{2}": "(1/2)*", "²": "**2", "^2": "**2", r"\,": " ",
    "e^": "exp", "{": "(", "}": ")", "\\": "", "ReLU'": "step", "ReLU′": "step", r"\log ": "log ",
}  # fmt: skip
TEXT = re.compile(r"^ +(?:\S.*?\S)?(?:  +|^ +)(?P<sum>[−½(\dA-Za-z].*?) = +(?P<value>[−]?[\d.]+)$")
SINGLE = re.compile(r"= ([^=&\n]*\d[^=&\n]*) = (-?[\d.]+)(?= *(?:\\\\|\n|$))")
ROW = re.compile(r"(?<![\d,])\d,\d(?![\d,])(.*)")
CONTINUED = re.compile(r" *\\\\\*?(?:\[4pt\])?\n *& (?:\\quad )?")
PHANTOM = re.compile(r"\\phantom\{[^}]*\}")
MATRICES = re.compile(
    r"\\begin\{bmatrix\} ([^&]*?) \\end\{bmatrix\} = \\begin\{bmatrix\} ([^&]*?) \\end\{bmatrix\}", re.DOTALL
)


def _exp(x: Any) -> Any:
    return iv.exp(x)


def _tanh(x: Any) -> Any:
    return 1 - 2 / (iv.exp(2 * x) + 1)


def _max(a: Any, b: Any) -> Any:
    a, b = iv.mpf(a), iv.mpf(b)
    return iv.mpf([max(a.a, b.a), max(a.b, b.b)])


def _step(x: Any) -> Any:
    return iv.mpf(1) if x.a > 0 else iv.mpf(0)


NAMES = {"exp": _exp, "tanh": _tanh, "log": iv.log, "max": _max, "step": _step, "sigma": lambda x: 1 / (1 + _exp(-x))}


def number(digits: str, places: int) -> Any:
    """Return what a printed number may be."""
    value = iv.mpf(digits)
    half = iv.mpf([-1, 1]) / (2 * iv.mpf(10) ** places)
    return value + half if len(digits.partition(".")[2]) == places else value


def value(text: str, places: int) -> Any:
    """Return what a line of arithmetic may come to."""
    text = _code(text)
    text = re.sub(rf"({NUMBER}|\)) *\(", r"\1*(", text)
    text = re.sub(rf"log ({NUMBER})", r"log(\1)", text)
    numbers: dict[str, Any] = {}

    def named(match: re.Match[str]) -> str:
        numbers[name := f"n{len(numbers)}"] = number(match[0], places)
        return name

    code = re.sub(rf"(?<![\w.*]){NUMBER}|(?<=[^*]\*){NUMBER}", named, text)
    return eval(code, {}, {**NAMES, **numbers})


def _code(text: str) -> str:
    text = re.sub(rf"e\^({NUMBER})", r"exp(\1)", PHANTOM.sub("", text))
    for spelled, code in SPELLED.items():
        text = text.replace(spelled, code)
    return text


def sums(page: str) -> Iterator[tuple[str, str]]:
    """Yield arithmetic and value of every entry of a page, text or LaTeX; a function that has a name alone is none."""
    lines = re.sub(r" *\n +(?=[+−·] )", " ", page).splitlines()
    found = [(each["sum"], each["value"]) for each in map(TEXT.match, lines) if each]
    page = CONTINUED.sub(" ", page)
    found += [
        pair for both in MATRICES.findall(page) for pair in zip(*(side.split(r" \\ ") for side in both), strict=True)
    ]
    found += SINGLE.findall(page)
    yield from (pair for pair in found if set(re.findall(r"[A-Za-zℒ]\w*", _code(pair[0]))) <= {*NAMES})


def steps(page: str) -> Iterator[tuple[str, str]]:
    """Yield of every row of the table of gradients: error times input and gradient, a step and what it leads to."""
    rate = re.search(r"(?:eta|η)\s*=\s*([\d.]+)", page)
    for line in page.splitlines():
        if found := ROW.search(PHANTOM.sub("", line)):
            numbers = re.findall(rf"[−-]?{NUMBER}", found[1])
            if len(numbers) == 5 and rate is not None:
                before, error, entering, gradient, after = numbers
                yield f"({error}) * ({entering})", gradient
                yield f"{before} - {rate[1]} * ({gradient})", after


def places_of(page: str) -> int:
    """Return how many digits behind the point a page says it has."""
    found = re.search(r"to\s+(\d+)\s+decimals", page)
    assert found is not None
    return int(found[1])


def faults(page: str) -> list[str]:
    """Return the lines whose arithmetic does not come to their value."""
    places = places_of(page)
    lines = (*sums(page), *steps(page))
    found = [(left, right, value(left, places) - value(right, places)) for left, right in lines]
    return [f"{left} = {right}" for left, right, off in found if 0 not in iv.mpf(off)]
