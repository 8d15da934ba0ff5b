"""A disk that is full at any point, numbers that are none: a clear end or row, and never a wrong mean."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitmark.bench import jobs, scorers, store
from hitmark.bench.clip_scores import FinishedClip, Scores
from hitmark.bench.job_list import JOBS_FILE
from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run
from hitmark.bench.scoring import score
from hitmark.bench.store import PARTIAL, RESULT, Store
from hitmark.files import OutputError
from hitmark.media import video
from hitmark.report.figures import Figure
from hitmark.report.run_record import read_run
from hitmark.report.write import make_report, write_report


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FULL: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the clip": lambda patch: patch.setitem(video.WRITERS, ".mkv", full),
    "the features": lambda patch: patch.setattr(np, "savez", full),
    "the record": lambda patch: patch.setattr(jobs, "as_json", full),
    "the way to the disk": lambda patch: patch.setattr(store, "_to_disk", full),
    "the folder": lambda patch: patch.setattr(store.tempfile, "mkdtemp", full),
    "the list of jobs": lambda patch: patch.setattr(Path, "write_text", full),
}


def featured(clip: FinishedClip) -> Scores:
    return Scores({"flicker": 1.0}, {"toy": np.ones((1, 2))})


@pytest.fixture
def few(plan: BenchPlan) -> BenchPlan:
    """Two jobs."""
    return plan.model_copy(update={"methods": ["none"], "scenes": ["sprites-text:tune:0-1"]})


@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_ends_the_run_with_its_reason_and_goes_on_later(
    few: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(scorers.SCORERS, "frames", featured)
    with monkeypatch.context() as patch:
        FULL[name](patch)
        with pytest.raises(OutputError, match="the disk is full"):
            run(few, tmp_path / "run")
    place = Store(tmp_path / "run")
    assert list(place.jobs.iterdir()) == []
    assert list(place.failures.iterdir()) == [], "no job failed: the disk did"
    assert list((tmp_path / "run").glob(f"{PARTIAL}*")) == []
    assert len(run(few, tmp_path / "run").done) == 2


def test_an_error_that_cannot_be_kept_ends_the_run(
    few: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: Any) -> None:
        monkeypatch.setattr(Path, "write_text", full)
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "score", wrong)
    with pytest.raises(OutputError, match="the disk is full"):
        run(few, tmp_path / "run")


def test_a_report_on_a_full_disk_says_so_and_leaves_the_earlier_one(
    few: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(few, tmp_path)
    (page, *_) = write_report(make_report(tmp_path, clips=0, draws=100), tmp_path / "report")
    before = page.read_bytes()
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match=r"index\.html: the disk is full"):
        write_report(make_report(tmp_path, clips=1, draws=100), tmp_path / "report")
    assert page.read_bytes() == before


def nowhere(_clip: FinishedClip) -> Scores:
    return Scores({"flicker": float("nan"), "overlap": [0.5, float("inf"), None], "found": [1.0, 1.0, 1.0]})


def test_numbers_that_are_none_are_named_where_they_arise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scorers.SCORERS, "frames", nowhere)
    clip = FinishedClip(np.zeros((2, 8, 8, 3), np.uint8), (), None, "")
    scores = score(clip, ["frames"])["frames"]
    assert scores.figures == {"flicker": None, "overlap": [0.5, None, None], "found": [1.0, 1.0, 1.0]}
    assert scores.not_finite == ("flicker", "overlap"), "None was not measured, which is no fault"


def test_a_metric_that_gives_no_number_is_in_no_mean_and_is_told(
    few: BenchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([float("nan"), 4.0])
    monkeypatch.setitem(scorers.SCORERS, "frames", lambda clip: Scores({"flicker": next(given)}))
    state = run(few, tmp_path)
    assert len(state.done) == 2
    report = make_report(tmp_path, clips=0, draws=100)
    (line,) = report.table.lines
    estimate = line.cells[Figure("frames", "flicker")].estimate
    assert estimate is not None
    assert (estimate.mean, estimate.values, estimate.absent) == (4.0, 1, 1)
    assert any("1 number in the records, NaN or infinite" in note for note in report.notes)
    (page, *_) = write_report(report, tmp_path / "report")
    assert "1 not measured" in page.read_text(encoding="utf-8")


def test_a_record_says_what_was_wanted_and_the_run_lists_its_jobs(few: BenchPlan, tmp_path: Path) -> None:
    state = run(few, tmp_path)
    record = Store(tmp_path).result(state.done[0].key)
    assert record is not None
    assert record["prompt"]
    (wanted,) = record["wanted"]
    assert np.shape(wanted["boxes"]) == (4, 4)
    assert wanted["visible"] == [True] * 4
    assert wanted["phrase"] in record["prompt"]
    (clip, _) = read_run(tmp_path).clips
    assert clip.wanted is not None
    assert np.array_equal(clip.wanted[0].boxes, np.array(wanted["boxes"]))
    listed = json.loads((tmp_path / JOBS_FILE).read_text())
    assert [each["key"] for each in listed["jobs"]] == [job.key for job in state.jobs]
    assert listed["plan"] == few.model_dump(mode="json")


def test_a_record_with_boxes_of_another_length_is_left_out(few: BenchPlan, tmp_path: Path) -> None:
    state = run(few, tmp_path)
    path = Store(tmp_path).place(state.done[0].key) / RESULT
    record = json.loads(path.read_text())
    record["wanted"][0]["boxes"].pop()
    path.write_text(json.dumps(record))
    found = read_run(tmp_path)
    assert len(found.clips) == 1
    assert [left.reason for left in found.left_out] == ["record without what this version needs"]


def test_records_of_an_earlier_version_borrow_the_datasets_boxes_and_say_so(few: BenchPlan, tmp_path: Path) -> None:
    state = run(few, tmp_path)
    right = [clip.wanted for clip in read_run(tmp_path).clips]
    for job in state.done:
        path = Store(tmp_path).place(job.key) / RESULT
        record = json.loads(path.read_text())
        boxes = record.pop("wanted")[0]["boxes"]
        record["seen"] = {"sprites": [{"boxes": boxes, "found": [True] * 4}]}
        path.write_text(json.dumps(record))
    assert [clip.wanted for clip in read_run(tmp_path).clips] == [None, None]
    report = make_report(tmp_path, clips=0, draws=100)
    for clip, wanted in zip(report.run.clips, right, strict=True):
        assert clip.wanted is not None
        assert wanted is not None
        assert np.array_equal(clip.wanted[0].boxes, wanted[0].boxes)
    assert report.readings[0].strict.overlap == pytest.approx(1)
    assert any("2 records without wanted boxes (of an earlier version)" in note for note in report.notes)
