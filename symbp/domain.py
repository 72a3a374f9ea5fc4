"""What a public function or class takes, read off its annotations: anything else is one line that says what would fit.

``@takes`` stands on functions, ``@takes_fields`` below ``@dataclass``. NumPy's numbers and Booleans come out as
Python's, lists as tuples.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from symbp.errors import SpecError
from symbp.limits import MAX_DIGITS

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

MOST_SHOWN = 40
"""Characters of a value that a message quotes."""


@dataclass(frozen=True)
class Domain:
    """A set of values: ``one`` and ``many`` of it in words, and ``read``, which returns a value or raises Outside.

    A value of one of the types ``exact`` is inside as it is.
    """

    one: str
    many: str
    read: Callable[[Any], Any]
    exact: frozenset[type] = frozenset()


class Outside(Exception):  # noqa: N818 - no error yet: the next domain of a union may hold the value
    """A value outside a domain; ``at`` says where in it, as ``[2]`` does for the third of a list."""

    def __init__(self, value: object, domain: Domain, at: str = "") -> None:
        self.value, self.domain, self.at = value, domain, at


@dataclass(frozen=True)
class From:
    """The least value of a number, and its greatest if it has one: ``Annotated[int, From(0)]``."""

    least: int
    most: int | None = None

    def narrow(self, inner: Domain) -> Domain:
        """Return the part of a domain of numbers between the bounds."""

        def read(value: Any) -> Any:
            found = inner.read(value)
            if not found >= self.least or (self.most is not None and found > self.most):
                raise TypeError
            return found

        words = f"from {self.least}" if self.most is None else f"from {self.least} to {self.most:,}"
        return Domain(f"{inner.one} {words}", f"{inner.many} {words}", read)


@dataclass(frozen=True)
class Called:
    """What messages call a domain: ``Annotated[str, Called("a name such as 'tanh'")]``."""

    one: str

    def narrow(self, inner: Domain) -> Domain:
        """Return the same domain under these words."""
        return replace(inner, one=self.one)


Seed = Annotated[int, From(0)]
"""What random numbers are drawn from."""

Decimals = Annotated[int, From(1, MAX_DIGITS)]
"""How many digits behind the point a page shows."""


def described(value: object) -> str:
    """Return a value as a message quotes it: one short line, whatever it is."""
    if isinstance(value, type) or inspect.isroutine(value):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__name__}"
    if isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) >= 10**MOST_SHOWN:
        return _long(int(value))
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _long(value: int) -> str:
    """Return the first digits of a long number and how many it has; Python refuses to write more than 4,300."""
    digits = int((abs(value).bit_length() - 1) * 0.30102999) + 1
    digits += abs(value) >= 10**digits
    return f"{'-' * (value < 0)}{abs(value) // 10 ** (digits - 6)}… ({digits:,} digits)"


def whole(value: object) -> int:
    """Return a whole number as Python's; a Boolean is none.

    Raises:
        TypeError: it is not one.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError
    return int(value)


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError
    try:
        return float(value)
    except OverflowError:
        raise TypeError from None


def _flag(value: Any) -> bool:
    # NumPy's Booleans have no type of their own here: importing NumPy costs more than what it is asked for.
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError
    return bool(value)


def instance(kind: type) -> Callable[[Any], Any]:
    """Return what reads an instance of a class."""

    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return read


def _callable(value: Any) -> Any:
    if not callable(value):
        raise TypeError
    return value


def _path(value: Any) -> Any:
    if not isinstance(value, os.PathLike):
        raise TypeError
    return value


DOMAINS: dict[Any, Domain] = {
    bool: Domain("True or False", "True or False", _flag, frozenset({bool})),
    int: Domain("a whole number", "whole numbers", whole, frozenset({int})),
    float: Domain("a number", "numbers", _real, frozenset({float})),
    str: Domain("text", "texts", instance(str), frozenset({str})),
    NoneType: Domain("None", "None", instance(NoneType), frozenset({NoneType})),
    Path: Domain("a path", "paths", _path),
}
"""The domain of a type. Classes of higher floors add theirs where their name alone would not say what to give."""


