"""The options of somebody's own gradient: a file, a formula, a stub; told apart without reading what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from symbp.cli import values
from symbp.cli.options import NetworkOptions, Text, option
from symbp.errors import SpecError
from symbp.inputs import NOT_REGULAR, read_regular
from symbp.limits import MAX_JSON_ARRAYS

PYTHON = ".py"
DATA = (".npz", ".npy", ".json")
REDUCTIONS = ("mean", "sum", "torch")
MAX_TIMEOUT = 3600

STUB = "backward.py"
"""The file to fill in, unless another is named."""

GRADIENTS = re.compile(rb'"(?:grad\w*|\w+_grad|d[A-Z]\w*|d[bw]\d*)"\s*:\s*[\[{]')
"""What tells arrays in a .json file from a network: a key for gradients, "gradients" or "dW1"."""


@dataclass(frozen=True)
class FunctionFile:
    """A Python file and the function in it, None where there is one to be found."""

    place: Path
    function: str | None


@dataclass(frozen=True)
class DataFile:
    """A file of arrays; ``alone`` where nothing said how many layers there are."""

    place: Path
    alone: bool = False


@dataclass(frozen=True)
class Formula:
    """A formula as typed."""

    text: str


@dataclass(frozen=True)
class Stub:
    """The file to fill in that is asked for."""

    place: Path


Theirs = FunctionFile | DataFile | Formula | Stub


@dataclass(frozen=True)
class Asked:
    """Whose gradient, and how it is to be read."""

    theirs: Theirs
    rows: bool
    timeout: int
    reduction: str


@dataclass(frozen=True)
class TheirOptions:
    """Somebody's own gradient beside the network."""

    mine: Annotated[
        str | None,
        typer.Argument(
            metavar="[MINE]",
            help="Your own gradient: a Python file, mine.py or mine.py:function, or arrays in .npz or .json.",
            rich_help_panel="Your own gradient",
            show_default=False,
        ),
    ] = None
    formula: Annotated[
        Text,
        option("Your own gradient", "--formula", metavar="TEXT", help="A formula: 'dW2 = dZ2 @ A1.T' or 'δ₂ A₁ᵀ'."),
    ] = None
    stub: Annotated[
        bool, option("Your own gradient", "--stub", help="Write a file to fill in, MINE or backward.py, and stop.")
    ] = False
    rows: Annotated[
        bool, option("Your own gradient", "--rows", help="Rows are examples in your arrays, as in X @ W + b.")
    ] = False
    reduction: Annotated[
        Text,
        option(
            "Your own gradient",
            "--reduction",
            metavar="mean|sum|torch",
            help="Your loss over the batch; mean if not given.",
        ),
    ] = None
    timeout: Annotated[
        Text, option("Your own gradient", "--timeout", metavar="SECONDS", help="How long your function may take; 10.")
    ] = None

    def read(self, what: str | None, network: NetworkOptions) -> tuple[str | None, Asked | None]:
        """Return WHAT, which may turn out to be the user's file, and what is asked of theirs.

        Raises:
            SpecError: two of them at once, a file that does not exist, or an option without anything to use it.
        """
        named, mine = what, self.mine
        if mine is None and what is not None and (is_python(what) or is_data(what)):
            named, mine = None, what
        chosen = [name for name, given in (("--formula", self.formula), ("--stub", self.stub)) if given]
        if len(chosen) == 2 or (self.formula is not None and mine is not None):
            raise SpecError("give one of them: a file of yours, --formula or --stub")
        theirs = self._theirs(mine)
        if isinstance(theirs, DataFile):
            theirs = replace(theirs, alone=named is None and network.layers is None and network.widths is None)
        if theirs is None:
            for name, given in (("--rows", self.rows), ("--reduction", self.reduction), ("--timeout", self.timeout)):
                if given:
                    raise SpecError(
                        f"{name} is about your own gradient: name its file, as in symbp check mine.py {name}"
                    )
            return named, None
        timeout = (
            10 if self.timeout is None else values.number("--timeout", self.timeout, 1, MAX_TIMEOUT, "a time limit")
        )
        reduction = "mean" if self.reduction is None else values.choice("--reduction", self.reduction, REDUCTIONS)
        return named, Asked(theirs, self.rows, timeout, reduction)

    def _theirs(self, mine: str | None) -> Theirs | None:
        if self.formula is not None:
            return Formula(self.formula)
        if self.stub:
            return Stub(Path(STUB if mine is None else mine))
        return None if mine is None else file_of(mine)


def is_python(name: str) -> bool:
    """Whether a name is that of a Python file, with a function's name behind a colon or without."""
    return _split(name)[0].lower().endswith(PYTHON)


def is_data(name: str) -> bool:
    """Whether a name is that of a file of arrays: .npz, or .json with gradients in it."""
    path = Path(name)
    if path.suffix.lower() != ".json":
        return path.suffix.lower() in DATA
    try:
        return GRADIENTS.search(read_regular(path, MAX_JSON_ARRAYS)) is not None
    except SpecError:
        return False


def _split(name: str) -> tuple[str, str | None]:
    place, colon, function = name.rpartition(":")
    if colon and place.lower().endswith(PYTHON):
        return place, function
    return name, None


def file_of(name: str) -> FunctionFile | DataFile:
    """Return which kind of file is named.

    Raises:
        SpecError: it does not exist, or its suffix says nothing.
    """
    place, function = _split(name)
    path = Path(place)
    if not is_python(name) and path.suffix.lower() not in DATA:
        values.refuse("MINE", name, "give a .py, .npz or .json file")
    try:
        regular, exists = path.is_file(), path.exists()
    except (OSError, ValueError):
        regular = exists = False
    if not exists:
        values.refuse("MINE", name, "there is no such file; symbp check --stub writes one to fill in")
    if not regular:
        values.refuse("MINE", name, "a folder; name the file in it" if path.is_dir() else NOT_REGULAR)
    if is_python(name):
        return FunctionFile(path, function or None)
    return DataFile(path)
