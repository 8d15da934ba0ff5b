"""The same run on Ray: the same bytes, also when workers are killed in the middle of it."""

from __future__ import annotations

import os
import signal
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from hitmark.bench.executors import _served
from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import Engine, run
from hitmark.bench.store import Store
from hitmark.errors import HitmarkError
from tests.bench.test_run import contents

pytest.importorskip("ray", reason="Ray is not installed: pip install 'hitmark[ray]'")


def workers() -> list[psutil.Process]:
    """Processes of this test's actors."""
    below = psutil.Process().children(recursive=True)
    return [process for process in below if process.name().startswith("ray::Worker")]


def test_same_bytes_inline_and_on_ray_with_a_killed_worker(plan: BenchPlan, whole: Path, tmp_path: Path) -> None:
    killed: list[int] = []
    told: list[tuple[int, int, int]] = []

    def told_of(*numbers: int) -> None:
        told.append(numbers)
        if numbers[0] == 3 and not killed:  # a worker dies in the middle of the run, at work on a later job
            killed.append(workers()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    state = run(plan, tmp_path / "ray", Engine("ray", workers=2), told_of)
    assert len(killed) == 1
    assert (len(state.done), len(state.failed)) == (12, 0)
    assert told[-1] == (12, 0, 12)
    assert contents(tmp_path / "ray") == contents(whole)
    assert workers() == []


class FakeRay:
    """Answers at once: each of `ends` is an error that a job's worker ends with, or None for a finished job."""

    def __init__(self, ends: list[Exception | None]) -> None:
        import ray

        self.exceptions, self.ends, self.started = ray.exceptions, ends, 0

    def start(self) -> SimpleNamespace:
        self.started += 1
        return SimpleNamespace(run=SimpleNamespace(remote=lambda job: object()))

    def wait(self, references: list[object], num_returns: int) -> tuple[list[object], list[object]]:
        return references[:num_returns], references[num_returns:]

    def get(self, reference: object) -> None:
        error = self.ends.pop(0)
        if error is not None:
            raise error


@pytest.mark.parametrize("kind", ["RayActorError", "OutOfMemoryError", "WorkerCrashedError"])
def test_however_a_worker_dies_its_job_is_started_again_three_times_at_most(tmp_path: Path, kind: str) -> None:
    import ray

    (tmp_path / "failed").mkdir()
    error = getattr(ray.exceptions, kind)
    error = error("no memory") if kind == "OutOfMemoryError" else error()
    job = SimpleNamespace(key="0" * 24)
    lucky = FakeRay([error, error, None])
    assert list(_served(lucky, deque([(job, 1)]), lucky.start, 1, Store(tmp_path))) == [(job, None)]
    assert lucky.started == 3
    unlucky = FakeRay([error, error, error])
    [(same, text)] = _served(unlucky, deque([(job, 1)]), unlucky.start, 1, Store(tmp_path))
    assert same is job
    assert "died 3 times" in str(text)
    assert "died 3 times" in str(Store(tmp_path).error(job.key))


def test_a_cluster_that_is_not_there_is_said(plan: BenchPlan, tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match=r"127\.0\.0\.1:1"):
        run(plan, tmp_path, Engine("ray", address="127.0.0.1:1"))
