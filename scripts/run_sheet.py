"""A sheet of clips of a benchmark run: a line for each scene, five frames for each row, wanted boxes drawn.

    python -m scripts.run_sheet out/results/wan-picture:15 sheet.jpg none sg-i2v time-to-move
    python -m scripts.run_sheet out/results/wan-text text.jpg none peekaboo ivg-da trailblazer

`RUN:15` shows the first 15 scenes, RUN alone all of them; a row that has no clip of a scene leaves its place black.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hitmark.console import readable_errors
from hitmark.drawing.colors import PALETTE
from hitmark.errors import HitmarkError
from hitmark.media.video import read_video
from hitmark.report.clip_record import Clip
from hitmark.report.run_record import read_run

SHOWN, SIDE, GAP = 5, 96, 6


def main() -> None:
    """Write the sheet."""
    if len(sys.argv) < 4:
        raise HitmarkError(f"expected a run, a picture to write and rows, got {len(sys.argv) - 1} arguments")
    run, output, *rows = sys.argv[1:]
    folder, first = named(run)
    clips = read_run(folder).clips
    unknown = set(rows) - {clip.row.method for clip in clips}
    if unknown:
        raise HitmarkError(f"rows: the run has no {', '.join(sorted(unknown))}")
    of_place = {(clip.place, clip.row.method): clip for clip in clips}
    places = sorted({clip.place for clip in clips}, key=str)[:first]
    lines = [line([of_place.get((place, row)) for row in rows]) for place in places]
    Image.fromarray(np.concatenate(lines)).save(output, quality=78)


def named(run: str) -> tuple[Path, int | None]:
    """The folder of a run and the number of scenes to show; None: all."""
    folder, _, count = run.rpartition(":")
    return (Path(folder), int(count)) if folder and count.isdecimal() else (Path(run), None)


def line(clips: list[Clip | None]) -> np.ndarray:
    """Strips of clips of one scene beside each other, a white gap after each: uint8 (SIDE, width, 3)."""
    parts = []
    for clip in clips:
        parts.append(np.zeros((SIDE, SHOWN * SIDE, 3), np.uint8) if clip is None else strip(clip))
        parts.append(np.full((SIDE, GAP, 3), 255, np.uint8))
    return np.concatenate(parts, axis=1)


def strip(clip: Clip) -> np.ndarray:
    """Frames of a clip from the first to the last: uint8 (SIDE, SHOWN * SIDE, 3)."""
    frames, _ = read_video(clip.folder / "clip.mkv")
    pictures = []
    for number in np.linspace(0, len(frames) - 1, SHOWN).round().astype(int):
        picture = Image.fromarray(frames[number]).resize((SIDE, SIDE))
        for thing, color in zip(clip.wanted or (), itertools.cycle(PALETTE), strict=False):
            ImageDraw.Draw(picture).rectangle((thing.boxes[number] * SIDE).tolist(), outline=color)
        pictures.append(np.asarray(picture))
    return np.concatenate(pictures, axis=1)


if __name__ == "__main__":
    with readable_errors():
        main()
