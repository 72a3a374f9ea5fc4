"""Calls somebody's code in a process of its own, one reading after the other. Run as a script, with a request's folder.

It needs NumPy alone and imports nothing of symbp. A request is ``request.json`` beside ``.npz`` files of arrays, one a
case and form; the answer is ``answer.json`` beside ``.npy`` files. No pickle is written or read.

A reading is a list of steps: ``make`` makes an object and puts the parameters into it, ``call`` calls something of it
or of the file. What they are given is described by plans: ``["array", name]``, ``["dict", {…}]`` …
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MAX_DEPTH = 6
MAX_ITEMS = 5000
MAX_BYTES = 200_000_000
MAX_KEY = 200
MAX_SLOTS = 400
KEPT = 40
"""How many readings that ran are kept."""

ALONE = re.compile(r"[^a-z0-9]+")


class RefusedError(Exception):
    """What a function returned cannot be handed on."""


class MisfitError(Exception):
    """A reading that does not fit: a parameter without a place, a step without a result."""


class TooLongError(BaseException):
    """One reading took too long; their own ``except Exception`` does not catch it."""


def plain(name: object) -> str:
    """Return a name without case and separators."""
    return ALONE.sub("", str(name).lower())


class Known(dict[Any, Any]):
    """A table of arrays that also knows other spellings of its keys: ``W1`` for ``w_1``."""

    others: Mapping[str, str]

    def __missing__(self, key: Any) -> Any:
        own = self.others.get(plain(key))
        if own is None or own not in self:
            raise KeyError(key)
        return self[own]


class Context:
    """What ``forward(ctx, …)`` keeps for ``backward(ctx, …)``."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad = (True,) * 9

    def save_for_backward(self, *arrays: Any) -> None:
        """Keep arrays."""
        self.saved_tensors = arrays
        self.saved_variables = self.saved_arrays = self.saved = arrays


