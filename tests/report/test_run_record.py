"""Runs read from disk: what is broken is left out with its reason, and never enters a mean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hitmark.bench.plan import PLAN_FILE
from hitmark.bench.store import CLIP, COST, RESULT
from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Row
from hitmark.report.figures import Figure
from hitmark.report.run_record import read_run
from hitmark.report.summary import baselines, headlines, summarize
from tests.report.fakes import FakeRun, errors

ERROR = Figure("template", "path error")


def changed(place: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    result = json.loads((place / RESULT).read_text())
    change(result)
    (place / RESULT).write_text(json.dumps(result))


def test_a_job_is_read_whole(tmp_path: Path) -> None:
    FakeRun(tmp_path / "run", ["none"]).add("none", "a", errors(0.25, None), noise=1, kind="moving")
    run = read_run(tmp_path / "run")
    (clip,) = run.clips
    assert clip.row == Row("none", "toy")
    assert clip.place == (("nowhere:test", "a"), 1)
    assert (clip.kind, clip.shape) == ("moving", (4, 24, 32))
    assert clip.figures[ERROR][0] == 0.25
    assert math.isnan(clip.figures[ERROR][1])
    assert clip.figures[Figure("template", "coverage")] == (1.0, 1.0)
    assert clip.figures[Figure("cost", "seconds")] == (2.0,)
    assert clip.figures[Figure("cost", "peak GB")] == pytest.approx((3.0,))
    assert run.notes() == []
    assert run.rows == [clip.row]


def test_what_was_found_in_no_frame_has_no_path_error_whatever_was_written_down(tmp_path: Path) -> None:
    scores = {"template": {"path error": [0.25, 0.0, 0.5], "found": [1.0, 0.0, 0.1]}}
    FakeRun(tmp_path / "run", ["none"]).add("none", "a", scores)
    figures = read_run(tmp_path / "run").clips[0].figures[ERROR]
    assert figures[0] == 0.25
    assert math.isnan(figures[1])
    assert figures[2] == 0.5


def test_figures_of_earlier_versions_are_read_under_their_present_names(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "sg-i2v"])
    fake.add("none", "a", {"frames": {"colour shift": 0.25}, "sprites": {"centre distance": [0.5]}})
    fake.add("sg-i2v", "a", {"frames": {"color shift": 0.125}, "sprites": {"center distance": [0.25]}})
    run = read_run(tmp_path)
    color, center = Figure("frames", "color shift"), Figure("sprites", "center distance")
    assert [clip.figures[color] for clip in run.clips] == [(0.25,), (0.125,)]
    assert [clip.figures[center] for clip in run.clips] == [(0.5,), (0.25,)]
    table = summarize(run, baselines(run.rows))
    assert headlines(table, "centre distance", "colour shift") == (center, color)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a record of no bytes": (lambda place: (place / RESULT).write_bytes(b""), "missing, empty or torn"),
    "half a record": (lambda place: (place / RESULT).write_bytes(b'{"format": 1, "jo'), "missing, empty or torn"),
    "no record": (lambda place: (place / RESULT).unlink(), "missing, empty or torn"),
    "another version": (lambda place: changed(place, lambda r: r.update(format=99)), "another format version"),
    "no version": (lambda place: changed(place, lambda r: r.pop("format")), "another format version"),
    "no scores": (lambda place: changed(place, lambda r: r.pop("scores")), "without what this version needs"),
    "words for numbers": (
        lambda place: changed(place, lambda r: r["scores"]["template"].update({"path error": ["far"]})),
        "without what this version needs",
    ),
    "a list for scores": (lambda place: changed(place, lambda r: r.update(scores=[])), "without what this version"),
    "half a clip": (lambda place: (place / CLIP).write_bytes((place / CLIP).read_bytes()[:99]), "missing or torn"),
    "no clip": (lambda place: (place / CLIP).unlink(), "missing or torn"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_jobs_are_left_out_and_counted(tmp_path: Path, name: str) -> None:
    fake = FakeRun(tmp_path, ["none"])
    fake.add("none", "a", errors(0.5))
    breaks, reason = BROKEN[name]
    breaks(fake.add("none", "b", errors(0.9)))
    run = read_run(tmp_path)
    assert [clip.scene[1] for clip in run.clips] == ["a"]
    (left,) = run.left_out
    assert reason in left.reason
    assert left.key.endswith("1")
    assert any(note.startswith("1 job left out") and reason in note for note in run.notes())


def test_a_clip_that_is_no_video_is_left_out(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    fake.add("none", "a", errors(0.5))
    place = fake.add("none", "b", errors(0.9))
    (place / CLIP).write_bytes(b"no video" * 9)
    changed(place, lambda r: r["files"].update({CLIP: 72}))
    (left,) = read_run(tmp_path).left_out
    assert left.reason == "clip cannot be read"


def test_numbers_that_are_not_finite_count_as_not_measured(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    fake.add("none", "a", errors(math.nan, 0.5, math.inf))
    run = read_run(tmp_path)
    values = run.clips[0].figures[ERROR]
    assert [math.isnan(value) for value in values] == [True, False, True]
    assert any("2 numbers" in note for note in run.notes())


def test_a_torn_cost_leaves_only_the_cost_out(tmp_path: Path) -> None:
    place = FakeRun(tmp_path, ["none"]).add("none", "a", errors(0.5))
    (place / COST).write_bytes(b"")
    (clip,) = read_run(tmp_path).clips
    assert clip.figures[ERROR] == (0.5,)
    assert math.isnan(clip.figures[Figure("cost", "seconds")][0])


def test_what_an_earlier_plan_left_is_not_counted(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"], seeds=1, steps=4)
    fake.add("none", "a", errors(0.5))
    fake.add("freetraj", "a", errors(0.5))
    fake.add("none", "a", errors(0.5), noise=1)
    fake.add("none", "b", errors(0.5), settings={"steps": 2})
    run = read_run(tmp_path)
    assert len(run.clips) == 1
    assert [left.reason for left in run.left_out] == ["of an earlier plan of this folder"] * 3


def test_two_results_of_one_clip_count_both_as_unknown(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    fake.add("none", "a", errors(0.5))
    for steps in (2, 4):
        fake.add("none", "b", errors(0.5), settings={"steps": steps})
    run = read_run(tmp_path)
    assert [clip.scene[1] for clip in run.clips] == ["a"]
    assert ["several results" in left.reason for left in run.left_out] == [True, True]


def test_gaps_failures_shapes_and_machines_are_told(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    fake.add("none", "a", errors(0.5))
    fake.add("peekaboo", "a", errors(0.5), shape=(6, 24, 32))
    place = fake.add("none", "b", errors(0.5))
    cost = json.loads((place / COST).read_text())
    cost["machine"]["processor"] = "slide rule"
    (place / COST).write_text(json.dumps(cost))
    (tmp_path / "failed" / "x.json").write_text('{"job": "x", "error": "no luck\\nTraceback"}')
    run = read_run(tmp_path)
    assert run.missing == {Row("peekaboo", "toy"): 1}
    assert run.failed == {"x": "no luck"}
    told = "\n".join(run.notes())
    for part in ("peekaboo: without 1 clip ", "1 job failed", "1 of 6 frames 32x24", "slide rule"):
        assert part in told


def test_rows_of_several_models_are_told_apart(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none", "peekaboo"])
    for model in ("models/one", "two"):
        for row in ("peekaboo", "none"):
            fake.add(row, "a", errors(0.5), model=model)
    run = read_run(tmp_path)
    assert list(run.row_labels.values()) == ["none on one", "peekaboo on one", "none on two", "peekaboo on two"]


def test_a_model_is_known_by_the_last_part_of_its_folder(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"], models=["models/late", "early"])
    for model in ("early", "/somewhere/models/late", "/somewhere/models/other"):
        fake.add("none", "a", errors(0.5), model=model)
    run = read_run(tmp_path)
    assert [row.model for row in run.rows] == ["/somewhere/models/late", "early"]
    assert [clip.row for clip in run.clips] == run.rows
    assert [left.reason for left in run.left_out] == ["of an earlier plan of this folder"]


@pytest.mark.parametrize("text", [None, "", "[]", '{"methods": 3}'])
def test_a_folder_without_a_plan_is_refused(tmp_path: Path, text: str | None) -> None:
    FakeRun(tmp_path, ["none"]).add("none", "a", errors(0.5))
    (tmp_path / PLAN_FILE).unlink()
    if text is not None:
        (tmp_path / PLAN_FILE).write_text(text)
    with pytest.raises(HitmarkError, match=PLAN_FILE):
        read_run(tmp_path)


def test_a_run_without_a_usable_job_is_refused_with_the_reasons(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, ["none"])
    with pytest.raises(HitmarkError, match="none is there"):
        read_run(tmp_path)
    (fake.add("none", "a", errors(0.5)) / RESULT).write_bytes(b"")
    with pytest.raises(HitmarkError, match=r"1 left out: result\.json is missing"):
        read_run(tmp_path)
