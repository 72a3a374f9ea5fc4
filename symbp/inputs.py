"""Reading files that somebody names: regular ones alone, whole, and never more than a bound.

A named pipe or a device may never end, and opening one may already wait for ever.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from symbp.errors import SpecError

_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened: what became a pipe after it was looked at is not waited for."""

NOT_REGULAR = "a pipe or a device; give a regular file"


@contextlib.contextmanager
def open_regular(place: Path) -> Iterator[IO[bytes]]:
    """Open a regular file for reading.

    Raises:
        SpecError: there is none, it cannot be read, or it is a folder, a pipe or a device.
    """
    try:
        _require_regular(place, os.stat(place).st_mode)
        handle = os.open(place, _AT_ONCE)
        with os.fdopen(handle, "rb") as file:
            _require_regular(place, os.fstat(handle).st_mode)
            yield file
    except OSError as error:
        raise SpecError(f"{place}: {error.strerror or error}") from None
    except SpecError:
        raise
    except ValueError:  # A zero byte in it.
        raise SpecError(f"{str(place)!r} is not the name of a file") from None


def read_regular(place: Path, most: int) -> bytes:
    """Return what a regular file holds.

    Raises:
        SpecError: as ``open_regular``, or it holds more than ``most`` bytes.
    """
    with open_regular(place) as file:
        found: bytes | None = file.read(most + 1)
    if found is None:  # Some files of /proc are pipes that say they are regular.
        raise SpecError(f"{place}: {NOT_REGULAR}")
    return bounded(found, most, str(place))


def _require_regular(place: Path, mode: int) -> None:
    """Refuse what is no regular file, by its mode."""
    if stat.S_ISDIR(mode):
        raise SpecError(f"{place}: a folder; name a file in it")
    if not stat.S_ISREG(mode):
        raise SpecError(f"{place}: {NOT_REGULAR}")


def bounded(found: bytes, most: int, name: str) -> bytes:
    """Return the bytes, or refuse more than ``most`` of them."""
    if len(found) > most:
        raise SpecError(f"{name}: larger than {_size(most)}, the most that is read")
    return found


def _size(count: int) -> str:
    return f"{count // 10**6} MB" if count >= 10**6 else f"{count // 1000} kB"
