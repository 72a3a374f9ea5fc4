"""A page as a Jupyter notebook: a cell of Markdown a section, a cell of code for every program text.

It is written as data, so that nothing of Jupyter need be installed; cells have fixed names, and nothing has a date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from symbp.pages.page import Block, Code, Heading, Page
from symbp.resources import MARK
from symbp.writing.page_markdown import markdown_parts
from symbp.writing.picture import picture_text
from symbp.writing.setting import DEFAULT, Setting

FORMAT = (4, 5)
"""The version of the format of notebooks."""


def write_notebook(page: Page, setting: Setting = DEFAULT) -> str:
    """Return a page as a notebook."""
    parts = list(_parts(page.blocks))
    texts = iter(markdown_parts(page, [each for each in parts if not _is_code(each)], setting, picture_text))
    return notebook([_code(each[0].text) if _is_code(each) else _markdown(next(texts)) for each in parts])


def notebook(cells: Sequence[dict[str, Any]]) -> str:
    """Return cells as a notebook."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"generator": MARK, "kernelspec": kernel, "language_info": {"name": "python"}}
    numbered = [{"id": f"{each['cell_type']}-{number}", **each} for number, each in enumerate(cells, 1)]
    major, minor = FORMAT
    document = {"metadata": about, "nbformat": major, "nbformat_minor": minor, "cells": numbered}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _parts(blocks: Sequence[Block]) -> Iterator[list[Any]]:
    """Yield what is a cell: a program text, or all from one heading to the next."""
    part: list[Block] = []
    for block in blocks:
        if part and (isinstance(block, Code | Heading) or _is_code(part)):
            yield part
            part = []
        part.append(block)
    yield part


def _is_code(part: Sequence[Block]) -> bool:
    return len(part) == 1 and isinstance(part[0], Code) and part[0].language == "python"


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.rstrip("\n").splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    source = text.rstrip("\n").splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def single_notebook(text: str) -> str:
    """Return Markdown alone as a notebook of one cell."""
    return notebook([_markdown(text)])