class World:
    """One run of a reading: the file's names, the arrays, and what its steps have made so far."""

    def __init__(self, names: Mapping[str, Any], arrays: Mapping[str, Any], form: Mapping[str, Any], made: Any = None):
        self.names, self.given, self.form = names, arrays, form
        self.arrays: dict[str, Any] = {}
        self.results: list[Any] = []
        self.owner = made
        self.made = None if made is None else copy.deepcopy(made)
        self.context = Context()
        self.slots: dict[str, str] = {}
        self.used: dict[str, list[Any]] = {}
        if made is not None:
            self.fill()

    def array(self, name: str) -> Any:
        """Return a copy of an array, the same for all who ask: what is changed in place is changed for all."""
        if name not in self.arrays:
            array = self.given[name]
            self.arrays[name] = self.as_given(array.copy()) if array.ndim else array.item()
        return self.arrays[name]

    def as_given(self, array: Any) -> Any:
        """Return an array as their code takes it: a tensor, where the form says so."""
        if not self.form.get("torch"):
            return array
        import torch

        return torch.from_numpy(array)

    def built(self, plan: Any) -> Any:
        """Return what a plan describes."""
        import numpy as np

        kind, *rest = plan
        match kind:
            case "array":
                return self.array(rest[0])
            case "nested":
                return np.asarray(self.array(rest[0])).tolist()
            case "number":
                return np.asarray(self.array(rest[0])).reshape(-1)[0].item()
            case "dict" | "known":
                table = {name: self.built(each) for name, each in rest[0].items()}
                if kind == "dict":
                    return table
                known = Known(table)
                known.others = rest[1]
                return known
            case "list":
                return [self.built(each) for each in rest[0]]
            case "tuple":
                return tuple(self.built(each) for each in rest[0])
            case "flat":
                return self.flat(*rest)
            case "joined":
                bias, weight = (np.asarray(self.built(each)) for each in rest[1])
                return np.concatenate([bias.reshape((-1, 1) if rest[0] else (1, -1)), weight], axis=rest[0])
            case "stack":
                return np.stack([np.asarray(self.built(each)) for each in rest[1]], axis=rest[0])
            case "pairs":
                return list(zip(*([*np.moveaxis(self.array(name), 0, 0)] for name in rest[0]), strict=True))
            case "result":
                return picked(self.results[rest[0]], rest[1])
            case "above":
                return self.as_given(above_of(self.results[rest[0]]))
            case "context":
                return self.context
            case "object":
                return self.made
        return rest[0]

    def flat(self, parts: Sequence[Any], order: Any) -> Any:
        """Return matrices unrolled behind each other, kept so that a change in place is seen."""
        import numpy as np

        key = json.dumps(["flat", parts, order])
        if key not in self.used:
            pieces = [np.asarray(self.built(each)).ravel(order=order) for each in parts]
            self.used[key] = [np.concatenate(pieces)]
        return self.used[key][0]

    def make(self, step: Mapping[str, Any]) -> None:
        """Make the object and put the parameters where they belong."""
        kind = self.names.get(step["make"])
        if not isinstance(kind, type):
            raise MisfitError(f"{step['make']} is no class once the file has run")
        if step.get("bare"):
            self.made = object.__new__(kind)
            for name, plan in step["attributes"].items():
                setattr(self.made, name, self.built(plan))
        else:
            positional = [self.built(each) for each in step["positional"]]
            self.made = kind(*positional, **{name: self.built(each) for name, each in step["named"].items()})
        for name, value in step.get("settings", {}).items():
            if hasattr(self.made, name):
                setattr(self.made, name, self.built(value))
        self.fill()

    def fill(self) -> None:
        """Put every parameter into the array of the object that has its name or else its shape, in place."""
        import numpy as np

        slots = [each for each in leaves(self.made) if not is_gradient(each[0])]
        taken: set[int] = set()
        waiting = list(self.form["parameters"])
        for by_name in (True, False):
            for name, spellings in list(waiting):
                value = np.asarray(self.given[name])
                for at, (path, holder, key, array) in enumerate(slots):
                    if at in taken or shape_of(array) != value.shape:
                        continue
                    if by_name and plain(path.rpartition(".")[2]) not in spellings:
                        continue
                    put(holder, key, array, value)
                    taken.add(at)
                    self.slots[name] = path
                    waiting.remove([name, spellings])
                    break
        if waiting and self.form["parameters"] and len(waiting) < len(self.form["parameters"]):
            raise MisfitError(f"the object has no place for {waiting[0][0]}")

    def call(self, step: Mapping[str, Any]) -> None:
        """Call what a step names."""
        target = step["call"]
        if isinstance(target, str):
            function = self.names.get(target.partition(".")[0])
            function = getattr(function, target.partition(".")[2], None) if "." in target else function
            if self.owner is not None and getattr(function, "__self__", None) is self.owner:
                function = getattr(self.made, str(getattr(function, "__name__", "")), None)
        elif target[0] == "method":
            function = getattr(self.made, target[1], None)
        else:
            function = picked(self.results[target[1]], target[2])
        if not callable(function):
            raise MisfitError("is no function once the file has run")
        positional = [self.built(each) for each in step["positional"]]
        self.results.append(function(*positional, **{k: self.built(v) for k, v in step["named"].items()}))


def plain_array(value: Any) -> Any:
    """Return an array of NumPy; a tensor of PyTorch without its history."""
    import numpy as np

    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def above_of(results: Any, shape: tuple[int, ...] | None = None) -> Any:
    """Return a gradient from above for what a forward pass returned, the same for every run of it."""
    import numpy as np

    return np.random.default_rng(2).standard_normal(output_of(results, shape).shape)


def output_of(results: Any, shape: tuple[int, ...] | None = None) -> Any:
    """Return the first array that a forward pass returned, of a shape if one is given."""
    for each in results if isinstance(results, tuple | list) else [results]:
        if hasattr(each, "shape") and (shape is None or tuple(each.shape) == shape):
            return plain_array(each)
    raise MisfitError("the forward pass returns no array")


