"""What is written of a finished job beside its clip: result.json and cost.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.bench.clip_scores import FinishedClip, Scores
from hitmark.bench.job_list import FIELDS, ListedJob
from hitmark.bench.store import COST, FORMAT

if TYPE_CHECKING:
    from hitmark.run.result import Result
    from hitmark.scene.tracks import Track


def finished(result: Result) -> FinishedClip:
    """The clip as scorers take it, its first picture at the size of its frames."""
    subjects = tuple(track for track in result.tracks if track.kind == "subject")
    picture = None
    if result.picture is not None:
        height, width = result.frames.shape[1:3]
        picture = np.asarray(result.picture.resize((width, height)))
    return FinishedClip(result.frames, subjects, picture, result.scene.prompt)


def result_of(
    job: ListedJob, kind: str | None, result: Result, scores: dict[str, Scores], folder: Path
) -> dict[str, Any]:
    """What is the same whenever and wherever the job runs on one kind of machine; `kind` of its scene."""
    from hitmark.run.record import frames_sha256

    made: dict[str, Any] = {
        "format": FORMAT,
        "job": {name: getattr(job, name) for name in FIELDS},
        "kind": kind,
        "frames_sha256": frames_sha256(result.frames),
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.name != COST},
        "settings": result.settings.model_dump(mode="json"),
        "prompt": result.scene.prompt,
        "wanted": [_wanted(track) for track in result.tracks if track.kind == "subject"],
        "scores": {name: each.figures for name, each in scores.items()},
        "seen": {name: each.seen for name, each in scores.items() if each.seen},
    }
    not_finite = {name: list(each.not_finite) for name, each in scores.items() if each.not_finite}
    return made | ({"not_finite": not_finite} if not_finite else {})


def _wanted(track: Track) -> dict[str, Any]:
    """A subject's boxes for the clip's frames, normalized."""
    boxes, visible = np.asarray(track.boxes, dtype=float), np.asarray(track.visible, dtype=bool)
    return {"name": track.name, "phrase": track.phrase, "boxes": boxes.tolist(), "visible": visible.tolist()}


def cost_of(result: Result) -> dict[str, Any]:
    """What differs from run to run."""
    import torch

    from hitmark.run.record import package_versions, this_machine

    machine = this_machine(torch.get_num_threads(), result.settings.device)
    return {
        "seconds": result.seconds,
        "peak_memory": result.peak_memory,
        "machine": machine.model_dump(mode="json"),
        "packages": package_versions(),
    }


def as_json(value: dict[str, Any]) -> str:
    """The text of a file of a finished job. Raises ValueError for a number that is not finite."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
