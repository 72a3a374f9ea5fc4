r"""Somebody's notes: the equations in a LaTeX or Markdown file, with their lines and the file's own macros.

An equation is marked by a comment, ``% symbp: dW2`` or ``<!-- symbp: dW2 -->``, which says what it is a formula for;
where nothing is marked, those count whose left side is a gradient. The text is read, never executed, once and
from the front, so that a large file costs what it is long.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from symbp.errors import SpecError
from symbp.judging.latex import Macro, expanded
from symbp.networks.reading import MAX_LENGTH

MARKDOWN = (".md", ".markdown")
SUFFIXES = (".tex", ".ltx", *MARKDOWN)

LONGEST_MACRO = 2000
MOST_MACROS = 2000

MOST_EQUATIONS = 5000
"""Most equations of a file that are judged, and most marks that are looked for."""

MOST_DISPLAYS = 100_000
"""Most pieces of mathematics that are read."""

_OPENING = re.compile(
    r"\\begin\{(equation|align|alignat|flalign|gather|multline|eqnarray|displaymath|math|dmath)(\*?)\}|\\\[|\\\(|\$\$|"
    r"```math|\$`|(?<![\\$])\$(?![$`])"
)
_CLOSING = {"\\[": "\\]", "\\(": "\\)", "$$": "$$", "```math": "```", "$`": "`$", "$": "$"}
_COMMENT = re.compile(r"(?<!\\)%([^\n]*)")
_HTML = re.compile(r"<!--(.*?)-->", re.DOTALL)
_MARK = re.compile(r"\s*symbp(?:\s*:\s*(\S[^\n]*?))?\s*$")
GRADIENT = re.compile(r"[{&\s]*\\(?:delta|[dt]?frac\s*\{\s*\\partial|nabla)")
"""What a left side begins with that is meant as a gradient, though it cannot be read."""

_VERBATIM = ("verbatim", "lstlisting", "minted", "comment")
_FENCE = re.compile(r"^(```+|~~~+)([^\n]*)\n.*?(?:^\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_SEEN_THROUGH = re.compile(
    r"\\(?:begin|end)\s*\{(?:aligned|alignedat|split|gathered|array)\}(?:\{[^{}]*\}|\[[^\]]*\])?"
)
_ROW = re.compile(r"\\\\(?:\s*\[[^\]]*\])?|\\begin\{|\\end\{|\\[A-Za-z]+|\\.|[{}]", re.DOTALL)
_PARTS = re.compile(
    r"[,;]?\s*\\q?quad(?![A-Za-z])\s*"
    r"|[,;]\s*(?:\\[,; ]\s*)*(?=(?:\\(?:partial|frac|delta|nabla)|d[A-Zbz])[^,;]{1,400}=)"
)
_DEFINED = re.compile(
    r"\\(?:new|renew|provide)command\*?\s*\{?\s*\\([A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
    r"|\\def\s*\\([A-Za-z]+)((?:#\d)*)\s*(?=\{)|\\DeclareMathOperator\*?\s*\{\s*\\([A-Za-z]+)\s*\}\s*(?=\{)"
)


@dataclass(frozen=True)
class Noted:
    """An equation of a file: its line, its text without macros, what it is marked as; or why it cannot be read.

    ``at`` is where it begins in the file, ``display`` where its display does, ``last`` the line where it ends.
    """

    line: int
    last: int
    at: int
    display: int
    text: str
    mark: str | None = None
    problem: str = ""


def equations(text: str, *, markdown: bool) -> list[Noted]:
    """Return the equations of a file in order; where some are marked those alone, so do not say "skip"."""
    places = [found.start() for found in re.finditer("\n", text)]

    def line(at: int) -> int:
        return bisect_right(places, at - 1) + 1

    clean, marks = _without_comments(text, markdown)
    macros = _macros(clean)
    found = []
    for count, (start, body, problem) in enumerate(_displays(clean)):
        if count == MOST_DISPLAYS:
            found.append(Noted(line(start), line(start), start, start, "", problem=f"more than {count:,} formulas"))
            break
        if problem:
            found.append(Noted(line(start), line(start), start, start, "", problem=problem))
            continue
        for at, end, piece in _rows(start, body):
            found.append(_noted(piece, Noted(line(at), line(max(at, end - 1)), at, start, piece), macros))
    kept = [each for each in _joined(found) if each.problem or "=" in each.text]
    marked = _marked(kept, [(line(at), at, name) for at, name in marks[:MOST_EQUATIONS]], clean)
    return [each for each in marked if each.mark != "skip"]


def _noted(piece: str, row: Noted, macros: Mapping[str, Macro]) -> Noted:
    """Return a row of a display with its macros expanded."""
    if len(piece) > 8 * MAX_LENGTH:
        return replace(row, text="", problem=f"it has {len(piece):,} characters; at most {MAX_LENGTH:,} are read")
    try:
        return replace(row, text=" ".join(expanded(piece, macros).split()))
    except SpecError as error:
        return replace(row, problem=str(error))


def _joined(rows: Sequence[Noted]) -> Iterator[Noted]:
    """Yield equations: a row that begins with =, or has none, goes on with the one before."""
    waiting: Noted | None = None
    for row in rows:
        bare = row.text.lstrip("& ")
        is_rest = bare.startswith("=") or (bare[:1] in tuple("+-") and "=" not in bare)
        if waiting and is_rest and row.display == waiting.display and not (row.problem or waiting.problem):
            waiting = replace(waiting, text=f"{waiting.text} {bare}", last=row.last)
            continue
        if waiting:
            yield waiting
        waiting = row
    if waiting is not None:
        yield waiting


def _marked(rows: Sequence[Noted], marks: Sequence[tuple[int, int, str]], text: str) -> list[Noted]:
    """Return the rows that are marked; all of them where no mark says what an equation is for."""
    names: dict[int, str] = {}
    for line, at, name in marks:
        begins = text.rfind("\n", 0, at) + 1
        is_behind = bool(text[begins:at].strip())
        before = [k for k, row in enumerate(rows) if is_behind and row.at < at and row.last >= line]
        behind = [k for k, row in enumerate(rows) if row.at >= at or row.line > line]
        chosen = before[-1:] or behind[:1]
        if chosen:
            names[chosen[0]] = name
    told = [replace(row, mark=names.get(k)) for k, row in enumerate(rows)]
    wanted = any(name != "skip" for name in names.values())
    return [row for row in told if row.mark is not None or not wanted]


def _without_comments(text: str, markdown: bool) -> tuple[str, list[tuple[int, str]]]:
    """Return a text of the same length with blanks for comments and program text, and the marks in comments."""
    marks: list[tuple[int, str]] = []

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found[0])

    def comment(found: re.Match[str]) -> str:
        mark = _MARK.match(found[1])
        if mark:
            marks.append((found.start(), mark[1] or ""))
        return blank(found)

    if markdown:
        fenced = _FENCE.sub(lambda found: found[0] if found[2].strip() == "math" else blank(found), text)
        return _HTML.sub(comment, fenced), marks
    for name in _VERBATIM:
        if f"\\begin{{{name}" in text:
            text = re.sub(rf"\\begin\{{{name}\*?\}}.*?\\end\{{{name}\*?\}}", blank, text, flags=re.DOTALL)
    return _COMMENT.sub(comment, text), marks


def _displays(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield what stands in mathematics: where it begins, its text, or what is wrong with it."""
    at, never = 0, set()
    while opening := _OPENING.search(text, at):
        sign = opening[0]
        closing = f"\\end{{{opening[1]}{opening[2]}}}" if opening[1] else _CLOSING[sign]
        at = opening.end()
        end = -1 if closing in never else text.find(closing, at)
        inline = sign in ("$", "$`", "\\(")
        stop = text.find("\n\n", at, end) if inline and end > 0 else -1
        if end < 0 or stop >= 0:
            never |= {closing} if end < 0 else set()
            if not inline:
                yield opening.start(), "", f"{sign} does not end"
            continue
        yield at, text[at:end], ""
        at = end + len(closing)


