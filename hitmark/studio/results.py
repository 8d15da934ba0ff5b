"""What a finished job leaves behind: the files of `hitmark generate`, a GIF, first and last frame, and the scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hitmark.files import write_text, written_whole
from hitmark.studio.job import RESULT, Result

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.observers.positions import Look
    from hitmark.run.outputs import Outputs
    from hitmark.run.result import Result as Clip


def save(clip: Clip, outputs: Outputs, card: ModelCard) -> Result:
    """Write everything into the folder of `outputs.video`; result.json last, as the sign that all is whole.

    Raises:
        OutputError: the disk refuses.
    """
    from PIL import Image

    from hitmark.media.video import write_video
    from hitmark.observers.positions import look
    from hitmark.run.illustrate import illustrate
    from hitmark.run.model_choice import model_folder

    record = outputs.save(clip, model_folder(card))
    seen = look(clip)
    illustrate(outputs, clip, seen.sure)
    write_video(clip.frames, outputs.video.with_suffix(".gif"), clip.scene.fps)
    for name, frame in (("first.png", clip.frames[0]), ("last.png", clip.frames[-1])):
        with written_whole(outputs.video.with_name(name)) as temporary:
            Image.fromarray(frame).save(temporary, "PNG")
    frames, height, width, _ = clip.frames.shape
    result = Result(
        frames=frames,
        width=width,
        height=height,
        fps=clip.scene.fps,
        seconds=record.output.seconds,
        peak_memory=record.output.peak_memory,
        frames_sha256=record.output.frames_sha256,
        scores=scores(clip, seen) or None,
        found={name: _places(places) for name, places in seen.sure.items()} or None,
        observers={name: each.observer for name, each in seen.sightings.items()} or None,
    )
    write_text(outputs.video.with_name(RESULT), result.model_dump_json() + "\n")
    return result


def scores(clip: Clip, seen: Look) -> dict[str, dict[str, float | None]]:
    """For each subject that an observer looked for: `path error px`, `guess px`, `found share`, `overlap`.

    The path error is the mean distance where it was found; of one that was found in no frame there is none (None). The
    guess is the observer's best guess over all frames, sure or not.

    Overlap is the mean over wanted frames 2..F of what the wanted box shares with a box of its size at the found place
    (intersection over union); a frame in which it was not found counts 0.
    """
    from hitmark.metrics.boxes import frame_overlaps
    from hitmark.metrics.followed import followed

    height, width = clip.frames.shape[1:3]
    told = {}
    for track in clip.tracks:
        if track.name not in seen.sightings:
            continue
        sighting = seen.sightings[track.name]
        figures = followed(track.boxes, track.visible, sighting.centers, sighting.found, (width, height))
        boxes = track.boxes * np.array([width, height] * 2)
        wanted = (boxes[:, :2] + boxes[:, 2:]) / 2
        counted = track.visible & (np.arange(len(boxes)) > 0)
        overlaps = frame_overlaps(boxes, boxes + np.tile(sighting.centers - wanted, 2), sighting.found)
        told[track.name] = {
            "path error px": _number(figures.pixels),
            "guess px": _number(figures.guess),
            "found share": _number(figures.found_share),
            "overlap": _number(float(overlaps[counted].mean())) if counted.any() else None,
        }
    return told


def _number(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _places(places: np.ndarray) -> list[tuple[float, float] | None]:
    return [(round(float(x), 2), round(float(y), 2)) if math.isfinite(x + y) else None for x, y in places]
