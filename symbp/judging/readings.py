"""From a function and its body to ranked readings: what each argument may be, in which order that is tried.

A reading is a list of steps for ``runner``. What an argument may be comes from its name, from its use in the body, and
from what the others leave over; each has a cost, and readings are tried from the cheapest on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, permutations, product
from typing import Any

from symbp.judging.choice import Choice, Plan
from symbp.judging.explicit import Said
from symbp.judging.finding import AHEAD, BACK, Found, Signature, called_in, inner, signature
from symbp.judging.offer import Offer
from symbp.judging.proofs import penalty_share
from symbp.judging.uses import Uses, uses
from symbp.judging.vocabulary import PARAMETERS, PREVIOUS, SIZE, SIZE_WORDS, WORDS, by_plain_name, plain_name
from symbp.symbols import Role

MOST = 160
"""How many readings are made of one function at most."""

MOST_ORDERS = 24
"""In how many orders things without a name are given."""

GUESSED = 3.0
"""What it costs to give something that nothing but its place speaks for."""


@dataclass(frozen=True)
class Reading:
    """Steps to take, the cost, what was read as what, and whether something was merely guessed."""

    steps: tuple[dict[str, Any], ...]
    cost: float
    said: tuple[str, ...] = ()
    is_guessed: bool = False
    letters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """The arguments of one call."""

    positional: tuple[Plan, ...]
    named: Mapping[str, Plan]
    cost: float
    said: tuple[str, ...]
    ahead: bool
    is_guessed: bool
    letters: Mapping[str, str] = field(default_factory=dict)

    def step(self, target: Any) -> dict[str, Any]:
        """Return the call as a step."""
        return {"call": target, "positional": list(self.positional), "named": dict(self.named)}


@dataclass(frozen=True)
class Reader:
    """Reads the functions of one file for one network."""

    network: Offer
    found: Found
    said: Said | None = None

    @cached_property
    def own(self) -> Signature:
        """What is judged."""
        return self.found.signature

    @cached_property
    def share(self) -> float | None:
        """What stands before λ·‖W‖² in the file's own loss."""
        return penalty_share(self.found)

    def readings(self) -> list[Reading]:
        """Return the readings of the function, the likeliest first."""
        made = self._of_class() if self.own.owner and not self.own.is_static else self._of_function()
        return sorted(islice(made, MOST), key=lambda each: each.cost)

    def _of_function(self) -> Iterator[Reading]:
        own = self.own
        beside = self.found.source.beside(own)
        target = own.called
        closure = inner(own.node) if own.node is not None else None
        if closure is not None:
            yield from self._of_closure(closure)
            return
        ahead = self._ahead(own)
        for call in self.calls(own, beside, has_ahead=bool(ahead)):
            if not call.ahead:
                yield Reading((call.step(target),), call.cost, call.said, call.is_guessed, call.letters)
                continue
            for rank, first in enumerate(ahead):
                for before in islice(self.calls(first, beside, has_ahead=False), 6):
                    cost = call.cost + 0.3 * rank + 0.5 * before.cost
                    said = (*call.said, f"cache as your {first.name} returns it")
                    guessed = call.is_guessed or before.is_guessed
                    own_letters = {**call.letters, **before.letters}
                    yield Reading((before.step(first.called), call.step(target)), cost, said, guessed, own_letters)

    def _of_closure(self, closure: ast.FunctionDef) -> Iterator[Reading]:
        back = signature(closure)
        for call in self.calls(self.own, self.found.source.functions, has_ahead=False):
            for behind in islice(self.calls(back, {}, has_ahead=False), 4):
                for path in ([1], [-1], []):
                    steps = (call.step(self.own.called), behind.step(["result", 0, path]))
                    cost = call.cost + behind.cost + 0.1 * len(path) + (0.2 if path == [] else 0)
                    yield Reading(steps, cost, call.said, call.is_guessed, call.letters)

    def _of_class(self) -> Iterator[Reading]:
        own = self.own
        methods = self.found.source.classes[own.owner]
        helpers = {**self.found.source.functions, **methods}
        ahead = [each for each in self._ahead(own) if not each.is_static]
        backs = list(islice(self.calls(own, helpers, has_ahead=bool(ahead)), 12))
        takes_input = any(self.network.is_input(plan) for call in backs[:1] for plan in call.positional)
        for at, made in enumerate(self._objects(own.owner, helpers)):
            for call in backs[: 12 if not at else 4]:
                target = ["method", own.name]
                if not call.ahead:
                    cost = made.cost + call.cost + (0.0 if takes_input or not ahead else 1.0)
                    words = {**made.letters, **call.letters}
                    yield Reading(
                        (*made.steps, call.step(target)), cost, (*made.said, *call.said), call.is_guessed, words
                    )
                for rank, first in enumerate(ahead):
                    for before in islice(self.calls(first, helpers, has_ahead=False), 4):
                        cost = made.cost + call.cost + 0.2 * rank + 0.5 * before.cost + (0.5 if takes_input else 0.0)
                        steps = (*made.steps, before.step(["method", first.name]), call.step(target))
                        words = {**made.letters, **before.letters, **call.letters}
                        guessed = call.is_guessed or before.is_guessed
                        yield Reading(steps, cost, (*made.said, *call.said), guessed, words)

    def _objects(self, name: str, helpers: Mapping[str, Signature]) -> Iterator[Reading]:
        """Yield ways to make an object: its own constructor, else none and what the body reads of it."""
        settings = {word: ["value", 1.0] for word in ("lr", "learning_rate", "eta")}
        start = self.found.source.classes[name].get("__init__")
        if start is None:
            yield Reading(({"make": name, "positional": [], "named": {}, "settings": settings},), 0.0)
        else:
            for call in islice(self.calls(start, helpers, has_ahead=False, is_start=True), 8):
                step = {
                    "make": name,
                    "positional": list(call.positional),
                    "named": dict(call.named),
                    "settings": settings,
                }
                yield Reading((step,), 0.3 * call.cost, call.said, letters=call.letters)
        bare = {"make": name, "bare": True, "attributes": self._attributes(name), "settings": {}}
        yield Reading((bare,), 2.0, ("made without its constructor",))

    def _attributes(self, name: str) -> dict[str, Plan]:
        """Return the parameters under the names by which the methods of a class read them."""
        read: list[str] = []
        for method in self.found.source.classes[name].values():
            for node in ast.walk(method.node) if method.node is not None else ():
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                    read.append(node.attr)
        known = by_plain_name({each.name: each for each in self.network.parameters})
        found: dict[str, Plan] = {
            each: ["array", known[plain_name(each)]] for each in read if plain_name(each) in known
        }
        for each in read:
            word = WORDS.get(plain_name(each), ("",))[0]
            if word == "parameters" and each not in found:
                found[each] = self.network.table([each.name for each in self.network.parameters])
            elif word == "penalty":
                found[each] = self.network.penalties(self.share)[0].plan
        return found

    def _ahead(self, own: Signature) -> list[Signature]:
        """Return the forward passes beside a function, the one that belongs to it first."""
        beside = self.found.source.beside(own)
        if own.is_static and own.owner:
            beside = self.found.source.classes[own.owner]
        stem = plain_name(BACK.sub("", own.name))
        used = {name for each in beside.values() for name in called_in(each)}

        def rank(each: Signature) -> tuple[bool, bool, int]:
            return (
                plain_name(AHEAD.sub("", each.name)).removesuffix("ward") != stem.removesuffix("ward"),
                each.name in used,
                each.line,
            )

        found = [
            each
            for each in beside.values()
            if each.name != own.name and AHEAD.search(each.name) and not BACK.search(each.name)
        ]
        return sorted(found, key=rank)[:3]

    def calls(
        self, own: Signature, beside: Mapping[str, Signature], *, has_ahead: bool, is_start: bool = False
    ) -> Iterator[Call]:
        """Yield the ways to call a function, the cheapest first."""
        call = self.said if own is self.own else None
        chooser = Chooser(self.network, own, beside, has_ahead, is_start, call, self.share)
        for choices, guessed in chooser.combinations():
            positional: list[Plan] = []
            named: dict[str, Plan] = {}
            skipped = False
            for name in own.arguments:
                if name not in choices:
                    skipped = True
                elif skipped:
                    named[name] = choices[name].plan
                else:
                    positional.append(choices[name].plan)
            named |= {name: choices[name].plan for name in own.keyword_only if name in choices}
            said = tuple(
                f"{name} read as {each.said}"
                for name, each in choices.items()
                if each.said and not (each.said == "the parameters" and plain_name(name).startswith("param"))
            )
            yield Call(
                tuple(positional), named, sum(each.cost for each in choices.values()), said,
                any(each.ahead for each in choices.values()), guessed,
                {word: ours for name, each in choices.items() for word, ours in letters(name, each.plan)},
            )  # fmt: skip