def picked(value: Any, path: Sequence[Any]) -> Any:
    """Return a part of a result."""
    for key in path:
        try:
            value = value[key]
        except (TypeError, KeyError, IndexError):
            raise MisfitError("the forward pass returns something else") from None
    return value


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of an array or of nested lists."""
    import numpy as np

    return tuple(np.shape(value))


def put(holder: Any, key: Any, array: Any, value: Any) -> None:
    """Write an array over another in place, or put it there."""
    import numpy as np

    if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.flags.writeable:
        array[...] = value
    elif isinstance(holder, list | dict):
        holder[key] = value.tolist() if isinstance(array, list) else value
    else:
        setattr(holder, key, value.tolist() if isinstance(array, list) else value)


GRADIENT = re.compile(
    r"(?:^|[._])(?:d_?(?=[A-Zbwv]\w{0,8}\b)|grad|nabla|delta|g[_A-Z]|vel|v_|m_|mom|cache|acc)", re.ASCII
)


def is_gradient(path: str) -> bool:
    """Whether a place of an object is one for gradients or velocities, not for parameters."""
    return GRADIENT.search(path) is not None or path.rstrip("0123456789[]'\"").endswith(("grad", "grads"))


def leaves(
    value: Any, path: str = "", depth: int = 0, seen: set[int] | None = None
) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield the arrays that an object holds, each once: path, holder, key and array."""
    import numpy as np

    seen = set() if seen is None else seen
    if depth > MAX_DEPTH or id(value) in seen or len(seen) > MAX_SLOTS:
        return
    seen.add(id(value))
    items: list[tuple[str, Any, Any]]
    if isinstance(value, Mapping):
        items = [(f"{path}.{key}", key, each) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{path}.{at}", at, each) for at, each in enumerate(value)]
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value):
        items = [(f"{path}.{key}" if path else key, key, each) for key, each in vars(value).items()]
    else:
        return
    for name, key, each in items:
        if isinstance(each, np.ndarray):
            if id(each) not in seen:
                seen.add(id(each))
                yield name, value, key, each
        elif isinstance(each, list) and is_numbers(each):
            yield name, value, key, each
        elif isinstance(each, Mapping | list | tuple) or hasattr(each, "__dict__"):
            yield from leaves(each, name, depth + 1, seen)


def is_numbers(value: Any) -> bool:
    """Whether nested lists hold plain numbers."""
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, int | float)


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
        if isinstance(value, list) and (table := self._table(value, depth)) is not None:
            return self._array(table)
        if isinstance(value, tuple | list):
            return {"kind": "list", "values": [self.describe(each, depth + 1) for each in value]}
        return self._array(value)

    def _table(self, value: list[Any], depth: int) -> Any:
        """Return lists of plain numbers as an array; the outermost alone is a list of results."""
        import numpy as np

        if not (value and is_numbers(value) and (depth or isinstance(value[0], list))):
            return None
        try:
            return np.asarray(value, dtype=float)
        except (ValueError, TypeError):
            return None

    def _array(self, value: Any) -> dict[str, Any]:
        import numpy as np

        library = type(value).__module__.partition(".")[0]
        converted = value
        if library == "torch" and hasattr(value, "detach"):
            converted = value.detach().cpu().numpy()
        elif not isinstance(value, np.ndarray | np.generic | int | float | complex) and not hasattr(value, "__array__"):
            return {"kind": "other", "type": type(value).__name__}
        if np.ma.is_masked(converted):
            raise RefusedError("returned an array with masked entries: a gradient has all of them")
        array = np.asarray(converted)
        if array.dtype.hasobject or array.dtype.kind not in "biufc":
            return {"kind": "other", "type": f"an array of dtype {array.dtype}"}
        self.bytes += array.nbytes
        if self.bytes > MAX_BYTES:
            raise RefusedError(f"returned more than {MAX_BYTES // 10**6} MB")
        self.arrays.append(array)
        return {"kind": "array", "at": len(self.arrays) - 1, "from": library}


