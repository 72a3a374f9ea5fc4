"""Who shares the work of a command: processes here, or a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from symbp.cli.options import number, option, refuse
from symbp.errors import later

if TYPE_CHECKING:
    from symbp import executors
else:
    executors = later("symbp.executors")

MOST_JOBS = 256

SCHEMES = ("tcp", "tls", "ws", "wss", "ucx")
"""How a scheduler may be reached."""


def jobs_option(panel: str) -> Any:
    """Return the option --jobs of what processes here may share."""
    parser = number(1, MOST_JOBS, "the number of processes")
    return option(panel, "--jobs", "Processes that share the work; 1 unless given.", "N", parser)


def cluster_option(panel: str) -> Any:
    """Return the option --cluster."""
    said = "A Dask cluster that shares the work: the address of its scheduler."
    return option(panel, "--cluster", said, "tcp://HOST:8786", scheduler)


def scheduler(address: str) -> str:
    """Return the address of a scheduler."""
    kind, separator, rest = address.partition("://")
    if not separator or kind not in SCHEMES or not rest:
        refuse(address, "give the address of a Dask scheduler, as in tcp://host:8786")
    return address


@contextmanager
def workers(address: str | None, jobs: int) -> Iterator[Executor | None]:
    """Give the executor of a cluster; None for processes here."""
    if address is None:
        yield None
        return
    if jobs != 1:
        refuse(str(jobs), "a cluster has its own workers; leave out --jobs", "--jobs")
    with executors.cluster(address) as executor:
        yield executor
