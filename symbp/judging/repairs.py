"""What is wrong with a formula, in its own words: the one change of its text that makes it right.

A symbol of another layer or of another stage, a transpose too many or too few, ``*`` for ``@``, f for f′, a factor
missing at an end. Each change is evaluated by whoever asks; here they are only made.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from symbp.judging.hands import CODE, LATEX, MATLAB, Hand, hand_of, plain
from symbp.judging.lexicon import Lexicon
from symbp.judging.meanings import Activation, Entry, Meaning, Named, Scalar, Symbol
from symbp.judging.written import TypedSide

_DIGITS = re.compile(r"[0-9]+|[₀-₉]+")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_STAGES = {"A": "ZX", "Z": "A", "X": "A", "a": "zx", "z": "a", "x": "a"}
"""Letters that are taken for each other."""


@dataclass(frozen=True)
class Repair:
    """A formula with one change: the text it becomes, and what was wrong, in a sentence."""

    written: TypedSide
    text: str
    sentence: str


def repairs(source: TypedSide, words: Lexicon, depth: int) -> Iterator[Repair]:
    """Yield a formula with every change that is tried, the likeliest first."""
    made = _Maker(source, words, depth)
    for node in _nodes(source.tree):
        if isinstance(node, ast.Name) and node.id in source.meanings:
            yield from made.other_symbols(node)
    for node in _nodes(source.tree):
        if isinstance(node, ast.Call):
            yield from made.other_axis(node)
    for node in _nodes(source.tree):
        yield from made.turned(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult):
            yield from made.other_product(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield made.other_sign(node)
    yield from made.longer()


@dataclass(frozen=True)
class _Maker:
    source: TypedSide
    words: Lexicon
    depth: int

    @property
    def hand(self) -> Hand:
        """How the formula is written."""
        return hand_of(self.source.source)

    def other_symbols(self, node: ast.Name) -> Iterator[Repair]:
        """Another symbol in the place of one, spelled as the user spells."""
        typed = self.source.text(node)
        for text, meaning in self._like(typed, self.source.meanings[node.id]):
            yield self._put(node, text, meaning, f"{typed} in place of {text}")

    def _like(self, typed: str, meaning: Meaning) -> Iterator[tuple[str, Meaning]]:
        if isinstance(meaning, Entry) and len(meaning.letters) == 2:
            turned = meaning.letters[::-1]
            yield typed.replace(meaning.letters, turned), replace(meaning, letters=turned)
        if isinstance(meaning, Scalar | Activation) and not meaning.slope:
            yield from self._known([f"{typed}'" if self.hand is LATEX else f"{typed}′"], type(meaning))
        if isinstance(meaning, Scalar | Symbol):
            yield from self._known(self._layers(typed), type(meaning))
        if isinstance(meaning, Symbol):
            yield from self._known([*self._stages(typed), *_other_steps(typed)], Symbol)

    def _known(self, texts: list[str], kind: type[Meaning]) -> Iterator[tuple[str, Meaning]]:
        for text in texts:
            meaning = self.words.meaning(plain(text)[0].strip().rstrip("ᵀ"))
            if isinstance(meaning, kind):
                yield text, meaning

    def _number(self, layer: int) -> str:
        """Return the index of a layer as the formula writes indices."""
        if self.hand is LATEX:
            opening = "[" if "^{[" in self.source.source else "("
            return f"^{{{opening}{layer}{'])'[opening == '(']}}}"
        return str(layer) if self.hand in (CODE, MATLAB) else str(layer).translate(_SUBSCRIPTS)

    def _layers(self, typed: str) -> list[str]:
        """Return a word with the number of every other layer."""
        found = _DIGITS.search(typed)
        if found is None:
            return []
        is_below = found[0].translate(_SUBSCRIPTS) == found[0]
        numbers = [str(layer).translate(_SUBSCRIPTS) if is_below else str(layer) for layer in range(1, self.depth + 1)]
        return [typed[: found.start()] + each + typed[found.end() :] for each in numbers if each != found[0]]

    def _stages(self, typed: str) -> list[str]:
        """Return a word of another stage: Z₁ for A₁, X for A₁, A₁ for X, dA1 for dZ1."""
        at = 1 if typed[:1] == "d" and len(typed) > 2 else 0
        letter, rest = typed[at : at + 1], typed[at + 1 :]
        found = []
        for other in _STAGES.get(letter, ""):
            if other in "Xx":
                found.append(typed[:at] + other)
            elif letter in "Xx":
                found += [typed[:at] + other + self._number(layer) for layer in range(1, self.depth + 1)]
            else:
                found.append(typed[:at] + other + rest)
        return found

    def turned(self, node: ast.expr) -> Iterator[Repair]:
        """A transpose too many or too few."""
        if isinstance(node, ast.Attribute) and node.attr == "T":
            text = self.source.text(node.value)
            yield self._change(node, node.value, _unturned(text), f"{text} must not be transposed")
        elif inside := self._inverted(node):
            text = self._transposed(self.source.text(inside))
            new = ast.copy_location(ast.Attribute(inside, "T", ast.Load()), node)
            yield self._change(node, new, text, "inverse in place of transpose")
        elif isinstance(node, ast.Name) and isinstance(self.source.meanings.get(node.id), Symbol):
            text = self.source.text(node)
            new = ast.copy_location(ast.Attribute(node, "T", ast.Load()), node)
            yield self._change(node, new, self._transposed(text), f"{text} must be transposed")

    def _inverted(self, node: ast.expr) -> ast.expr | None:
        """Return what an inverse is taken of."""
        if isinstance(node, ast.Attribute) and node.attr == "I":
            return node.value
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1
        meaning = self.source.meanings.get(node.func.id) if is_call else None  # type: ignore[attr-defined]
        return node.args[0] if isinstance(meaning, Named) and meaning.name == "inv" else None  # type: ignore[attr-defined]

    def _transposed(self, text: str) -> str:
        return self.hand.transposed.format(text if re.fullmatch(r"[\w.]+", text) else f"({text})")

    def other_product(self, node: ast.BinOp) -> Iterator[Repair]:
        """``*`` for ``@`` or the other way round; the factors in the other order."""
        left, right = self.source.span(node.left), self.source.span(node.right)
        sign = self.source.source[left[1] : right[0]].strip(" )(")
        is_star = isinstance(node.op, ast.Mult)
        other: ast.operator = ast.MatMult() if is_star else ast.Mult()
        if not is_star and sign in ("", "@", "·"):
            first, second = self.source.text(node.left), self.source.text(node.right)
            between = self.source.source[left[1] : right[0]]
            whole = f"{self.source.source[: left[0]]}{second}{between}{first}{self.source.source[right[1] :]}"
            new = ast.copy_location(ast.BinOp(node.right, node.op, node.left), node)
            tree = _with(self.source.tree, node, new)
            yield Repair(
                replace(self.source, tree=tree), whole, f"the factors {first} and {second} are in the wrong order"
            )
        if sign in ("*", "@"):
            text = "@" if is_star else "*"
            at = self.source.source.index(sign, left[1])
            whole = self.source.source[:at] + text + self.source.source[at + 1 :]
            new = ast.copy_location(ast.BinOp(node.left, other, node.right), node)
            tree = _with(self.source.tree, node, new)
            yield Repair(replace(self.source, tree=tree), whole, f"{sign} in place of {text}")

    def other_axis(self, node: ast.Call) -> Iterator[Repair]:
        """The other axis of a sum or a mean."""
        for each in (*node.args[1:], *(k.value for k in node.keywords if k.arg == "axis")):
            if isinstance(each, ast.Constant) and each.value in (0, 1) and not isinstance(each.value, bool):
                other = 1 - each.value
                new = ast.copy_location(ast.Constant(other), each)
                yield self._change(each, new, str(other), f"axis {each.value} in place of axis {other}")

    def other_sign(self, node: ast.BinOp) -> Repair:
        """+ for −, or the other way round."""
        is_minus = isinstance(node.op, ast.Sub)
        other: ast.operator = ast.Add() if is_minus else ast.Sub()
        between = slice(self.source.span(node.left)[1], self.source.span(node.right)[0])
        signs = self.source.source[between]
        text = re.sub(r"[-−]", "+", signs, count=1) if is_minus else signs.replace("+", "-", 1)
        whole = self.source.source[: between.start] + text + self.source.source[between.stop :]
        new = ast.copy_location(ast.BinOp(node.left, other, node.right), node)
        term = self.source.text(node.right)
        return Repair(replace(self.source, tree=_with(self.source.tree, node, new)), whole, f"wrong sign of {term}")

    def longer(self) -> Iterator[Repair]:
        """A factor missing at one of the ends."""
        text = self.source.source
        inside = f"({text})" if re.search(r"[+−\-/*⊙]", text) else text
        join = self.hand.product
        for word, meaning in self._ends():
            transposed = self._transposed(word)
            for whole, piece, behind in (
                (f"{inside}{join}{transposed}", transposed, True),
                (f"{transposed}{join}{inside}", transposed, False),
            ):
                name = ast.Attribute(ast.Name("r0", ast.Load()), "T", ast.Load())
                pair = (self.source.tree, name) if behind else (name, self.source.tree)
                tree = ast.copy_location(ast.BinOp(pair[0], ast.MatMult(), pair[1]), self.source.tree)
                found = replace(self.source, tree=_located(tree), meanings={**self.source.meanings, "r0": meaning})
                yield Repair(found, whole, f"factor {piece} missing")

    def _ends(self) -> Iterator[tuple[str, Meaning]]:
        small = self.source.columns
        numbers = [self._number(layer) for layer in range(1, self.depth + 1)]
        letters = ["x" if small else "X", *(("a" if small else "A") + n for n in numbers), *(f"W{n}" for n in numbers)]
        return self._known(letters, Symbol)

    def _put(self, node: ast.Name, text: str, meaning: Meaning, sentence: str) -> Repair:
        new = ast.copy_location(ast.Name("r0", ast.Load()), node)
        made = self._change(node, new, text, sentence)
        return replace(made, written=replace(made.written, meanings={**self.source.meanings, "r0": meaning}))

    def _change(self, node: ast.expr, new: ast.expr, text: str, sentence: str) -> Repair:
        start, end = self.source.span(node)
        whole = self.source.source[:start] + text + self.source.source[end:]
        return Repair(replace(self.source, tree=_with(self.source.tree, node, new)), whole, sentence)


def _unturned(text: str) -> str:
    """Return a symbol without the transpose that LaTeX has in its index: W^{[2]T} is W^{[2]}."""
    return re.sub(r"(?<=[\])])\s*(?:T|\\top)\s*(?=\}$)", "", text)


def _other_steps(typed: str) -> list[str]:
    """Return a word of step t as that of step t − 1, or the other way round."""
    moved = {"_t": "_(t-1)", "ₜ": "ₜ₋₁", "_{t}": "_{t-1}"}
    found = [typed.replace(new, old) for old, new in moved.items() if new in typed]
    return found or [typed.replace(old, new) for old, new in moved.items() if typed.endswith(old)]


def _nodes(tree: ast.expr) -> list[ast.expr]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr)]


def _located(tree: ast.expr) -> ast.expr:
    return ast.fix_missing_locations(tree)


def _with(tree: Any, old: ast.expr, new: ast.expr) -> Any:
    """Return a tree with one node replaced."""
    if tree is old:
        return new
    fields: dict[str, Any] = {
        name: _with(value, old, new)
        if isinstance(value, ast.expr)
        else [_with(each, old, new) if isinstance(each, ast.expr | ast.keyword) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in ast.iter_fields(tree)
    }
    return ast.copy_location(type(tree)(**fields), tree)
