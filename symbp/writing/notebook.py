"""What a notebook shows of a derivation: the report of the command line, with the verdict of its check."""

from __future__ import annotations

from symbp.checking.check import check
from symbp.derivation import Derivation
from symbp.writing.render import render


def notebook_markdown(derivation: Derivation) -> str:
    """Return the report as Markdown with ``$`` mathematics, checked the fast way."""
    return render(derivation, to="markdown", check=check(derivation, thorough=False))
