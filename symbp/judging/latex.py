r"""A formula in LaTeX as plain text: ``\delta^{(1)} = (W^{(2)})^\top \delta^{(2)}`` is ``δ1 = (W2)ᵀ δ2``.

A tokeniser, macros with arguments, and a table of commands. Nothing is executed: a file of notes is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from symbp.errors import SpecError
from symbp.judging.names import GREEK

MOST_TOKENS = 20_000
"""Most tokens of a formula once its macros are expanded."""

DEEPEST = 60
"""Deepest nesting of braces."""

_WORDS = (
    "softmax|diag|tanh|sigmoid|relu|ReLU|exp|log|ln|sech|cosh|sinh|silu|gelu|softplus|dLoss|np|torch|sum|mean|dot|axis|"
    "keepdims|True|ones|multiply|maximum|square"
)
"""Words that people type without a command; other letters side by side are a product."""

_TOKEN = re.compile(
    rf"\\([A-Za-z]+)[ \t\n]*|\\(.)|%[^\n]*\n?|(\s+)|(#\d|(?<![A-Za-z])(?:{_WORDS})(?![A-Za-z])|.)", re.DOTALL
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LETTERS = {**GREEK, "varepsilon": "ε", "varphi": "φ", "vartheta": "θ", "ell": "ℓ", "partial": "∂", "nabla": "∇",
           "mathbbm": "", "infty": "∞"}  # fmt: skip

SIGNS = {
    "odot": "⊙", "circ": "⊙", "bullet": "⊙", "otimes": "⊙", "cdot": "·", "times": "·", "ast": "∗", "uparrow": "↑",
    "star": "⋆", "top": "⊤", "intercal": "⊤", "prime": "′", "sum": "Σ", "cdots": "⋯", "dots": "⋯", "ldots": "⋯",
    "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "lt": "<", "gt": ">", "gets": "=", "leftarrow": "=",
    "coloneqq": "=", "equiv": "=", "langle": "<", "rangle": ">", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "lbrace": "(", "rbrace": ")", "lbrack": "(", "rbrack": ")", "colon": ":", "div": "/", "ominus": "-",
    "oslash": "/", "hadamard": "⊙",
}  # fmt: skip

BARE = _words(
    "mathbf mathrm mathit mathsf mathtt mathnormal mathbb boldsymbol bm bf rm text textrm textbf textit operatorname "
    "mbox hbox mathop mathord mathrel mathbin boxed fbox vec underline displaystyle textstyle limits nolimits sf it "
    "ensuremath pmb boldmath smash hphantom mathstrut ensuremath"
)
"""Commands that change how their argument looks, not what it is."""

ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "tilde": "\u0303",
           "widetilde": "\u0303", "dot": "\u0307"}  # fmt: skip

SKIPPED = _words(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm middle nonumber notag quad "
    "qquad allowbreak nobreak strut relax noindent null"
)
ARGUMENT_SKIPPED = _words("label tag vphantom phantom eqref ref cite color hspace vspace mspace intertext")
SECOND = frozenset({"textcolor", "colorbox", "mathcolor"})
"""Commands of two arguments of which the second counts."""

FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"})
BRACES = {"underbrace": "_", "overbrace": "^", "underset": "", "overset": "", "stackrel": ""}

ROUND = {"[": "(", "]": ")"}
"""Square brackets that are no index."""

FUNCTIONS = _words("tanh exp log ln max min sin cos tan sinh cosh sech")
COST = r"(?:ℒ|L|J|E|C|ℓ|[Ll]oss|l|R)(?:_\w+|_\(\w+\))?(?:\([^=]*\))?"
_NUMERATOR = re.compile(rf"\s*(?:∂|d)\s*{COST}\s*$")
_DENOMINATOR = re.compile(r"\s*(?:∂|d)\s*(.+?)\s*$", re.DOTALL)
_COST = re.compile(rf"\s*{COST}(?!\w)")
_SCRIPT = re.compile(
    r"\s*(?:(?P<open>[\[(<])(?P<index>[^\[\]()<>]*)[\])>]|(?P<bare>[A-Za-z0-9]+(?:[+-]\d+)?(?<!T)|[A-SU-Z]))?"
    r"\s*(?P<example>\([in]\))?\s*(?P<prime>['′]*)\s*(?P<inverse>-1|-(?=[T⊤ᵀ]))?\s*(?P<turn>[T⊤ᵀ])?\s*(?P<after>['′]*)\s*$"
)


@dataclass(frozen=True)
class Macro:
    """A command of the author's own: how many arguments, the first one's default, what it stands for."""

    count: int
    body: str
    default: str | None = None


Macros = Mapping[str, Macro]
NONE: Macros = MappingProxyType({})


@dataclass(frozen=True)
class Token:
    """A command, a sign or a character with where it was typed."""

    text: str
    start: int
    end: int
    is_command: bool = False


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of LaTeX; comments are none."""
    for found in _TOKEN.finditer(text):
        if found[1]:
            yield Token(found[1], found.start(), found.start() + 1 + len(found[1]), is_command=True)
        elif found[2]:
            yield Token(found[2], found.start(), found.end(), is_command=True)
        elif found[3]:
            yield Token(" ", found.start(), found.end())
        elif found[4]:
            yield Token(found[4], found.start(), found.end())


