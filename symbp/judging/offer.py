"""What a network has to give to the arguments of somebody's function: matrices, containers of parameters, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations
from typing import Any

from symbp.derivation import Derivation
from symbp.equations import nodes
from symbp.judging.choice import Choice, Plan
from symbp.judging.forms import EACH
from symbp.judging.uses import Uses
from symbp.judging.vocabulary import ONLY, by_plain_name, plain_name
from symbp.ops.convolution import Convolve
from symbp.ops.elementwise import Elementwise
from symbp.ops.normalisation import Normalise
from symbp.ops.pooling import AveragePool, MaxPool
from symbp.symbols import Role, Variable

EPSILON = 1e-5

OTHER_GATES = {"c": "g", "a": "n", "h": "n", "u": "z", "n": "g"}
"""Letters that people give to a gate: the candidate c̃ is our g or n, the update gate u is z."""

FEW = 12
"""In how many orders the keys of a table are given to parameters whose names they are not."""


@dataclass(frozen=True)
class Offer:
    """A network as a giver; ``sizes`` are the shapes of its matrices as they are drawn.

    ``decay`` is the number before W in dW, without its 1/m; 0 where there is no penalty.
    """

    derivation: Derivation
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    decay: float = 0.0

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """Every symbol by its name, gradients from above too."""
        return {**{each.name: each for each in self.derivation.forward.given}, **self.derivation.network.by_name}

    @property
    def alone(self) -> bool:
        """Whether it is an operation alone."""
        return self.derivation.network.alone

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """What is learned, in the order of the forward list."""
        return self.derivation.network.parameters

    @cached_property
    def inputs(self) -> tuple[Variable, ...]:
        """The data that goes in, in order: no masks, no states before the first step."""
        return tuple(
            each for each in self.derivation.network.inputs if each.role is Role.INPUT and each not in self.states
        )

    @cached_property
    def states(self) -> tuple[Variable, ...]:
        """The states before the first step."""
        return tuple(each for each in self.derivation.network.inputs
                     if each.role is Role.INPUT and each.name.rstrip("0123456789").lower() in ("h", "c", "s", "state")
                     and each.name.endswith("0"))  # fmt: skip

    @cached_property
    def masks(self) -> tuple[Variable, ...]:
        """Masks of dropout and padding."""
        return tuple(each for each in self.derivation.network.inputs if each.role in (Role.MASK, Role.PADDING))

    @cached_property
    def goals(self) -> tuple[Variable, ...]:
        """The targets."""
        return tuple(
            each for each in self.derivation.forward.given if isinstance(each, Variable) and each.role is Role.TARGET
        )

    @cached_property
    def upstream(self) -> tuple[_Above, ...]:
        """The gradients from above, of an operation alone."""
        pairs = getattr(self.derivation.network, "given_gradients", ())
        found = {str(above): above for _, above in pairs}
        return tuple(_Above(str(above), out) for out, above in pairs) if found else ()

    def is_given(self, name: str) -> bool:
        """Whether a matrix is no result."""
        return any(each.name == name for each in self.derivation.forward.given)

    def is_target(self, name: str) -> bool:
        """Whether a matrix is a target."""
        return any(each.name == name for each in self.goals)

    def is_input(self, plan: Plan) -> bool:
        """Whether a plan gives the data."""
        return any(each.name in repr(plan) for each in self.inputs)

    def symbol(self, name: str) -> str | None:
        """Return the matrix that a name names: ``W1``, ``w1``, ``a_1``."""
        if name in self.by_name:
            return name
        known = {key: each for key, each in self.by_name.items() if isinstance(each, Variable)}
        plain = by_plain_name(known)
        word = plain_name(name)
        found = plain.get(word)
        if found is None and word.startswith("theta"):
            found = plain.get(f"w{word[5:]}")
        if found is None and len(self.inputs) == 1 and word in ("a0", "x"):
            found = self.inputs[0].name
        if found is None and self.masks and word[:1] in ("d", "m") and word[1:].isdigit():
            found = plain.get(f"m{word[1:]}")
        for role, words in ONLY.items():
            if (
                found is None
                and word in words
                and len(own := [each for each in self.parameters if each.role is role]) == 1
            ):
                found = own[0].name
        return None if found == self.derivation.network.loss.name else found

    def matrix(self, name: str) -> Choice:
        """Return a matrix as it is."""
        return Choice(["array", name], 0.0, frozenset({name}))

    def only(self, role: Role) -> list[Choice]:
        """Return the parameter of a role, where it is the only one."""
        found = [each for each in self.parameters if each.role is role]
        return [self.matrix(found[0].name)] if len(found) == 1 else []

    def of_role(self, role: Role) -> Plan:
        """Return the parameters of a role as a list."""
        return ["list", [["array", each.name] for each in self.parameters if each.role is role]]

    def table(self, names: Sequence[str], keys: Sequence[str] = ()) -> Plan:
        """Return parameters as a table by their names, or by keys of somebody's own."""
        own = dict(zip(keys or names, names, strict=True))
        others = {plain_name(name): key for key, name in own.items()}
        for name in names:
            word = plain_name(name)
            for theirs, ours in OTHER_GATES.items():
                if word[-1:] == ours:
                    others.setdefault(word[:-1] + theirs, next(k for k, v in own.items() if v == name))
        return ["known", {key: ["array", name] for key, name in own.items()}, others]

    def containers(self, use: Uses) -> list[Choice]:
        """Return all parameters in one thing, in the ways people keep them, those first that the use speaks for."""
        taken = frozenset({"*"})
        found: list[Choice] = []
        names = [each.name for each in self.parameters]
        for cost, keys in self._keyed(use):
            found.append(
                Choice(self.table([name for name, _ in keys], [key for _, key in keys]), cost, taken, "the parameters")
            )
        found.append(
            Choice(
                self.table(names),
                0.6 if found else 0.0 if use.is_table or not use.is_sequence else 1.0,
                taken,
                "the parameters",
            )
        )
        listed = [
            (0.0 if use.pairs == 2 else 1.2, self._by_layer("tuple"), "the parameters, (W, b) a layer"),
            (1.4, self._by_layer("dict"), "the parameters, a table a layer"),
            (0.0 if use.unpacked and len(use.unpacked) == len(names) else 1.3, ["list", [["array", n] for n in names]],
             "the parameters in order"),
        ]  # fmt: skip
        if use.nested:
            listed[1] = (0.0, self._by_layer("dict", use.nested), "the parameters, a table a layer")
        found += [Choice(plan, cost, taken, said) for cost, plan, said in listed if plan is not None]
        if use.unpacked and not use.is_table and len(use.unpacked) == len(names):
            known = [self.symbol(each) for each in use.unpacked]
            if set(known) == set(names):
                found.append(
                    Choice(["list", [["array", str(each)] for each in known]], 0.0, taken, "the parameters in order")
                )
        if use.is_sliced or use.is_reshaped or not (use.is_table or use.is_sequence):
            start = 0.0 if use.is_sliced or use.is_reshaped else 1.6
            found += [Choice(plan, start + 0.1 * at, taken, said) for at, (plan, said) in enumerate(self.flats())]
        return sorted(found, key=lambda each: each.cost)

    def _keyed(self, use: Uses) -> Iterator[tuple[float, list[tuple[str, str]]]]:
        """Yield (parameter, key) for the keys that the body asks for: by name, else in several orders."""
        keys = list(dict.fromkeys(use.keys))
        if not keys:
            return
        names = [each.name for each in self.parameters]
        own = {each.name: each for each in self.parameters}
        plain = by_plain_name(own)
        known = {key: plain[plain_name(key)] for key in keys if plain_name(key) in plain}
        rest_keys = [key for key in keys if key not in known]
        rest = [name for name in names if name not in known.values()]
        if not rest:
            if set(known) != set(names):
                yield 0.0, [(name, key) for key, name in known.items()]
            return
        if len(rest_keys) < len(rest):
            return
        made = 0
        for order in permutations(rest_keys, len(rest)):
            if any(_unlike(own[name], key) for name, key in zip(rest, order, strict=True)):
                continue
            yield 0.3 + 0.05 * made, [*((name, key) for key, name in known.items()), *zip(rest, order, strict=True)]
            made += 1
            if made >= FEW:
                return

    def layers(self) -> list[tuple[Variable, Variable | None]]:
        """Return every weight with its bias."""
        biases = [each for each in self.parameters if each.role in (Role.BIAS, Role.SHIFT)]
        found: list[tuple[Variable, Variable | None]] = []
        for each in self.parameters:
            if each.role in (Role.WEIGHT, Role.SCALE):
                own = next(
                    (b for b in biases if (b.layer, b.path) == (each.layer, each.path) and b.shape[0] == each.shape[0]),
                    None,
                )
                if own is None and biases and len(biases) == sum(p.role is Role.WEIGHT for p in self.parameters):
                    own = biases[len(found)] if biases[len(found)].shape[0] == each.shape[0] else None
                found.append((each, own))
        return found

    def _by_layer(self, kind: str, keys: Sequence[str] = ("W", "b")) -> Plan | None:
        pairs = self.layers()
        if not pairs or any(bias is None for _, bias in pairs):
            return None
        if kind == "tuple":
            return ["list", [["tuple", [["array", w.name], ["array", str(b)]]] for w, b in pairs]]
        weight = next((each for each in keys if plain_name(each)[:1] == "w"), "W")
        bias = next((each for each in keys if plain_name(each)[:1] == "b"), "b")
        return ["list", [["dict", {weight: ["array", w.name], bias: ["array", str(b)]}] for w, b in pairs]]

    def flats(self) -> Iterator[tuple[Plan, str]]:
        """Yield all parameters unrolled into one vector: by layers, weights before biases, biases as a first column."""
        pairs = self.layers()
        if any(bias is None for _, bias in pairs) and any(bias is not None for _, bias in pairs):
            return
        single = [["array", each.name] for each in self.parameters]
        weights_first = [["array", w.name] for w, _ in pairs] + [["array", b.name] for _, b in pairs if b is not None]
        in_order = [["array", v.name] for pair in pairs for v in pair if v is not None]
        sets = [in_order, weights_first, single]
        for order, said in (("C", "row by row"), ("F", "column by column")):
            for parts in sets:
                yield ["flat", parts, order], f"all parameters in one vector, {said}"
            if all(bias is not None for _, bias in pairs) and pairs:
                for axis in (1, 0):
                    joined = [["joined", axis, [["array", str(b)], ["array", w.name]]] for w, b in pairs]
                    yield (
                        ["flat", joined, order],
                        f"all parameters in one vector, {said}, the biases first in every matrix",
                    )

    def data(self) -> list[Choice]:
        """Return the inputs: the matrix, or those of all steps."""
        names = [each.name for each in self.inputs]
        if len(names) == 1:
            return [
                Choice(["array", names[0]], 0.0, frozenset(names)),
                Choice(["nested", names[0]], 1.5, frozenset(names)),
            ]
        return self._together(names)

    def targets(self) -> list[Choice]:
        """Return the targets."""
        names = [each.name for each in self.goals]
        if not names:
            return [Choice(["value", None])] if not self.alone else []
        if len(names) == 1:
            return [
                Choice(["array", names[0]], 0.0, frozenset(names)),
                Choice(["nested", names[0]], 1.5, frozenset(names)),
            ]
        return self._together(names)

    def _together(self, names: Sequence[str]) -> list[Choice]:
        """Return matrices of several steps or kinds together."""
        taken = frozenset(names)
        arrays = [["array", name] for name in names]
        if not names:
            return []
        found = [
            Choice(["list", arrays], 0.0, taken),
            Choice(["dict", dict(zip(names, arrays, strict=True))], 0.3, taken),
        ]
        shapes = {self.sizes.get(name) for name in names}
        if len(shapes) == 1:
            found += [Choice(["stack", axis, arrays], 0.1 + 0.1 * axis, taken) for axis in (0, 1, 2, -1)]
        return found

    def pairs(self) -> list[Choice]:
        """Return a list of examples, (x, y) each."""
        names = [*(each.name for each in self.inputs), *(each.name for each in self.goals)]
        if len(self.inputs) != 1 or len(self.goals) != 1:
            return []
        return [Choice(["pairs", [EACH + name for name in names]], 0.0, frozenset(names), "a list of examples (x, y)")]

    def output(self, cost: float = 0.0) -> list[Choice]:
        """Return what the network predicts."""
        name = self.derivation.network.output.name
        return [Choice(["array", name], cost, frozenset({name}))]

    def cache(self, keys: Sequence[str] = ()) -> Plan:
        """Return every matrix of the forward list by the names people use for it, and by the keys asked for."""
        network = self.derivation.network
        losses = {each.name for each in network.by_name.values() if each.shape == (1, 1) and each.role is Role.LOSS}
        names = {name: name for name in network.by_name if name not in losses}
        if len(self.inputs) == 1:
            x = self.inputs[0].name
            names |= {"A0": x, "a0": x, x.lower(): x}
        names |= {"AL": network.output.name, "Y_hat": network.output.name}
        names = {name.lower(): own for name, own in names.items() if name[:1] in "ZAH"} | names
        for key in keys:
            if key not in names and (own := self.symbol(key)) is not None:
                names[key] = own
        return ["dict", {name: ["array", own] for name, own in names.items()}]

    def unpacked(self, names: Sequence[str], cost: float) -> list[Choice]:
        """Return a tuple of the matrices that it is unpacked into, where all names are known."""
        parts = [self._part(each) for each in names]
        return [Choice(["tuple", parts], cost)] if all(part is not None for part in parts) else []

    def _part(self, name: str) -> Plan | None:
        if name == "_":
            return ["value", None]
        if plain_name(name) in ("parameters", "params"):
            return self.table([each.name for each in self.parameters])
        own = self.symbol(name)
        return None if own is None else ["array", own]

    def things(self) -> list[Choice]:
        """Return all that may be given by itself, in the order in which people take it."""
        matrices = [*self.parameters, *self.inputs, *self.states, *self.goals, *self.masks]
        if self.alone:
            matrices = [*self.inputs, *self.states, *self.parameters, *self.masks]
        above = [Choice(["array", each.name], 0.0, frozenset({each.name})) for each in self.upstream]
        if len(self.inputs) > 1 and len({self.sizes.get(each.name) for each in self.inputs}) == 1 and not self.alone:
            matrices = [each for each in matrices if each not in self.inputs and each not in self.goals]
            return [*(self.matrix(each.name) for each in matrices), *self.data()[:1], *self.targets()[:1], *above]
        return [*(self.matrix(each.name) for each in matrices), *above]

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The numbers of units from the inputs to the outputs."""

        def rows(name: str) -> int:
            return int(self.sizes[name][0]) if name in self.sizes else 0

        network = self.derivation.network
        if self.alone or not self.inputs:
            return tuple(dict.fromkeys(rows(each.name) for each in (*self.inputs, *self.parameters)))
        if network.layers and len(network.widths) == network.depth + 1:
            return (rows(self.inputs[0].name), *(rows(p.name) for p in self.parameters if p.role is Role.WEIGHT))
        found = [rows(self.inputs[0].name)]
        for each in self.derivation.forward:
            size = rows(each.lhs.name)
            if isinstance(each.lhs, Variable) and each.lhs.shape != (1, 1) and size not in (found[-1], *found[1:]):
                found.append(size)
        return tuple(found)

    @property
    def steps(self) -> int:
        """How many inputs follow each other."""
        return len(self.inputs)

    @property
    def has_zeros(self) -> bool:
        """Whether a state of zeros can be given."""
        return False

    def penalties(self, share: float | None) -> list[Choice]:
        """Return the strengths λ that a penalty may be given by: of λ/2·‖W‖² and of λ·‖W‖², each without its 1/m.

        ``share`` is what stands before λ·‖W‖² in the file's own loss; without one nothing says which is meant.
        """
        decay = self.decay
        found = {0.5: Choice(["value", decay]), 1.0: Choice(["value", decay / 2], 0.05)}
        if not decay:
            return [found[0.5]]
        if share is not None:
            return [found.get(share, Choice(["value", decay / 2 / share]))]
        return [replace(each, said=f"the λ of {'λ/2' if of < 1 else 'λ'}·‖W‖²") for of, each in found.items()]

    @cached_property
    def epsilon(self) -> float:
        """ε of a normalisation."""
        for each in self.derivation.forward:
            if isinstance(each.rhs, Normalise):
                return float(each.rhs.args[3])
        return EPSILON

    @cached_property
    def activation(self) -> str:
        """The activation of the first layer, by name."""
        found = [each.rhs.function.name for each in self.derivation.forward if isinstance(each.rhs, Elementwise)]
        return found[0] if found else "identity"

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What tables of settings hold: the window of a convolution or a pool, the mode of a normalisation."""
        for each in self.derivation.forward:
            for node in nodes(each.rhs):
                if isinstance(node, Convolve | MaxPool | AveragePool):
                    w = node.window
                    stride, pad, high, wide = w.sh, w.ph, w.kh, w.kw
                    return {
                        "stride": stride, "pad": pad, "padding": pad, "s": stride, "p": pad, "f": high, "size": high,
                        "pool_height": high, "pool_width": wide, "kernel_size": high, "pool_size": high, "HH": high,
                        "ph": high, "pw": wide, "height": high, "width": wide, "k": high,
                    }  # fmt: skip
                if isinstance(node, Normalise):
                    return {"mode": "train", "eps": self.epsilon, "momentum": 0.9, "training": True, "train": True}
        return {}


def _unlike(variable: Variable, key: str) -> bool:
    """Whether a key cannot be that of a parameter: a bias is called b, a weight is not."""
    letter = plain_name(key)[:1]
    is_bias = variable.role in (Role.BIAS, Role.SHIFT)
    if letter == "b":
        return not is_bias
    return is_bias and letter in "wuv"


@dataclass(frozen=True)
class _Above:
    """A gradient from above and the output that it is of."""

    name: str
    of: Any
