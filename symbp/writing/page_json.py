"""A page as data, with its schema: both are read off the classes of the page, so that neither can lack a block.

A sentence is a list of words, formulas and references; a formula has its LaTeX and its Unicode text, and a line the
names of the symbols in it. ``symbols`` says of each how it is written, what it is, and its shape.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from sympy import MatrixSymbol

from symbp.maths.tree import Node, Tag, walk
from symbp.pages import tour
from symbp.pages.page import Equations, Line, Page, Ref, numbers
from symbp.resources import MARK
from symbp.symbols import Adjoint
from symbp.writing.formula import Speller
from symbp.writing.latex import math_latex
from symbp.writing.setting import DEFAULT, Setting

VERSION = 1
"""The number of this layout; another one where a consumer would read something wrong."""


def write_json(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as a JSON document."""
    return json.dumps(page_data(page), ensure_ascii=False, indent=1) + "\n"


def single_json(lines: Sequence[Line], name: str) -> str:
    """Return lines of equations alone as a page of no more than them."""
    return write_json(Page((name,), (), (Equations(tuple(lines)),)))


def page_data(page: Page) -> dict[str, Any]:
    """Return a page as data."""
    nodes = list(_nodes(page))
    writer = _Writer(Speller.of(nodes), numbers(page))
    tags = (tag for node in nodes for tag in walk(node) if isinstance(tag, Tag) and isinstance(tag.of, MatrixSymbol))
    symbols = {tag.of: tag for tag in tags if tag.role not in PARTS}
    return {
        "generator": MARK,
        "version": VERSION,
        **writer.fields(page),
        "symbols": {str(symbol): writer.symbol(symbol, tag) for symbol, tag in symbols.items()},
    }


PARTS = ("entry", "example")
"""The roles of a tag that is about a part of its symbol."""


def _nodes(value: Any) -> Iterator[Node]:
    """Yield the formulas of a page in order."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _nodes(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _nodes(getattr(value, each.name))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return what the fields of a class hold; the tour of a page is about its picture, for a reader who steps."""
    found = get_type_hints(kind, localns=vars(tour))
    return {name: hint for name, hint in found.items() if name not in OF_TOUR}


OF_TOUR = ("tour", "glossary")
"""What a page holds for the tour alone."""


@dataclass(frozen=True)
class _Writer:
    """Writes what a page is made of; its formulas are read together."""

    speller: Speller
    numbers: Mapping[str, int]

    def of(self, value: Any) -> Any:
        """Return a value of a page as data."""
        if isinstance(value, Node):
            return self.formula(value)
        if isinstance(value, tuple):
            return [self.of(each) for each in value]
        return self.fields(value) if is_dataclass(value) else value

    def formula(self, node: Node) -> dict[str, str]:
        """Return a formula in LaTeX and in Unicode."""
        return {"tex": math_latex(node), "text": self.speller.line(node)}

    def fields(self, value: Any) -> dict[str, Any]:
        """Return what the fields of a block hold, by their names, and what kind of block it is."""
        kind: Any = type(value)
        found = {"kind": _kind(kind), **{name: self.of(getattr(value, name)) for name in _hints(kind)}}
        if isinstance(value, Ref):
            found["number"] = self.numbers.get(value.label)
        if isinstance(value, Line):
            found["number"] = self.numbers.get(value.label)
            tags = (each for part in value.parts for each in walk(part) if isinstance(each, Tag))
            found["symbols"] = list(dict.fromkeys(str(each.of) for each in tags if isinstance(each.of, MatrixSymbol)))
        return found

    def symbol(self, symbol: MatrixSymbol, tag: Tag) -> dict[str, Any]:
        """Return what is known of a symbol: an error has the role and shape of what it is the error of."""
        of = symbol.of if isinstance(symbol, Adjoint) else symbol
        role = getattr(of, "role", None)
        return {
            **self.formula(tag),
            "error": isinstance(symbol, Adjoint),
            "role": None if role is None else str(role),
            "shape": [str(each) for each in symbol.shape],
        }


def _kind(of: type) -> str:
    return of.__name__.lower()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a page as data."""
    definitions: dict[str, Any] = {"formula": _FORMULA, "symbol": _SYMBOL}
    page = _object(Page, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A page of symbp",
        **_required(
            {
                "generator": {"const": MARK},
                "version": {"const": VERSION},
                **page["properties"],
                "symbols": {"type": "object", "additionalProperties": {"$ref": "#/$defs/symbol"}},
            }
        ),
        "$defs": definitions,
    }


def _required(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


_STRING, _NUMBER = {"type": "string"}, {"type": ["integer", "null"]}
_FORMULA = _required({"tex": _STRING, "text": _STRING})
_SYMBOL = _required(
    {
        "tex": _STRING,
        "text": _STRING,
        "error": {"type": "boolean"},
        "role": {"type": ["string", "null"]},
        "shape": {"type": "array", "items": _STRING, "minItems": 2, "maxItems": 2},
    }
)
_MORE: Mapping[type, dict[str, Any]] = {
    Line: {"number": _NUMBER, "symbols": {"type": "array", "items": _STRING}},
    Ref: {"number": _NUMBER},
}
"""What some have beside their fields."""

_SCALARS: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a class, those of the classes in it among the definitions."""
    own = {name: _schema(hint, definitions) for name, hint in _hints(kind).items()}
    return _required({"kind": {"const": _kind(kind)}, **own, **_MORE.get(kind, {})})


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what a field holds."""
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_schema(each, definitions) for each in get_args(hint)]}
    if get_origin(hint) is tuple:
        first, *others = get_args(hint)
        if others == [...]:
            return {"type": "array", "items": _schema(first, definitions)}
        return {"type": "array", "prefixItems": [_schema(each, definitions) for each in (first, *others)]}
    if get_origin(hint) is Literal:
        return {"enum": [*get_args(hint)]}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if hint is type(None):
        return {"type": "null"}
    if issubclass(hint, Node):
        return {"$ref": "#/$defs/formula"}
    name = _kind(hint)
    if name not in definitions:
        definitions[name] = {}  # It may be in itself.
        definitions[name] = _object(hint, definitions)
    return {"$ref": f"#/$defs/{name}"}
