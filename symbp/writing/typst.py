"""Mathematics and words as Typst: signs as they are, all that Typst would read as code escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symbp.maths.tree import (
    Accent,
    Blank,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Table,
    Tag,
    Words,
)  # fmt: skip
from symbp.writing.letters import bold_letters, script_letter
from symbp.writing.spacing import (
    bracket_size,
    fixed_size,
    gap,
    has_limits,
    is_big,
    is_figure,
    is_small,
    merged,
    scripted,
    slashed,
)  # fmt: skip

_GAPS = {"none": "", "thin": "thin", "braces": "med", "dot": "⋅"}
_ACCENTS = {"hat": "hat", "bar": "macron", "tilde": "tilde", "dot": "dot"}
_CLASSES = {":": "relation", "/": "normal"}
"""What signs are in a formula that Typst takes for something else."""


def math_typst(node: Node) -> str:
    """Return a displayed formula that stands in a line."""
    return f"$display({formula_typst(node)})$"


def formula_typst(node: Node) -> str:
    """Return a formula without the dollars around it."""
    return _written(node, tight=False)


def inline_typst(node: Node) -> str:
    """Return a formula in a line of words: fractions lie down or are small."""
    return f"${_written(slashed(node), tight=False)}$"


def text_typst(text: str) -> str:
    """Return words of which nothing is markup: no sign, no dash of two hyphens, no list that begins."""
    return "".join(_character(char, before) for before, char in zip(f" {text}", text, strict=False))


def _character(char: str, before: str) -> str:
    if char.isspace() or not char.isprintable():
        return " "
    plain = char.isalnum() or not char.isascii() or char in "(),;!?" or (char == "." and before.isalpha())
    return char if plain else f"\\{char}"


def string_typst(text: str) -> str:
    """Return text as a string, for code and for words in a formula."""
    lines = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(char if char.isprintable() else " " for char in lines) + '"'


def _joined(parts: Iterable[str]) -> str:
    """Return strings one after the other; names are kept apart, and nothing else: space beside words is seen."""
    found = ""
    for part in parts:
        found += f" {part}" if found[-1:].isalnum() and part[:1].isalnum() else part
    return found


def _written(node: Node, tight: bool) -> str:
    """Return a tree; ``tight`` in an index, where factors stand close."""
    return _WRITERS[type(node)](node, tight)


def _escaped(signs: str) -> str:
    """Return signs as themselves, whatever they are to Typst."""
    return "".join(char if not char.isascii() or char.isalnum() or char in "+=" else f"\\{char}" for char in signs)


def _id(node: Id, tight: bool) -> str:
    if node.style == "script":
        return script_letter(node.name)
    if node.style == "bold":
        letters = bold_letters(node.name)
        return letters if letters != node.name else f"bold({_name(node.name)})"
    if node.style == "bold-italic":
        return f"bold({_name(node.name)})"
    if len(node.name) > 1:
        return string_typst(node.name) if node.style == "upright" else f"italic({string_typst(node.name)})"
    return f"upright({_name(node.name)})" if node.style == "upright" else _name(node.name)


def _name(name: str) -> str:
    return _escaped(name) if len(name) == 1 else string_typst(name)


def _num(node: Num, tight: bool) -> str:
    digits = node.digits if node.digits.replace(".", "").isdigit() else string_typst(node.digits)
    return digits + (f' #hide(${string_typst(node.unseen)}$) ""' if node.unseen else "")


def _sign(node: Sign, tight: bool) -> str:
    return _beside(node, None, None, tight)


def _row(node: Row, tight: bool) -> str:
    items = node.items if tight else scripted(node.items)
    found: list[str] = []
    for place, item in enumerate(items):
        before = items[place - 1] if place else None
        after = items[place + 1] if place + 1 < len(items) else None
        found.append(_beside(item, before, after, tight) if isinstance(item, Sign) else _written(item, tight))
    return _joined(found)


def _beside(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return a sign between its neighbours."""
    return _SIGN_WRITERS[sign.kind](sign, before, after, tight)


