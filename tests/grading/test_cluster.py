"""A Dask cluster of separate processes, one of which is killed in the middle: the same table, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from symbp.analysis import sweep
from symbp.executors import cluster
from symbp.grading.grade import grade
from symbp.grading.marking import Row
from symbp.networks.network import Network

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("distributed")

Cluster = tuple[str, list[subprocess.Popen[bytes]]]


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Cluster]:
    """Start a scheduler and two workers; give its address and the workers."""
    import json

    place = tmp_path / "scheduler.json"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def start(kind: str, *words: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{kind}",
            "--scheduler-file",
            str(place),
            "--no-dashboard",
        ]
        return subprocess.Popen([*command, *words], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)

    scheduler = start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")
    workers = [start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(2)]
    try:
        while not place.exists():
            time.sleep(0.1)
        yield json.loads(place.read_text())["address"], workers
    finally:
        for each in (*workers, scheduler):
            each.kill()
            each.wait()


def test_a_cluster_marks_as_this_machine_does_though_a_worker_is_killed(
    dask: Cluster, network: Network, folder: Path, tmp_path: Path
) -> None:
    address, workers = dask

    def watch(done: int, of: int, row: Row | None) -> None:
        if done == 2 and workers[0].poll() is None:
            workers[0].kill()
            workers[0].wait()

    with cluster(address) as executor:
        found = grade(network, folder, tmp_path / "there" / "marks.csv", executor=executor, watch=watch)
    assert workers[0].poll() is not None
    assert len(found.rows) == len(list(folder.iterdir()))
    grade(network, folder, tmp_path / "here" / "marks.csv")
    assert (tmp_path / "there" / "marks.csv").read_bytes() == (tmp_path / "here" / "marks.csv").read_bytes()


def test_a_sweep_goes_over_a_cluster(dask: Cluster) -> None:
    cells = sweep.cells([3, 5], [8], ["tanh"], ["xavier"], 4, 0, 2)
    with cluster(dask[0]) as executor:
        there = sweep.measured(cells, executor=executor)
        assert sweep.table(sorted(there, key=str)) == sweep.table(sorted(sweep.measured(cells), key=str))
