"""A .npz file is an archive that anybody may have made: damage, encryption, claims and odd members are one line."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from symbp.errors import SpecError
from symbp.judging import zipped
from symbp.judging.data import load

HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
CLAIMS = b"\x93NUMPY\x01\x00" + len(HEADER).to_bytes(2, "little") + HEADER.encode()


def npy(array: object = 1.0) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def archive(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


RIGHT = [("W1.npy", npy([[1.0, 2.0]])), ("dW1.npy", npy([[3.0, 4.0]]))]


def with_flag(content: bytes, offset: int, central: int, value: bytes) -> bytes:
    """Change a field of the first member, in its own header and in the archive's."""
    at = content.index(b"PK\x01\x02") + central
    changed = content[:at] + value + content[at + len(value) :]
    return changed[:offset] + value + changed[offset + len(value) :]


def damaged(content: bytes) -> bytes:
    at = content.index(b"W1.npy") + 30
    return content[:at] + bytes(each ^ 0xFF for each in content[at : at + 8]) + content[at + 8 :]


PACKED = archive([("W1.npy", npy(np.arange(500.0))), *RIGHT[1:]], zipfile.ZIP_DEFLATED)

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "a damaged stream": (lambda: damaged(PACKED), "W1 is damaged"),
    "a damaged array": (lambda: damaged(archive(RIGHT)), "W1 is damaged (Bad CRC-32"),
    "a cut archive": (lambda: PACKED[: len(PACKED) // 2], "not an .npz file as np.savez writes it"),
    "encrypted": (lambda: with_flag(archive(RIGHT), 6, 8, b"\x01\x00"), "W1 is encrypted: save it without a password"),
    "an unknown method": (lambda: with_flag(archive(RIGHT), 8, 10, b"\x63\x00"), "W1 is compressed by method 99"),
    "a header that claims more": (
        lambda: archive([("W1.npy", CLAIMS + bytes(16)), *RIGHT[1:]]), "W1 claims 8,000,000,000,000 bytes, but holds 16"
    ),
    "a member twice": (lambda: archive([*RIGHT, RIGHT[0]]), "holds W1 twice: save it once"),
    "no array": (lambda: archive([("W1.txt", b"1"), *RIGHT]), "W1.txt is no array"),
    "objects": (lambda: archive([("W1.npy", npy(np.array([{}]))), *RIGHT[1:]]), "W1 is a pickled object"),
    "text": (lambda: archive([("W1.npy", npy(["a"])), *RIGHT[1:]]), "W1 is no array of numbers"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_a_bad_archive_is_one_line(case: str, tmp_path: Path) -> None:
    make, said = BAD[case]
    (tmp_path / "a.npz").write_bytes(make())
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "a.npz")
    assert str(caught.value).startswith("a.npz: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "MAX_ARRAYS", 1_000_000)
    (tmp_path / "a.npz").write_bytes(archive([("W1.npy", bytes(1_000_001))], zipfile.ZIP_DEFLATED))
    with pytest.raises(SpecError, match="unpacks to more than 1 MB"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method_that_can_be_unpacked_is(method: int, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archive(RIGHT, method))
    found = load(tmp_path / "a.npz")
    assert found.given["W1"].tolist() == [[1.0, 2.0]]
    assert found.gradients["dW1"].tolist() == [[3.0, 4.0]]


@pytest.mark.parametrize("name", ["a.npz", "a.json"])
def test_a_pipe_or_a_device_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(SpecError, match="a pipe or a device; give a regular file"):
        load(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(SpecError, match="a pipe or a device; give a regular file"):
        load(tmp_path / name)
