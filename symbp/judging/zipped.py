"""The arrays of a ``.npz`` file: a ZIP archive that anybody may have made, read without believing what it says."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path
from typing import Any

from symbp.errors import SpecError
from symbp.inputs import open_regular
from symbp.judging.npy import array_of
from symbp.limits import MAX_ARRAYS

MAX_MEMBERS = 10_000

ENCRYPTED = 0x1
"""The flag of a member that needs a password."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, LZMAError, EOFError, OSError, ValueError)
"""What a damaged archive or stream raises, by the method of its compression."""


def arrays_in(place: Path) -> Iterator[tuple[str, Any]]:
    """Yield every array of the file with its name.

    Raises:
        SpecError: no regular file, no archive, too large once unpacked, or a member that is no array, with its name.
    """
    with open_regular(place) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (*_DAMAGED, NotImplementedError) as error:
            raise SpecError(f"{place.name}: not an .npz file as np.savez writes it ({error})") from None
        _require_modest(place, archive.infolist())
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            try:
                if name == member.filename:
                    raise SpecError("is no array: np.savez writes W1.npy for W1")
                yield name, array_of(_content(archive, member))
            except SpecError as error:
                raise SpecError(f"{place.name}: {name[:60]} {error}") from None


def _require_modest(place: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [each.filename for each in members]
    if len(names) > MAX_MEMBERS:
        raise SpecError(f"{place.name}: {len(names):,} arrays; at most {MAX_MEMBERS:,} are read")
    if sum(each.file_size for each in members) > MAX_ARRAYS:
        raise SpecError(f"{place.name}: unpacks to more than {MAX_ARRAYS // 10**6} MB, the most that is read")
    twice = next((each for each, after in zip(sorted(names), sorted(names)[1:], strict=False) if each == after), None)
    if twice is not None:
        raise SpecError(f"{place.name}: holds {twice.removesuffix('.npy')[:60]} twice: save it once")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & ENCRYPTED:
        raise SpecError("is encrypted: save it without a password, with np.savez")
    try:
        with archive.open(member) as stream:
            return stream.read()
    except NotImplementedError:
        raise SpecError(f"is compressed by method {member.compress_type}: save it with np.savez_compressed") from None
    except _DAMAGED as error:
        raise SpecError(f"is damaged ({getattr(error, 'strerror', None) or error}): save it again") from None
