"""What somebody's function returned, as gradients by the names of our variables, in our orientation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice, permutations
from typing import Any

from symbp.derivation import Derivation
from symbp.errors import CheckFailedError, SpecError, nearest
from symbp.judging.code import code
from symbp.judging.forms import Shaper
from symbp.judging.runner import is_gradient
from symbp.judging.vocabulary import ONLY, PREVIOUS, by_plain_name, plain_name
from symbp.symbols import Adjoint, Role, Variable

_GRADIENT = re.compile(r"(?:d(?:l(?:oss)?d|jd|cd)?|grad(?:ient)?s?|g|delta|∂l∂|∂|∇)?(.+?)(?:grad(?:ient)?)?\Z")
"""A key in ``plain_name`` spelling: dW1, grad_W1, W1_grad, dLdW1, W1."""

LOSSES = frozenset({"loss", "cost", "l", "j", "error", "value"})

MOST_ORDERS = 24
"""How many orders of gradients without a name are looked at."""

MOST_CODE = 100
"""Longest equation that a message quotes."""

CACHES = frozenset({"cache", "caches", "activations", "forward", "intermediates"})
"""What people call the values of their forward pass."""


class TwiceError(SpecError):
    """Two values for one gradient: no other way to read them mends that."""


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
    is_step: bool = False


def spelled(key: str, known: Mapping[str, Variable], letters: Mapping[str, str] | None = None) -> str | None:
    """Return the variable that a key names the gradient of: ``W1`` for W1, dW1, grad_W1, W1_grad and dL_dW1.

    ``letters`` are the author's own names of variables: Wax for W.
    """
    exact = next((name for name in (key, key[1:] if key[:1] == "d" else "") if name in known), None)
    if exact is not None:
        return exact
    own = {plain_name(word): name for word, name in (letters or {}).items() if name in known}
    plain = {**own, **by_plain_name(known)}
    word = plain_name(key) or key
    candidates = [word, word[1:] if word[:1] == "d" else ""]
    found = _GRADIENT.fullmatch(word)
    if found:
        candidates.append(found[1])
        candidates += [found[1][len(start) :] for start in ("ld", "lossd") if found[1].startswith(start)]
    if word.startswith("delta"):
        candidates.append(f"z{word[5:]}")
    found_name = next((plain[each] for each in candidates if each in plain), None)
    return found_name or _described(candidates, known)


def _described(words: Sequence[str], known: Mapping[str, Variable]) -> str | None:
    """Return the variable that a word describes: the state before, the only scale, the input of a step."""
    for word in words:
        for name, variable in known.items():
            is_state = variable.role is Role.INPUT and name[-1:] == "0" and PREVIOUS.fullmatch(word) is not None
            if is_state and (name[:1].lower() == "c") == (word[:1] == "c" or word.endswith("c")):
                return name
            alone = sum(each.role is variable.role for each in known.values()) == 1
            if alone and word in ONLY.get(variable.role, ()):
                return name
            if variable.role is Role.INPUT and word in ("xt", "x", "input", "inputs") and name == "X":
                return name
    return None


@dataclass(frozen=True)
class Reader:
    """Reads the description of one call's result; ``parameters`` are those that the function was given."""

    derivation: Derivation
    function: str
    shaper: Shaper
    returns: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Any]
    right: Mapping[str, Any] = field(default_factory=dict)
    flat: Sequence[Any] | None = None
    letters: Mapping[str, str] = field(default_factory=dict)

    def read(self, node: Mapping[str, Any], arrays: Sequence[Any]) -> Returned:
        """Return the gradients of a result.

        Raises:
            SpecError: it is no dict, tuple or list of arrays, has no key that names a gradient, or two for one.
            CheckFailedError: a gradient of the wrong shape, one that is not a number, or of another kind of number.
        """
        found = Returned()
        try:
            self._read(node, arrays, found)
        except TwiceError:
            raise
        except (SpecError, CheckFailedError):
            other = self.in_some_order(node, arrays)
            if other is None:
                raise
            return other
        missing = {each.name for each in self._wanted} - set(found.gradients)
        if (
            missing
            and (other := self.in_some_order(node, arrays)) is not None
            and len(other.gradients) > len(found.gradients)
        ):
            other.loss, other.forward = found.loss, found.forward
            return other
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

    def _spelled(self, key: str, known: Mapping[str, Variable]) -> str | None:
        return spelled(key, known, self.letters)

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
        return any(plain_name(key) not in wanted and self._spelled(key, known) is not None for key in node["keys"])

    def _refuse_second(
        self, name: str, key: str, node: Mapping[str, Any], arrays: Sequence[Any], keys: Sequence[str]
    ) -> None:
        """Refuse W1 beside dW1 where it is not the weight itself: either may be meant as the gradient."""
        import numpy as np

        known = {each.name: each for each in self._wanted}
        other = next((each for each in keys if each != key and self._spelled(each, known) == name), None)
        if other is None or name not in self.parameters or node["kind"] != "array":
            return
        turned = self._turned(known[name], arrays[node["at"]]) if name in known else None
        if turned is None or not np.array_equal(turned, self.parameters[name].astype(turned.dtype)):
            raise TwiceError(
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
        elif (name := self._spelled(key, known)) is not None and name != self.derivation.network.loss.name:
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
                if self._spelled(name, {v.name: v for v in self._wanted}) is not None
            ]
            if len(named) >= min(len(rest) - 1, len(self._wanted)) and named:
                for name, node in zip(self._with_expression({name for name, _ in named}), rest, strict=True):
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

    def _with_expression(self, named: Set[str]) -> tuple[str, ...]:
        """Return the names of the return statement; its only expression, ``dZ1 @ X.T``, is what no name is for."""
        known = {v.name: v for v in self._wanted}
        missing = [name for name in known if name not in {self._spelled(each, known) for each in named}]
        odd = [each for each in self.returns if not each.isidentifier() and each not in named]
        if len(missing) != 1 or len(odd) != 1:
            return self.returns
        return tuple(f"d{missing[0]}" if each == odd[0] else each for each in self.returns)

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
        fitting = [each for each in _orders(wanted) if self._fits(values, each, arrays)]

        def right(order: Sequence[Variable]) -> int:
            return sum(self._is_right(v, arrays[n["at"]]) for v, n in zip(order, values, strict=True))

        order = max(fitting, key=right, default=tuple(wanted))
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
            raise TwiceError(f"{said} the gradient of {name}: keep one of them")
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
        return self.shaper.ours(variable, array, self.shapes[variable.name])

    def in_some_order(self, node: Mapping[str, Any], arrays: Sequence[Any]) -> Returned | None:
        """Read arrays whose places have no names: unrolled, nested, in any order that their shapes fit.

        What has the name of a gradient is that gradient. Where several orders fit, the one that is right most often is
        taken: an order is a reading.
        """
        own = {each.name: each for each in self._wanted}
        leaves = [
            (keys, each)
            for keys, each in _leaves(node, (), self.returns)
            if arrays[each["at"]].ndim or len(self._wanted) == 1 or (keys and self._spelled(keys[-1], own))
        ]
        if len(leaves) == 1 and self.flat is not None and len(leaves[0][1]) and arrays[leaves[0][1]["at"]].ndim == 1:
            return self._unrolled(arrays[leaves[0][1]["at"]])
        if self.flat is not None and (one := [each for each in leaves if arrays[each[1]["at"]].ndim == 1
                                             and arrays[each[1]["at"]].size == self._size]):  # fmt: skip
            return self._unrolled(arrays[one[0][1]["at"]])
        known = own
        named: list[tuple[Variable, Mapping[str, Any]]] = []
        rest: list[Mapping[str, Any]] = []
        keyed = 0
        for keys, each in leaves:
            name = next((n for key in reversed(keys) if (n := self._spelled(key, known)) is not None), None)
            variable = known.get(name or "")
            fits = variable is not None and self._turned(variable, arrays[each["at"]]) is not None
            if variable is not None and fits and all(v != variable for v, _ in named):
                named.append((variable, each))
            elif variable is not None and not fits and keys and self._spelled(keys[-1], known):
                return None  # It says what it is, and is not.
            else:
                rest.append(each)
                keyed += bool(keys) and keys[-1] not in self.returns
        if named and keyed:  # Some keys name gradients: one that does not is a slip.
            rest = []
        if any(self._spelled(key, known) for key in _odd(node)):
            return None
        wanted = [each for each in self._wanted if all(each != v for v, _ in named)]
        fitting = [each for each in rest if any(self._turned(v, arrays[each["at"]]) is not None for v in wanted)]
        orders = list(self._assigned(fitting, wanted, arrays)) if wanted else [[]]
        if not orders or not (named or fitting):
            return None
        best = max(orders, key=lambda order: sum(self._is_right(v, arrays[n["at"]]) for v, n in order))
        found = Returned()
        try:
            for variable, each in (*named, *best):
                self._put(variable.name, f"d{variable.name}", each, arrays, found)
        except (SpecError, CheckFailedError):
            return None
        return found

    def _assigned(
        self, nodes: Sequence[Mapping[str, Any]], wanted: Sequence[Variable], arrays: Sequence[Any]
    ) -> Iterator[list[tuple[Variable, Mapping[str, Any]]]]:
        """Yield ways to give arrays to gradients: in a usual order of all, else by their shapes."""
        if len(nodes) == len(wanted):
            usual = [order for order in _orders(wanted) if self._fits(nodes, order, arrays)]
            yield from (list(zip(order, nodes, strict=True)) for order in usual[:MOST_ORDERS])
            if usual:
                return
        options = [[v for v in wanted if self._turned(v, arrays[node["at"]]) is not None] for node in nodes]
        if len(nodes) > len(wanted) + 3 or not all(options):
            return
        if all(len(each) == 1 for each in options) and len({o[0] for o in options}) == len(nodes):
            yield [(option[0], node) for option, node in zip(options, nodes, strict=True)]
        elif len(nodes) <= len(wanted):
            yield from islice(self._backtracked(nodes, options, frozenset()), MOST_ORDERS)

    def _backtracked(
        self, nodes: Sequence[Mapping[str, Any]], options: Sequence[Sequence[Variable]], taken: frozenset[Variable]
    ) -> Iterator[list[tuple[Variable, Mapping[str, Any]]]]:
        if not nodes:
            yield []
            return
        for variable in options[0]:
            if variable not in taken:
                for rest in self._backtracked(nodes[1:], options[1:], taken | {variable}):
                    yield [(variable, nodes[0]), *rest]

    def _is_right(self, variable: Variable, array: Any) -> bool:
        import numpy as np

        ours, theirs = self.right.get(variable.name), self._turned(variable, array)
        return ours is not None and theirs is not None and bool(np.allclose(theirs, ours, rtol=1e-6, atol=1e-12))

    @property
    def _size(self) -> int:
        return sum(math.prod(self.shapes[each.name]) for each in self._wanted)

    def _unrolled(self, vector: Any) -> Returned | None:
        """Read a vector as the function was given one: part behind part."""
        import numpy as np

        assert self.flat is not None
        _, parts, order = self.flat
        known = self.derivation.network.by_name
        found, at = Returned(), 0
        if vector.size != self._size or vector.dtype.kind != "f" or not np.isfinite(vector).all():
            return None
        for part in parts:
            axis, inside = (part[1], part[2]) if part[0] == "joined" else (0, [part])
            names = [each[1] for each in inside]
            shapes = [self.shaper.shape(known[name], self.shapes[name]) for name in names]
            if len(names) > 1:
                whole = list(shapes[1])
                whole[axis] += 1
                piece = vector[at : at + math.prod(whole)].reshape(whole, order=order)
                pieces = [np.take(piece, [0], axis), np.take(piece, range(1, whole[axis]), axis)]
            else:
                pieces = [vector[at : at + math.prod(shapes[0])].reshape(shapes[0], order=order)]
            for name, piece in zip(names, pieces, strict=True):
                turned = self._turned(known[name], piece)
                if turned is None and piece.size == math.prod(self.shapes[name]):
                    turned = piece.reshape(self.shapes[name])
                found.gradients[name], found.keys[name] = turned, f"d{name}"
                at += piece.size
        return None if any(each is None for each in found.gradients.values()) else found

    def from_object(self, left: Mapping[str, Any], slots: Mapping[str, str], arrays: Sequence[Any]) -> Returned | None:
        """Read the gradients that an object holds: beside its parameters, by name, or in order."""
        places = dict(zip(left["keys"], left["values"], strict=True))
        known = {each.name: each for each in self._wanted}
        chosen: dict[str, Mapping[str, Any]] = {}
        for name, path in slots.items():
            for other, node in places.items():
                if (
                    name in known
                    and name not in chosen
                    and _is_beside(path, other)
                    and self._fits_one(known[name], node, arrays)
                ):
                    chosen[name] = node
        for other, node in places.items():
            own = self._spelled(other.split(".")[-1], known) if is_gradient(other) else None
            if own is not None and own not in chosen and self._fits_one(known[own], node, arrays):
                chosen[own] = node
        if chosen:
            inner = {"kind": "dict", "keys": [f"d{name}" for name in chosen], "values": list(chosen.values())}
            found = Returned()
            self._read(inner, arrays, found)
            return found
        rest = [node for other, node in places.items() if is_gradient(other) and node["kind"] == "array"]
        return self.in_some_order({"kind": "list", "values": rest}, arrays) if rest else None

    def _fits_one(self, variable: Variable, node: Mapping[str, Any], arrays: Sequence[Any]) -> bool:
        return node["kind"] == "array" and self._turned(variable, arrays[node["at"]]) is not None

    def from_steps(self, moved: Mapping[str, Any], arrays: Sequence[Any], examples: int) -> Returned | None:
        """Read gradients off parameters that a step of gradient descent, with a rate of one, has moved."""
        import numpy as np

        known = {each.name: each for each in self._wanted}
        found = Returned(is_step=True)
        for name, node in zip(moved["keys"], moved["values"], strict=True):
            after = self._turned(known[name], arrays[node["at"]]) if name in known and node["kind"] == "array" else None
            if after is not None and after.dtype.kind == "f" and np.isfinite(after).all():
                found.gradients[name] = max(1, examples) * self.parameters[name] - after
                found.keys[name] = name
        return found if found.gradients else None

    def _shape_problem(self, variable: Variable, key: str, array: Any) -> str:
        wanted = self.shaper.shape(variable, self.shapes[variable.name])
        return (
            f"{key} has shape {_shape(array.shape)}, but {variable.name} has {_shape(wanted)}: "
            f"{self._meant(variable, array, wanted)}{self._equation(variable)}"
        )

    def _equation(self, variable: Variable) -> str:
        """Return our equation of a gradient, where it is short enough to be read in a message."""
        if Adjoint(variable).name not in self.derivation.backward:
            return ""  # The data has no gradient here.
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
    backwards = tuple(v for layer in reversed(layers) for v in wanted if v.layer == layer)
    first = tuple(sorted(wanted, key=lambda v: v.role is not Role.INPUT))  # dx, dW, db
    found = [first]
    for each in (tuple(wanted), backwards, tuple(reversed(wanted))):
        found += [
            each,
            tuple(sorted(each, key=lambda v: v.role is not Role.WEIGHT)),
            tuple(sorted(each, key=lambda v: v.role is Role.WEIGHT)),
        ]
    few = permutations(wanted) if len(wanted) <= 4 else ()
    return [*found, *few]