def domain(hint: Any) -> Domain | None:
    """Return what an annotation allows; None where it allows everything."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in (Any, object) or isinstance(hint, TypeVar):
        return None
    if origin is Annotated:
        return functools.reduce(lambda inner, part: part.narrow(inner), parts[1:], domain(parts[0]))
    if origin in (Union, UnionType):
        return _union([domain(part) for part in parts])
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _sequence(domain(parts[0]), len(parts) if origin is tuple and Ellipsis not in parts else None)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*map(domain, parts))
    if origin is not None and not isinstance(origin, type):
        return None
    if hint in DOMAINS:
        return DOMAINS[hint]
    if origin is not None:
        return Domain("a function", "functions", _callable)
    return Domain(f"a {hint.__name__}", f"{hint.__name__}s", instance(hint))


def _union(domains: Sequence[Domain | None]) -> Domain | None:
    known = [each for each in domains if each is not None]
    if len(known) < len(domains):
        return None

    def read(value: Any) -> Any:
        deepest: Outside | None = None
        for each in known:
            try:
                return each.read(value)
            except TypeError:
                continue
            except Outside as error:
                deepest = error
        raise deepest or TypeError

    def joined(words: Sequence[str]) -> str:
        return " or ".join([*filter(None, [", ".join(words[:-1])]), words[-1]])

    exact = frozenset[type]().union(*(each.exact for each in known))
    # That an argument may be left out goes without saying.
    named = [each for each in known if each is not DOMAINS[NoneType]] or known
    return Domain(joined([each.one for each in named]), joined([each.many for each in named]), read, exact)


def _sequence(item: Domain | None, length: int | None) -> Domain:
    def read(value: Any) -> tuple[Any, ...]:
        # What NumPy calls a list of numbers has tolist; sets have no order, and text is one thing.
        if getattr(value, "ndim", 0) == 1 and hasattr(value, "tolist"):
            value = value.tolist()
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise TypeError
        if length is not None and len(value) != length:
            raise TypeError
        return tuple(_inside(each, item, f"[{place}]") for place, each in enumerate(value))

    one = {None: "a list", 2: "a pair"}.get(length, f"{length} in a list")
    return Domain(f"{one} of {item.many}" if item else one, "lists", read)


def _mapping(key: Domain | None, item: Domain | None) -> Domain:
    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise TypeError
        return {_inside(name, key, ""): _inside(each, item, f"[{described(name)}]") for name, each in value.items()}

    of = f" from {key.many} to {item.many}" if key and item else ""
    return Domain(f"a mapping{of}", f"mappings{of}", read)


def _inside(value: Any, inner: Domain | None, at: str) -> Any:
    if inner is None or type(value) in inner.exact:
        return value
    try:
        return inner.read(value)
    except TypeError:
        raise Outside(value, inner, at) from None
    except Outside as error:
        raise Outside(error.value, error.domain, f"{at}{error.at}") from None


def taken(value: Any, inner: Domain | None, what: str) -> Any:
    """Return a value as its domain has it.

    Raises:
        SpecError: it is outside; ``what`` names the argument.
    """
    try:
        return _inside(value, inner, "")
    except Outside as error:
        raise SpecError(f"{what}{error.at} is {described(error.value)}: give {error.domain.one}") from None


def takes(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse arguments that the annotations of a function do not allow, by a SpecError that names them."""
    signature = inspect.signature(function)
    named = {
        name for name, each in signature.parameters.items() if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }

    @functools.cache
    def domains() -> dict[str, Domain | None]:
        hints = get_type_hints(function, include_extras=True)
        return {name: domain(hint) for name, hint in hints.items() if name in named}

    @functools.wraps(function)
    def within(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        for name, inner in domains().items():
            if name in bound.arguments:
                bound.arguments[name] = taken(bound.arguments[name], inner, name)
        return function(*bound.args, **bound.kwargs)

    return within


def takes_fields(kind: C) -> C:
    """Refuse fields that the annotations of a dataclass do not allow; stands below ``@dataclass``."""
    known: dict[type, tuple[tuple[str, Domain], ...]] = {}  # By class: a subclass has fields of its own.
    before: Callable[[Any], None] | None = getattr(kind, "__post_init__", None)

    def domains(cls: type) -> tuple[tuple[str, Domain], ...]:
        hints = get_type_hints(cls, include_extras=True)
        found = ((name, domain(hint)) for name, hint in hints.items() if get_origin(hint) is not ClassVar)
        return tuple((name, inner) for name, inner in found if inner is not None)

    def __post_init__(self: Any) -> None:  # noqa: N807 - the hook of dataclasses
        cls = type(self)
        if cls not in known:
            known[cls] = domains(cls)
        for name, inner in known[cls]:
            value = getattr(self, name)
            if type(value) not in inner.exact:
                object.__setattr__(self, name, taken(value, inner, f"{cls.__name__}: {name}"))
        if before is not None:
            before(self)

    kind.__post_init__ = __post_init__  # type: ignore[attr-defined] # dataclasses look it up by this name
    return kind
