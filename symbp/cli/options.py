"""Options, each declared once: its names, its help, and the parser that reads its text.

A group of options is a frozen dataclass, an option one of its fields; a command takes groups. Numbers are ASCII digits
only: Python's ``int`` takes ``1_0``, `` 4 `` and Arabic digits, and a typing mistake that happens to be a number is
worse than one that is refused.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, NamedTuple, NoReturn, get_type_hints

import typer

from symbp.cli.measure import is_text_width
from symbp.errors import SpecError, closest, shown
from symbp.limits import BYTES_PER_LAYER, MAX_LAYERS, MAX_STEPS, MAX_UNITS
from symbp.networks.general import ANY, Depth

MAX_SEED = 2**32 - 1

MAX_AXES = 8
"""Most axes of a tensor."""

_DIGITS = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}\Z", re.ASCII)
_MATRIX = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}\Z", re.ASCII)


def refuse(text: str, why: str, option: str = "") -> NoReturn:
    """Raise the one line that names what was typed and what would be right; a parser's option is known to Typer."""
    raise SpecError(f"{option} {shown(text)}: {why}".lstrip())


def flag(name: str) -> str:
    """Return the option of a field."""
    return f"--{name.replace('_', '-')}"


def one_of(text: str, known: Iterable[str], option: str = "") -> str:
    """Return one of the known names, or refuse with the nearest."""
    names = list(known)
    if text not in names:
        near = closest(text, names)
        hint = f"did you mean {near!r}?" if near else f"choose from {', '.join(names)}"
        refuse(text, f"unknown; {hint}", option)
    return text


def option(
    panel: str, names: str, help: str, metavar: str | None = None, parser: Callable[[str], Any] | None = None
) -> Any:
    """Return a Typer option under the title ``panel``; what ``parser`` refuses is said behind the option's name."""

    def read(value: Any) -> Any:
        try:
            return parser(value) if parser and isinstance(value, str) else value  # A default is a value already.
        except SpecError as error:  # A ValueError, whose message Typer would drop.
            raise typer.BadParameter(str(error)) from None

    own: dict[str, Any] = {"metavar": metavar, "parser": parser and read, "show_default": False}
    return typer.Option(*names.split(), help=help, rich_help_panel=panel, **own)


