"""What scripts/kill_and_resume.py counts and compares, on runs that were damaged by hand."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hitmark.bench.store import CLIP, COST, RESULT, Store
from hitmark.media.video import write_video
from hitmark.run.record import frames_sha256

KEYS = ["one", "two", "three"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "kill_and_resume.py"
    spec = importlib.util.spec_from_file_location("kill_and_resume", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of three jobs, as they should be."""
    store = Store(tmp_path / "run")
    with store.claimed():
        for number, key in enumerate(KEYS):
            frames = np.full((2, 16, 16, 3), number * 40, dtype=np.uint8)
            with store.writing(key) as place:
                write_video(frames, place / CLIP)
                job = {"key": key, "dataset": "d", "item": str(number), "row": "none", "seed": number, "noise": 0}
                sizes = {CLIP: (place / CLIP).stat().st_size}
                result = {"job": job, "files": sizes, "frames_sha256": frames_sha256(frames)}
                (place / RESULT).write_text(json.dumps(result))
                (place / COST).write_text("{}")
    return tmp_path / "run"


def change(folder: Path, key: str, **fields: Any) -> None:
    path = folder / "jobs" / key / RESULT
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_whole_run_has_no_faults(script: ModuleType, folder: Path) -> None:
    assert script.faults_of(folder, KEYS) == []
    assert script.count_of(folder) == 3
    assert script.count_of(folder / "nowhere") == 0


def test_what_is_missing_or_too_much_is_counted(script: ModuleType, folder: Path) -> None:
    assert script.faults_of(folder, [*KEYS, "four"]) == ["missing: four"]
    assert script.faults_of(folder, KEYS[:2]) == ["not asked for: three"]


def test_the_same_job_under_two_keys_is_found(script: ModuleType, folder: Path) -> None:
    job = json.loads((folder / "jobs" / "one" / RESULT).read_text())["job"]
    change(folder, "two", job=job | {"key": "two"})
    assert script.faults_of(folder, KEYS) == ["twice: one and two"]


def test_torn_clips_and_results_are_found(script: ModuleType, folder: Path) -> None:
    clip = folder / "jobs" / "one" / CLIP
    clip.write_bytes(clip.read_bytes()[:-1])
    (folder / "jobs" / "two" / RESULT).write_text("{")
    assert [fault.partition(": files")[0] for fault in script.faults_of(folder, KEYS)] == ["torn: one", "torn: two"]


def test_another_clip_of_the_right_size_is_found(script: ModuleType, folder: Path) -> None:
    change(folder, "one", frames_sha256="0" * 64)
    (fault,) = script.faults_of(folder, KEYS)
    assert fault == "torn: one: the clip is not the one that the record names"


def test_failures_and_what_is_half_written_are_found(script: ModuleType, folder: Path) -> None:
    Store(folder).fail("one", "no luck")
    (folder / ".partial-one-x").mkdir()
    assert script.faults_of(folder, KEYS) == ["failed: one.json", "half-written: .partial-one-x"]


def test_runs_are_compared_but_for_their_cost(script: ModuleType, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "jobs" / "one" / COST).write_text('{"seconds": 3}')
    assert script.differences(folder, other) == []
    change(other, "one", kind="other")
    (folder / "jobs" / "two" / "features.npz").write_bytes(b"x")
    shutil.rmtree(folder / "jobs" / "three")
    assert script.differences(folder, other) == [
        "only in run: jobs/two/features.npz",
        f"only in other: jobs/three/{CLIP}",
        f"only in other: jobs/three/{RESULT}",
        f"differs: jobs/one/{RESULT}",
    ]


@pytest.mark.parametrize("jobs", [2, 12, 800])
def test_moments_are_spread_over_the_run(script: ModuleType, jobs: int) -> None:
    moments = script.spread(5, jobs, random.Random(3))
    assert moments == script.spread(5, jobs, random.Random(3))
    for part, moment in enumerate(moments):
        assert 1 <= moment <= max(1, jobs - 2)
        assert part * jobs / 5 - 2 <= moment <= max(1, (part + 1) * jobs / 5)
