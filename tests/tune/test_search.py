"""Successive halving on clips that are only pretended: their figures are made up from the knobs and the scene."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.bench import executors
from hitmark.bench.jobs import Job
from hitmark.bench.plan import BenchPlan
from hitmark.bench.presets import PRESET_FILE, Preset
from hitmark.bench.store import CLIP, COST, FORMAT, RESULT, Store
from hitmark.errors import HitmarkError
from hitmark.media.video import write_video
from hitmark.methods.spec import MethodSpec
from hitmark.tune.search import Wish, ladder, refuse_test, scenes_of, tune

Score = Callable[[str, dict[str, Any], int], dict[str, float | None]]
"""Method, knobs and number of the scene -> figures."""
SCENES = "sprites-text:tune:0-8"
GRID = {"masked_steps": [1, 2, 6, 8, 10]}


def pretend(score: Score, clip: Path, made: list[Job]) -> Callable[[Job, Store], None]:
    """A stand-in for `run_job` that notes every job in `made`."""
    write_video(np.zeros((2, 16, 16, 3), dtype=np.uint8), clip)

    def run_job(job: Job, store: Store) -> None:
        made.append(job)
        spec = MethodSpec.parse(job.row)
        figures = score(spec.name, spec.knobs, int(job.item[-6:]))
        fields = ("key", "dataset", "item", "row", "model", "seed", "noise")
        result = {
            "format": FORMAT,
            "job": {name: getattr(job, name) for name in fields},
            "kind": "",
            "frames_sha256": "",
            "files": {CLIP: clip.stat().st_size},
            "settings": {"steps": 2},
            "scores": {"sprites": {name: [value] for name, value in figures.items()}},
        }
        with store.writing(job.key) as folder:
            shutil.copy(clip, folder / CLIP)
            (folder / RESULT).write_text(json.dumps(result))
            (folder / COST).write_text(json.dumps({"seconds": 1.0, "peak_memory": 1}))

    return run_job


def far_from(best: float) -> Score:
    """A distance that is least at `best` masked steps (the default is 4), on scenes that differ, without noise."""

    def score(method: str, knobs: dict[str, Any], scene: int) -> dict[str, float | None]:
        steps = knobs.get("masked_steps", 4)
        distance = 0.9 if method == "none" else 0.05 * abs(steps - best)
        return {"guessed distance": distance + 0.1 * (scene % 3), "text match": 1 - steps / 20}

    return score


def wish(**changes: Any) -> Wish:
    plan = BenchPlan.from_dict({"scenes": [SCENES], "methods": ["peekaboo"], "models": ["sprites-t2v"]})
    return Wish(**{"default": "peekaboo", "plan": plan, "grid": GRID} | changes)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs that ran, on figures that are best at six masked steps."""
    jobs: list[Job] = []
    monkeypatch.setattr(executors, "run_job", pretend(far_from(6), tmp_path / "clip.mkv", jobs))
    return jobs


def test_the_best_wins_and_no_job_is_made_twice(made: list[Job], tmp_path: Path) -> None:
    preset = tune(wish(name="mine", command="hitmark tune"), tmp_path / "run")
    assert (preset.method, preset.knobs, preset.chosen) == ("peekaboo", {"masked_steps": 6}, "winner")
    ours = {"penalty": None, "fade": 0.0, "spread": "own", "lowest_noise": 0.0, "parts": "spatial,temporal,cross"}
    assert preset.every_knob == {"masked_steps": 6, "as_published": "code"} | ours
    rungs = preset.evidence.rungs
    assert [(rung.scenes, len(rung.settings) - 2) for rung in rungs] == [(2, 5), (4, 3), (8, 2)]
    assert [each.row for each in rungs[-1].settings[:3]] == ["none", "peekaboo", "peekaboo masked_steps=6"]
    assert len({job.key for job in made}) == len(made) == 7 * 2 + 5 * 2 + 4 * 4
    gap = rungs[-1].settings[2].to_default
    assert gap is not None
    assert gap.mean == pytest.approx(-0.1)
    assert gap.sure
    mean = rungs[-1].settings[2].metric
    assert mean is not None
    assert mean.mean == pytest.approx(np.mean([0.1 * (scene % 3) for scene in range(8)]))
    assert mean.low is not None
    assert mean.high is not None
    assert mean.low <= mean.mean <= mean.high
    assert (preset.name, preset.command, preset.model.name) == ("mine", "hitmark tune", "sprites-t2v")
    assert preset.model.fingerprint
    assert Preset.load(tmp_path / "run" / PRESET_FILE) == preset
    again = tune(wish(name="mine", command="hitmark tune"), tmp_path / "run")
    assert len(made) == 7 * 2 + 5 * 2 + 4 * 4, "what is on disk is not made again"
    assert again.model_copy(update={"created": preset.created}) == preset


