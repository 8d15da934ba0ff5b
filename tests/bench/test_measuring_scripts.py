"""What the measuring scripts compute, on small cases."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hitmark.media.video import read_video

SCRIPTS = Path(__file__).parents[2] / "scripts"
SMALL = argparse.Namespace(frames=4, side=64, width=3)


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("measure_scoring")


def test_pace_leaves_out_the_first_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    script = importlib.import_module("measure_ray")
    times = [10.0, 12.0, 13.0, 14.0, 15.0]
    assert script.pace_of(times, 2) == script.Pace(rate=1.0, before=12.0)
    assert script.pace_of(times, 0) == script.Pace(rate=0.8, before=10.0)


def test_clips_are_scored_from_disk(scoring: ModuleType, tmp_path: Path) -> None:
    for number in range(3):
        scoring.make_clip(tmp_path, number, SMALL)
    frames, _ = read_video(tmp_path / "0.mkv")
    assert frames.shape == (4, 64, 64, 3)
    assert len(np.unique(frames.reshape(4, -1), axis=0)) == 4, "the thing moves"
    found = scoring.scored(tmp_path, 3, False)
    assert found["seconds"] > 0
    figures = found["figures"]
    overlaps, distances = [], []
    for number in range(3):
        about = np.load(tmp_path / f"{number}.npz")
        for wanted, seen, there in zip(about["wanted"], about["seen"], about["found"], strict=True):
            sides = np.minimum(wanted[2:], seen[2:]) - np.maximum(wanted[:2], seen[:2])
            areas = [np.prod(each[2:] - each[:2]) for each in (wanted, seen)]
            overlaps.append(np.prod(sides) / (sum(areas) - np.prod(sides)) if there else 0.0)
        gaps = np.linalg.norm(about["points"] - about["points_found"], axis=2)[:, 1:]
        seen = about["points_visible"][:, 1:]
        sums = [gap[shown].mean() for gap, shown in zip(gaps, seen, strict=True) if shown.any()]
        distances.append(np.mean(sums))
    assert figures["overlap"] == pytest.approx(np.mean(overlaps))
    assert figures["end-point error"] == pytest.approx(np.mean(distances))
    assert figures["Frechet"] > 0


def test_an_observer_can_look_for_the_thing(scoring: ModuleType, tmp_path: Path) -> None:
    for number in range(2):
        scoring.make_clip(tmp_path, number, SMALL)
    given, observed = (scoring.score_all(tmp_path, 2, observe) for observe in (False, True))
    assert observed["ObjMC"] != given["ObjMC"]
    assert observed["Frechet"] == given["Frechet"]
    assert observed["ObjMC"] < 0.2 * 64
