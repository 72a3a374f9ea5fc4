"""Networks from files: bounded reading, then TOML, JSON or lines of equations. A file is data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from symbp.errors import ShapeError, SpecError, later, nearest
from symbp.inputs import read_regular
from symbp.limits import MAX_EQUATIONS, MAX_FILE
from symbp.networks.equation_lines import KINDS, default_kind, read_shape
from symbp.networks.network import Network
from symbp.networks.places import Model
from symbp.networks.reading import MAX_LENGTH, quote
from symbp.networks.repeat import members
from symbp.resources import MARK

if TYPE_CHECKING:
    from symbp.networks import spec_network
    from symbp.networks.importing import models
else:  # pydantic costs as much as the whole start of the program.
    spec_network = later("symbp.networks.spec_network")
    models = later("symbp.networks.importing.models")

LONGEST_TITLE = 72
"""How many characters of the first comment of equations a page takes as its title."""

MOST_DOTS = 100
"""Dots in one line of TOML; reading a key takes time that grows with the square of its parts."""

_SHAPE = re.compile(
    r"(?P<names>[^:=]*):\s*(?P<rows>\w+)(?:\s*[×,*]\s*|\s+x\s+|(?<=\d)x(?=\d))(?P<columns>\w+|\([^()]*\))"
    r"(?:\s+(?P<kind>input|target|parameter|constant|frozen)s?)?\s*",
    re.ASCII,
)
_PLURALS = {**{each: f"{each}s" for each in ("input", "target", "parameter", "constant")}, "frozen": "frozen"}
_EXAMPLE = "write it as W: 5 x 3 or X: 3 x m input"


ONNX = ".onnx"


def load(
    place: Path | Model,
    *,
    batch: bool = False,
    unroll: int | None = None,
    loss: str | None = None,
    python: str | None = None,
    inputs: Sequence[Sequence[int]] | None = None,
) -> Network:
    """Return the network of a file, ``.toml`` or ``.json`` as ``symbp schema`` says, a model, or lines of equations.

    ``unroll`` is the number of steps of its recurrent layers, in place of what the file says; ``loss`` chooses one of
    several losses of equations, and is that of a model without one; ``python`` and ``inputs`` are about models.

    Raises:
        SpecError: not a readable file, too large, or what is wrong in it with its place.
        ShapeError: shapes in it that do not fit.
    """
    if isinstance(place, Model) or place.suffix.lower() == ONNX:
        name = place.name
        if batch or unroll is not None:
            raise SpecError(f"{name}: a model has its own batch and its own steps: leave out batch and unroll")
        if isinstance(place, Model):
            return models.of_torch(place, python=python, inputs=inputs, loss=loss)
        require_model(name, python=python, inputs=inputs)
        return models.of_onnx(place, loss=loss)
    require_model(place.name, python=python, inputs=inputs)
    return network_of(read_regular(place, MAX_FILE), place.name, batch=batch, unroll=unroll, loss=loss)


def require_model(name: str, *, python: str | None, inputs: Sequence[Sequence[int]] | None) -> None:
    """Refuse what is about models of PyTorch beside anything else.

    Raises:
        SpecError: with what to leave out.
    """
    for given, called in ((python, "python"), (inputs, "inputs")):
        if given is not None:
            raise SpecError(f"{name}: {called} is about a model of PyTorch, such as model.py:make: leave it out")


def network_of(
    content: bytes, name: str, *, batch: bool = False, unroll: int | None = None, loss: str | None = None
) -> Network:
    """Return the network that the bytes of a file describe; the suffix of ``name`` says how.

    Raises:
        SpecError: what is wrong, with its place.
        ShapeError: shapes that do not fit.
    """
    try:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SpecError(f"not UTF-8 text: byte {error.start} is not") from None
        kind = Path(name).suffix.lower()
        if kind not in _READERS:
            if unroll is not None:
                raise SpecError(f"unroll is {unroll!r}, but equations have no recurrent layer: write its steps out")
            return equations_of(text, batch=batch, loss=loss)
        return spec_network.network_of(_READERS[kind](text), batch=batch, unroll=unroll, loss=loss)
    except (SpecError, ShapeError) as error:
        raise type(error)(f"{name}: {error}") from None


def _toml(text: str) -> Any:
    for number, line in enumerate(text.splitlines(), 1):
        # Numbers stand between commas; a key, which may hold commas in quotes, is one piece.
        pieces = [line] if {"'", '"'} & set(line) else line.split(",")
        if max(piece.count(".") for piece in pieces) > MOST_DOTS:
            raise SpecError(f"line {number} has more than {MOST_DOTS} dots: write it in several lines")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"not TOML: {reason(error)}") from None


def _json(text: str) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for name, value in found:
            if name in table:
                raise SpecError(f"the key {quote(name)} stands twice in one table")
            table[name] = value
        return table

    def constant(text: str) -> NoReturn:
        raise SpecError(f"{text} is not a number of JSON: give a finite number")

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except SpecError:
        raise
    except (ValueError, RecursionError) as error:
        raise SpecError(f"not JSON: {reason(error)}") from None


def reason(error: BaseException) -> str:
    """Return what a reader of JSON or TOML found wrong, in one line."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if "integer string conversion" in str(error):  # Python goes on to say how its limit is raised.
        return "a number with thousands of digits"
    words = " ".join(str(error).split())
    return words if len(words) <= 200 else f"{words[:199]}…"


