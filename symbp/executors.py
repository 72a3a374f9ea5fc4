"""Work that processes share: here, on a cluster, or on whatever executor somebody has. Results come as they are done.

A worker that is killed loses nothing but the item that it was at: that is done again, here by new processes, on a
cluster by another worker. What ends every worker that takes it is said to have ended them, and the rest goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from symbp.errors import SpecError

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3
"""How often an item is begun whose worker ends before it is done."""

AHEAD = 256
"""How many items an executor has before it: more would only be kept."""

CONNECTING = 20
"""Seconds to reach a cluster."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What the libraries under NumPy read when they are loaded."""


class WorkerEndedError(Exception):
    """Every worker that took an item ended before the item was done."""


def shared(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    ended: Callable[[Item], Result] | None = None,
) -> Iterator[Result]:
    """Yield the results of items as they are done: in order by this process, or as ``jobs`` processes finish them.

    ``executor`` has its own workers. ``ended`` makes the result of an item that ended every worker; none: it raises
    WorkerEndedError. No process outlives the reader of the results.
    """
    if executor is not None:
        yield from _on(executor, work, items, ended)
    elif (jobs := min(jobs, os.cpu_count() or 1)) == 1 or len(items) < 2:
        yield from map(work, items)
    else:
        yield from _here(work, items, jobs, ended)


def _on(
    executor: Executor, work: Callable[[Item], Result], items: Sequence[Item], ended: Callable[[Item], Result] | None
) -> Iterator[Result]:
    """Yield results of somebody's executor, to which no more is given than it may soon begin."""
    todo = list(items)[::-1]
    tries: dict[int, int] = {}
    running: dict[Future[Result], Item] = {}
    try:
        while todo or running:
            while todo and len(running) < AHEAD:
                item = todo.pop()
                running[executor.submit(work, item)] = item
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                item = running.pop(future)
                try:
                    yield future.result()
                except Exception as error:
                    if not _is_lost(error):
                        raise
                    tries[id(item)] = tries.get(id(item), 1) + 1
                    if tries[id(item)] <= TRIES and not _is_broken(executor):
                        todo.append(item)
                    else:
                        yield _ended(item, ended, error)
    finally:
        for future in running:
            future.cancel()


def _is_lost(error: BaseException) -> bool:
    """Whether a worker ended, rather than the work: of a pool here, or of Dask."""
    return type(error).__name__ in ("BrokenProcessPool", "KilledWorker", "CancelledError", "FutureCancelledError")


def _is_broken(executor: Executor) -> bool:
    return bool(getattr(executor, "_broken", False))


def _ended(item: Item, ended: Callable[[Item], Result] | None, error: BaseException) -> Result:
    if ended is None:
        raise WorkerEndedError(f"every worker that took it ended: {item}") from error
    return ended(item)


def _here(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int, ended: Callable[[Item], Result] | None
) -> Iterator[Result]:
    """Yield results of processes of this machine; where one ends, a new pool goes on, then one item at a time."""
    from concurrent.futures.process import BrokenProcessPool

    todo, alone = list(items), False
    for _ in range(TRIES):
        done: set[int] = set()
        try:
            for index, result in _pooled(work, todo, 1 if alone else jobs):
                done.add(index)
                yield result
            return
        except BrokenProcessPool as error:
            todo = [item for index, item in enumerate(todo) if index not in done]
            broken = error
    for item in todo:  # One of these ends its process: each has one of its own, so that it alone is lost.
        try:
            yield from (result for _, result in _pooled(work, [item], 1))
        except BrokenProcessPool:
            yield _ended(item, ended, broken)


def _pooled(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[tuple[int, Result]]:
    """Yield the index and the result of items, as processes of one core each finish them."""
    import multiprocessing
    from concurrent.futures import as_completed

    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _follow_parent)
    try:
        with _one_core_each(), _without_interrupts():
            waiting = {pool.submit(work, item): index for index, item in enumerate(items)}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _follow_parent() -> None:
    """End this process when the one that started it has ended, however that came."""
    import multiprocessing
    from threading import Thread

    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let the processes that start here never see an interrupt, which is for their parent; it gets its own behind."""
    import signal
    from multiprocessing import resource_tracker

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start, which the first process would cause, lets interrupts through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_core_each() -> Iterator[None]:
    """Let every process that starts here use one core: several that use all of them wait for each other."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Give the executor of a Dask cluster whose scheduler has this address, tcp://host:8786.

    Raises:
        SpecError: Dask is not installed, or nothing answers there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SpecError(f"{address}: a cluster needs Dask; pip install 'symbp[cluster]'") from None
    try:
        client: Any = Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SpecError(f"{address}: no scheduler answers there: {error}") from None
    with client:
        yield client.get_executor(pure=False, retries=TRIES - 1)