def _ordinary(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    spelled = _escaped(sign.sign)
    return f'class("{_CLASSES[sign.sign]}", {spelled})' if sign.sign in _CLASSES else spelled


def _operator(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    """Return an operator; one that begins a line stands between operands all the same, one that ends a row does not."""
    spelled = _ordinary(sign, before, after, tight)
    if sign.below is not None:
        spelled = f'class("binary", {spelled}_({_written(sign.below, True)}))'
    if sign.kind == "bin" and (after is None or (isinstance(after, Sign) and after.kind == "comma")):
        return f'class("normal", {spelled})'
    return spelled if before is not None else f'""{spelled}'


def _prefix(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    inside = before is not None and not (isinstance(before, Sign) and before.kind in ("bin", "rel", "comma", "quad"))
    return f'class("normal", {sign.sign})' if inside and sign.sign in "−+±" else _ordinary(sign, before, after, tight)


def _times(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    if before is None or after is None:
        return ""
    between = gap(before, after)
    return "" if tight and between != "dot" else _GAPS[between]


def _apply(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    return "" if tight or after is None or isinstance(after, Fence | Table) else "thin"


def _quad(sign: Sign, before: Node | None, after: Node | None, tight: bool) -> str:
    return "quad"


_SIGN_WRITERS: dict[str, Callable[[Sign, Node | None, Node | None, bool], str]] = {
    "bin": _operator, "rel": _operator, "prefix": _prefix, "postfix": _ordinary, "comma": _ordinary,
    "slash": _ordinary, "times": _times, "apply": _apply, "big": _ordinary, "ord": _ordinary, "quad": _quad,
}  # fmt: skip


def _frac(node: Frac, tight: bool) -> str:
    fraction = f"frac({_argument(node.over, tight)}, {_argument(node.under, tight)})"
    return f"inline({fraction})" if is_small(node) else fraction


def _argument(node: Node, tight: bool) -> str:
    """Return what stands in brackets of a call: something, if only nothing."""
    return _written(node, tight) or '""'


def _root(node: Root, tight: bool) -> str:
    return f"sqrt({_argument(node.body, tight)})"


def _script(node: Script, tight: bool) -> str:
    base, sub, sup = merged(node)
    below, above = (None if each is None else _argument(each, True) for each in (sub, sup))
    if _is_atom(base):
        spelled = _written(base, tight) + (f"_({below})" if below else "") + (f"^({above})" if above else "")
    else:
        indices = [f"{side}: {index}" for side, index in (("b", below), ("t", above)) if index]
        spelled = f"attach({', '.join((_argument(base, tight), *indices))})"
    return f"inline({spelled})thin" if is_big(base) and not has_limits(node) else spelled


def _is_atom(node: Node) -> bool:
    """Say whether an index behind a node is its own."""
    if isinstance(node, Tag):
        return not node.label and _is_atom(node.body)
    return isinstance(node, Id | Num | Sign | Accent)


def _accent(node: Accent, tight: bool) -> str:
    return f"{_ACCENTS[node.mark]}({_argument(node.base, tight)})"


def _fence(node: Fence, tight: bool) -> str:
    return _brackets(node, node, tight)


def _brackets(node: Fence, whole: Fence, tight: bool) -> str:
    """Return brackets, or one line of what was broken inside of them, as large as around the whole."""
    grows = bracket_size(whole) > 0 and not tight
    start, end = _bracket(node.open, "opening", grows), _bracket(node.close, "closing", grows)
    found = _joined((start, _written(node.body, tight), end))
    if not grows:
        return found
    size = fixed_size(whole)
    return f"lr(size: #{size}, {found})" if size else f"lr({found})"


def _bracket(sign: str, side: str, grows: bool) -> str:
    """Return one bracket; a bar does not say by itself which side it is on."""
    spelled = _escaped(sign)
    return f'class("{side}", {spelled})' if sign in ("|", "‖") and not grows else spelled


def _table(node: Table, tight: bool) -> str:
    sides = ", ".join(string_typst(each) if each else "none" for each in (node.open, node.close))
    rows = "; ".join(", ".join(_argument(cell, tight) for cell in cells) for cells in node.rows)
    figures = all(is_figure(cell) for cells in node.rows for cell in cells)
    align = "align: #left, " if not node.close else "align: #right, " if figures else ""
    return f"mat(delim: #({sides}), {align}{rows})"


def _words(node: Words, tight: bool) -> str:
    return string_typst(node.text)


def _tag(node: Tag, tight: bool) -> str:
    if isinstance(node.body, Fence) and isinstance(node.of, Fence):
        return _brackets(node.body, node.of, tight)
    if not node.label:
        return _written(node.body, tight)
    words = " \\ ".join(map(string_typst, node.label))
    return f"underbrace({_argument(node.body, tight)}, {words})"


def _blank(node: Blank, tight: bool) -> str:
    return string_typst("__" * max(1, node.width))


_WRITERS: dict[type[Node], Callable[..., str]] = {
    Id: _id, Num: _num, Sign: _sign, Row: _row, Frac: _frac, Root: _root, Script: _script, Accent: _accent,
    Fence: _fence, Table: _table, Words: _words, Tag: _tag, Blank: _blank,
}  # fmt: skip