_READERS = {".toml": _toml, ".json": _json}


_OTHERS = {re.compile(r"\A\s*\{"): ".json", re.compile(r"^\s*(\[+\s*[A-Za-z]|layers\s*=)", re.MULTILINE): ".toml"}
"""What no line of equations begins with, and the suffix of a file where it does."""


def data_of(place: Path) -> Any:
    """Return what a TOML or JSON file holds, as plain data.

    Raises:
        SpecError: not a readable file, too large, another suffix, or not what the suffix says.
    """
    kind = place.suffix.lower()
    if kind not in _READERS:
        raise SpecError(f"{place.name}: give a file that ends in {' or '.join(_READERS)}")
    try:
        return _READERS[kind](read_regular(place, MAX_FILE).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SpecError(f"{place.name}: not UTF-8 text: byte {error.start} is not") from None
    except SpecError as error:
        message = str(error)
        raise SpecError(message if message.startswith(str(place)) else f"{place.name}: {message}") from None


def equations_of(text: str, *, batch: bool = False, loss: str | None = None) -> Network:
    """Return the network of a text: lines ``W: 5 x 3`` that declare shapes, and equations, the last one the loss.

    A shape line may declare several names (``b, c: 5 x 1``) and end in what they are: ``input``, ``target``,
    ``parameter``, ``constant`` or ``frozen``.
    A constant may have a value: ``M: 2 x 2 constant = [[1, 0], [0, 1]]``. Blank lines and what follows # are left out;
    ; separates lines as well, and a line goes on while a bracket [ is open.

    Raises:
        SpecError: a line that is neither, or an equation that is refused.
        ShapeError: shapes that do not fit.
    """
    for written, suffix in _OTHERS.items():
        if written.search(text):
            raise SpecError(f"this reads like {suffix[1:].upper()}: give the file a name that ends in {suffix}")
    shapes: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    lines: list[str] = []
    for number, line in _lines(text):
        declared, is_equation, value = line.partition("=")
        if is_equation and ":" not in declared:
            lines.append(line)
            continue
        for name, size, kind in _declared(declared, number):
            if is_equation and kind != "constant":
                what = f"write {name}: {size[0]} x {size[1]} constant = {value.strip()[:40]}"
                raise SpecError(f"line {number}: only a constant has a value: {what}")
            lines += [f"{name} = {value}"] * bool(is_equation)
            if name in shapes or not kinds.keys().isdisjoint(members(name)):
                raise SpecError(f"line {number}: the shape of {name} is declared twice")
            shapes[name] = size
            for own in members(name):
                kinds[own] = _PLURALS.get(kind) or default_kind(own, read_shape(own, size))
        if len(lines) > MAX_EQUATIONS:
            break
    if not lines:
        raise SpecError("no equations: write lines such as W: 5 x 3, then H = tanh(W @ X + b), the last one the loss")
    named: Mapping[str, list[str]] = {kind: [name for name, own in kinds.items() if own == kind] for kind in KINDS}
    network = Network.equations(lines, shapes, **named, loss=loss, batch=True if batch else None)
    network.title = _title(text)
    return network


def _title(text: str) -> str:
    """Return the comment that a text begins with, at a colon or comma no longer than a title may be."""
    comments = (line.removeprefix("#").strip() for line in takewhile(_is_comment, text.splitlines()))
    whole = next((each for each in comments if each and not each.startswith(MARK)), "")
    ends = [found.start() for found in re.finditer(r"[:;,.](?=\s|$)|$", whole)]
    return whole[: max((end for end in ends if end <= LONGEST_TITLE), default=0)]


def _is_comment(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    begun = ""
    for number, line in enumerate(text.splitlines(), 1):
        for part in line.partition("#")[0].split(";"):
            begun += part.rstrip()
            if begun.count("[") > begun.count("]") and len(begun) < MAX_LENGTH:
                continue
            if begun.strip():
                yield number, begun
            begun = ""
    if begun.strip():
        yield number, begun


def _declared(line: str, number: int) -> Iterator[tuple[str, tuple[object, object], str]]:
    """Yield the names of a shape line, each with its shape and the kind that is said."""
    found = _SHAPE.fullmatch(line) if len(line) <= 1000 else None
    if not found:
        first = line.partition(":")[0]
        hint = "" if ":" in line else nearest(first[:20], _PLURALS)
        raise SpecError(f"line {number}: {quote(line)} is neither an equation nor a shape{hint}: {_EXAMPLE}")
    size = tuple(int(each) if each.isdigit() and len(each) < 19 else each for each in (found["rows"], found["columns"]))
    for names in found["names"].split(","):
        try:
            for name in members(names.strip()):
                read_shape(name, size)
        except SpecError as error:
            raise SpecError(f"line {number}: {error}") from None
        yield names.strip(), (size[0], size[1]), found["kind"] or ""