def _rows(start: int, body: str) -> Iterator[tuple[int, int, str]]:
    """Yield the rows of a display, and the equations that stand in one: where each begins and ends, and its text."""
    flat = _SEEN_THROUGH.sub(lambda found: " " * len(found[0]), body)
    depth, cuts = 0, [0]
    for found in _ROW.finditer(flat):
        sign = found[0]
        depth += {"{": 1, "}": -1, "\\begin{": 2}.get(sign, 0)  # The brace of \\begin{ closes.
        if sign.startswith("\\\\") and depth <= 0:
            cuts += [found.start(), found.end()]
    cuts.append(len(flat))
    for low, high in zip(cuts[::2], cuts[1::2], strict=True):
        at = low
        for part in [*_PARTS.finditer(flat, low, high), None]:
            end = high if part is None else part.start()
            piece = flat[at:end]
            lead = len(piece) - len(piece.lstrip())
            text = piece.strip().rstrip(".,; ")
            if text:
                yield start + at + lead, start + end, text
            at = end if part is None else part.end()


def _macros(text: str) -> dict[str, Macro]:
    """Return the commands that a file defines."""
    found: dict[str, Macro] = {}
    for each in islice(_DEFINED.finditer(text), MOST_MACROS):
        body = _group(text, each.end())
        if body is None:
            continue
        name = each[1] or each[4] or each[6]
        if each[6]:
            body = rf"\operatorname{{{body}}}"
        count = int(each[2] or 0) if each[1] else len(each[5] or "") // 2
        found[name] = Macro(count, body, each[3])
    return found


def _group(text: str, at: int) -> str | None:
    """Return what stands in braces from a place on; None where they do not close soon."""
    depth = 0
    for index in range(at, min(len(text), at + LONGEST_MACRO)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return text[at + 1 : index]
    return None