def performed(world: World, steps: Sequence[Mapping[str, Any]], store: Store) -> dict[str, Any]:
    """Take the steps of a reading; return what the last of them returned, left behind and moved, as data."""
    import numpy as np

    for step in steps:
        if "make" in step:
            world.make(step)
        else:
            world.call(step)
    found: dict[str, Any] = {"returned": store.describe(world.results[-1])}
    if len(world.results) > 1:
        output = world.results[0][0] if isinstance(world.results[0], tuple | list) else world.results[0]
        found["ahead"] = store.describe(output)
    moved: dict[str, Any] = {}
    if world.made is not None:
        now = {path: array for path, _, _, array in leaves(world.made)}
        slots = {path: name for name, path in world.slots.items()}
        moved = {name: now[path] for path, name in slots.items() if path in now}
        if all(np.array_equal(np.asarray(each), world.given[name]) for name, each in moved.items()):
            moved = {}
        left = {path: array for path, array in now.items() if path not in slots}
        found["left"] = store.describe(left)
        found["slots"] = dict(world.slots)
    given = {name: array for name, array in world.arrays.items() if hasattr(array, "shape")}
    changed = [name for name, array in given.items() if not np.array_equal(plain_array(array), world.given[name])]
    parameters = [name for name, _ in world.form["parameters"] if name in world.arrays]
    if any(name in changed for name in parameters):
        moved |= {name: world.arrays[name] for name in parameters}
    found["moved"] = store.describe(moved)
    found["changed"] = changed
    return found


def one(
    names: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any], form: Mapping[str, Any],
    made: Any = None,
) -> tuple[dict[str, Any], list[Any]]:  # fmt: skip
    """Take a reading's steps for one case, once for the batch or once an example; return data and arrays.

    Of one example at a time the arrays are added up; those of the first example alone follow.
    """
    iterated = form["each"]
    if not iterated:
        store = Store()
        return performed(World(names, arrays, form, made), steps, store), store.arrays
    total: list[Any] = []
    alone: list[Any] = []
    found: dict[str, Any] = {}
    for example in range(len(arrays[iterated[0]])):
        store = Store()
        part = {name: arrays[name][example] for name in iterated}
        found = performed(World(names, {**arrays, **part}, form, made), steps, store)
        if example:
            total = added(total, store.arrays)
        else:
            alone = store.arrays
            total = [1.0 * each if each.dtype.kind == "f" else each for each in alone]
    found["examples"] = len(arrays[iterated[0]])
    return found, [*total, *alone]


def added(total: list[Any], arrays: list[Any]) -> list[Any]:
    """Add up arrays, one by one."""
    if [each.shape for each in total] != [each.shape for each in arrays]:
        raise MisfitError("every example returns other shapes")
    return [a + b for a, b in zip(total, arrays, strict=True)]


STEP = 1e-6
"""How far an argument is moved for a difference of somebody's own forward pass."""


def slopes(
    names: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any], form: Mapping[str, Any],
    made: Any, wanted: Sequence[str], above: str,
) -> dict[str, list[float]]:  # fmt: skip
    """Return central differences of ⟨output, gradient from above⟩ along two directions for every argument.

    The output is what their own forward pass returns in the shape of the gradient; direction k is normal, of seed k.
    """
    import numpy as np

    def value(name: str, moved: Any) -> float:
        world = World(names, {**arrays, name: moved}, form, made)
        for step in steps[:-1]:
            if "make" in step:
                world.make(step)
            else:
                world.call(step)
        results = world.results[0]
        given = arrays[above] if above in arrays else above_of(results)
        return float(np.sum(output_of(results, given.shape) * given))

    found: dict[str, list[float]] = {}
    if form["each"] or not any("call" in step for step in steps[:-1]):
        return found
    for name in wanted:
        for seed in (0, 1):
            along = STEP * np.random.default_rng(seed).standard_normal(arrays[name].shape)
            both = [value(name, arrays[name] + sign * along) for sign in (1, -1)]
            found.setdefault(name, []).append((both[0] - both[1]) / (2 * STEP))
        if above not in arrays:  # Whether it is the same every time.
            found[name].append(value(name, arrays[name]) - value(name, arrays[name]))
    return found


