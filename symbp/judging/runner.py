"""Calls somebody's function in a process of its own. Run as a script, with the folder of one request.

It needs NumPy alone and imports nothing of symbp. A request is ``request.json`` beside one ``.npy`` file an array;
the answer is ``answer.json`` beside ``.npy`` files again. No pickle is written or read.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MAX_DEPTH = 4
MAX_ITEMS = 5000
MAX_BYTES = 200_000_000
MAX_KEY = 200


class RefusedError(Exception):
    """What a function returned cannot be handed on."""


def built(plan: Any, arrays: Callable[[str], Any]) -> Any:
    """Return the argument that a plan describes: an array, a number, a dict or a list of such."""
    kind, value = plan
    if kind == "array":
        return arrays(value)
    if kind == "dict":
        return {name: built(each, arrays) for name, each in value.items()}
    if kind == "list":
        return [built(each, arrays) for each in value]
    return value


class Store:
    """Describes what a function returned; arrays are kept by number."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.items = self.bytes = 0

    def describe(self, value: Any, depth: int = 0) -> dict[str, Any]:
        """Return a value as JSON data."""
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise RefusedError(f"returned more than {MAX_ITEMS} values, or nested more than {MAX_DEPTH} deep")
        if value is None:
            return {"kind": "none"}
        if isinstance(value, Mapping):
            return {
                "kind": "dict",
                "keys": [str(key)[:MAX_KEY] for key in value],
                "values": [self.describe(each, depth + 1) for each in value.values()],
            }
        if isinstance(value, tuple | list):
            return {"kind": "list", "values": [self.describe(each, depth + 1) for each in value]}
        return self._array(value)

    def _array(self, value: Any) -> dict[str, Any]:
        import numpy as np

        library = type(value).__module__.partition(".")[0]
        converted = value
        if library == "torch" and hasattr(value, "detach"):
            converted = value.detach().cpu().numpy()
        elif not isinstance(value, np.ndarray | np.generic | int | float | complex) and not hasattr(value, "__array__"):
            return {"kind": "other", "type": type(value).__name__}
        array = np.asarray(converted)
        if array.dtype.hasobject or array.dtype.kind not in "biufc":
            return {"kind": "other", "type": f"an array of dtype {array.dtype}"}
        self.bytes += array.nbytes
        if self.bytes > MAX_BYTES:
            raise RefusedError(f"returned more than {MAX_BYTES // 10**6} MB")
        self.arrays.append(array)
        return {"kind": "array", "at": len(self.arrays) - 1, "from": library}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of the arrays that are no longer what they were."""
    return [
        name for name, array in before.items() if array.shape != after[name].shape or not (array == after[name]).all()
    ]


def called(function: Callable[..., Any], plan: Mapping[str, Any], arrays: Mapping[str, Any], store: Store) -> Any:
    """Call a function once by a plan; return the description of its result and of what it did to its arguments."""
    given = {name: array.copy() for name, array in arrays.items()}
    positional = [built(each, given.__getitem__) for each in plan["positional"]]
    named = {name: built(each, given.__getitem__) for name, each in plan["named"].items()}
    result = function(*positional, **named)
    return {"result": store.describe(result), "changed": changed(arrays, given)}


def failure(error: BaseException, source: str) -> dict[str, Any]:
    """Return what an exception was and the last line of somebody's own file that led to it."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == source]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    try:
        says = str(error)[:300]
    except BaseException:  # Their own class may say what it likes.
        says = ""
    return {"error": type(error).__name__, "says": says, "line": line}


def loaded(source: Path) -> dict[str, Any]:
    """Run a file as a module that is not ``__main__`` and return what it defines."""
    import types

    module = types.ModuleType(source.stem)
    module.__file__ = str(source)
    sys.modules.setdefault(source.stem, module)
    code = compile(source.read_bytes(), str(source), "exec")
    exec(code, module.__dict__)
    return module.__dict__


def leave_if_forked(mine: int) -> None:
    """End a process that somebody's function forked: it answers nothing."""
    if os.getpid() != mine:
        os._exit(0)


def answer(folder: Path) -> dict[str, Any]:
    """Do what a request asks for."""
    import numpy as np

    mine = os.getpid()
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    source = Path(request["source"])
    sys.path[0] = str(source.parent)
    try:
        function = loaded(source).get(request["function"])
    except BaseException as error:
        return failure(error, str(source)) | {"while": "loading"}
    if not callable(function):
        return {"refused": "is no function once the file has run"}
    results = []
    for number, names in enumerate(request["cases"]):
        arrays = {name: np.load(folder / f"{number}-{at}.npy", allow_pickle=False) for at, name in enumerate(names)}
        store = Store()
        try:
            found = called(function, request["plan"], arrays, store)
        except RefusedError as error:
            return {"refused": str(error)}
        except BaseException as error:
            return failure(error, str(source)) | {"while": "calling"}
        leave_if_forked(mine)
        for at, array in enumerate(store.arrays):
            np.save(folder / f"answer-{number}-{at}.npy", array, allow_pickle=False)
        results.append(found)
    return {"results": results}


def main(folder: Path) -> None:
    """Answer a request."""
    mine = os.getpid()
    found = answer(folder)
    leave_if_forked(mine)
    partial = folder / "answer.partial"
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(folder / "answer.json")
    with contextlib.suppress(Exception):  # They may have closed it.
        sys.stdout.flush()
    os._exit(0)  # Threads that somebody started are not waited for.


if __name__ == "__main__":
    main(Path(sys.argv[1]))