def letters(name: str, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the author's names for matrices of ours: arguments, and the keys of tables."""
    match plan:
        case ["array" | "nested", str() as ours]:
            yield name, ours
        case ["dict" | "known", dict() as table, *_]:
            for key, each in table.items():
                yield from letters(key, each)


@dataclass(frozen=True)
class Chooser:
    """What each argument of one function may take."""

    network: Offer
    own: Signature
    beside: Mapping[str, Signature]
    has_ahead: bool
    is_start: bool = False
    said: Said | None = None
    share: float | None = None

    @cached_property
    def _fixed(self) -> Mapping[str, list[Choice]]:
        """What whoever asks says that arguments take."""
        if self.said is None:
            return {}
        return self.said.choices(self.own, self.network, lambda kind, name: self._of_kind(kind, self._uses(name), name))

    def combinations(self) -> Iterator[tuple[dict[str, Choice], bool]]:
        """Yield a choice for every argument that takes one, the cheapest together first; whether one was guessed."""
        names = [*self.own.arguments, *self.own.keyword_only]
        found = {name: self._named(name) for name in names}
        unknown = [name for name in names if not found[name] and name not in self.own.optional]
        known = [name for name in names if found[name]]
        options: list[tuple[float, dict[str, Choice]]] = []
        for picks in islice(product(*(found[name][:6] for name in known)), 4000):
            taken: set[str] = set()
            for each in picks:
                if each.takes & taken:
                    break
                taken |= each.takes
            else:
                ways = {tuple(map(repr, each.plan[:2])) if each.plan[0] == "stack" else each.plan[0] for each in picks
                        if each.plan[0] in ("stack", "list", "nested", "array") and len(self.network.inputs) > 1
                        and len(each.takes) > 1 and "*" not in each.takes}  # fmt: skip
                cost = sum(each.cost for each in picks) + 1.0 * max(0, len(ways) - 1)
                options.append((cost, dict(zip(known, picks, strict=True))))
        options.sort(key=lambda each: each[0])
        made: list[tuple[float, dict[str, Choice], bool]] = []
        for cost, chosen in options[: 24 if unknown else 60]:
            if not unknown:
                made.append((cost, chosen, False))
                continue
            taken = {name for each in chosen.values() for name in each.takes}
            for extra, rest in self._left_over(unknown, taken):
                made.append((cost + extra, {**chosen, **rest}, True))
        made.sort(key=lambda each: each[0])
        for _, chosen, guessed in made[:MOST]:
            yield chosen, guessed

    def _uses(self, name: str) -> Uses:
        return uses(self.own, name, self.beside)

    def _named(self, name: str) -> list[Choice]:
        """Return what an argument may take by its name and its use, the likeliest first."""
        if name in self._fixed:
            return self._fixed[name]
        network, use = self.network, self._uses(name)
        word = plain_name(name)
        found: list[Choice] = []
        if self.is_start:
            return self._start(name, word, use)
        keeps = self._uses(name).methods & {"save_for_backward", "saved_tensors"}
        if (word in ("ctx", "context") or keeps) and self.own.is_static:
            return [Choice(["context"], ahead=self.has_ahead)]
        above = self._upstream(name, word)
        if above:
            return above
        if name in self.own.optional and network.alone and word == "eps":
            return []
        exact = network.symbol(name)
        if network.alone and exact is not None and not network.is_given(exact):
            exact = None  # Nobody is given what an operation makes.
        if network.masks and (
            word in ("mask", "masks", "dropmask") or (word[:1] in ("d", "m", "u") and word[1:].isdigit())
        ):
            at = min(int(word[1:] or 1) if word[1:].isdigit() else 1, len(network.masks)) - 1
            found.append(replace(network.matrix(network.masks[at].name), cost=0.0))
        elif exact is not None and not (use.is_table or use.pairs or (use.unpacked and not use.is_product)):
            found.append(network.matrix(exact))
            if network.is_target(exact) and len(network.goals) == 1:
                found += [replace(each, cost=each.cost + 0.5) for each in network.targets()]
        size = self._size(name)
        if size and exact is None:
            return size
        state = self._state(name)
        if state and exact is None:
            return state
        for cost, kind in enumerate(WORDS.get(word, ())):
            if exact is not None and kind in ("weights", "biases"):
                continue
            found += [
                replace(each, cost=each.cost + 0.4 * cost + (0.6 if exact else 0.0))
                for each in self._of_kind(kind, use, name)
            ]
        if not found or use.is_table or use.is_sequence:
            found += [replace(each, cost=each.cost + 0.8) for each in self._by_use(use, name)]
        if name in self.own.optional and found:
            quiet = any(kind in ("epsilon", "momentum", "rate", "count") for kind in WORDS.get(word, ()))
            found = [each for each in found if each.cost < GUESSED][:3] if not quiet else []
        return _distinct(found)

    def _of_kind(self, kind: str, use: Uses, name: str) -> list[Choice]:
        network = self.network
        match kind:
            case "parameters":
                return network.containers(use)
            case "weights":
                beside = {plain_name(each) for each in (*self.own.arguments, *self.own.keyword_only)}
                alone = not beside & {"biases", "bias", "b", "bs", "offsets"}
                single = network.only(Role.WEIGHT) if not use.pairs and not use.is_table else []
                listed = [Choice(network.of_role(Role.WEIGHT), 0.2, frozenset({"W*"}))]
                return [*single, *network.containers(use), *listed] if alone else [*single, *listed]
            case "biases":
                return [*network.only(Role.BIAS), Choice(network.of_role(Role.BIAS), 0.2, frozenset({"b*"}))]
            case "cache":
                return self._cache(use)
            case "inputs":
                return network.data()
            case "targets":
                return network.targets()
            case "output":
                return self._output()
            case "pairs":
                return network.pairs() if use.pairs or not use.is_product else []
            case "count":
                return [Choice(["number", "m"])]
            case "penalty":
                return network.penalties(self.share)
            case "keep" | "drop":
                return [Choice(["value", 0.5])]
            case "epsilon":
                return [Choice(["value", network.epsilon])]
            case "rate":
                return [Choice(["value", 1.0])] if self.own.owner or name in self.own.optional else []
            case "momentum":
                return [Choice(["value", 0.9])]
            case "sizes":
                return [Choice(["value", list(network.widths)], 0.3)]
            case "steps":
                return [Choice(["value", network.steps])]
            case "config":
                return self._config(use)
        return []

    def _config(self, use: Uses) -> list[Choice]:
        settings = self.network.settings
        if any(key in settings for key in use.keys):
            return [Choice(["dict", {key: ["value", settings[key]] for key in settings}])]
        if use.keys and settings:  # Keys that say nothing: the numbers of the window in their order.
            values = [settings.get(key, settings.get("mode")) for key in ("stride", "pad")]
            values += [settings.get("HH", 2)] * (len(use.keys) - 2)
            orders = islice(permutations(values, len(use.keys)), 6)
            tables = [{key: ["value", each] for key, each in zip(use.keys, order, strict=True)} for order in orders]
            return [Choice(["dict", each], GUESSED + 0.1 * at) for at, each in enumerate(tables)]
        return [Choice(["dict", {key: ["value", each] for key, each in settings.items()}], 0.5)]

    def _cache(self, use: Uses) -> list[Choice]:
        """Return what a cache may be: what the file's own forward pass returns, else one made of our matrices."""
        network = self.network
        found = []
        if self.has_ahead:
            found = [Choice(["result", 0, path], cost, frozenset(), ahead=True)
                     for cost, path in ((0.0, [-1]), (0.15, []), (0.4, [1]), (0.5, [0]))]  # fmt: skip
            if network.alone:  # Its own forward pass is what it goes back through.
                return found
        if use.unpacked:
            found += network.unpacked(use.unpacked, 0.6)
        if not use.unpacked and not (use.keys and not any(network.symbol(each) for each in use.keys)):
            found.append(Choice(network.cache(use.keys), 0.5 if self.has_ahead else 0.0))
        return found

    def _output(self) -> list[Choice]:
        ahead = (
            [Choice(["result", 0, path], cost, ahead=True) for cost, path in ((0.0, [0]), (0.3, []))]
            if self.has_ahead
            else []
        )
        return [*ahead, *self.network.output(0.2 if ahead else 0.0)]

    def _by_use(self, use: Uses, name: str) -> list[Choice]:
        network = self.network
        found: list[Choice] = []
        if use.unpacked and self.has_ahead:
            found += self._cache(use)
        if use.is_table:
            if any(key in network.settings for key in use.keys):
                found += self._config(use)
            found += network.containers(use)
            found += self._cache(use) if self.has_ahead else []
        elif use.pairs == 2:
            found += [*network.containers(use), *network.pairs()]
        elif use.unpacked and not use.is_product:
            found += network.containers(use)
        return found

    def _upstream(self, name: str, word: str) -> list[Choice]:
        above = self.network.upstream
        if not above or word in ("data", "d1"):
            return []
        told = word.startswith(("d", "g", "grad", "upstream", "delta")) and self.network.symbol(name) is None
        plain = word.removesuffix("next").removeprefix("grad").removeprefix("d")
        exact = [each for each in above if name == each.name or (plain != word and plain == plain_name(each.of.name))]
        if exact:
            return [Choice(["array", each.name], 0.0, frozenset({each.name})) for each in exact]
        if not told:
            return []
        return [Choice(["array", each.name], 0.2 + 0.2 * at, frozenset({each.name})) for at, each in enumerate(above)]

    def _size(self, name: str) -> list[Choice]:
        """Return a number of units, for an argument that says so: ``hidden_layer_size``, ``num_labels``, ``n_h``."""
        if not SIZE.search(name) or plain_name(name) in WORDS:
            return []
        widths = self.network.widths
        place = next((at for pattern, at in SIZE_WORDS if pattern.search(name)), None)
        if place == 1:
            digits = "".join(letter for letter in name if letter.isdigit())
            inside = widths[1:-1]
            return [Choice(["value", each]) for each in (inside[int(digits) - 1 :][:1] if digits else inside)]
        return [Choice(["value", widths[place]])] if place is not None and widths else []

    def _state(self, name: str) -> list[Choice]:
        if not PREVIOUS.fullmatch(name) and not (
            self.network.alone and plain_name(name) in ("h", "c", "s", "state", "hx")
        ):
            return []
        letter = "c" if "c" in plain_name(name).replace("prev", "").replace("hidden", "") else "h"
        states = [each for each in self.network.states if each.name.lower().startswith(letter)] or list(
            self.network.states
        )
        if not states and letter == "h":
            return [Choice(["array", "zeros"])] if self.network.has_zeros else []
        return [Choice(["array", each.name], 0.1 * at, frozenset({each.name})) for at, each in enumerate(states)]

    def _start(self, name: str, word: str, use: Uses) -> list[Choice]:
        """Return what an argument of a constructor may take: sizes, parameters, settings."""
        network = self.network
        exact = network.symbol(name)
        if exact is not None and network.alone:
            return [network.matrix(exact)]
        kinds = WORDS.get(word, ())
        if name in self.own.optional:
            kind = next((each for each in kinds if each in ("penalty", "keep", "rate")), "")
            return self._of_kind(kind, use, name)
        for kind in ("rate", "penalty", "keep", "drop", "epsilon", "momentum", "count", "steps"):
            if kind in kinds:
                return self._of_kind(kind, use, name) or [Choice(["value", 1.0])]
        if network.alone and kinds and kinds[0] in ("parameters",):
            return network.containers(use)
        plural = word.endswith("s") and (
            "size" in word or "dim" in word or "layer" in word or "unit" in word or "width" in word
        )
        widths = list(network.widths)
        listed = Choice(["value", widths])
        if "hidden" in word and plural:
            return [Choice(["value", widths[1:-1]])]
        if "sizes" in kinds or plural or use.pairs or use.is_sliced:
            return [listed]
        if "activation" in word or "function" in word:
            return [Choice(["value", network.activation])]
        return []

    def _left_over(self, unknown: Sequence[str], taken: set[str]) -> Iterator[tuple[float, dict[str, Choice]]]:
        """Yield ways to give what is left to arguments whose names say nothing."""
        if self.is_start:
            yield from self._sizes(unknown)
            return
        network = self.network
        things = [each for each in network.things() if not each.takes & taken]
        if network.alone and self.has_ahead:  # What goes in went into the forward pass.
            above = {each.name for each in network.upstream}
            things = [each for each in things if each.takes & above]
        if "W*" in taken or "*" in taken or (self.own.owner and not self.own.is_static and not network.alone):
            things = [each for each in things if not (each.takes & {p.name for p in network.parameters})]
        containers = [c for name in unknown[:2] if "*" not in taken for c in network.containers(self._uses(name))[:4]]
        count = 0
        if len(unknown) <= 3 and containers:
            data = [each for each in things if not (each.takes & {p.name for p in network.parameters})]
            for each in containers:
                for order in permutations([each, *data], len(unknown)):
                    if not _agrees(order):
                        continue
                    yield GUESSED + 0.05 * count, dict(zip(unknown, order, strict=True))
                    count += 1
                    if count > MOST_ORDERS:
                        break
        if len(unknown) > len(things):
            extra = [Choice(["value", None], 1.0)] * (len(unknown) - len(things))
            things = [*things, *extra] if len(extra) <= 1 else []
        made = 0
        for order in permutations(things, len(unknown)):
            penalty = sum(self._unlike(name, each) for name, each in zip(unknown, order, strict=True))
            if penalty >= 10:
                continue
            yield GUESSED + penalty + 0.05 * made, dict(zip(unknown, order, strict=True))
            made += 1
            if made > MOST_ORDERS * 4:
                return

    def _unlike(self, name: str, choice: Choice) -> float:
        """Return how little a name and a use suit a matrix: a bias is no W, what is iterated is no matrix."""
        letter = plain_name(name)[:1]
        symbol = self.network.by_name.get(next(iter(choice.takes), ""))
        if symbol is None:
            return 0.5
        role = getattr(symbol, "role", None)
        if role in (Role.BIAS, Role.SHIFT) and letter in "wuv":
            return 10
        if role in (Role.WEIGHT, Role.SCALE) and letter == "b":
            return 10
        if role in PARAMETERS and letter in "xy" and plain_name(name)[1:2] not in "0123456789":
            return 1.0
        return 0.0

    def _sizes(self, unknown: Sequence[str]) -> Iterator[tuple[float, dict[str, Choice]]]:
        """Yield numbers of units for the arguments of a constructor, by their names first, then in order."""
        network = self.network
        widths = (
            list(dict.fromkeys(network.widths)) if len(set(network.widths)) >= len(unknown) else list(network.widths)
        )
        if network.alone:
            things = network.things()
            for at, given in enumerate(islice(permutations(things, len(unknown)), MOST_ORDERS)):
                yield 0.1 * at, dict(zip(unknown, given, strict=True))
        if len(unknown) == 1:
            yield 0.0, {unknown[0]: Choice(["value", list(network.widths)])}
        by_word: dict[str, Choice] = {}
        between = iter(network.widths[1:-1])
        for name in unknown:
            place = next((at for pattern, at in SIZE_WORDS if pattern.search(name)), None)
            value = None if place is None else next(between, None) if place == 1 else network.widths[place]
            if value is not None:
                by_word[name] = Choice(["value", value])
        if len(by_word) == len(unknown):
            yield 0.0, by_word
        if len(unknown) <= len(widths) + 1:
            for at, order in enumerate(islice(permutations(widths, min(len(unknown), len(widths))), MOST_ORDERS)):
                if len(order) == len(unknown):
                    yield (
                        0.2 + 0.1 * at,
                        {name: Choice(["value", each]) for name, each in zip(unknown, order, strict=True)},
                    )


def _agrees(order: Sequence[Choice]) -> bool:
    taken: set[str] = set()
    for each in order:
        if each.takes & taken:
            return False
        taken |= each.takes
    return True


def _distinct(found: Sequence[Choice]) -> list[Choice]:
    seen: dict[str, Choice] = {}
    for each in sorted(found, key=lambda each: each.cost):
        seen.setdefault(repr(each.plan), each)
    return list(seen.values())
