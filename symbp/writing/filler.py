"""Fills somebody's templates in a process of its own, which ends after a time whatever a template does.

A loop without end is never left, and one product or power holds the interpreter for as long as it likes: no deadline
inside it, no thread beside it and no signal ends that. A process can be ended on every system.
"""

from __future__ import annotations

import faulthandler
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import BaseLoader, ChoiceLoader, Environment, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from symbp.errors import SpecError, TemplateError, nearest
from symbp.inputs import read_regular
from symbp.writing.environment import OURS, environment, filled, our_loader, templates_folder

REQUEST, TEXT, ERROR, TRACE = "request.pickle", "text", "error", "trace"
"""The files of the folder: what is asked, what comes back, or where it was when time was up."""

MAX_TEMPLATE = 1_000_000
"""Largest template that is read, in bytes."""

MAX_TEXT = 20_000_000
"""Longest text that one template makes, in characters."""


def main(place: str) -> None:
    """Answer the request of a folder."""
    folder = Path(place)
    seconds, name, template_dir, values = pickle.loads((folder / REQUEST).read_bytes())
    with (folder / TRACE).open("w", encoding="utf-8") as trace:
        # This watch needs no interpreter, which one huge power would keep from it.
        faulthandler.dump_traceback_later(seconds, exit=True, file=trace)
        try:
            loader = ChoiceLoader([_Folder(template_dir), our_loader()])
            filling = environment(_Watched, loader)
            file = Path(template_dir, values.get("file", name))
            if "file" in values and file.exists():
                _Bounded.blamed[str(templates_folder() / name)] = str(file)
                _require_macro_of_ours(filling, file.name)
            (folder / TEXT).write_bytes(filled(filling, name, values).encode())
        except TemplateError as error:
            (folder / ERROR).write_bytes(str(error).encode("utf-8", "replace"))
        faulthandler.cancel_dump_traceback_later()


def _require_macro_of_ours(filling: Environment, file: str) -> None:
    """Refuse a file of macros none of which anything calls.

    Raises:
        TemplateError: with the macros that there are.
    """
    ours, _ = _macros(filling, f"{OURS}/{file}")
    try:
        theirs, place = _macros(filling, file)
    except (TemplateSyntaxError, RecursionError, MemoryError):
        return  # Filling it says where.
    if not theirs & ours:
        near = next(filter(None, (nearest(each, ours) for each in sorted(theirs))), "")
        known = near or "; ours are " + ", ".join(sorted(ours))
        raise TemplateError(f"{place}: none of its macros is one of ours{known}")


def _macros(filling: Environment, file: str) -> tuple[set[str], str]:
    """Return the names of the macros of a file, and where it is."""
    source, place, _ = filling.loader.get_source(filling, file) if filling.loader else ("", "", None)
    return {each.name for each in filling.parse(source).find_all(nodes.Macro)}, str(place)


class _Folder(BaseLoader):
    """The templates of somebody's folder; what has our name and is no text file is refused, not passed over."""

    def __init__(self, place: str) -> None:
        self._place = place

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        """Return the text of a template, and its file."""
        place = Path(self._place, *split_template_path(template))
        if not place.exists():
            raise TemplateNotFound(template)
        try:
            return read_regular(place, MAX_TEMPLATE).decode("utf-8"), str(place), None
        except UnicodeDecodeError as error:
            raise TemplateError(f"{place}: not UTF-8 text: byte {error.start} is not") from None
        except SpecError as error:
            raise TemplateError(str(error)) from None


class _Bounded(Template):
    """A template that counts what it makes."""

    running: ClassVar[list[str]] = []
    """The files of the templates at work, each in the one before it."""

    blamed: ClassVar[dict[str, str]] = {}
    """Whose text a template of ours only hands on: by its file, that of the macros."""

    @property
    def root_render_func(self) -> Any:
        """What makes its text, piece by piece."""
        return self._bounded

    @root_render_func.setter
    def root_render_func(self, make: Callable[[Any], Iterator[str]]) -> None:
        self._make = make

    def _bounded(self, context: Any) -> Iterator[str]:
        length, file = 0, str(self.filename)
        self.running.append(self.blamed.get(file, file))
        for piece in self._make(context):
            length += len(piece)
            if length > MAX_TEXT:
                raise TemplateError(f"{self.running[-1]}: it makes more than {MAX_TEXT // 10**6} million characters")
            if not piece.isascii() and piece != piece.encode("utf-8", "replace").decode():
                raise TemplateError(f"{self.running[-1]}: it makes half a character, which no file can hold")
            yield piece
        self.running.pop()


class _Watched(ImmutableSandboxedEnvironment):
    """The sandbox, with bounds on text, and the file of a template on the stack while it is compiled."""

    template_class = _Bounded

    def compile(self, source: Any, name: Any = None, filename: Any = None, *options: Any) -> Any:
        """Return a compiled template; constants are folded here already, so that this too may take for ever."""
        compiled: list[Any] = []
        build = super().compile
        scope = {"build": lambda: compiled.append(build(source, name, filename, *options))}
        exec(compile("build()", filename or "a template", "exec"), scope)
        return compiled[0]
