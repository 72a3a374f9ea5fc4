"""Where a network is that somebody names: a file, a model, a shipped example, an operation that is derived alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from symbp.errors import MAX_SHOWN, SpecError, nearest, shown
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATION_ALIASES, OPERATIONS, Operation, operation_named

PYTHON = ".py"


@dataclass(frozen=True)
class Model:
    """A model of PyTorch: a Python file, and what in it is the module or returns it."""

    path: Path
    function: str

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.path.name}:{self.function}"

    @property
    def stem(self) -> str:
        """What its pages are called."""
        return self.path.stem


Place = Path | Model | Operation


def split_python(name: str) -> tuple[str, str | None] | None:
    """Return the Python file of a name, and what is named in it behind a colon; None for any other file."""
    path, colon, function = name.rpartition(":")
    if colon and path.lower().endswith(PYTHON):
        return path, function
    return (name, None) if name.lower().endswith(PYTHON) else None


def model(what: str) -> Model | None:
    """Return the model of a name such as ``model.py:make``; None for what is no Python file.

    Raises:
        SpecError: there is no such file, or nothing in it is named.
    """
    found = split_python(what)
    if found is None:
        return None
    path, function = found
    try:
        is_there = Path(path).is_file()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise SpecError(f"{shown(what)}: no such file")
    if not function or not function.isidentifier():
        raise SpecError(f"{shown(what)}: name what returns the model, as in {shown(Path(path).name)}:make")
    return Model(Path(path), function)


def place(what: str) -> Place:
    """Return the file of a network, its model or the operation of a name; a file goes before an example of its name.

    Raises:
        SpecError: there is neither; the message gives the nearest name.
    """
    in_python = model(what)
    if in_python is not None:
        return in_python
    try:
        if Path(what).is_file():
            return Path(what)
        is_folder = bool(what) and Path(what).is_dir()
        exists = bool(what) and Path(what).exists()
    except (OSError, ValueError):
        is_folder = exists = False
    if what in OPERATIONS:
        return OPERATIONS[what]
    if what in EXAMPLES:
        return EXAMPLES[what]
    operation = operation_named(what)
    if operation is not None:
        return operation
    if is_folder:
        raise SpecError(f"{shown(what)}: a folder; give a file, such as network.toml")
    if exists:
        raise SpecError(f"{shown(what)}: not a file that can be read again, such as network.toml")
    near = nearest(what[:MAX_SHOWN], (*EXAMPLES, *OPERATIONS, *OPERATION_ALIASES)) or (
        f"; the examples are {', '.join(EXAMPLES)}; the operations {', '.join(OPERATIONS)}"
    )
    raise SpecError(f"{shown(what)}: no such file, and no example or operation of that name{near}")
