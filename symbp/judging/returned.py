"""What somebody's function returned, as gradients by the names of our variables, in our orientation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, SpecError, nearest
from symbp.judging.code import code
from symbp.judging.fitting import by_plain_name, plain_name
from symbp.judging.layouts import Layout
from symbp.symbols import Adjoint, Role, Variable

_GRADIENT = re.compile(r"(?:d(?:l(?:oss)?d|jd|cd)?|grad(?:ient)?s?|g|delta|∂l∂|∂|∇)?(.+?)(?:grad(?:ient)?)?\Z")
"""A key in ``plain_name`` spelling: dW1, grad_W1, W1_grad, dLdW1, W1."""

LOSSES = frozenset({"loss", "cost", "l", "j", "error", "value"})

MOST_CODE = 100
"""Longest equation that a message quotes."""

CACHES = frozenset({"cache", "caches", "activations", "forward", "intermediates"})
"""What people call the values of their forward pass."""


@dataclass
class Returned:
    """Their gradients by variable, columns as examples, and by which key each came; values of their forward pass; …"""

    gradients: dict[str, Any] = field(default_factory=dict)
    forward: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    loss: float | None = None
    unknown: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    torch: bool = False
    single: bool = False


def spelled(key: str, known: Mapping[str, Variable]) -> str | None:
    """Return the variable that a key names the gradient of: ``W1`` for W1, dW1, grad_W1, W1_grad and dL_dW1."""
    exact = next((name for name in (key, key[1:] if key[:1] == "d" else "") if name in known), None)
    if exact is not None:
        return exact
    plain = by_plain_name(known)
    word = plain_name(key) or key
    candidates = [word, word[1:] if word[:1] == "d" else ""]
    found = _GRADIENT.fullmatch(word)
    if found:
        candidates.append(found[1])
        candidates += [found[1][len(start) :] for start in ("ld", "lossd") if found[1].startswith(start)]
    if word.startswith("delta"):
        candidates.append(f"z{word[5:]}")
    return next((plain[each] for each in candidates if each in plain), None)


@dataclass(frozen=True)
class Reader:
    """Reads the description of one call's result; ``parameters`` are those that the function was given."""

    derivation: Derivation
    function: str
    layout: Layout
    returns: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Any]

    def read(self, node: Mapping[str, Any], arrays: Sequence[Any]) -> Returned:
        """Return the gradients of a result.

        Raises:
            SpecError: it is no dict, tuple or list of arrays, has no key that names a gradient, or two for one.
            CheckFailedError: a gradient of the wrong shape, one that is not a number, or of another kind of number.
        """
        found = Returned()
        self._read(node, arrays, found)
        if not found.gradients and found.empty:
            raise SpecError(
                f"nothing is filled in yet: {', '.join(found.empty[:8])} still None: "
                f"begin with the last layer, a part can be checked too"
            )
        if not found.gradients:
            keys = ", ".join(found.unknown[:6]) or "nothing"
            wanted = ", ".join(f"d{each.name}" for each in self._wanted[:4])
            raise SpecError(f"{self.function} returned {keys}: return the gradients by name, {wanted} …")
        return found

    @property
    def _wanted(self) -> tuple[Variable, ...]:
        return self.derivation.wrt

    def _read(self, node: Mapping[str, Any], arrays: Sequence[Any], found: Returned) -> None:
        kind = node["kind"]
        if kind == "dict":
            bare = self._has_prefixes(node)
            for key, each in zip(node["keys"], node["values"], strict=True):
                if (name := self._forward_name(key) if bare else None) is not None:
                    self._refuse_second(name, key, each, arrays, node["keys"])
                    self._put_forward(name, each, arrays, found)
                else:
                    self._keyed(key, each, arrays, found)
        elif kind == "list":
            self._listed(node["values"], arrays, found)
        elif kind == "array" and len(self._wanted) == 1:
            self._put(self._wanted[0].name, self._wanted[0].name, node, arrays, found)
        else:
            raise SpecError(f"{self.function} returned {_called(node, arrays)}: {self._advice}")

    @property
    def _advice(self) -> str:
        names = ", ".join(f'"d{each.name}": …' for each in self._wanted[:2])
        return f"return a dict such as {{{names}}}, or a tuple in order"

    def _forward_name(self, key: str) -> str | None:
        """Return the matrix that a key without a prefix names, as in somebody's cache."""
        known = self.derivation.network.by_name
        if plain_name(key) in LOSSES:
            return None
        if key in self.shapes:
            return key
        return by_plain_name({name: known[name] for name in self.shapes if name in known}).get(plain_name(key))

    def _has_prefixes(self, node: Mapping[str, Any]) -> bool:
        """Whether gradients have keys such as dW1 in a dict: then A1 is a value, not the gradient by one."""
        wanted = {plain_name(each.name) for each in self._wanted}
        known = {each.name: each for each in self._wanted}
        return any(plain_name(key) not in wanted and spelled(key, known) is not None for key in node["keys"])

    def _refuse_second(
        self, name: str, key: str, node: Mapping[str, Any], arrays: Sequence[Any], keys: Sequence[str]
    ) -> None:
        """Refuse W1 beside dW1 where it is not the weight itself: either may be meant as the gradient."""
        import numpy as np

        known = {each.name: each for each in self._wanted}
        other = next((each for each in keys if each != key and spelled(each, known) == name), None)
        if other is None or name not in self.parameters or node["kind"] != "array":
            return
        turned = self._turned(known[name], arrays[node["at"]]) if name in known else None
        if turned is None or not np.array_equal(turned, self.parameters[name].astype(turned.dtype)):
            raise SpecError(
                f"{other} and {key} both name the gradient of {name}, and {key} is not the {name} that was given: "
                f"keep one of them"
            )

    def _is_cache(self, node: Mapping[str, Any]) -> bool:
        """Whether a dict holds values of a forward pass: matrices that are no parameters, none with a prefix."""
        wanted = {each.name for each in self._wanted}
        found = [name for key in node.get("keys", ()) if (name := self._forward_name(key)) is not None]
        return any(name not in wanted for name in found) and not self._has_prefixes(node)

    def _read_forward(self, node: Mapping[str, Any], arrays: Sequence[Any], found: Returned) -> None:
        for key, each in zip(node["keys"], node["values"], strict=True):
            if (name := self._forward_name(key)) is not None:
                self._put_forward(name, each, arrays, found)

    def _put_forward(self, name: str, node: Mapping[str, Any], arrays: Sequence[Any], found: Returned) -> None:
        array = arrays[node["at"]] if node["kind"] == "array" else None
        if array is None or array.dtype.kind not in "fiu":
            return
        turned = self._turned(self.derivation.network.by_name[name], array)
        if turned is not None:
            found.forward[name] = turned

    def _keyed(self, key: str, node: Mapping[str, Any], arrays: Sequence[Any], found: Returned) -> None:
        known = self.derivation.network.by_name
        if plain_name(key) in LOSSES and _is_number(node, arrays):
            found.loss = float(arrays[node["at"]])
        elif (name := spelled(key, known)) is not None and name != self.derivation.network.loss.name:
            self._put(name, key, node, arrays, found)
        elif node["kind"] == "list" and (role := _role(key)) is not None:
            self._in_order(node["values"], [v for v in self._wanted if v.role is role], arrays, found)
        elif node["kind"] == "dict" and (plain_name(key) in CACHES or self._is_cache(node)):
            self._read_forward(node, arrays, found)
        elif node["kind"] == "dict":
            self._read(node, arrays, found)
        else:
            found.unknown.append(key)

    def _listed(self, values: Sequence[Mapping[str, Any]], arrays: Sequence[Any], found: Returned) -> None:
        """Read a tuple: names from the return statement, a loss beside gradients, or arrays in order."""
        rest = list(values)
        if len(self.returns) == len(rest):
            named = [
                (name, node)
                for name, node in zip(self.returns, rest, strict=True)
                if spelled(name, {v.name: v for v in self._wanted}) is not None
            ]
            if len(named) >= len(rest) - 1 and named:
                for name, node in zip(self.returns, rest, strict=True):
                    self._keyed(name, node, arrays, found)
                return
        if len(rest) > 1 and any(node["kind"] == "dict" and not self._is_cache(node) for node in rest):
            caches = [node for node in rest if node["kind"] == "dict" and self._is_cache(node)]
            for cache in caches:
                self._read_forward(cache, arrays, found)
            rest = [node for node in rest if not any(node is each for each in caches)]
        nested = [node for node in rest if node["kind"] in ("dict", "list")]
        numbers = [node for node in rest if _is_number(node, arrays)]
        if len(numbers) == 1 and (nested or len(rest) > len(self._wanted)):
            found.loss = float(arrays[numbers[0]["at"]])
            rest.remove(numbers[0])
        if len(rest) == 1 and rest[0]["kind"] != "array":
            self._read(rest[0], arrays, found)
        elif any(node["kind"] == "dict" for node in rest):
            for node in rest:
                if node["kind"] == "dict":
                    self._read(node, arrays, found)
        elif len(rest) == 2 and all(node["kind"] == "list" for node in rest):
            for node, role in zip(rest, (Role.WEIGHT, Role.BIAS), strict=True):
                self._in_order(node["values"], [v for v in self._wanted if v.role is role], arrays, found)
        else:
            self._in_order(rest, self._wanted, arrays, found)

    def _in_order(
        self,
        values: Sequence[Mapping[str, Any]],
        wanted: Sequence[Variable],
        arrays: Sequence[Any],
        found: Returned,
    ) -> None:
        """Read arrays without names, in the order of the parameters that their shapes fit."""
        if len(values) != len(wanted):
            raise SpecError(
                f"{self.function} returned {len(values)} values without names for {len(wanted)} parameters "
                f"({', '.join(v.name for v in wanted[:8])}): {self._advice}"
            )
        order = next(filter(lambda each: self._fits(values, each, arrays), _orders(wanted)), tuple(wanted))
        for variable, node in zip(order, values, strict=True):
            self._put(variable.name, f"d{variable.name}", node, arrays, found)

    def _fits(self, values: Sequence[Mapping[str, Any]], order: Sequence[Variable], arrays: Sequence[Any]) -> bool:
        return all(
            node["kind"] == "array" and self._turned(variable, arrays[node["at"]]) is not None
            for variable, node in zip(order, values, strict=True)
        )

    def _put(self, name: str, key: str, node: Mapping[str, Any], arrays: Sequence[Any], found: Returned) -> None:
        if node["kind"] == "none":
            found.empty.append(key)
            return
        if node["kind"] != "array":
            raise SpecError(
                f"{self.function} returned {_called(node, arrays)} for {key}: give an array of numbers, np.array(…)"
            )
        array = arrays[node["at"]]
        found.torch |= node.get("from") == "torch"
        found.single |= array.dtype.kind == "f" and array.dtype.itemsize == 4
        variable = self.derivation.network.by_name[name]
        if name in found.keys:
            said = f"{found.keys[name]} and {key} both name" if key != found.keys[name] else f"{key} names twice"
            raise SpecError(f"{said} the gradient of {name}: keep one of them")
        found.keys[name] = key
        self._require_numbers(key, array, node)
        turned = self._turned(variable, array)
        if turned is None:
            raise CheckFailedError(self._shape_problem(variable, key, array))
        found.gradients[name] = turned

    def _require_numbers(self, key: str, array: Any, node: Mapping[str, Any]) -> None:
        import numpy as np

        kind, dtype = array.dtype.kind, array.dtype
        if kind in "bc":
            raise CheckFailedError(f"{key} holds {dtype} numbers: a gradient is real; return float64")
        if kind in "iu" and array.size:
            raise CheckFailedError(
                f"{key} holds whole numbers ({dtype}), which cut off what stands behind the point: make it float64"
            )
        if kind == "f" and dtype.itemsize < 4:
            raise CheckFailedError(f"{key} has half precision ({dtype}), too few digits to judge: compute in float64")
        if not np.isfinite(array).all():
            what = "NaN" if np.isnan(array).any() else "infinite"
            count = int((~np.isfinite(array)).sum())
            raise CheckFailedError(
                f"{key} is {what} in {count} of {array.size} entries: a division by zero, log of 0 or overflow of exp?"
            )

    def _turned(self, variable: Variable, array: Any) -> Any | None:
        """Return an array in our orientation; None where its shape does not fit."""
        ours = self.shapes[variable.name]
        wanted = self.layout.shape(variable, ours)
        if array.shape == wanted:
            return self.layout.ours(variable, array)
        single = math.prod(wanted) == 1 and array.size == 1
        if single or (array.ndim == 1 and 1 in wanted and array.size == math.prod(wanted) and _has_one(variable)):
            return array.reshape(ours)
        return None

    def _shape_problem(self, variable: Variable, key: str, array: Any) -> str:
        wanted = self.layout.shape(variable, self.shapes[variable.name])
        return (
            f"{key} has shape {_shape(array.shape)}, but {variable.name} has {_shape(wanted)}: "
            f"{self._meant(variable, array, wanted)}{self._equation(variable)}"
        )

    def _equation(self, variable: Variable) -> str:
        """Return our equation of a gradient, where it is short enough to be read in a message."""
        text = code(self.derivation.backward[Adjoint(variable).name])
        return f"; with examples as columns it is {text}" if len(text) <= MOST_CODE else ""

    def _meant(self, variable: Variable, array: Any, wanted: tuple[int, ...]) -> str:
        if array.shape == wanted[::-1]:
            return f"it is transposed; write {key_t(variable)}, or turn its product round: (A @ B).T = B.T @ A.T"
        if variable.role is not Role.WEIGHT and array.ndim == 2 and array.shape[0] == wanted[0] and array.shape[1] > 1:
            return f"the sum over the examples is missing; write {_sum(1)}"
        if (
            variable.role is not Role.WEIGHT
            and array.ndim == 2
            and array.shape[1:] == wanted[1:]
            and array.shape[0] > 1
        ):
            return f"the sum over the examples is missing; write {_sum(0)}"
        if array.ndim == 0 or array.size == 1:
            return "it is summed over everything: sum over the examples only, " + _sum(int(wanted[-1] == 1))
        return "a factor is missing, or belongs to another layer"


