"""Somebody's own gradient: a file, a formula, a stub; told apart without running what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from symbp.cli.derive import notation_of
from symbp.cli.options import number, one_of, option, refuse
from symbp.cli.what import NetworkOptions
from symbp.errors import SpecError
from symbp.inputs import NOT_REGULAR, read_regular
from symbp.limits import MAX_JSON_ARRAYS
from symbp.networks.places import split_python

DATA = (".npz", ".npy", ".json")
NOTES = (".tex", ".ltx", ".md", ".markdown")
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


@dataclass(frozen=True)
class NotesFile:
    """A file of notes, LaTeX or Markdown, whose equations are judged."""

    place: Path


Mine = FunctionFile | DataFile | NotesFile | Formula | Stub


@dataclass(frozen=True)
class Question:
    """Whose gradient, and how it is to be read."""

    mine: Mine
    rows: bool
    timeout: int
    reduction: str
    call: str | None = None
    returns: tuple[str, ...] = ()
    strict: bool = False
    notation: str | None = None


PANEL = "Your own gradient"

MINE = typer.Argument(
    metavar="[MINE]",
    help="Your own gradient: a Python file, mine.py or mine.py:function, arrays (.npz, .json), notes (.tex, .md).",
    rich_help_panel=PANEL,
    show_default=False,
)
FORMULA = option(PANEL, "--formula", "A formula: 'dW2 = dZ2 @ A1.T' or 'δ₂ A₁ᵀ'.", "TEXT")
ROWS = option(PANEL, "--rows", "Rows are examples, as in X @ W + b: in your arrays, or in your formula.")
REDUCTION = option(
    PANEL, "--reduction", "Your loss over the batch; mean if not given.", "mean|sum|torch",
    lambda text: one_of(text, REDUCTIONS),
)  # fmt: skip
CALL = option(PANEL, "--call", "How your function is called: 'backprop(weights, biases, x=X, y=Y, reg=0.1)'.", "CALL")
RETURNS = option(PANEL, "--returns", "What it returns, in order: 'db, dw'.", "NAMES")
NOTATION = option(
    PANEL, "--notation", "The notation of your formula or notes: that of a page of derive --notation.", "NAME|FILE",
    notation_of,
)  # fmt: skip
STRICT = option(PANEL, "--strict", "Accept no sign or scale, even where your file proves that it is meant.")
TIMEOUT = option(
    PANEL, "--timeout", "How long your function may take; 10.", "SECONDS", number(1, MAX_TIMEOUT, "a time limit")
)


@dataclass(frozen=True)
class MineOptions:
    """Somebody's own gradient beside the network."""

    mine: Annotated[str | None, MINE] = None
    formula: Annotated[str | None, FORMULA] = None
    stub: Annotated[bool, option(PANEL, "--stub", "Write a file to fill in, MINE or backward.py, and stop.")] = False
    rows: Annotated[bool, ROWS] = False
    reduction: Annotated[str | None, REDUCTION] = None
    timeout: Annotated[int | None, TIMEOUT] = None
    call: Annotated[str | None, CALL] = None
    returns: Annotated[str | None, RETURNS] = None
    strict: Annotated[bool, STRICT] = False
    notation: Annotated[str | None, NOTATION] = None

    def _require_function(self, asked: Mine) -> None:
        for name, given in (("--call", self.call), ("--returns", self.returns), ("--strict", self.strict)):
            if given and not isinstance(asked, FunctionFile):
                raise SpecError(f"{name} is about a function of yours: leave out {name}")
        if self.notation and not isinstance(asked, Formula | NotesFile):
            raise SpecError("--notation is about a formula of yours or notes: leave out --notation")
        if self.notation and self.rows:
            raise SpecError("a notation says whether rows are examples: leave out --rows, or --notation")

    def leaves_open(self, what: str, network: NetworkOptions) -> bool:
        """Whether a function of a Python file may be a model: nothing says which network it would be a gradient for."""
        found = split_python(what)
        alone = self == MineOptions() and replace(network, loss=None) == NetworkOptions()
        return alone and found is not None and found[1] is not None

    def read(self, what: str | None, network: NetworkOptions) -> tuple[str | None, Question | None]:
        """Return WHAT, which may turn out to be the user's file, and what is asked of theirs.

        Raises:
            SpecError: two of them at once, a file that does not exist, or an option without anything to use it.
        """
        mine = self.mine
        if mine is None and what is not None and (is_python(what) or is_data(what) or is_notes(what)):
            what, mine = None, what
        if self.formula is not None and (self.stub or mine is not None):
            raise SpecError("give one of them: a file of yours, --formula or --stub")
        asked: Mine | None = None
        if self.formula is not None:
            asked = Formula(self.formula)
            for name, given in (("--reduction", self.reduction), ("--timeout", self.timeout)):
                if given:
                    raise SpecError(f"{name} is about what your code returns: a formula has none; leave out {name}")
        elif self.stub:
            asked = Stub(Path(mine or STUB))
        elif mine is not None:
            asked = file_of(mine, alone=what is None and network.layers is None and network.widths is None)
        if isinstance(asked, NotesFile):
            for name, given in (("--reduction", self.reduction), ("--timeout", self.timeout)):
                if given:
                    raise SpecError(f"{name} is about what your code returns: notes have none; leave out {name}")
        if asked is not None:
            self._require_function(asked)
            names = tuple(each.strip() for each in (self.returns or "").split(",") if each.strip())
            reduction = self.reduction or "mean"
            return what, Question(
                asked, self.rows, self.timeout or 10, reduction, self.call, names, self.strict, self.notation
            )
        mine_alone = (
            ("--rows", self.rows), ("--reduction", self.reduction), ("--timeout", self.timeout), ("--call", self.call),
            ("--returns", self.returns), ("--strict", self.strict), ("--notation", self.notation),
        )  # fmt: skip
        for name, given in mine_alone:
            if given:
                raise SpecError(f"{name} is about your own gradient: name its file, as in symbp check mine.py {name}")
        return what, None


def is_python(name: str) -> bool:
    """Whether a name is that of a Python file, with a function's name behind a colon or without."""
    return split_python(name) is not None


def is_data(name: str) -> bool:
    """Whether a name is that of a file of arrays: .npz, or .json with gradients in it."""
    path = Path(name)
    if path.suffix.lower() != ".json":
        return path.suffix.lower() in DATA
    try:
        return GRADIENTS.search(read_regular(path, MAX_JSON_ARRAYS)) is not None
    except SpecError:
        return False


def is_notes(name: str) -> bool:
    """Whether a name is that of a file of notes."""
    return Path(name).suffix.lower() in NOTES


def file_of(name: str, *, alone: bool) -> FunctionFile | DataFile | NotesFile:
    """Return which kind of file is named.

    Raises:
        SpecError: it does not exist, or its suffix says nothing.
    """
    place, function = split_python(name) or (name, None)
    path = Path(place)
    if not is_python(name) and path.suffix.lower() not in (*DATA, *NOTES):
        refuse(name, "give a .py, .npz or .json file, or notes in .tex or .md", "MINE")
    try:
        regular, exists = path.is_file(), path.exists()
    except (OSError, ValueError):
        regular = exists = False
    if not exists:
        refuse(name, "there is no such file; symbp check --stub writes one to fill in", "MINE")
    if not regular:
        refuse(name, "a folder; name the file in it" if path.is_dir() else NOT_REGULAR, "MINE")
    if is_notes(name):
        return NotesFile(path)
    return FunctionFile(path, function or None) if is_python(name) else DataFile(path, alone)
