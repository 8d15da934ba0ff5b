"""Who runs the jobs: this process (`inline`), or actors of Ray on this machine or a cluster. Same jobs, same bytes."""

from __future__ import annotations

import socket
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hitmark.bench.jobs import Job, run_job
from hitmark.bench.store import Store
from hitmark.errors import HitmarkError
from hitmark.files import OutputError

Finished = Iterator[tuple[Job, str | None]]
"""Jobs in the order in which they end, each with its error or None."""
TRIES = 3
"""Times that a job is started on workers that die, before it counts as failed."""


def inline(jobs: Sequence[Job], folder: Path) -> Finished:
    """One after the other, in this process. An error is kept and the next job runs; a full disk ends the run."""
    store = Store(folder)
    for job in jobs:
        yield job, attempt(job, store)


def attempt(job: Job, store: Store) -> str | None:
    """Runs a job; returns its error, which is also kept in the store, or None.

    Raises:
        OutputError: nothing can be written, so that no other job could be kept either.
    """
    try:
        run_job(job, store)
    except OutputError:
        raise
    except HitmarkError as error:
        store.fail(job.key, str(error))
        return str(error)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        store.fail(job.key, text + "\n" + traceback.format_exc())
        return text
    return None


def on_ray(
    jobs: Sequence[Job], folder: Path, *, workers: int, threads: int = 1, gpu: bool = False, address: str | None = None
) -> Finished:
    """On actors of Ray, each of which loads a model once; a job whose worker dies is started again.

    Args:
        jobs: what to run.
        folder: of the run; on a cluster, one that all machines share, by an absolute path.
        workers: actors.
        threads: CPU cores of each.
        gpu: one GPU for each.
        address: of a running Ray cluster; None = start one here, which ends with the run.

    Raises:
        HitmarkError: Ray is not installed or cannot be reached.
        OutputError: nothing can be written.
    """
    ray = _started(address, workers, threads)
    try:
        kind = ray.remote(num_cpus=threads, num_gpus=1 if gpu else 0)(Worker)
        start = partial(kind.remote, str(folder.absolute()), threads)
        yield from _served(ray, deque((job, 1) for job in jobs), start, min(workers, len(jobs)), Store(folder))
    finally:
        ray.shutdown()


class Worker:
    """Runs jobs in a process of its own; models that it loaded stay loaded."""

    def __init__(self, folder: str, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.store = Store(Path(folder))

    def run(self, job: Job) -> str | None:
        """As `attempt`."""
        return attempt(job, self.store)


def _served(ray: Any, waiting: deque[tuple[Job, int]], start: Callable[[], Any], count: int, store: Store) -> Finished:
    """Each actor has one job at a time, so that no queue grows in the cluster and none is long at the end.

    A new actor, made by `start`, takes the place of one that died.
    """
    died = (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError, ray.exceptions.WorkerCrashedError)
    running: dict[Any, tuple[Any, Job, int]] = {}
    idle = [start() for _ in range(count)]
    while waiting or running:
        while waiting and idle:
            actor, (job, tries) = idle.pop(), waiting.popleft()
            running[actor.run.remote(job)] = (actor, job, tries)
        for reference in ray.wait(list(running), num_returns=1)[0]:
            actor, job, tries = running.pop(reference)
            try:
                kept = ray.get(reference)
                idle.append(actor)
                yield job, kept
            except ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(getattr(error, "cause", None), HitmarkError) else error from None
            except died as error:
                idle.append(start())
                if tries < TRIES:
                    waiting.append((job, tries + 1))
                    continue
                text = f"its worker died {TRIES} times, for want of memory perhaps: {' '.join(str(error).split())}"
                store.fail(job.key, text)
                yield job, text


def _started(address: str | None, workers: int, threads: int) -> Any:
    try:
        import ray
    except ImportError:
        raise HitmarkError('--engine ray needs Ray, which is not installed: pip install "hitmark[ray]".') from None
    _check_address(address)
    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address is None:
        options |= {"num_cpus": workers * threads, "include_dashboard": False}
    try:
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise HitmarkError(f"Ray cannot be reached at {address or 'this machine'}: {error}") from None
    return ray


def _check_address(address: str | None) -> None:
    """Raise HitmarkError for a HOST:PORT at which nothing listens; Ray itself would wait for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise HitmarkError(
            f"Ray cannot be reached at {address}: {error.strerror or error}; is the cluster up?"
        ) from None
