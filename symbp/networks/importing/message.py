"""What a model does, as ``child`` wrote it down: read as data that anybody could have written there.

pydantic holds every field against its type; what is left is that names refer to something and that numbers of an
array are as many as its shape says.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from symbp.errors import SpecError, shown
from symbp.limits import MAX_EQUATIONS, MAX_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_MESSAGE = 700_000_000
"""Largest message, in bytes: its arrays take four thirds of themselves."""

MAX_AXES = 16
MAX_DEPTH = 6
MAX_ARGUMENTS = 10_000
LARGEST_SIZE = 2**40


@dataclass(frozen=True, slots=True)
class Examples:
    """A size that counts examples: ``each`` times their number."""

    each: int = 1


Size: TypeAlias = int | Examples
"""The length of an axis."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A value by the name of what made it, and which of its results it is."""

    name: str
    at: int = 0


Argument: TypeAlias = bool | int | float | str | Reference | Examples | tuple["Argument", ...] | None
"""What an operation is called with."""


def _size(value: Any) -> Size:
    match value:
        case bool():
            pass
        case int() if 0 <= value <= LARGEST_SIZE:
            return value
        case [int() as each] if 1 <= each <= LARGEST_SIZE:
            return Examples(each)
    raise ValueError("no size")


def _argument(value: Any, depth: int = 0) -> Argument:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    match value:
        case None | bool() | float():
            return value
        case str() if len(value) <= 1000:
            return value
        case int() if abs(value) <= LARGEST_SIZE * 2**23:
            return value
        case {"tensor": str() as name, "at": int() as at} if len(value) == 2 and at >= 0:
            return Reference(name, at)
        case {"list": [*items]} if len(value) == 1 and len(items) <= MAX_ARGUMENTS:
            return tuple(_argument(each, depth + 1) for each in items)
        case {"size": size} if len(value) == 1:
            return _size(size)
        case {"number": "inf" | "-inf" | "nan" as text} if len(value) == 1:
            return float(text)
        case {"word": str() as word} if len(value) == 1:
            return word
    raise ValueError("no argument")


Name = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=2000)]
Dims = Annotated[tuple[Any, ...], BeforeValidator(lambda value: tuple(map(_size, value))), Field(max_length=MAX_AXES)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)


class Line(_Model):
    """A line of somebody's file."""

    file: Text
    number: int
    text: Text


class Array(_Model):
    """Numbers of any number of axes, in C order."""

    shape: Annotated[tuple[int, ...], BeforeValidator(tuple), Field(max_length=MAX_AXES)]
    type: Literal["<f8", "<f4", "<i8"]
    bytes: str

    @cached_property
    def values(self) -> NDArray[Any]:
        """The numbers as an array; float32 stays float32.

        Raises:
            SpecError: not as many numbers as the shape says.
        """
        import numpy as np

        try:
            flat = np.frombuffer(base64.b64decode(self.bytes, validate=True), self.type)
            if min(self.shape, default=1) < 0 or flat.size != math.prod(self.shape):
                raise ValueError
        except ValueError:
            raise SpecError(f"an array of shape {self.shape} has other numbers than that") from None
        return flat.reshape(self.shape)


class Parameter(_Model):
    """A parameter by the name that the model has for it; one that is not trainable is frozen."""

    name: Name
    value: Array
    trainable: bool


class Given(_Model):
    """What is handed over: ``own`` is what forward calls it, ``target`` what the loss compares with."""

    name: Name
    own: Name
    value: Array
    dims: Dims
    type: Name


class Constant(_Model):
    """What no parameter has a part in, evaluated; ``made_of`` are the inputs that it is made of, if there are any."""

    model_config = ConfigDict(populate_by_name=True)

    name: Name
    value: Array
    dims: Dims
    type: Name
    made_of: Annotated[tuple[Name, ...], BeforeValidator(tuple), Field(alias="from")]


class Result(_Model):
    """The shape and type of what an operation returns."""

    dims: Dims
    type: Name


class Operation(_Model):
    """One call: its kind (``conv2d``), its arguments in order and by name, its results, where it stands."""

    name: Name
    kind: Name
    overload: Name
    arguments: Annotated[tuple[Any, ...], BeforeValidator(lambda value: tuple(map(_argument, value)))]
    named: Annotated[
        Mapping[str, Any], BeforeValidator(lambda value: {key: _argument(each) for key, each in value.items()})
    ]
    results: Annotated[tuple[Result, ...], BeforeValidator(tuple)]
    module: Name
    line: Line | None


class Hint(_Model):
    """What the child saw that may explain a difference, or that a reader should know."""

    what: Name
    where: Name
    line: int | None


class Message(_Model):
    """A model with its loss on one example batch: what it computes, and PyTorch's loss and gradients."""

    version: Literal[1]
    torch: Name
    model: Name
    dtype: Name
    training: bool
    examples: int | None
    modules: Mapping[Name, Name]
    parameters: Annotated[tuple[Parameter, ...], BeforeValidator(tuple)]
    parameter_inputs: Mapping[Name, Name]
    inputs: Annotated[tuple[Given, ...], BeforeValidator(tuple)]
    constants: Annotated[tuple[Constant, ...], BeforeValidator(tuple)]
    operations: Annotated[tuple[Operation, ...], BeforeValidator(tuple), Field(max_length=MAX_EQUATIONS)]
    result: Name
    loss: float
    gradients: Mapping[Name, Array]
    hints: Annotated[tuple[Hint, ...], BeforeValidator(tuple)]

    @classmethod
    def of(cls, content: bytes) -> Message:
        """Return what the bytes of an answer say.

        Raises:
            SpecError: not what ``child`` writes.
        """
        try:
            data = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"the export left an answer that cannot be read: {shown(str(error))}") from None
        return cls.of_data(data)

    @classmethod
    def of_data(cls, data: Any) -> Message:
        """Return what a document says.

        Raises:
            SpecError: not what ``child`` writes.
        """
        try:
            found = cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise SpecError(f"the export left an answer that cannot be read: {place}: {first['msg']}") from None
        found._require_known()
        return found

    def _require_known(self) -> None:
        """Refuse names of nothing, a name twice, sizes beyond the widest layer."""
        known: set[str] = set()
        given: list[Given | Constant] = [*self.inputs, *self.constants]
        names = [*self.parameter_inputs, *(each.name for each in given)]
        for name in [*names, *(each.name for each in self.operations)]:
            if name in known:
                raise SpecError(f"the export names {shown(name)} twice")
            known.add(name)
        own = {each.name for each in self.parameters}
        unknown = {*self.parameter_inputs.values(), *self.gradients} - own
        before = set(names)
        for each in self.operations:
            unknown |= {name for name in references(each) if name not in before}
            before.add(each.name)
        if self.result not in before or unknown:
            raise SpecError(f"the export speaks of {shown(min(unknown, default=self.result))}, which it does not have")
        sizes = [size for each in self.operations for result in each.results for size in result.dims]
        if any(isinstance(size, int) and size > MAX_UNITS for size in sizes):
            raise SpecError(f"an axis is longer than {MAX_UNITS:,}")


def references(operation: Operation) -> list[str]:
    """Return the names that an operation reads, in order."""
    found: list[str] = []

    def read(value: Argument) -> None:
        if isinstance(value, Reference):
            found.append(value.name)
        elif isinstance(value, tuple):
            for each in value:
                read(each)

    for each in (*operation.arguments, *operation.named.values()):
        read(each)
    return found
