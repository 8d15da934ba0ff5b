"""A run on disk with results made by hand, as `hitmark bench` leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.bench.job_list import JOBS_FILE
from hitmark.bench.plan import PLAN_FILE
from hitmark.bench.store import CLIP, COST, FEATURES, FORMAT, RESULT
from hitmark.media.video import write_video


def painted(level: int, shape: tuple[int, int, int] = (4, 24, 32)) -> np.ndarray:
    """A clip with a white square that moves to the right."""
    frames = np.full((*shape, 3), level % 200, np.uint8)
    for index, frame in enumerate(frames):
        frame[8:16, 2 + 5 * index : 10 + 5 * index] = 255
    return frames


class FakeRun:
    """Adds jobs to a run's folder."""

    def __init__(self, folder: Path, methods: list[str], scenes: str = "nowhere:test", **plan: Any) -> None:
        self.folder, self.scenes = folder, scenes
        (folder / "jobs").mkdir(parents=True)
        (folder / "failed").mkdir()
        asked = {"version": 1, "scenes": [scenes], "methods": methods, "models": ["auto"], "seeds": 9, "steps": None}
        (folder / PLAN_FILE).write_text(json.dumps(asked | plan))

    def add(
        self,
        row: str,
        item: str,
        scores: dict[str, dict[str, Any]],
        *,
        noise: int = 0,
        kind: str | None = "one",
        model: str = "toy",
        shape: tuple[int, int, int] = (4, 24, 32),
        features: np.ndarray | None = None,
        settings: dict[str, Any] | None = None,
        seconds: float = 2.0,
        record: dict[str, Any] | None = None,
    ) -> Path:
        """One finished job; returns its folder. `record`: further fields of result.json."""
        key = f"{len(list((self.folder / 'jobs').iterdir())):024d}"
        place = self.folder / "jobs" / key
        place.mkdir()
        frames = painted(int(key) * 7, shape)
        write_video(frames, place / CLIP)
        if features is not None:
            np.savez(place / FEATURES, allow_pickle=False, **{"sprites-perceptual": features})
        machine = {"processor": "abacus", "device": "cpu", "threads": 1}
        (place / COST).write_text(json.dumps({"seconds": seconds, "peak_memory": 3_000_000_000, "machine": machine}))
        job = {"key": key, "dataset": self.scenes, "item": item, "row": row, "model": model}
        seed = sum(map(ord, item)) + noise * 1_000_000
        result = {
            "format": FORMAT,
            "job": job | {"seed": seed, "noise": noise},
            "kind": kind,
            "frames_sha256": f"{self.folder.name} {key}",
            "files": {path.name: path.stat().st_size for path in sorted(place.iterdir()) if path.name != COST},
            "settings": {"steps": 4, "dtype": "float32", "device": "cpu", "call": {}, "knobs": {}} | (settings or {}),
            "scores": scores,
        }
        (place / RESULT).write_text(json.dumps(result | (record or {})))
        return place

    def list_jobs(self, *others: dict[str, Any]) -> None:
        """The list of jobs: those that are there (with a whole record), and `others`, given by what differs."""
        plain = {"dataset": self.scenes, "item": "a", "row": "none", "model": "toy", "seed": 0, "noise": 0}
        there = [json.loads(path.read_text())["job"] for path in sorted(self.folder.glob(f"jobs/*/{RESULT}"))]
        plan = json.loads((self.folder / PLAN_FILE).read_text())
        listed = {"plan": plan, "jobs": [*there, *(plain | other for other in others)]}
        (self.folder / JOBS_FILE).write_text(json.dumps(listed))

    def fail(self, key: str, error: str) -> None:
        """A failed job."""
        (self.folder / "failed" / f"{key}.json").write_text(json.dumps({"job": key, "error": error}))


def looked(wanted: Any, seen: Any, found: Any = None, visible: Any = None, observer: str = "owl") -> dict[str, Any]:
    """Fields of a record: boxes (subjects, frames, 4), flags (subjects, frames); None: everywhere."""
    wanted, seen = np.asarray(wanted, float), np.asarray(seen, float)
    everywhere = np.ones(wanted.shape[:2], bool)
    sure, asked = (everywhere if flags is None else np.asarray(flags, bool) for flags in (found, visible))
    return {
        "prompt": "a cat",
        "wanted": [
            {"name": f"{n}", "phrase": "cat", "boxes": boxes.tolist(), "visible": flags.tolist()}
            for n, (boxes, flags) in enumerate(zip(wanted, asked, strict=True))
        ],
        "seen": {
            observer: [
                {"boxes": boxes.tolist(), "found": flags.tolist()} for boxes, flags in zip(seen, sure, strict=True)
            ]
        },
    }


def errors(*values: float | None) -> dict[str, dict[str, Any]]:
    """Scores with a path error for each subject."""
    return {"template": {"path error": list(values), "found": [1.0] * len(values)}}
