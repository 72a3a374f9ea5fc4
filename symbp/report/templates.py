"""The Jinja environment of the reports: delimiters that TeX leaves alone, a sandbox, errors with file and line."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.bccache import Bucket, BytecodeCache, FileSystemBytecodeCache
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from symbp.errors import TemplateError
from symbp.report import escape as escapes
from symbp.report.formats import MARK, Format
from symbp.resources import folder

_BLANK_LINES = re.compile(r"\n{3,}")


@cache
def templates_folder() -> Path:
    """Return our templates: inside the wheel, else beside the package where our own pyproject.toml stands.

    Raises:
        TemplateError: neither is there; the installation is broken.
    """
    found = folder("templates")
    if found is None:
        raise TemplateError("no templates beside the package: install symbp again")
    return found


def fill(name: str, template_dir: str | Path | None, row: Format, values: Mapping[str, Any]) -> str:
    """Return a template filled in; a user's template of the same name comes first.

    Raises:
        TemplateError: a template that does not parse or names something unknown, with its file and line.
    """
    environment = _environment(None if template_dir is None else str(template_dir))
    try:
        text = environment.get_template(name).render(values)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or error.name}, line {error.lineno}: {error.message}") from None
    except TemplateNotFound as error:
        raise TemplateError(f"no template named {error.name!r}") from None
    except (JinjaError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"{_where(error, name)}: {error or type(error).__name__}") from None
    return row.tidy(_BLANK_LINES.sub("\n\n", text)).strip("\n") + "\n"


def document_text(content: Any, row: Format, *, standalone: bool, template_dir: str | Path | None = None) -> str:
    """Return a document in one format; ``content.body`` is the template of what stands in it."""
    template = row.standalone if standalone and row.standalone else row.template
    return fill(template, template_dir, row, {"doc": content, "mark": row.comment.format(MARK)})


def _loader(template_dir: str | None) -> BaseLoader:
    ours = FileSystemLoader(templates_folder())
    if template_dir is None:
        return ours
    if not Path(template_dir).is_dir():
        raise TemplateError(f"{template_dir} is not a folder of templates")
    return ChoiceLoader([FileSystemLoader(template_dir), ours])


class _BesideModules(FileSystemBytecodeCache):
    """Our templates compiled, beside our compiled modules: 40 ms of every command. Where that cannot be, none."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one compiled template if the folder lets us."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def _bytecode(template_dir: str | None) -> BytecodeCache | None:
    """Return where compiled templates are kept: nowhere for a user's own, or where Python keeps no modules."""
    modules = Path(__file__).parent / "__pycache__"
    keeps = template_dir is None and not sys.dont_write_bytecode and modules.is_dir()
    return _BesideModules(str(modules), "template-%s.cache") if keeps else None


@cache
def _environment(template_dir: str | None) -> ImmutableSandboxedEnvironment:
    """Return the environment of all formats, made once: it keeps templates compiled and notices changed files."""
    environment = ImmutableSandboxedEnvironment(
        loader=_loader(template_dir),
        bytecode_cache=_bytecode(template_dir),
        undefined=StrictUndefined,
        autoescape=False,  # text is escaped by the filters below, HTML is not the target
        block_start_string=r"\BLOCK{",
        block_end_string="}",
        variable_start_string=r"\VAR{",
        variable_end_string="}",
        comment_start_string=r"\#{",
        comment_end_string="}",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters.update(
        markdown=escapes.markdown, markdown_code=escapes.markdown_code, tex=escapes.tex, tex_code=escapes.tex_code
    )
    return environment


def _where(error: BaseException, name: str) -> str:
    """Return file and line of the template that failed: the innermost template frame of the traceback."""
    found = name
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "__jinja_template__" in trace.tb_frame.f_globals or file.endswith(".j2"):
            found = f"{file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
