"""A benchmark run on a tiny random model: stopped and gone on with; failed jobs are kept."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from hitmark.bench import executors, jobs
from hitmark.bench import run as bench_run
from hitmark.bench.jobs import jobs_of
from hitmark.bench.plan import PLAN_FILE, BenchPlan
from hitmark.bench.run import Engine, forecast, run, state_of
from hitmark.bench.store import CLIP, COST, RESULT, Store
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.files import OutputError
from hitmark.media.video import read_video
from hitmark.methods import METHODS


def contents(folder: Path) -> dict[str, bytes]:
    """What must not depend on when and where a job ran."""
    files = [path for path in sorted((folder / "jobs").rglob("*")) if path.is_file() and path.name != COST]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def of_one_scene(plan: BenchPlan) -> BenchPlan:
    """Four of the jobs: two rows, two noises."""
    return plan.model_copy(update={"scenes": ["sprites-text:tune:0-1"]})


def test_a_run_is_made_once_and_then_read(plan: BenchPlan, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    plan = of_one_scene(plan)
    state = run(plan, tmp_path / "run", on_job=lambda *numbers: told.append(numbers))
    assert (len(state.done), len(state.failed), len(state.missing)) == (4, 0, 0)
    assert told == [(done, 0, 4) for done in range(5)]
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "jobs").iterdir()}
    assert len(first) == 4
    run(plan, tmp_path / "run")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "jobs").iterdir()} == first
    assert BenchPlan.load(tmp_path / "run" / PLAN_FILE) == plan
    store = Store(tmp_path / "run")
    there = state_of(jobs_of(plan), store)
    assert [job.key for job in there.done] == [job.key for job in jobs_of(plan)]
    assert forecast(there, store) == (0, 0)


def test_rows_take_turns_and_differ_in_nothing_else(plan: BenchPlan) -> None:
    made = jobs_of(plan)
    assert [job.row for job in made] == ["none", "peekaboo masked_steps=1"] * 6
    assert all(
        one.seed == other.seed and one.item == other.item for one, other in zip(made[::2], made[1::2], strict=True)
    )
    assert len({job.seed for job in made}) == 6
    assert len({job.key for job in made}) == 12


def test_whatever_decides_the_clip_decides_the_key(plan: BenchPlan, model: str) -> None:
    keys = [job.key for job in jobs_of(plan)]
    spelled = plan.model_copy(update={"methods": ["none", "peekaboo masked_steps=1 as_published=code"]})
    assert [job.key for job in jobs_of(spelled)] == keys, "a default that is written out is the same job"
    for changes in ({"steps": 3}, {"autocast": True}, {"call": {"guidance_scale": 2.0}}, {"threads": 2}):
        assert not {job.key for job in jobs_of(plan.model_copy(update=changes))} & set(keys), changes
    card = Path(model) / "hitmark.json"
    before = card.read_text()
    jobs._fingerprint.cache_clear()
    try:
        card.write_text(before + "\n")
        assert not {job.key for job in jobs_of(plan)} & set(keys), "other files of the model"
    finally:
        card.write_text(before)
        jobs._fingerprint.cache_clear()


def test_a_changed_default_is_another_job(plan: BenchPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [job.key for job in jobs_of(plan)]
    changed = dataclasses.replace(METHODS["peekaboo"][0], as_published="paper")  # pyright: ignore[reportCallIssue]
    monkeypatch.setitem(METHODS, "peekaboo", (changed,))
    after = [job.key for job in jobs_of(plan)]
    assert after[::2] == keys[::2], "those of the row without control stay"
    assert not set(after[1::2]) & set(keys)


def test_the_same_job_twice_is_refused(plan: BenchPlan) -> None:
    twice = plan.model_copy(
        update={"methods": ["peekaboo masked_steps=1", "peekaboo as_published=code masked_steps=1"]}
    )
    with pytest.raises(HitmarkError, match="same job"):
        jobs_of(twice)


LIBRARIES = (
    "torch",
    "diffusers.models.unets.unet_3d_condition",
    "diffusers.models.autoencoders.autoencoder_kl",
    "transformers.models.clip.modeling_clip",
)
"""Loaded once by the process that the killed ones are forked from."""


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _run_until_killed(values: dict[str, Any], folder: Path, wanted: int) -> None:
    """Dies a moment after `wanted` jobs are done, at work on another one; two jobs later at the latest."""
    import torch

    def told(done: int, _failed: int, _total: int) -> None:
        if done == wanted:
            threading.Timer(0.03, _die).start()
        if done == wanted + 2:
            _die()

    torch.set_num_threads(1)
    run(BenchPlan.from_dict(values), folder, on_job=told)


def test_killed_again_and_again_it_ends_like_one_that_was_not(plan: BenchPlan, whole: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(list(LIBRARIES))
    for wanted in (2, 5, 8):
        process = forks.Process(target=_run_until_killed, args=(plan.model_dump(), torn, wanted))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert 8 <= len(list(torn.glob("jobs/*"))) < 12
    state = run(plan, torn)
    assert len(state.done) == 12
    assert contents(torn) == contents(whole)
    assert [path.name for path in torn.iterdir() if path.name.startswith(".partial")] == []


def test_a_failed_job_is_kept_and_the_others_run(
    plan: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, plan = executors.run_job, of_one_scene(plan)

    def broken(job: Any, store: Store) -> None:
        if job.row != "none" and job.noise == 1:
            raise HitmarkError("no luck")
        if job.noise == 1:
            raise ZeroDivisionError
        real(job, store)

    monkeypatch.setattr(executors, "run_job", broken)
    state = run(plan, tmp_path)
    assert (len(state.done), len(state.failed)) == (2, 2)
    assert sum(error == "no luck" for error in state.failed.values()) == 1
    assert sum("ZeroDivisionError" in error and "Traceback" in error for error in state.failed.values()) == 1
    monkeypatch.setattr(executors, "run_job", real)
    assert len(run(plan, tmp_path).failed) == 2, "only --retry-failed runs them again"
    assert len(run(plan, tmp_path, retry=True).done) == 4


def test_a_full_disk_ends_the_run(plan: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(job: Any, store: Store) -> None:
        raise OutputError("cannot write it: the disk is full")

    monkeypatch.setattr(executors, "run_job", full)
    with pytest.raises(OutputError, match="full"):
        run(plan, tmp_path)
    assert list((tmp_path / "failed").iterdir()) == []


@pytest.mark.parametrize("name", [CLIP, RESULT])
def test_a_torn_result_is_made_again(plan: BenchPlan, tmp_path: Path, name: str) -> None:
    few = plan.model_copy(update={"methods": ["none"], "seeds": 1, "scenes": ["sprites-text:tune:0-1"]})
    (job,) = run(few, tmp_path).done
    path = Store(tmp_path).place(job.key) / name
    right = path.read_bytes()
    path.write_bytes(right[: len(right) // 2])
    assert len(run(few, tmp_path).done) == 1
    assert path.read_bytes() == right


def test_unknown_engines_are_refused(plan: BenchPlan, tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match="inline or ray"):
        run(plan, tmp_path, Engine("slurm"))


def test_a_plan_may_ask_for_another_size_and_length(plan: BenchPlan, tmp_path: Path) -> None:
    given = jobs_of(plan)[0]
    asked = plan.model_copy(update={"width": 48, "height": 40, "frames": 3, "methods": ["none"], "seeds": 1})
    first, *_ = jobs_of(asked)
    assert first.key != given.key
    run(asked, tmp_path / "run", only=lambda job: job.key == first.key)
    frames, _ = read_video(tmp_path / "run" / "jobs" / first.key / CLIP)
    assert frames.shape == (3, 40, 48, 3)


def test_the_clip_of_a_job_is_the_one_that_was_planned(plan: BenchPlan, tmp_path: Path, monkeypatch: Any) -> None:
    listed = jobs_of(plan)[:1]

    def again(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("planned a second time")

    monkeypatch.setattr("hitmark.run.plan.card_for", again)
    with Store(tmp_path).claimed():
        ((_, error),) = executors.inline(listed, tmp_path)
    assert error is None


def test_autocast_on_a_processor_without_units_for_it_is_told_of(
    plan: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_run, "half_is_fast", lambda device: device != "cpu")
    monkeypatch.setattr(bench_run, "inline", lambda jobs, folder: [])
    plan = of_one_scene(plan).model_copy(update={"autocast": True, "device": "cpu"})
    with pytest.warns(HitmarkWarning, match=r"no units for bfloat16.*--no-autocast"):
        run(plan, tmp_path / "half")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(plan.model_copy(update={"autocast": False}), tmp_path / "full")
