"""What is graded: the files of a folder, as they are sent to whoever judges them."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path

from symbp import __version__
from symbp.errors import SpecError, closest, shown
from symbp.inputs import read_regular
from symbp.limits import MAX_JSON_ARRAYS
from symbp.networks.network import Network

SUFFIXES = (".py", ".npz", ".json")
"""What a submission may be: code, or arrays."""

MAX_SUBMISSIONS = 100_000
DEEPEST = 2
"""Folders inside each other in which submissions lie: one a student, as learning platforms have them."""

MAX_CODE = 1_000_000
"""Bytes of a file of code."""


@dataclass(frozen=True)
class Settings:
    """How every submission is read; ``function`` names one, None: whichever gives gradients.

    ``call`` is how it is called in every file, "backward(weights, biases, x=X, reg=0.1)", where the search is not to
    find that out.
    """

    function: str | None = None
    rows: bool = False
    reduction: str = "mean"
    timeout: int = 10
    seed: int = 0
    call: str | None = None


@dataclass(frozen=True)
class Submission:
    """A file with its bytes, so that it can be judged anywhere; too large or unreadable, it has none, and says why.

    ``network`` is the pickled network that it is for, ``about`` its equations.
    """

    file: str
    source: bytes = field(repr=False)
    network: bytes = field(repr=False)
    about: str = field(repr=False)
    settings: Settings
    problem: str = ""

    @property
    def name(self) -> str:
        """The file without its suffix."""
        return str(Path(self.file).with_suffix("").as_posix())

    @property
    def digest(self) -> str:
        """What changes with everything that decides its marks."""
        found = hashlib.sha256(self.source)
        found.update(repr((self.about, astuple(self.settings), self.problem, __version__)).encode())
        return found.hexdigest()[:16]


def submissions(folder: Path, network: Network, settings: Settings, only: Sequence[str] = ()) -> list[Submission]:
    """Return the submissions of a folder, sorted by name; ``only`` are the names of those that are wanted.

    Raises:
        SpecError: no folder, no submission in it, too many, or a name that is none of them.
    """
    if not folder.is_dir():
        raise SpecError(f"{shown(str(folder))}: {'not a folder' if folder.exists() else 'there is no such folder'}")
    found = [place for place in _files(folder, DEEPEST) if place.suffix.lower() in SUFFIXES]
    if not found:
        raise SpecError(f"{folder}: no submission in it: give a folder of {', '.join(SUFFIXES)} files")
    if len(found) > MAX_SUBMISSIONS:
        raise SpecError(f"{folder}: {len(found):,} submissions; at most {MAX_SUBMISSIONS:,} at a time")
    names = {place.relative_to(folder).as_posix(): place for place in found}
    stems = {str(Path(name).with_suffix("").as_posix()) for name in names}
    for each in only:
        if each not in stems and each not in names:
            near = closest(each, stems)
            raise SpecError(f"--only {shown(each)}: no such submission" + (f"; did you mean {near!r}?" if near else ""))
    wanted = [
        name for name in sorted(names) if not only or name in only or Path(name).with_suffix("").as_posix() in only
    ]
    sent, about = pickle.dumps(network), str(network.forward)
    return [_read(name, names[name], sent, about, settings) for name in wanted]


def _files(folder: Path, deep: int) -> list[Path]:
    """Return the files of a folder and of those in it; what is hidden, and links, are no submissions."""
    found = []
    for place in folder.iterdir():
        if place.name.startswith((".", "__")) or place.is_symlink():
            continue
        if place.is_dir():
            found += _files(place, deep - 1) if deep else []
        elif place.is_file():
            found.append(place)
    return found


def _read(name: str, place: Path, network: bytes, about: str, settings: Settings) -> Submission:
    try:
        most = MAX_CODE if place.suffix.lower() == ".py" else MAX_JSON_ARRAYS
        return Submission(name, read_regular(place, most), network, about, settings)
    except SpecError as error:
        return Submission(name, b"", network, about, settings, str(error))