def plain(text: str, macros: Macros = NONE, bare_layers: bool = False) -> tuple[str, list[int]]:
    """Return a formula in plain text with the places where its characters were typed.

    ``bare_layers`` reads a number that stands above without brackets as that of a layer, not as a power.

    Raises:
        SpecError: braces that are not balanced, an unknown command, or macros without end.
    """
    reader = _Reader(_expanded(list(tokens(text)), macros), bare_layers)
    pieces = reader.sequence(0)
    if reader.at < len(reader.tokens):
        raise SpecError("unbalanced braces: there is a } too many")
    return "".join(each.text for each in pieces), [*(p.at for p in pieces for _ in p.text), len(text)]


def expanded(text: str, macros: Macros) -> str:
    """Return LaTeX with its macros replaced; a text without any stays as it is.

    Raises:
        SpecError: macros without end, or an argument that does not end.
    """
    found = list(tokens(text))
    if not any(each.is_command and each.text in macros for each in found):
        return text
    done = _expanded(found, macros)
    texts = [f"\\{each.text}" if each.is_command else each.text for each in done]
    apart = [each[:1] == "\\" and each[-1:].isalpha() and then[:1].isalpha() for each, then in pairwise([*texts, ""])]
    return "".join(f"{each} " if space else each for each, space in zip(texts, apart, strict=True))


def _expanded(found: list[Token], macros: Macros) -> list[Token]:
    """Return tokens with macros replaced, each piece standing where its command was typed."""
    done: list[Token] = []
    waiting = found[::-1]
    spent = 0
    while waiting:
        token = waiting.pop()
        macro = macros.get(token.text) if token.is_command else None
        if macro is None:
            done.append(token)
        else:
            values = [_argument(waiting, macro.default if at == 0 else None) for at in range(macro.count)]
            body = [replace(each, start=token.start, end=token.end) for each in tokens(macro.body)]
            for each in reversed(body):
                number = each.text[1:] if each.text[:1] == "#" and each.text[1:].isdigit() else ""
                waiting += values[int(number) - 1][::-1] if number and int(number) <= len(values) else [each]
        spent += 1
        if spent > MOST_TOKENS or len(waiting) > MOST_TOKENS:
            raise SpecError("the macros in it expand without end")
    return done