def flat(run: Callable[..., int]) -> Callable[..., int]:
    """Let a function that takes groups of options be read by Typer as one with all their options."""
    hints = get_type_hints(run, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    def command(**given: Any) -> int:
        built = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        return run(**built, **given)

    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(run).parameters.items():
        inner = get_type_hints(groups[name], include_extras=True) if name in groups else {}
        own = [(each.name, each.default, inner[each.name]) for each in fields(groups[name])] if name in groups else []
        parameters += [
            inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
            for each, default, hint in own or [(name, parameter.default, hints[name])]
        ]
    command.__name__ = run.__name__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


class Listed(tuple[Any, ...]):
    """Values with commas between them."""

    def __str__(self) -> str:
        return ",".join(map(str, self))


class Pair(NamedTuple):
    """Two steps, the earlier first."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first},{self.last}"


class Binding(NamedTuple):
    """A name of an expression and the text of its number."""

    name: str
    value: str


class Ranges(Listed):
    """Ranges of layers, as first and last, before it is known how many there are."""

    def __str__(self) -> str:
        return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self)

    def within(self, depth: int) -> list[int]:
        """Return the layers, sorted and without repeats.

        Raises:
            SpecError: a layer that the network does not have.
        """
        if not all(1 <= first <= last <= depth for first, last in self):
            refuse(str(self), f"give layers from 1 to {depth}, as in --show 1-2,{depth}", "--show")
        return sorted({layer for first, last in self for layer in range(first, last + 1)})


def number(least: int, most: int, what: str) -> Callable[[str], int]:
    """Return the parser of a whole number between two bounds; ``what`` says what it counts."""

    def read(text: str) -> int:
        if not _DIGITS.match(text) or not least <= int(text) <= most:
            refuse(text, f"{what} is a whole number from {least} to {most}")
        return int(text)

    return read


def depth(text: str) -> int:
    """Read the number of weight layers, or the letter of any number."""
    return Depth(text) if text == ANY else layers(text)


def layers(text: str) -> int:
    """Read the number of weight layers; too many are refused with the memory they would take."""
    if re.fullmatch(r"[0-9]+", text, re.ASCII) and len(text) < 4000 and int(text) > MAX_LAYERS:
        need = size(int(text) * BYTES_PER_LAYER)
        refuse(text, f"at most {MAX_LAYERS}; this many would need about {need} of memory")
    return number(1, MAX_LAYERS, "the number of weight layers")(text)


def size(count: int) -> str:
    """Return a number of bytes in words: ``4 GB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if count < 1000:
            return f"{count} {unit}"
        count //= 1000
    return "more than 1000 PB"


def widths(text: str) -> Listed:
    """Read one width for every layer, or L + 1 of them, the inputs first."""
    for part in text.split(","):
        if not _DIGITS.match(part) or not 1 <= int(part) <= MAX_UNITS:
            wrong = shown(part) if part else "an empty place"
            text_too = f"; for the width of text give --text-width {text}" * is_text_width(text)
            right = f"give whole numbers from 1 to {MAX_UNITS}, as in --widths 3,5,2{text_too}"
            refuse(text, f"{wrong} is not a width; {right}")
    return Listed(map(int, text.split(",")))


def lengths(text: str) -> Listed:
    """Read the lengths of the axes of a tensor, as in ``5x3x8``."""
    parts = text.split("x")
    if not all(_DIGITS.match(part) and 1 <= int(part) <= MAX_UNITS for part in parts) or len(parts) > MAX_AXES:
        refuse(text, f"give the length of each axis, whole numbers from 1 to {MAX_UNITS}, as in --input 5x3x8")
    return Listed(map(int, parts))


def names(text: str) -> Listed:
    """Read names of matrices, as in ``X,W1``, each given once."""
    found = Listed(text.split(","))
    for name in found:
        if not _MATRIX.match(name):
            wrong = f"{shown(name)} is not a name" if name else "an empty place"
            refuse(text, f"{wrong}; give names with commas between them, as in --wrt X,W1")
        if found.count(name) > 1:
            refuse(text, f"{name} is given twice; give each name once")
    return found


def label_prefix(text: str) -> str:
    """Read what labels begin with."""
    if not _LABEL.match(text):
        refuse(text, "labels begin with letters, digits, -, _, . or :, as in week-3")
    return text


def pair(text: str) -> Pair:
    """Read two different steps, the earlier first, as in ``2,6``."""
    parts = text.split(",")
    if len(parts) != 2 or not all(_DIGITS.match(part) and 1 <= int(part) <= MAX_STEPS for part in parts):
        refuse(text, f"give two steps from 1 to {MAX_STEPS}, as in --jacobian 2,6")
    found = Pair(*map(int, parts))
    if found.first >= found.last:
        refuse(text, "the earlier step comes first, as in --jacobian 2,6")
    return found


def binding(text: str) -> Binding:
    """Read ``NAME=VALUE``; the value stays text for the parser of expressions."""
    name, equals, value = text.partition("=")
    if not (equals and _NAME.match(name) and value):
        refuse(text, "write NAME=NUMBER, as in --let beta=1.702")
    return Binding(name, value)


def ranges(text: str) -> Ranges:
    """Read layers and ranges of layers, as in ``1-3,98-100``."""
    ends = [part.split("-") for part in text.split(",")]
    if not all(len(each) <= 2 and all(map(_DIGITS.match, each)) for each in ends):
        refuse(text, "give layers and ranges of layers, as in --show 1-3,98-100")
    return Ranges((int(each[0]), int(each[-1])) for each in ends)


def expression(text: str) -> str:
    """Read what may be a name or an expression: something."""
    if not text.strip():
        refuse(text, "give a name or an expression, as in --activation tanh")
    return text


def seed_option(panel: str, drawn: str) -> Any:
    """Return the option --seed of what is drawn with it."""
    parser = number(0, MAX_SEED, "the seed")
    return option(panel, "--seed", f"Seed of the {drawn}; 0 unless given.", "N", parser)


Json = Annotated[bool, option("Output", "--json", "One JSON document on standard output, nothing else.")]
