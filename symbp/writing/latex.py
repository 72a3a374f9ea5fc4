"""Mathematics and words as LaTeX that pdflatex, KaTeX, MathJax and GitHub read alike.

One table spells the alphabet; a formula is joined from strings that are already right, so nothing reads it back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise, takewhile

from symbp.maths.tree import (
    TIMES,
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
from symbp.pages.page import Bar, Ref, Text
from symbp.writing.breaking import em_width
from symbp.writing.spacing import (
    bracket_size,
    fixed_size,
    gap,
    has_limits,
    is_big,
    is_figure,
    is_small,
    items_of,
    merged,
    scripted,
    slashed,
)

_LETTERS = """
alpha α beta β gamma γ delta δ zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ
sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω epsilon ϵ varepsilon ε Gamma Γ Delta Δ Theta Θ
Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω ell ℓ
"""
_SIGNS = """
partial ∂ nabla ∇ sum ∑ prod ∏ top ⊤ odot ⊙ circ ∘ cdot · times × otimes ⊗ oplus ⊕ star ⋆ ast ∗ pm ± neq ≠ leq ≤
uparrow ↑ geq ≥ in ∈ sim ∼ approx ≈ propto ∝ equiv ≡ leftarrow ← rightarrow → mapsto ↦ leftrightarrow ↔ Rightarrow ⇒
ldots … cdots ⋯ vdots ⋮ ddots ⋱ infty ∞ mid ∣ cup ∪ cap ∩ subset ⊂ emptyset ∅ forall ∀ exists ∃ int ∫
bullet ∙ lVert ‖ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ langle ⟨ rangle ⟩ surd √ prime ′ nearrow ↗ searrow ↘
"""


def _commands(names: str) -> dict[str, str]:
    """Return signs and their commands from names and signs in turn."""
    words = names.split()
    return {sign: f"\\{name}" for name, sign in zip(words[::2], words[1::2], strict=True)}


ALPHABET: dict[str, str] = {
    **_commands(_LETTERS), **_commands(_SIGNS),
    "ᵀ": "T", "⊺": r"\mathrm{T}",
    "−": "-", "ℒ": r"\mathcal{L}", "\u2062": "", "\u2061": "", "\u00a0": r"\ ", "\u2003": r"\quad",
    "{": r"\{", "}": r"\}", "_": r"\_", "#": r"\#", "%": r"\%", "&": r"\&", "$": r"\$", " ": r"\ ",
    "\\": r"\backslash", "~": r"\sim", "^": r"\wedge", "`": r"\prime", "|": r"\mid", '"': r"\prime\prime",
}  # fmt: skip
"""Every sign of the canonical alphabet, and what TeX would take for a command, as they are spelled in a formula."""

_OPERATORS = frozenset(
    ("log", "exp", "sin", "cos", "tan", "tanh", "sinh", "cosh", "arctan", "max", "min", "lim", "arcsin")
)
"""Functions that TeX sets itself, with their space."""

_FACES = {"upright": "mathrm", "italic": "mathit", "script": "mathcal"}

_OPENING = {"|": r"\lvert", "‖": r"\lVert"}
_CLOSING = {"|": r"\rvert", "‖": r"\rVert"}
_MATRICES = {("[", "]"): "bmatrix", ("{", ""): "cases", ("", ""): "matrix"}
_SIZES = (("", ""), (r"\bigl", r"\bigr"), (r"\Bigl", r"\Bigr"), (r"\left", r"\right"))
_LARGE = 2
_AROUND_BRACES = (r"\biggl", r"\biggr")
"""The largest brackets where words under braces inside of them would make them grow."""
_NEXT = r" \\ "
"""What ends a row of a matrix or of words under a brace."""
_GAPS = {"none": "", "thin": r"\,", "braces": "", "dot": r" \cdot "}


@dataclass(frozen=True)
class Hooks:
    """What differs between TeX, where a lecturer may restyle things, and the formulas of Markdown.

    A formula ``inline`` stands in a line of words, a ``tight`` one in an index, one that ``breaks`` may go on
    in the next line after any factor, one that ``lists`` after any comma. Not all readers have large brackets
    (``has_large``). ``symbol`` spells what is a command: it gets a node and what spells an index, and returns None
    for anything else. ``roles`` has the command of single factors.
    """

    loss: str = r"\mathcal{L}"
    transpose: str = r"\top"
    role: str = r"\underbrace{%s}_{%s}"
    stack: str = r"\substack{%s}"
    has_large: bool = True
    inline: bool = False
    tight: bool = False
    breaks: bool = False
    lists: bool = False
    symbol: Callable[[Node, Callable[[Node], str]], str | None] | None = None
    roles: Mapping[Tag, str] = field(default_factory=dict)


LONG, LONG_LIST = 10.0, 6.0
"""How wide a formula in a sentence may be before it may break after any factor, and after any comma, in em."""

PLAIN = Hooks()
"""Commands that every reader of LaTeX knows."""

PANDOC = Hooks(has_large=False)
"""Commands that pandoc knows as well where it writes MathML or a Word document: it lacks ``\\Bigl``."""

TEX = Hooks(r"\symbploss", r"\symbpT", r"\symbpfactor{%s}{%s}", "%s")
"""Commands that a fragment provides and a lecturer may define first."""


def factor_at(slides: str) -> str:
    """Return the command of a factor that is marked on some slides of a frame."""
    return rf"\symbpfactorat{{{slides}}}{{%s}}{{%s}}"


def math_latex(node: Node, hooks: Hooks = PLAIN) -> str:
    """Return a tree of mathematics as LaTeX, without dollars."""
    return _spelled(slashed(node) if hooks.inline else node, hooks).strip()


def inline_latex(node: Node, hooks: Hooks = PLAIN) -> str:
    """Return a formula that stands in a line of words: fractions lie down, sums keep to the line."""
    return math_latex(node, replace(hooks, inline=True))


def beside_latex(left: Node, right: Node, hooks: Hooks = PLAIN) -> str:
    """Return what stands between two factors of a product that are written by themselves."""
    between = _times(TIMES, left, right, hooks)
    apart = not between and _ends_in_command(_spelled(left, hooks)) and _spelled(right, hooks)[:1].isalpha()
    return " " if apart else between


def _spelled(node: Node, hooks: Hooks) -> str:
    return _command(node, hooks) or _WRITERS[type(node)](node, hooks)


def _command(node: Node, hooks: Hooks) -> str | None:
    return hooks.symbol(node, lambda index: _index(index, hooks)) if hooks.symbol else None


def _joined(parts: Iterable[str]) -> str:
    """Return strings one after the other: a command and a letter are kept apart."""
    found = ""
    for part in parts:
        apart = part[:1].isalpha() and _ends_in_command(found)
        found += f" {part}" if apart else part
    return found


def _ends_in_command(text: str) -> bool:
    bare = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return bare != text and bare.endswith("\\") and not bare.endswith("\\\\")


def _characters(name: str) -> str:
    return _joined(ALPHABET.get(char) or (char if " " <= char <= "~" else _foreign(char)) for char in name)


def _foreign(char: str) -> str:
    """Return a sign that the alphabet lacks: without its accents, else by its number."""
    base = unicodedata.normalize("NFKD", char)[0]
    return base if "!" <= base <= "~" and base not in ALPHABET else rf"\text{{[U+{ord(char):04X}]}}"


def _id(node: Id, hooks: Hooks) -> str:
    name = _characters(node.name)
    if node.style == "script" and node.name == "L":
        return hooks.loss
    if node.style == "bold":
        return rf"\mathbf{{{name}}}" if node.name.isascii() else rf"\boldsymbol{{{name}}}"
    if node.style == "bold-italic":
        return rf"\boldsymbol{{{name}}}"
    if _is_operator(node):
        return f"\\{name}"
    if len(node.name) == 1 and (node.style == "italic" or not node.name.isascii()):
        return name
    return rf"\{_FACES[node.style]}{{{name}}}"


def _num(node: Num, hooks: Hooks) -> str:
    return _characters(node.digits) + (rf"\phantom{{{node.unseen}}}" if node.unseen else "")


def _sign(node: Sign, hooks: Hooks) -> str:
    if node.sign == "⊤":
        return hooks.transpose
    spelled = "".join(ALPHABET.get(char, _characters(char)) for char in node.sign)
    return spelled if node.below is None else f"{spelled}_{{{_spelled(node.below, replace(hooks, tight=True))}}}"


def _row(node: Row, hooks: Hooks) -> str:
    return _joined(_pieces(node.items if hooks.tight else scripted(node.items), hooks))


def _pieces(items: Sequence[Node], hooks: Hooks) -> list[str]:
    """Return the strings of a row; in an index, which is ``tight``, no signs are spaced."""
    found: list[str] = []
    for place, item in enumerate(items):
        before = items[place - 1] if place else None
        after = items[place + 1] if place + 1 < len(items) else None
        if isinstance(item, Sign):
            found.append(_SIGN_WRITERS.get(item.kind, _ordinary)(item, before, after, hooks))
        else:
            found.append(_spelled(item, hooks))
    return found


def _spaced(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    """Return an operator or a relation between its operands; at the start of a line it keeps its space."""
    spelled = _sign(sign, hooks)
    if hooks.tight:
        return spelled
    if sign.kind == "bin" and (after is None or (isinstance(after, Sign) and after.kind == "comma")):
        return f"{{{spelled}}}"
    if sign.kind == "bin" and before is None and not hooks.inline:
        return f"{{}}{spelled} "
    return f" {spelled} "


def _prefix(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    """Return a sign before its operand; braces keep TeX from taking it for one between two operands."""
    inside = before is not None and not (isinstance(before, Sign) and before.kind in ("bin", "rel", "comma", "quad"))
    return f"{{{_sign(sign, hooks)}}}" if inside and sign.sign in ("−", "+") else _sign(sign, hooks)


def _times(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    if after is not None and before is None and gap(after, after) == "dot":  # A line that begins with a factor.
        return rf"{{}}{_GAPS['dot'].strip()} "
    if before is None or after is None:
        return ""
    between = "none" if _is_operator(after) else gap(before, after)
    if hooks.tight:
        return _GAPS[between] if between == "dot" else ""
    return _GAPS[between] + (r"\allowbreak " if hooks.breaks else "")


def _apply(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    """Return the space between a function and an argument without brackets; TeX's own operators have theirs."""
    if hooks.tight or after is None or isinstance(after, Fence | Table):
        return ""
    return " " if before is not None and _is_operator(before) else r"\,"