def _argument(waiting: list[Token], default: str | None) -> list[Token]:
    """Take an argument off the tokens that wait: a group, one token, or in square brackets where it has a default."""
    while waiting and waiting[-1].text == " ":
        waiting.pop()
    if default is not None and not (waiting and waiting[-1].text == "["):
        return list(tokens(default))
    opening, closing = ("[", "]") if default is not None else ("{", "}")
    if not waiting or waiting[-1].text != opening or waiting[-1].is_command:
        return [waiting.pop()] if waiting else []
    found, depth = [], 0
    while waiting:
        token = waiting.pop()
        depth += (token.text == opening) - (token.text == closing) if not token.is_command else 0
        found.append(token)
        if depth == 0:
            return found[1:-1]
    raise SpecError("unbalanced braces: an argument does not end")


@dataclass(frozen=True)
class _Piece:
    text: str
    at: int


@dataclass
class _Reader:
    tokens: Sequence[Token]
    bare_layers: bool
    at: int = 0
    depth: int = 0
    in_script: int = 0

    def sequence(self, opened: int) -> list[_Piece]:
        """Read up to the end, or to the brace that closes."""
        found: list[_Piece] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.text == "}" and not token.is_command:
                if not opened:
                    raise SpecError("unbalanced braces: there is a } too many")
                return found
            piece = self.scripted()
            if found and piece and _runs_on(_text(found[-2:]), _text(piece)):
                found.append(_Piece(" ", token.start))
            found += piece
        if opened:
            raise SpecError("unbalanced braces: there is a { too many")
        return found

    def scripted(self) -> list[_Piece]:
        """Read an atom with what stands below and above it."""
        start = self.tokens[self.at]
        atom = self.atom()
        text = _text(atom)
        sub, sup = "", ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.is_command or token.text not in ("_", "^", "'"):
                if token.text == " " and self.next_is_script():
                    self.at += 1
                    continue
                if token.is_command and token.text in ("limits", "nolimits"):
                    self.at += 1
                    continue
                break
            self.at += 1
            if token.text == "'":
                sup += "'"
            elif token.text == "_":
                sub += _text(self.argument())
            else:
                sup += _text(self.argument())
        if not sub and not sup:
            return atom
        return self.with_scripts(atom, text, sub.strip(), sup, start)

    def next_is_script(self) -> bool:
        """Whether a space stands before a script."""
        rest = self.tokens[self.at + 1 : self.at + 2]
        return bool(rest) and rest[0].text in ("_", "^") and not rest[0].is_command

    def with_scripts(self, atom: list[_Piece], text: str, sub: str, sup: str, start: Token) -> list[_Piece]:
        """Join an atom with its scripts: an index, a transpose, a power, a prime."""
        end = self.tokens[self.at].start if self.at < len(self.tokens) else self.tokens[-1].end
        if text in ("⋆", "∗"):
            return [_Piece(f"{text}[{sub}] " if sub else f"{text} ", start.start)]
        if text == "Σ":
            over = re.match(r"\s*([A-Za-z](?:,[A-Za-z])*)", sub)
            return [_Piece(f"Σ_{over[1]} " if over else "Σ ", start.start)]
        if text == "∇":
            rest = self.cost()
            return [_Piece(f"∂ℒ/∂{sub}", start.start), *rest]
        name = text.strip()
        script = _SCRIPT.match(sup)
        if script is None:
            return [*atom, _Piece(_below(sub), start.start), _Piece(f"^({sup})", end)]
        index: str | None = script["index"]
        bare: str | None = script["bare"]
        is_symbol = _is_name(name)
        if script["open"] == "(" and index is not None and not is_symbol:
            index, bare = None, f"({index})"
        power = ""
        if bare is not None:
            if is_symbol and (not bare.isdigit() or self.bare_layers):
                index = bare
            else:
                power = bare
        tail = "".join(
            [
                script["prime"] + script["after"],
                "^(-1)" if script["inverse"] else "",
                "ᵀ" if script["turn"] else "",
                f"**{power}" if power else "",
            ]
        )
        body = [_Piece(each.text, start.start) for each in atom] if is_symbol else list(atom)
        above = "" if index is None else _below(index.strip())
        if above.isdigit() and script["open"] == "(" and not sub and not script["prime"]:
            above = f"^({above})"  # W_1 and W^{(1)} may be two symbols of a page.
        below = _below(sub) + above
        return [*body, *([_Piece(below, start.start)] if below else []), *([_Piece(tail, end)] if tail else [])]

    def cost(self) -> list[_Piece]:
        """Pass over the loss behind a nabla."""
        begin = self.at
        found = _text(self.scripted()) if self.at < len(self.tokens) else ""
        while found.isspace() and self.at < len(self.tokens):
            found = _text(self.scripted())
        if _COST.fullmatch(found):
            return []
        self.at = begin
        return []

    def atom(self) -> list[_Piece]:
        """Read a character, a group or a command with its arguments."""
        token = self.tokens[self.at]
        self.at += 1
        if not token.is_command:
            if token.text == "{":
                return self.group()
            if token.text in "&~":
                return [_Piece(" ", token.start)]
            is_index = self.in_script > 0
            return [_Piece(token.text if is_index else ROUND.get(token.text, token.text), token.start)]
        return self.command(token)

    def group(self) -> list[_Piece]:
        """Read what stands in braces that were opened."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise SpecError(f"braces are nested more than {DEEPEST} deep")
        found = self.sequence(1)
        self.at += 1
        self.depth -= 1
        return found

    def argument(self) -> list[_Piece]:
        """Read one argument of a script: a group or one atom."""
        while self.at < len(self.tokens) and self.tokens[self.at].text == " ":
            self.at += 1
        if self.at == len(self.tokens):
            raise SpecError("something is missing at its end")
        self.in_script += 1
        try:
            return self.atom()
        finally:
            self.in_script -= 1

    def value(self) -> list[_Piece]:
        """Read one argument of a command, which is no script."""
        inside, self.in_script = self.in_script, 0
        try:
            while self.at < len(self.tokens) and self.tokens[self.at].text == " ":
                self.at += 1
            if self.at == len(self.tokens):
                raise SpecError("an argument is missing at its end")
            return self.atom()
        finally:
            self.in_script = inside

    def command(self, token: Token) -> list[_Piece]:
        """Read what a command stands for."""
        name, at = token.text, token.start
        if name in LETTERS:
            return [_Piece(LETTERS[name], at)]
        if name in FRACTIONS:
            return self.fraction(at)
        if name == "sqrt":
            return [_Piece("√(", at), *self.value(), _Piece(")", at)]
        if name in SIGNS:
            return [_Piece(SIGNS[name], at)]
        if name in ("mathcal", "mathscr", "mathfrak"):
            found = _text(self.value())
            return [_Piece("ℒ" if found == "L" else found, at)]
        if name in BARE:
            return self.bare(name, at)
        if name in ACCENTS:
            return [_Piece(_text(self.value()).strip() + ACCENTS[name], at)]
        if name in FUNCTIONS:
            return self.function(name, at)
        if name in SKIPPED:
            if name in ("left", "right", "middle") and self._text_here() == ".":
                self.at += 1
            return [_Piece(" ", at)] if "quad" in name else []
        if name in ARGUMENT_SKIPPED:
            self.value()
            return []
        if name in SECOND:
            self.value()
            return self.value()
        if name in BRACES:
            first = self.value()
            if BRACES[name] and self._text_here() == BRACES[name]:
                self.at += 1
                self.argument()
            return first if BRACES[name] else self.value()
        if name in ("begin", "end"):
            self.value()
            return []
        if name in "{}|":
            return [_Piece({"{": "(", "}": ")", "|": "‖"}[name], at)]
        if name in ",;:!> \\/-\n":
            return [_Piece(" ", at)]
        if name in "_&%$#":
            return [_Piece(name, at)]
        raise SpecError(f"unknown command \\{name}: define it with \\newcommand, or write it out")

    def _text_here(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def bare(self, name: str, at: int) -> list[_Piece]:
        """Read the argument of a command that changes how it looks; a bold 1 is the column of ones."""
        if self._text_here() not in ("{", " ") and name in ("bf", "rm", "it", "sf", "displaystyle", "textstyle"):
            return []
        if name in ("displaystyle", "textstyle", "limits", "nolimits", "mathstrut", "boldmath"):
            return []
        if name == "operatorname" and self._text_here() == "*":
            self.at += 1
        found = self.value()
        text = _text(found).strip()
        if text == "1" and name != "text":
            return [_Piece(" ones", at)]
        word = text.replace(" ", "")
        return [_Piece(word, at)] if re.fullmatch(r"\w+", word) else found

    def function(self, name: str, at: int) -> list[_Piece]:
        r"""Read a function: what follows without brackets is put in some; \tanh^2 z is a power of the value."""
        found = [_Piece(name, at)]
        sup = ""
        while self._text_here() in ("^", "'", " "):
            mark = self._text_here()
            self.at += 1
            sup += "'" if mark == "'" else _text(self.argument()) if mark == "^" else ""
        if "'" in sup or "′" in sup:
            return [*found, _Piece("'", at)]
        while self._text_here() in ("left", "bigl", "big", "Bigl", "Big") and self.at < len(self.tokens):
            self.at += 1
        if self._text_here() in ("(", "["):
            inside = self.bracketed()
        elif self.at < len(self.tokens) and self._text_here() not in ("}", ")"):
            inside = [_Piece("(", at), *self.scripted(), _Piece(")", at)]
        else:
            return found
        return [*found, *inside, *([_Piece(f"**{sup.strip()}", at)] if sup.strip().isdigit() else [])]

    def bracketed(self) -> list[_Piece]:
        """Read from an opening bracket to the one that closes it."""
        found: list[_Piece] = []
        depth = 0
        while self.at < len(self.tokens):
            if self._text_here() == "}" and not self.tokens[self.at].is_command:
                break
            inside = self.scripted()
            found += inside
            text = _text(inside)
            depth += text.count("(") - text.count(")")
            if depth <= 0:
                return found
        return found

    def fraction(self, at: int) -> list[_Piece]:
        """Read a fraction; ∂ℒ over ∂W is one name."""
        first, second = self.value(), self.value()
        under = _DENOMINATOR.match(_text(second))
        if under and _NUMERATOR.match(_text(first)):
            return [_Piece(f"∂ℒ/∂{under[1]}", at)]
        return [_Piece("((", at), *first, _Piece(")/(", at), *second, _Piece("))", at)]


def _text(pieces: Sequence[_Piece]) -> str:
    return "".join(each.text for each in pieces)


def _runs_on(before: str, text: str) -> bool:
    """Whether two letters would read as one word: each letter is a symbol, but d before a letter makes its gradient."""
    is_gradient = re.search(r"(?:^|[^^\w])[d∂]$", before) or before in ("d", "∂")
    return bool(before[-1:].isalnum() and text[:1].isalpha()) and not is_gradient


def _is_name(text: str) -> bool:
    """Whether something is one symbol: a letter with accents, or a word; d before it makes its gradient."""
    return bool(re.fullmatch(r"(?:∂ℒ/∂)?[^\W\d_][\u0300-\u036f]*(?:[^\W_]|[\u0300-\u036f]|_)*", text)) and text != "Σ"


def _below(index: str) -> str:
    """Return an index in plain text: 2, _l, _(t-1), _f_t."""
    bare = re.sub(r"[\s{}]", "", index).replace("−", "-")
    while bare[:1] in "([<" and bare[-1:] in ")]>" and bare:
        bare = bare[1:-1]
    if not bare:
        return ""
    if bare.isdigit():
        return bare
    if re.fullmatch(r"\d+(?:,\d+)+", bare):
        return f"_({bare})"
    return f"_({bare})" if re.search(r"[-+]", bare) and "," not in bare else "_" + bare.replace(",", "_")