MOST_TRACED = 600
"""How many values of a run are kept, and of how many numbers each at most."""

LARGEST_TRACED = 20_000


class Tracer:
    """Keeps what the lines of somebody's file make: the line, the name, the array."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[tuple[int, str, Any]] = []
        self.before: dict[int, tuple[int, dict[str, int]]] = {}

    def __call__(self, frame: Any, event: str, value: Any) -> Any:
        """Look at the names of a frame before each of its lines, and at what it returns."""
        if frame.f_code.co_filename != self.source or len(self.found) > MOST_TRACED:
            return None
        line, known = self.before.get(id(frame), (frame.f_lineno, {}))
        now = dict(self._arrays(frame.f_locals))
        if event == "return":
            now |= {f"return{name}": each for name, each in self._parts(value)}
        marks = {name: hash(each.tobytes()) for name, each in now.items()}
        if event != "call":
            self.found += [(line, name, now[name].copy()) for name, mark in marks.items() if known.get(name) != mark]
        self.before[id(frame)] = (frame.f_lineno, marks)
        if event == "return":
            self.before.pop(id(frame), None)
        return self

    def _arrays(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in list(values.items()):
            owned = vars(value).items() if name == "self" and hasattr(value, "__dict__") else ()
            for own, part in [(name, value), *((f"self.{key}", each) for key, each in owned)]:
                for key, each in self._parts(part):
                    yield own + key, each

    def _parts(self, value: Any) -> Iterator[tuple[str, Any]]:
        import numpy as np

        inside: list[tuple[str, Any]] = [("", value)]
        if isinstance(value, dict):
            inside = [(f'["{key}"]', each) for key, each in list(value.items())[:50]]
        elif isinstance(value, list | tuple):
            inside = (
                [(f"[{at}]", each) for at, each in enumerate(value[:50])] if not is_numbers(value) else [("", value)]
            )
        for key, each in inside:
            array = np.asarray(each, dtype=float) if isinstance(each, list) and is_numbers(each) and each else each
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and 0 < array.size <= LARGEST_TRACED:
                yield key, array


def traced(
    names: Mapping[str, Any], request: Mapping[str, Any], arrays: Mapping[str, Any],
    keep: Callable[[int, int, Any], None], source: str,
) -> dict[str, Any]:  # fmt: skip
    """Run one reading on the first case, or the first example of it, and return what each line made."""
    reading, form_number = request["order"][0]
    form = request["forms"][form_number]
    first = {**arrays, **{name: arrays[name][0] for name in form["each"]}}
    tracer = Tracer(source)
    before = sys.gettrace()
    try:
        with contextlib.redirect_stdout(io.StringIO()), limited(max(1.0, request["budget"])):
            sys.settrace(tracer)
            performed(World(names, first, form), request["readings"][reading], Store())
    except BaseException:  # It ran before; what was seen is enough.
        pass
    finally:
        sys.settrace(before)
    for at, (_, _, array) in enumerate(tracer.found):
        keep(0, at, array)
    return {"traced": [[line, name[:MAX_KEY]] for line, name, _ in tracer.found]}


def failure(error: BaseException, source: str) -> dict[str, Any]:
    """Return what an exception was and the last line of somebody's own file that led to it."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == source]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    try:
        says = str(error)[:300]
    except BaseException:  # Their own class may say what it likes.
        says = ""
    return {"error": type(error).__name__, "says": says, "line": line, "depth": len(frames)}


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


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TooLongError

    try:
        before = signal.signal(signal.SIGALRM, stop)
    except ValueError:  # not the main thread
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def signature_of(found: Mapping[str, Any], arrays: Sequence[Any]) -> str:
    """Return what tells results apart: two readings that give the same numbers are one."""
    import hashlib

    said = json.dumps([found.get("returned"), found.get("left"), found.get("moved")], default=str)
    digest = hashlib.sha256(said.encode())
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def tried(
    names: Mapping[str, Any], request: Mapping[str, Any], arrays_of: Callable[[int, int], Mapping[str, Any]],
    keep: Callable[[int, int, Any], None], source: str, made: Any = None, errors: list[BaseException] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Try readings in their order until time is up or enough have run; return what came of them as data.

    ``arrays_of`` gives the arrays of a case in a form, ``keep`` takes an array of an outcome, ``errors`` theirs.
    """
    mine, start = os.getpid(), time.monotonic()
    outcomes: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    seen: set[str] = set()
    for reading, form_number in request["order"]:
        passed = time.monotonic() - start
        if len(outcomes) >= KEPT or passed > request["budget"]:
            break
        form, steps = request["forms"][form_number], request["readings"][reading]
        results = []
        try:
            quiet = contextlib.redirect_stdout(io.StringIO()) if outcomes or problems else contextlib.nullcontext()
            with limited(max(1.0, (request["budget"] - passed) / 2)), quiet:
                for number in range(request["cases"]):
                    found, arrays = one(names, steps, arrays_of(number, form_number), form, made)
                    leave_if_forked(mine)
                    if number == 0:
                        mark = signature_of(found, arrays)
                        if mark in seen:
                            break
                        seen.add(mark)
                    results.append((found, arrays))
        except (RefusedError, MisfitError) as error:
            is_final = isinstance(error, RefusedError)
            problems.append({"reading": reading, "form": form_number, "refused": str(error), "final": is_final})
            continue
        except TooLongError:
            problems.append({"reading": reading, "form": form_number, "slow": True})
            continue
        except BaseException as error:
            leave_if_forked(mine)
            problems.append({"reading": reading, "form": form_number, **failure(error, source)})
            if errors is not None:
                errors.append(error)
            if isinstance(error, SystemExit | KeyboardInterrupt):
                break
            continue
        if len(results) == request["cases"]:
            at = 0
            for found, arrays in results:
                found["arrays"] = [at, at + len(arrays)]
                for array in arrays:
                    keep(len(outcomes), at, array)
                    at += 1
            outcomes.append({"reading": reading, "form": form_number, "cases": [found for found, _ in results]})
            if request["above"]:
                with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                    given = arrays_of(0, form_number)
                    made_of = slopes(names, steps, given, form, made, request["wanted"], request["above"])
                    outcomes[-1]["slopes"] = made_of
    return {"outcomes": outcomes, "problems": problems[:50], "tried": len(outcomes) + len(problems)}


def answer(folder: Path) -> dict[str, Any]:
    """Do what a request asks for."""
    import numpy as np

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    source = Path(request["source"])
    sys.path[0] = str(source.parent)
    try:
        names = loaded(source)
    except BaseException as error:
        return failure(error, str(source)) | {"while": "loading"}
    known: dict[tuple[int, int], dict[str, Any]] = {}

    def arrays_of(case: int, form: int) -> Mapping[str, Any]:
        if (case, form) not in known:
            with np.load(folder / f"given-{case}-{form}.npz", allow_pickle=False) as held:
                known[case, form] = {name: held[name] for name in held.files}
        return known[case, form]

    def keep(outcome: int, at: int, array: Any) -> None:
        np.save(folder / f"answer-{outcome}-{at}.npy", array, allow_pickle=False)

    if request["is_traced"]:
        return traced(names, request, arrays_of(0, request["order"][0][1]), keep, str(source))
    return tried(names, request, arrays_of, keep, str(source))


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
