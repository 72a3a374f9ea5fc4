"""Writing reports to files: whole or not at all, and nothing that is not ours is overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from symbp.derivation import Derivation
from symbp.domain import takes
from symbp.errors import OutputError, SpecError, later
from symbp.resources import MARK
from symbp.writing.formats import SUFFIXES, format_named
from symbp.writing.pdf import engine_named, pdf

if TYPE_CHECKING:
    from symbp.writing import render as rendering
else:
    rendering = later("symbp.writing.render")  # It knows all pages, and most files are of one.

HEAD = 2048
"""How much of a file is read to find our mark, in bytes."""

MARKED_LINES = 3
"""The mark stands in one of the first lines."""


@takes
def write(
    derivation: Derivation,
    path: str | Path,
    to: str | None = None,
    *,
    force: bool = False,
    pdf_engine: str | None = None,
    **options: Any,
) -> bool:
    """Write the report of a derivation; the suffix says the format (.md, .html, .tex, .pdf ...) unless ``to`` does.

    ``options`` are those of ``render``; labels begin with the name of the file unless they say otherwise.
    ``pdf_engine`` makes the PDF: pdflatex where it is installed, else typst.
    Returns whether the file changed.

    Raises:
        SpecError: a suffix that is no format, an option that changes nothing.
        OutputError: the file cannot be written, or is not symbp's own and ``force`` is off.
    """
    target = Path(path)
    if to is None and target.suffix.lower() == ".pdf":
        engine = engine_named(pdf_engine)
        source = rendering.render(derivation, engine.format, **{**options, "standalone": True})
        return write_bytes(target, pdf(source, engine=engine), force=force)
    if pdf_engine is not None:
        raise SpecError(f"pdf_engine: {target.name} is no PDF; leave out pdf_engine")
    name = to or format_of(target)
    if "label_prefix" in format_named(name).uses and options.get("only") is None:
        options = {"label_prefix": target.stem, **options}
    return write_text(target, rendering.render(derivation, name, **options), force=force)


def format_of(path: Path) -> str:
    """Return the format that a file's suffix says.

    Raises:
        SpecError: the suffix is no format.
    """
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        known = ", ".join((*SUFFIXES, ".pdf"))
        raise SpecError(f"{path}: the suffix says no format; use one of {known}, or name the format")
    return format_named(found).name


def require_replaceable(path: Path, force: bool) -> None:
    """Refuse a place that cannot be written, before the work whose result belongs there.

    Raises:
        OutputError: it is no regular file, read-only, or not symbp's own and ``force`` is off.
    """
    with _one_line(path):
        _is_ours(path, force)


def write_text(path: str | Path, text: str, force: bool = False) -> bool:
    """Write a text file atomically; return whether it changed.

    Raises:
        OutputError: the file cannot be written, or is not symbp's own and ``force`` is off. The old file survives.
    """
    return write_bytes(Path(path), text.encode("utf-8"), force=force)


def write_bytes(path: Path, data: bytes, *, force: bool = False) -> bool:
    """Write a file atomically; see ``write_text``."""
    with _one_line(path):
        if _is_ours(path, force) and _holds(path, data):
            return False
        _replace(path, lambda stream: stream.write(data))
    return True


def write_new(path: str | Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises:
        OutputError: there is one already, whatever it holds, or it cannot be written.
    """
    target = Path(path)
    with _one_line(target):
        if target.exists() or target.is_symlink():
            raise FileExistsError(errno.EEXIST, "there is one already, and it is yours: name another", str(target))
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            os.chmod(name, 0o644)
            os.link(name, target)  # fails where somebody made the file meanwhile
        finally:
            os.unlink(name)


def write_chunks(path: str | Path, chunks: Iterable[str], force: bool = False) -> None:
    """Write a text file atomically from pieces, without holding all of it in memory."""
    target = Path(path)
    with _one_line(target):
        _is_ours(target, force)
        _replace(target, lambda stream: stream.writelines(chunk.encode("utf-8") for chunk in chunks))


@contextlib.contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the system says into one line that names the file."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(error.errno, f"cannot write {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise OutputError(f"cannot write {str(path)!r}: {error}") from None


def _is_ours(path: Path, force: bool) -> bool:
    """Say whether the file is there and may be replaced.

    Raises:
        OutputError: it is no regular file, cannot be written, or somebody else's.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise OutputError(f"cannot write {path}: it is {kind}; name a file")
    if not os.access(path, os.W_OK):
        raise OutputError(f"cannot write {path}: it is read-only")
    if not force and not carries_mark(path):
        raise OutputError(f"{path} was not written by symbp: choose another name, or overwrite it with --force")
    return True


def carries_mark(path: Path) -> bool:
    """Say whether a file is empty or one of ours, by its first lines (of a PNG by its description)."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(-min(HEAD, path.stat().st_size), os.SEEK_END)
        tail = stream.read()
    if head.startswith(b"\x89PNG"):
        return MARK.encode() in head
    if head.startswith(b"%PDF"):
        return MARK.encode() in tail
    return not head or any(MARK.encode() in line for line in head.splitlines()[:MARKED_LINES])


def _holds(path: Path, data: bytes) -> bool:
    return path.stat().st_size == len(data) and path.read_bytes() == data


def _replace(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Fill a temporary file beside the target, flush it to the disk, and put it in the target's place."""
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(target: Path) -> int:
    """Return the mode of the file being replaced, or what a new file gets here."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
