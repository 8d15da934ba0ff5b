"""A benchmark run from its plan: what is missing is made, what failed is kept, and it can be stopped at any time."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hitmark.backbones.loading import check_placement
from hitmark.bench.executors import inline, on_ray
from hitmark.bench.job_list import save_jobs
from hitmark.bench.jobs import Job, jobs_of
from hitmark.bench.plan import BenchPlan
from hitmark.bench.store import CLIP, COST, Store
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.sprites.fast import half_is_fast

OnJob = Callable[[int, int, int], None]
"""Jobs done, failed, and in all."""


@dataclass(frozen=True)
class Engine:
    """Who runs the jobs. `workers` and `address` are for "ray"; None as address starts Ray on this machine."""

    name: str = "inline"
    workers: int = 1
    address: str | None = None
    gpu: bool = False


@dataclass(frozen=True)
class State:
    """Where a run stands."""

    jobs: list[Job]
    done: list[Job]
    failed: dict[str, str]
    """Key of a failed job -> its error."""

    @property
    def missing(self) -> list[Job]:
        """Jobs that have neither a result nor an error."""
        done = {job.key for job in self.done}
        return [job for job in self.jobs if job.key not in done and job.key not in self.failed]


def state_of(jobs: list[Job], store: Store) -> State:
    """What is on disk of these jobs."""
    done = [job for job in jobs if store.is_done(job.key)]
    finished = {job.key for job in done}
    errors = {job.key: store.error(job.key) for job in jobs if job.key not in finished}
    return State(jobs, done, {key: error for key, error in errors.items() if error is not None})


def run(
    plan: BenchPlan,
    folder: Path,
    engine: Engine | None = None,
    on_job: OnJob | None = None,
    *,
    retry: bool = False,
    only: Callable[[Job], bool] | None = None,
) -> State:
    """Runs what is missing of a plan and returns where it stands then.

    Args:
        plan: what is asked for. A folder may be given other plans later: what they share is not made again.
        folder: of the run; made if it is not there.
        engine: None = in this process.
        on_job: called at the start and after every job.
        retry: failed jobs count as missing.
        only: which of the plan's jobs are meant; None = all.

    Raises:
        HitmarkError: a plan that does not fit, a folder in which another run is writing, no Ray.
    """
    engine = engine or Engine()
    if engine.name not in ("inline", "ray"):
        raise HitmarkError(f"engine must be inline or ray, but got {engine.name!r}.")
    jobs, store = [job for job in jobs_of(plan) if only is None or only(job)], Store(folder)
    with store.claimed():
        plan.save(folder)
        save_jobs(jobs, plan, folder)
        if retry:
            store.forget_failures()
        state = state_of(jobs, store)
        _tell(on_job, len(state.done), len(state.failed), len(jobs))
        if not state.missing:
            return state
        _warn_of_slow_half(plan)
        if engine.name == "inline":
            made = inline(state.missing, folder)
        else:
            options = {"workers": engine.workers, "threads": plan.threads, "gpu": engine.gpu, "address": engine.address}
            made = on_ray(state.missing, folder, **options)
        done, failed = len(state.done), len(state.failed)
        for _job, error in made:
            done, failed = done + (error is None), failed + (error is not None)
            _tell(on_job, done, failed, len(jobs))
        return state_of(jobs, store)


def _warn_of_slow_half(plan: BenchPlan) -> None:
    if plan.autocast and not half_is_fast(check_placement(plan.dtype, plan.device)):
        warnings.warn(
            "autocast: this processor has no units for bfloat16, and its clips will take many times as long as in "
            "float32; stop the run and set `autocast: false` (--no-autocast)",
            HitmarkWarning,
            stacklevel=3,
        )


def forecast(state: State, store: Store, workers: int = 1) -> tuple[float | None, float | None]:
    """Seconds and bytes that the missing jobs will take, by those that are done; None before the first is."""
    seconds, sizes = [], []
    for job in state.done:
        place = store.place(job.key)
        cost = store.read(place / COST)
        if cost is not None:
            seconds.append(float(cost["seconds"]))
        if (place / CLIP).exists():
            sizes.append((place / CLIP).stat().st_size)
    left = len(state.missing)
    return (
        statistics.fmean(seconds) * left / workers if seconds else None,
        statistics.fmean(sizes) * left if sizes else None,
    )


def _tell(on_job: OnJob | None, done: int, failed: int, count: int) -> None:
    if on_job is not None:
        on_job(done, failed, count)