def _is_operator(node: Node) -> bool:
    """Say whether TeX sets a space beside a name by itself."""
    if isinstance(node, Script | Tag):
        return _is_operator(node.base if isinstance(node, Script) else node.body)
    return isinstance(node, Id) and node.style == "upright" and node.name in _OPERATORS


def _comma(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    spelled = _sign(sign, hooks)
    if hooks.tight or after is None or _is_quad(after):
        return spelled
    return f"{spelled} \\allowbreak " if hooks.lists else f"{spelled} "


def _is_quad(node: Node) -> bool:
    return isinstance(node, Sign) and node.kind == "quad"


def _quad(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    return r" \quad "


def _ordinary(sign: Sign, before: Node | None, after: Node | None, hooks: Hooks) -> str:
    return _sign(sign, hooks)


_SIGN_WRITERS: dict[str, Callable[[Sign, Node | None, Node | None, Hooks], str]] = {
    "bin": _spaced, "rel": _spaced, "prefix": _prefix, "times": _times, "apply": _apply, "comma": _comma, "quad": _quad,
}  # fmt: skip


def _frac(node: Frac, hooks: Hooks) -> str:
    command = r"\tfrac" if is_small(node) else r"\frac"
    return f"{command}{{{_spelled(node.over, hooks)}}}{{{_spelled(node.under, hooks)}}}"


def _root(node: Root, hooks: Hooks) -> str:
    return rf"\sqrt{{{_spelled(node.body, hooks)}}}"


def _script(node: Script, hooks: Hooks) -> str:
    if is_big(node.base):
        return _limits(node, hooks)
    base, sub, sup = merged(node)
    below = f"_{_braced(_index(sub, hooks))}" if sub is not None else ""
    if _is_primes(sup):
        return _base(base, hooks) + below + "'" * len(items_of(sup))
    above = f"^{_braced(_index(sup, hooks))}" if sup is not None else ""
    return _base(base, hooks) + below + above


def _is_primes(node: Node | None) -> bool:
    items = items_of(node)
    return bool(items) and all(isinstance(each, Sign) and each.sign == "′" for each in items)


def _base(node: Node, hooks: Hooks) -> str:
    """Return what carries an index: what has one already, or is several things, in braces."""
    spelled = _spelled(node, hooks)
    if isinstance(node, Tag) and _command(node, hooks):
        return f"{{{spelled}}}"
    if isinstance(node, Tag) and not node.label:
        return spelled if isinstance(node.body, Fence) else _base(node.body, hooks)
    return spelled if isinstance(node, Id | Num | Sign | Accent | Fence | Table | Blank) else f"{{{spelled}}}"


def _index(node: Node, hooks: Hooks) -> str:
    """Return what stands in an index: its signs close together."""
    return _spelled(node, replace(hooks, tight=True))


def _braced(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


def _limits(node: Script, hooks: Hooks) -> str:
    below = f"_{_braced(_index(node.sub, hooks))}" if node.sub is not None else ""
    above = f"^{_braced(_index(node.sup, hooks))}" if node.sup is not None else ""
    sign = _spelled(node.base, hooks)
    if hooks.inline or has_limits(node):
        return f"{sign}{below}{above} "
    return rf"{{\textstyle {sign}{below}{above}}}\,"


def _accent(node: Accent, hooks: Hooks) -> str:
    return f"\\{node.mark}{{{_spelled(node.base, hooks)}}}"


def _bracket(sign: str, table: dict[str, str]) -> str:
    return table.get(sign) or ALPHABET.get(sign, sign)


def _fence(node: Fence, hooks: Hooks) -> str:
    return _fenced(node, node, hooks)


def _fenced(node: Fence, whole: Fence, hooks: Hooks) -> str:
    """Return brackets as large as those around the ``whole``, of which a line may hold one half."""
    opening, closing = _bracket(node.open, _OPENING), _bracket(node.close, _CLOSING)
    size = 0 if hooks.tight else bracket_size(whole)
    if size == _LARGE and not hooks.has_large:
        size += 1
    left, right = _SIZES[size]
    if size == len(_SIZES) - 1 and fixed_size(whole):
        left, right = _AROUND_BRACES
    elif size == len(_SIZES) - 1:
        opening, closing = opening or ".", closing or "."
    inside = _spelled(node.body, hooks).strip()
    start = f"{left}{opening}" if opening else ""
    end = f"{right}{closing}" if closing else ""
    return _joined((start, inside, end))


def _table(node: Table, hooks: Hooks) -> str:
    known = _MATRICES.get((node.open, node.close))
    columns = [_column(column, hooks) for column in zip(*node.rows, strict=True)]
    rows = _NEXT.join(map(" & ".join, zip(*columns, strict=True)))
    if known:
        return rf"\begin{{{known}}} {rows} \end{{{known}}}"
    opening, closing = _bracket(node.open, _OPENING) or ".", _bracket(node.close, _CLOSING) or "."
    return rf"\left{opening} \begin{{matrix}} {rows} \end{{matrix}} \right{closing}"


def _column(cells: Sequence[Node], hooks: Hooks) -> list[str]:
    """Return the cells of a column, which are centred: where one has a sign, or more digits, others keep its room."""
    texts = [_spelled(cell, hooks).strip() for cell in cells]
    numbers = [_whole(text) if is_figure(cell) else "" for cell, text in zip(cells, texts, strict=True)]
    most, signed = max(map(len, numbers)), any(text.startswith("-") for text in texts)
    return [
        (r"\phantom{-}" if signed and not text.startswith("-") else "")
        + (rf"\phantom{{{'0' * (most - len(number))}}}" if number and len(number) < most else "")
        + text
        for text, number in zip(texts, numbers, strict=True)
    ]


def _whole(text: str) -> str:
    """Return the digits that a number begins with."""
    return "".join(takewhile(str.isdigit, text.lstrip("-")))


def _words(node: Words, hooks: Hooks) -> str:
    return words_in_math(node.text)


def words_in_math(text: str) -> str:
    """Return words inside a formula: the signs of the alphabet among them stand outside of ``\\text``."""
    runs = groupby(text, key=lambda char: not char.isascii() and char in ALPHABET)
    return "".join(
        _characters("".join(run)) if is_sign else rf"\text{{{_words_only(''.join(run))}}}" for is_sign, run in runs
    )


def _words_only(text: str) -> str:
    return "".join(_MATH_WORDS.get(char) or _text_char(char) for char in text)


def _tag(node: Tag, hooks: Hooks) -> str:
    if node.label:
        return _braces(node, hooks)
    if isinstance(node.body, Fence) and isinstance(node.of, Fence):
        return _fenced(node.body, node.of, hooks)
    return _spelled(node.body, hooks)


def _braces(node: Tag, hooks: Hooks) -> str:
    words = [words_in_math(each) for each in node.label]
    label = words[0] if len(words) == 1 else hooks.stack % _NEXT.join(words)
    return hooks.roles.get(node, hooks.role) % (_spelled(node.body, hooks).strip(), label)


def _blank(node: Blank, hooks: Hooks) -> str:
    width = r"\quad" * max(1, node.width)
    return rf"\boxed{{{width}}}"


_WRITERS: dict[type[Node], Callable[..., str]] = {
    Id: _id, Num: _num, Sign: _sign, Row: _row, Frac: _frac, Root: _root, Script: _script, Accent: _accent,
    Fence: _fence, Table: _table, Words: _words, Tag: _tag, Blank: _blank,
}  # fmt: skip


# Words.

_TEXT = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}", '"': "''", "–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''",
    **{sign: rf"\ensuremath{{_{at}}}" for at, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}, "′": r"\ensuremath{'}",
    "²": r"\ensuremath{^2}", "³": r"\ensuremath{^3}", "ᵀ": r"\ensuremath{^{\top}}", "…": r"\ldots{}", "\u00a0": "~",
    "ß": r"\ss{}", "æ": r"\ae{}", "ø": r"\o{}", "ł": r"\l{}", "ı": r"\i{}", "œ": r"\oe{}",
    "Æ": r"\AE{}", "Ø": r"\O{}", "Ł": r"\L{}", "Œ": r"\OE{}", "¿": "?`", "¡": "!`",
}  # fmt: skip
_MATH_WORDS = {
    "\\": r"\textbackslash ", "~": r"\textasciitilde ", "^": r"\textasciicircum ", '"': "''", "\u00a0": " ",
    "\n": " ", "|": r"\textbar ", "`": "'", **{sign: f"\\{sign}" for sign in "{}$&#%_"},
}  # fmt: skip

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip


def text_latex(text: str, *, breaks: bool = False) -> str:
    """Return words for LaTeX: no character of them is a command, no two hyphens make a dash.

    In a narrow column a line ``breaks`` inside of dotted names.
    """
    pieces = (
        (r"\allowbreak{}" if breaks and before == "." and char.isalpha() else "{}" * (char == "-" == before))
        + (_TEXT.get(char) or _text_char(char))
        for before, char in pairwise(f" {text}")
    )
    return "".join(pieces)


def _text_char(char: str) -> str:
    """Return ASCII as it stands, accents as commands, signs as mathematics, what TeX's fonts lack by its number."""
    if " " <= char <= "~":
        return char
    if char.isspace():
        return " "
    if char in ALPHABET:
        return rf"\ensuremath{{{ALPHABET[char]}}}"
    base, *marks = list(unicodedata.normalize("NFKD", char))
    if not ("!" <= base <= "~") or base in _TEXT:
        return f"[U+{ord(char):04X}]"
    mark = _ACCENTS.get(marks[0]) if len(marks) == 1 and base.isalpha() else None
    return f"\\{mark}{{{base}}}" if mark else base


def sentence_latex(text: Text, stem: str, hooks: Hooks = TEX, *, breaks: bool = False) -> str:
    """Return a sentence: words escaped, formulas between dollars, references by the labels of lines."""
    return "".join(
        text_latex(each, breaks=breaks) if isinstance(each, str) else _span(each, stem, hooks) for each in text
    )


LONGEST = 9.0
"""How long the longest bar is, in em."""


def _span(span: Node | Ref | Bar, stem: str, hooks: Hooks) -> str:
    if isinstance(span, Bar):
        return rf"\rule{{{LONGEST * span.share:.2f}em}}{{1ex}}"
    if isinstance(span, Ref):
        return "--".join(rf"\eqref{{{label_latex(stem, each)}}}" for each in (span.label, span.last) if each)
    width = em_width(slashed(span))
    return f"${inline_latex(span, replace(hooks, breaks=width > LONG, lists=width > LONG_LIST))}$"


def label_latex(stem: str, label: str) -> str:
    """Return the label of a line of a page, in characters that a label may have; nothing for no label."""
    return f"{_label(stem)}:{_label(label)}" if label else ""


def _label(name: str) -> str:
    return "".join(
        char if char.isascii() and (char.isalnum() or char in "-._:") else f".{ord(char):x}." for char in name
    )


def typed_latex(text: str) -> list[str]:
    """Return lines for what is set as typed, each blank one space wide, in text mode: signs that verbatim lacks."""
    return [text_latex(line).replace(" ", "~") for line in text.expandtabs().strip("\n").split("\n")]


def verbatim_latex(text: str) -> str:
    """Return lines for a verbatim environment, which they cannot end; what TeX cannot show is named by its number."""
    plain = "".join(char if " " <= char <= "~" or char == "\n" else f"[U+{ord(char):04X}]" for char in text)
    return plain.expandtabs().replace(r"\end{verbatim}", r"\end {verbatim}").strip("\n")
