"""Work that is shared: by this process, by processes, by an executor; a worker that ends loses its own item alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from symbp.errors import SpecError
from symbp.executors import WorkerEndedError, cluster, shared


def square(number: int) -> int:
    return number * number


def ends(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def ends_once(place: str) -> str:
    if place.endswith("ends") and not Path(place).exists():
        Path(place).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Path(place).name


def test_one_process_goes_in_order() -> None:
    assert list(shared(square, range(5))) == [0, 1, 4, 9, 16]


def test_an_executor_has_the_same_results() -> None:
    with ThreadPoolExecutor(3) as executor:
        assert sorted(shared(square, range(600), executor=executor)) == [n * n for n in range(600)]


def test_a_mistake_of_the_work_is_raised() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(TypeError):
        list(shared(square, ["x"], executor=executor))


def test_no_dask_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(SpecError, match=r"pip install 'symbp\[cluster\]'"), cluster("tcp://localhost:1"):
        pass


@pytest.mark.long
@pytest.mark.parametrize("last", [None, lambda number: -number])
def test_what_ends_every_process_is_told_and_the_rest_is_done(last: Callable[[int], int] | None) -> None:
    found: list[Any] = []
    if last is None:
        with pytest.raises(WorkerEndedError):
            found.extend(shared(ends, range(5), jobs=2))
        return
    found.extend(shared(ends, range(5), jobs=2, ended=last))
    assert sorted(found) == [-3, 0, 1, 2, 4]


@pytest.mark.long
def test_a_process_that_is_killed_once_loses_nothing(tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in ("a", "b-ends", "c", "d")]
    assert sorted(shared(ends_once, places, jobs=2)) == ["a", "b-ends", "c", "d"]
