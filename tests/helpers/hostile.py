"""Strings that mean something to TeX, HTML, Markdown, Typst or Jinja, a page of them, and how a reading is judged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from symbp.maths.tree import Id
from symbp.pages.page import Aside, Block, Box, Code, Figure, Heading, Page, Para, Picture, Table, Verdict

HOSTILE = (
    r"\input{x} \write18{id}", r"100% of #1 & a^b_c ~", r"$x_1$ and $$y$$", r"\end{document} \begin{verbatim}",
    r"\(a\) \[b\] x \\ y", "``quoted'' -- ---",
    "<script>alert(1)</script>", "<!-- c --> -->", "a &lt; b &amp; c &#65;", '<img src="x" onerror="y">',
    "</td></tr></table>", "]]> <?php ?>",
    "*a* **b** _c_ __d__ ~~e~~", "# heading #", "1. one 2) two", "- item + more", "a | b || c",
    "[l](u) ![i](u) [r][s] [^f]", "`c` ```d``` ~~~e", "> quote {#id .class}", ": definition :::{note}", "--- +++ ===",
    "(target)= {eq}`x`", "% comment @cite [@cite] @fig-a",
    "import x from 'y'", "{1 + 1} {/* c */} <B/>",
    "#set page() #x[y] = title", "@ref <label> x // y /* z */",
    "{{ 7*7 }} {% if x %} {{< include y >}}", r"\VAR{x} \BLOCK{if y} \#{c}",
)  # fmt: skip
"""Thirty of them; a writer that forgets one kind of escape loses or changes a sign of one."""

DOT = Picture((Box(Id("x")),), (Box(Id("y")),))


def block_kinds(text: str) -> tuple[Block, ...]:
    """Return a block of each kind that holds words, each with the same words in every place for them."""
    words = (text,)
    table = Table((words, words), ((words, ("1",)), (("2",), words)))
    return (
        Heading(words), Para(words), Para(words, words), table, Figure(DOT, words),
        Verdict(True, words, title=words), Aside((Para(words),), words),
    )  # fmt: skip


PLACES = 13
"""How often a string stands in the blocks of it."""

PAGE = Page(
    ("Hostile: ", *HOSTILE[:3]), HOSTILE[3:6],
    (*(block for each in HOSTILE for block in block_kinds(each)), Code("\n".join(HOSTILE))), command=" ".join(HOSTILE),
)  # fmt: skip
"""All of them in every place, their own lines of a program, and in the command."""

SPELLINGS = {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "--", "—": "---", "…": "...", "ˆ": "^", "˜": "~", "∗": "*"}
"""What typesetting makes of signs."""


def strict(text: str) -> str:
    """Return signs as they are typed, in small letters, without spaces."""
    return re.sub(r"\s", "", "".join(SPELLINGS.get(sign, sign) for sign in text).lower())


def loose(text: str) -> str:
    """Return what paper keeps of it: neither hyphens, which end lines, nor quotes, accents and lines below."""
    return re.sub(r"""[\s\-_^~`'"‐,´¨]""", "", unicodedata.normalize("NFKC", strict(text)))


def lost(found: str, signs: Callable[[str], str] = strict, places: int = PLACES) -> dict[str, int]:
    """Return the strings that stand in a reading less often than in the page, and how often they do.

    On paper the head of a table may stand there twice.
    """
    meant = [*HOSTILE[:6], *(each for each in HOSTILE for _ in range(places)), *HOSTILE]
    whole, asked = signs(found), "\n".join(map(signs, meant))
    counts = {each: (whole.count(signs(each)), asked.count(signs(each))) for each in HOSTILE}
    return {each: there for each, (there, wanted) in counts.items() if there < wanted}
