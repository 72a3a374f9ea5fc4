"""Documents from templates: ours are filled here, somebody's own in a process with limits of time and memory."""

from __future__ import annotations

import json
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from symbp.errors import TemplateError, nearest
from symbp.guard.child import run
from symbp.inputs import read_regular
from symbp.writing import filler
from symbp.writing.environment import SUFFIX, filled, ours, templates_folder

SECONDS = 20
"""How long somebody's templates may take for one document."""

MEMORY = 2**30
"""Memory they may use, in bytes, where the system can limit it."""

MOST_LOOKED_AT = 1000
"""Files of a folder that are looked at for a name that is nearly one of ours."""

_BLANK_LINES = re.compile(r"\n{3,}")


def fill(template_dir: str | Path | None, values: Mapping[str, Any]) -> str:
    """Return a page filled in; somebody's macros come before ours.

    Raises:
        TemplateError: a folder without a template of ours; a template that does not parse, names something unknown,
            does not end in time or makes too much, with its file and line.
    """
    text = filled(ours(), PAGE, values) if template_dir is None else _guarded(str(template_dir), values)
    return _BLANK_LINES.sub("\n\n", text).strip("\n") + "\n"


PAGES = ("page-latex.j2", "page-markdown.j2", "page-html.j2", "page-typst.j2")
"""The files of macros that pages are made of; a flavour of Markdown has a file of those that differ besides."""

PAGE = "calls.j2"
"""What calls them."""

SECTIONS = {
    "report.j2": "open_page", "sections/opening.j2": "open_page", "sections/result.j2": "open_aside",
    "sections/notation.j2": "table", "sections/activations.j2": "equations", "sections/operations.j2": "equations",
    "sections/forward.j2": "equations", "sections/loss.j2": "equations", "sections/collapse.j2": "para",
    "sections/backward.j2": "steps", "sections/told.j2": "steps", "sections/forms.j2": "equations",
    "sections/depends.j2": "table", "sections/check.j2": "verdict", "sections/footer.j2": "names",
}  # fmt: skip
"""Templates that symbp had once, and the macro that writes the same now."""


def fault(template_dir: str) -> str:
    """Return why a folder replaces none of our templates, and what would; empty where it does."""
    place = Path(template_dir)
    if not template_dir.strip() or not place.is_dir():
        return "there is no such folder"
    old = next((name for name in SECTIONS if os.path.lexists(place / name)), None)
    if old is not None:
        files = " or ".join(PAGES[:2])  # the formats that had sections
        return f"{old}: pages have no sections any more; change the macro {SECTIONS[old]} of {files} in its place"
    known = _names()
    if any(os.path.lexists(place / name) for name in known):
        return ""
    named = list(islice(_named(place), MOST_LOOKED_AT))
    if not named:
        return f"no template in it; copy one of {templates_folder()} into it, such as {PAGES[0]}, and change it"
    by_name = {Path(name).name: name for name in known}
    near = next(filter(None, (nearest(each, known) or nearest(Path(each).name, by_name) for each in named)), "")
    for short, name in by_name.items():
        near = near.replace(repr(short), repr(name))
    return f"none of ours is named {named[0][:60]!r}{near or '; ours are ' + ', '.join(known)}"


def replaces(template_dir: str | Path, *files: str) -> bool:
    """Say whether a folder changes the pages that files of macros make; one with a fault is said elsewhere."""
    return bool(fault(str(template_dir))) or any(os.path.lexists(Path(template_dir, each)) for each in (*files, PAGE))


@cache
def _names() -> tuple[str, ...]:
    """Return the names of our templates, those of macros first, which are what people change."""
    names = (file.relative_to(templates_folder()).as_posix() for file in templates_folder().rglob(f"*{SUFFIX}"))
    return tuple(sorted(names, key=lambda name: (PAGES.index(name) if name in PAGES else len(PAGES), name)))


def _named(place: Path) -> Iterator[str]:
    """Yield the files of a folder and of those in it, as templates are named."""
    for each in islice(place.iterdir(), MOST_LOOKED_AT):
        inner = islice(each.iterdir(), MOST_LOOKED_AT) if each.is_dir() else [each]
        yield from (file.relative_to(place).as_posix() for file in inner if not file.is_dir())


def _guarded(template_dir: str, values: Mapping[str, Any]) -> str:
    why = fault(template_dir)
    if why:
        raise TemplateError(f"{template_dir}: {why}")
    with tempfile.TemporaryDirectory(prefix="symbp-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        request = (SECONDS, PAGE, template_dir, {key: plain(value) for key, value in values.items()})
        (folder / filler.REQUEST).write_bytes(pickle.dumps(request))
        paths = f"import sys; sys.path[:] = {json.dumps(sys.path)}; "
        start = f"{paths}from symbp.writing.filler import main; main(sys.argv[1])"
        ended = run([sys.executable, "-B", "-c", start, made], folder, SECONDS + 10, memory=MEMORY)
        if (folder / filler.TEXT).exists():
            return read_regular(folder / filler.TEXT, 4 * filler.MAX_TEXT).decode()
        if (folder / filler.ERROR).exists():
            raise TemplateError((folder / filler.ERROR).read_text(encoding="utf-8"))
        raise TemplateError(_unfinished(folder / filler.TRACE, PAGE, ended.code))


def _unfinished(trace: Path, name: str, code: int | None) -> str:
    """Return what to say of templates that gave nothing: the innermost one that was running, and why it ended."""
    found = re.search(rf'File "(.+{re.escape(SUFFIX)})"', trace.read_text(encoding="utf-8") if trace.exists() else "")
    where = found[1] if found else name
    if found or code is None:
        return f"{where}: it did not end within {SECONDS} s: a loop without end, or a huge number?"
    return f"{where}: it ended its process (exit code {code}): does it need too much memory?"


def plain(value: Any) -> Any:
    """Return what templates read as data that a process without our modules reads: attributes, names and numbers."""
    if isinstance(value, str):
        return value if isinstance(value, Markup) else str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return tuple(plain(each) for each in value)
    if not is_dataclass(value):
        raise TypeError(f"a template cannot read a {type(value).__name__}")
    names = (name for name in dir(value) if not name.startswith("_"))
    found = {name: getattr(value, name) for name in names}
    return SimpleNamespace(**{name: plain(each) for name, each in found.items() if not callable(each)})