def key_t(variable: Variable) -> str:
    """Return the transpose of a gradient as NumPy writes it."""
    return f"d{variable.name}.T"


def _sum(axis: int) -> str:
    return f".sum(axis={axis}, keepdims=True)"


def _has_one(variable: Variable) -> bool:
    """Whether a matrix is a column or row, which people give one axis."""
    return any(size == 1 for size in variable.shape)


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _is_number(node: Mapping[str, Any], arrays: Sequence[Any]) -> bool:
    return bool(node["kind"] == "array" and arrays[node["at"]].size == 1 and arrays[node["at"]].ndim == 0)


def _called(node: Mapping[str, Any], arrays: Sequence[Any]) -> str:
    if node["kind"] == "none":
        return "None"
    if node["kind"] == "other":
        return f"a {node['type']}" if not node["type"].startswith("an ") else str(node["type"])
    if node["kind"] == "array":
        return f"an array of shape {_shape(arrays[node['at']].shape)}"
    return f"a {node['kind']}"


def _role(key: str) -> Role | None:
    word = plain_name(key).removeprefix("d").removeprefix("grad")
    return Role.WEIGHT if word in ("w", "ws", "weights") else Role.BIAS if word in ("b", "bs", "biases") else None


def _orders(wanted: Sequence[Variable]) -> list[tuple[Variable, ...]]:
    """Return the orders in which people list gradients."""
    layers = list(dict.fromkeys(v.layer for v in wanted))
    by_role = tuple(sorted(wanted, key=lambda v: v.role is not Role.WEIGHT))
    backwards = tuple(v for layer in reversed(layers) for v in wanted if v.layer == layer)
    few = permutations(wanted) if len(wanted) <= 4 else ()
    return [tuple(wanted), by_role, backwards, tuple(sorted(backwards, key=lambda v: v.role is not Role.WEIGHT)), *few]


def unknown_note(unknown: Sequence[str], known: Sequence[str]) -> str:
    """Return the sentence about keys that name nothing of the network."""
    first = unknown[0][:60]
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return f"left out: the key {first!r}{more}, which names nothing in the network{nearest(first, known)}"