def _leaves(
    node: Mapping[str, Any], keys: tuple[str, ...] = (), returns: Sequence[str] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the arrays of a result with the keys that lead to each, the names of a ``return`` among them."""
    if node["kind"] == "array":
        yield keys, node
    elif node["kind"] == "dict":
        for key, each in zip(node["keys"], node["values"], strict=True):
            yield from _leaves(each, (*keys, key))
    elif node["kind"] == "list":
        named = returns if len(returns) == len(node["values"]) else [""] * len(node["values"])
        for name, each in zip(named, node["values"], strict=True):
            yield from _leaves(each, (*keys, name) if name else keys)


def _odd(node: Mapping[str, Any], key: str = "") -> Iterator[str]:
    """Yield the keys of what is no array of numbers."""
    if node["kind"] == "other":
        yield key
    for at, each in enumerate(node.get("values", ())):
        yield from _odd(each, node["keys"][at] if node["kind"] == "dict" else key)


def _is_beside(path: str, other: str) -> bool:
    """Whether a place is that of the gradient of another one: ``grads.0`` of ``params.0``, ``l1.dW`` of ``l1.W``."""
    ours, theirs = path.split("."), other.split(".")
    if len(ours) != len(theirs):
        return False
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    if len(differing) != 1:
        return False
    own, gradient = (plain_name(each) for each in differing[0])
    bare = gradient.removesuffix("s")
    for start in ("grads", "grad", "gradients", "gradient", "nabla", "d", "delta", "g"):
        if bare == start.removesuffix("s") and own in ("params", "parameters", "weights"):
            return True
        if gradient.startswith(start) and own.startswith(gradient[len(start) :] or "?"):
            return True
    return gradient.removesuffix("grad") == own or gradient.removesuffix("grads").removesuffix(
        "grad"
    ) == own.removesuffix("s")


def unknown_note(unknown: Sequence[str], known: Sequence[str]) -> str:
    """Return the sentence about keys that name nothing of the network."""
    first = unknown[0][:60]
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return f"left out: the key {first!r}{more}, which names nothing in the network{nearest(first, known)}"