def test_stopped_it_goes_on(made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = executors.run_job

    def stopping(job: Job, store: Store) -> None:
        if len(made) == 17:
            raise KeyboardInterrupt
        real(job, store)

    monkeypatch.setattr(executors, "run_job", stopping)
    with pytest.raises(KeyboardInterrupt):
        tune(wish(), tmp_path / "run")
    monkeypatch.setattr(executors, "run_job", real)
    assert tune(wish(), tmp_path / "run").knobs == {"masked_steps": 6}
    assert len({job.key for job in made}) == len(made) == 7 * 2 + 5 * 2 + 4 * 4


def test_a_winner_that_is_not_surely_better_is_not_taken(
    made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_chance(method: str, knobs: dict[str, Any], scene: int) -> dict[str, float | None]:
        better = knobs.get("masked_steps") == 6 and (-1) ** scene * 0.3 + 0.05
        return {"guessed distance": 0.5 - better}

    monkeypatch.setattr(executors, "run_job", pretend(by_chance, tmp_path / "clip.mkv", made))
    kept = tune(wish(grid={"masked_steps": [6]}), tmp_path / "run")
    assert (kept.chosen, kept.knobs) == ("default", {"masked_steps": 4})
    assert "Not surely better" in kept.reason
    forced = tune(wish(grid={"masked_steps": [6]}, force=True), tmp_path / "run")
    assert (forced.chosen, forced.knobs) == ("forced", {"masked_steps": 6})
    best = forced.evidence.rungs[-1].settings[2]
    assert best.to_default is not None
    assert best.to_default.mean == pytest.approx(-0.05)
    assert not best.to_default.sure


def test_a_default_that_is_surely_better_stays(made: list[Job], tmp_path: Path) -> None:
    kept = tune(wish(grid={"masked_steps": [10, 11]}, force=True), tmp_path / "run")
    assert (kept.chosen, kept.knobs) == ("default", {"masked_steps": 4})
    assert "Surely worse" in kept.reason


def test_equal_settings_keep_their_order_and_it_is_said(
    made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(method: str, knobs: dict[str, Any], scene: int) -> dict[str, float | None]:
        return {"guessed distance": 0.5}

    monkeypatch.setattr(executors, "run_job", pretend(same, tmp_path / "clip.mkv", made))
    preset = tune(wish(), tmp_path / "run")
    kept = [each.row.split("=")[1] for each in preset.evidence.rungs[0].settings[2:] if each.kept]
    assert kept == ["1", "2", "6"]
    assert any(
        "masked_steps=6, and the first dropped, peekaboo masked_steps=8, are equal" in said for said in _said(preset)
    )
    assert any("on 2 scenes: by chance" in said for said in _said(preset))
    assert preset.chosen == "default"


def _said(preset: Preset) -> list[str]:
    return preset.evidence.cautions


def test_a_limit_is_kept(made: list[Job], tmp_path: Path) -> None:
    limited = tune(wish(limits={"text match": 0.75}), tmp_path / "run")
    rungs = limited.evidence.rungs
    assert [each.row for each in rungs[0].settings[2:] if each.beyond] == [
        "peekaboo masked_steps=6",
        "peekaboo masked_steps=8",
        "peekaboo masked_steps=10",
    ]
    assert [each.row for each in rungs[0].settings[2:] if each.kept] == [
        "peekaboo masked_steps=2",
        "peekaboo masked_steps=1",
        "peekaboo masked_steps=6",
    ]
    assert rungs[0].settings[2].quality == {"text match": pytest.approx(0.9)}
    assert (limited.chosen, limited.evidence.limits) == ("default", {"text match": 0.75})
    beyond = tune(wish(limits={"text match": 2.0}, force=True), tmp_path / "run")
    assert beyond.chosen == "default"
    assert "beyond a limit (text match 0.700, limit 2)" in beyond.reason


def test_a_greater_metric_is_understood(made: list[Job], tmp_path: Path) -> None:
    preset = tune(wish(metric="text match"), tmp_path / "run")
    assert (preset.evidence.better, preset.knobs, preset.chosen) == ("greater", {"masked_steps": 1}, "winner")


def test_settings_that_fail_come_last(made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = executors.run_job

    def broken(job: Job, store: Store) -> None:
        if "masked_steps=6" in job.row and job.item.endswith("1"):
            raise HitmarkError("no luck")
        real(job, store)

    monkeypatch.setattr(executors, "run_job", broken)
    preset = tune(wish(), tmp_path / "run")
    last = preset.evidence.rungs[0].settings[-1]
    assert (last.row, last.failed, last.metric, last.kept) == ("peekaboo masked_steps=6", 1, None, False)
    assert any("clips failed: peekaboo masked_steps=6" in said for said in _said(preset))
    assert preset.chosen == "default", "eight masked steps are as good as the default's four"
    monkeypatch.setattr(executors, "run_job", real)
    assert tune(wish(), tmp_path / "run", retry=True).knobs == {"masked_steps": 6}


@pytest.mark.parametrize(("row", "told"), [("none", "first clip failed"), ("peekaboo", "'peekaboo' failed")])
def test_without_what_all_are_compared_with_nothing_is_chosen(
    made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, told: str
) -> None:
    real = executors.run_job

    def broken(job: Job, store: Store) -> None:
        if job.row == row:
            raise HitmarkError("no luck")
        real(job, store)

    monkeypatch.setattr(executors, "run_job", broken)
    with pytest.raises(HitmarkError, match=f"{told}.*no luck"):
        tune(wish(), tmp_path / "run")
    assert not (tmp_path / "run" / PRESET_FILE).exists()


def test_means_are_over_what_all_have(made: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gaps(method: str, knobs: dict[str, Any], scene: int) -> dict[str, float | None]:
        lost = knobs.get("masked_steps") == 8 and scene % 2
        return {"guessed distance": None if lost else 0.1 * scene}

    monkeypatch.setattr(executors, "run_job", pretend(gaps, tmp_path / "clip.mkv", made))
    rung = tune(wish(grid={"masked_steps": [6, 8]}), tmp_path / "run").evidence.rungs[0]
    assert {each.metric and (round(each.metric.mean, 9), each.metric.values) for each in rung.settings} == {(0.3, 4)}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"metric": "flicker"}, "--metric.*'flicker'.*guessed distance"),
        ({"limits": {"flicker": 1.0}}, "--keep-quality.*'flicker'"),
        ({"grid": {"masked_steps": [4]}}, "the default is the only setting"),
        ({"grid": {"masked_step": [4]}}, "masked_steps"),
        ({"grid": {"masked_steps": [-1]}}, "-1"),
        ({"grid": {"masked_steps": list(range(300))}}, "at most 256"),
    ],
)
def test_what_does_not_fit_is_said(made: list[Job], tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(HitmarkError, match=told):
        tune(wish(**changes), tmp_path / "run")
    assert len(made) <= 1, "before the first rung"


WITH_CHOICES = (
    "sprites:test:0-8 world=w.toml",
    "sprites world=w.toml",
    "davis:X split=2017/test-dev",
    "vipseg:X split=test",
)


@pytest.mark.parametrize(
    "spec", ["sprites-text:test:0-8", "sprites:test", "sprites", "sprites-text:", "x:test:1-2", *WITH_CHOICES]
)
def test_test_scenes_are_refused(made: list[Job], tmp_path: Path, spec: str) -> None:
    with pytest.raises(HitmarkError, match="for testing"):
        refuse_test(spec)
    asked = BenchPlan.from_dict({"scenes": [spec], "methods": ["peekaboo"], "models": ["sprites-t2v"]})
    with pytest.raises(HitmarkError, match="for testing"):
        tune(wish(plan=asked), tmp_path / "run")


@pytest.mark.parametrize(
    "spec", ["sprites:tune:0-8", "sprites-text:train:0-2", "my-test-scenes", "davis:FOLDER split=val"]
)
def test_other_scenes_are_not(spec: str) -> None:
    refuse_test(spec)


def test_scenes_of_several_datasets_take_turns() -> None:
    plan = BenchPlan.from_dict(
        {
            "scenes": ["sprites-text:tune:0-3", "sprites-text:tune:8-10"],
            "methods": ["peekaboo"],
            "models": ["sprites-t2v"],
            "seeds": 2,
        }
    )
    assert [int(item[-6:]) for _, item in scenes_of(plan)] == [0, 8, 1, 9, 2]


@given(st.integers(1, 300), st.integers(1, 500))
def test_rungs_halve_and_double(settings: int, scenes: int) -> None:
    steps = ladder(settings, scenes)
    assert steps[0][0] == settings
    assert steps[-1][1] == scenes
    assert steps[-1][0] == min(settings, 2)
    for (many, few), (less, more) in itertools.pairwise(steps):
        assert less == math.ceil(many / 2)
        assert few <= more <= max(2 * few + 1, 2)
    assert ladder(15, 32) == [(15, 4), (8, 8), (4, 16), (2, 32)]
