"""The Jinja environment of the reports: delimiters that TeX leaves alone, a sandbox, errors with file and line.

It needs Jinja alone, so that the process which fills somebody's own templates starts soon.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)  # fmt: skip
from jinja2.bccache import Bucket, BytecodeCache, FileSystemBytecodeCache
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from symbp.errors import TemplateError
from symbp.resources import folder

SUFFIX = ".j2"
"""What the name of a template ends in."""


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


def filled(environment: Environment, name: str, values: Mapping[str, Any]) -> str:
    """Return a template filled in.

    Raises:
        TemplateError: a template that does not parse or names something unknown, with its file and line.
    """
    try:
        return environment.get_template(name).render(values)
    except TemplateError:
        raise
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or error.name}, line {error.lineno}: {error.message}") from None
    except TemplateNotFound as error:
        raise TemplateError(f"no template named {error.name!r}") from None
    except MemoryError as error:
        raise TemplateError(f"{_where(error, name)}: it needs too much memory: does a text in it double?") from None
    except _MISTAKES as error:
        raise TemplateError(f"{_where(error, name)}: {error or type(error).__name__}") from None


_MISTAKES = (
    JinjaError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError, SyntaxError,
)  # fmt: skip
"""What a template raises; SyntaxError where its loops stand deeper in each other than Python's may."""


class _BesideModules(FileSystemBytecodeCache):
    """Our templates compiled, beside our compiled modules: 40 ms of every command. Where that cannot be, none."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one compiled template if the folder lets us."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def _bytecode() -> BytecodeCache | None:
    """Return where our compiled templates are kept: nowhere if Python keeps no modules."""
    modules = Path(__file__).parent / "__pycache__"
    keeps = not sys.dont_write_bytecode and modules.is_dir()
    return _BesideModules(str(modules), "template-%s.cache") if keeps else None


@cache
def ours() -> Environment:
    """Return the environment of our own templates, made once: it keeps them compiled."""
    return environment(ImmutableSandboxedEnvironment, our_loader(), _bytecode())


OURS = "symbp"
"""Before the name of a template: ours, whatever somebody's folder holds."""


def our_loader() -> BaseLoader:
    """Return what finds our own templates, by their names and by those that are ours alone."""
    folder = FileSystemLoader(templates_folder())
    return ChoiceLoader([folder, PrefixLoader({OURS: folder})])


def environment(
    kind: type[ImmutableSandboxedEnvironment], loader: BaseLoader, bytecode: BytecodeCache | None = None
) -> Environment:
    """Return an environment as the templates of all formats are written for."""
    return kind(
        loader=loader,
        bytecode_cache=bytecode,
        undefined=StrictUndefined,
        autoescape=_is_markup,
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


def _is_markup(name: str | None) -> bool:
    """Say whether what a template is given is escaped unless it is markup: other writers escape their own text."""
    return name is not None and name.endswith((f"-html{SUFFIX}", f"-svg{SUFFIX}"))


def _where(error: BaseException, name: str) -> str:
    """Return file and line of the template that failed: the innermost template frame of the traceback."""
    found = name
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "__jinja_template__" in trace.tb_frame.f_globals or file.endswith(SUFFIX):
            found = f"{file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
