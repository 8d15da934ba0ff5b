"""What a finished job leaves behind: the files of `hitmark generate`, a GIF, first and last frame, and the scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hitmark.files import write_text, written_whole
from hitmark.studio.job import RESULT, Result

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.draw import Found
    from hitmark.generate import Result as Clip
    from hitmark.outputs import Outputs


def save(clip: Clip, outputs: Outputs, card: ModelCard) -> Result:
    """Write everything into the folder of `outputs.video`; result.json last, as the sign that all is whole.

    Raises:
        OutputError: the disk refuses.
    """
    from PIL import Image

    from hitmark.model_choice import model_folder
    from hitmark.observers.positions import find_positions
    from hitmark.video import write_video

    found = find_positions(clip)
    record = outputs.save(clip, found, model_folder(card))
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
        scores=scores(clip, found) or None,
        found={name: _places(places) for name, places in found.items()} or None,
    )
    write_text(outputs.video.with_name(RESULT), result.model_dump_json() + "\n")
    return result


def scores(clip: Clip, found: Found) -> dict[str, dict[str, float | None]]:
    """For each followed subject how far it was from its path: `path error px`, `found share`, `overlap`.

    Of one that was found in no frame there is no error, since the distances would be of nothing (None).

    Overlap is the mean over wanted frames 2..F of what the wanted box shares with a box of its size at the found place
    (intersection over union); a frame in which it was not found counts 0.
    """
    from hitmark.metrics.boxes import frame_overlaps
    from hitmark.metrics.tracks import object_motion_control_error

    height, width = clip.frames.shape[1:3]
    size = np.array([width, height])
    told = {}
    for track in clip.tracks:
        if track.name not in found:
            continue
        boxes = track.boxes * np.tile(size, 2)
        places, wanted = found[track.name], (boxes[:, :2] + boxes[:, 2:]) / 2
        present = np.asarray(np.isfinite(places).all(axis=1))
        error = object_motion_control_error(
            wanted, np.nan_to_num(places), (width, height), visible=track.visible, present=present
        )
        counted = track.visible & (np.arange(len(boxes)) > 0)
        seen = boxes + np.tile(np.nan_to_num(places) - wanted, 2)
        overlaps = frame_overlaps(boxes, seen, present)
        told[track.name] = {
            "path error px": _number(error.pixels) if error.found_share > 0 else None,
            "found share": _number(error.found_share),
            "overlap": _number(float(overlaps[counted].mean())) if counted.any() else None,
        }
    return told


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _places(places: np.ndarray) -> list[tuple[float, float] | None]:
    return [(round(float(x), 2), round(float(y), 2)) if math.isfinite(x + y) else None for x, y in places]
