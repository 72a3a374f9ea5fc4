"""Where a network is that somebody names: a file, a shipped example, or an operation that is derived alone."""

from __future__ import annotations

from pathlib import Path

from symbp.errors import MAX_SHOWN, SpecError, nearest, shown
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATION_ALIASES, OPERATIONS, Operation, operation_named


def place(what: str) -> Path | Operation:
    """Return the file of a network, or the operation of a name; a file goes before an example of its name.

    Raises:
        SpecError: there is neither; the message gives the nearest name.
    """
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
