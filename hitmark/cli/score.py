"""`hitmark score`: a clip made by any tool, measured against a scene."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hitmark.cli.flags import FlagError
from hitmark.cli.reading import Axes, Canvas, PointSize, Reading, Record, Units

if TYPE_CHECKING:
    from hitmark.bench.score_video import ScoredVideo

EXAMPLES = """\b
Examples:
  hitmark score clip.mp4 scene.json
  hitmark score clip.mp4 examples/107 --observer template --frames stretch
  hitmark score clip.mkv scene.json --json
"""


def score(
    video: Annotated[
        Path, typer.Argument(metavar="VIDEO", help="The clip, of any format that FFmpeg knows, or a folder of frames.")
    ],
    scene: Annotated[str, typer.Argument(metavar="SCENE", help="Any format that `hitmark convert` reads.")],
    *,
    observers: Annotated[
        list[str] | None,
        typer.Option("--observer", help="frames, template or sprites; repeatable. Default: what fits the scene."),
    ] = None,
    frames: Annotated[
        Literal["exact", "stretch", "first"],
        typer.Option(
            help="exact: the clip has as many as the scene says; stretch: spread the paths over the clip; "
            "first: score the first ones, as many as the scene says."
        ),
    ] = "exact",
    image: Annotated[Path | None, typer.Option(help="First picture. Default: the scene's.")] = None,
    fps: Annotated[float | None, typer.Option(help="Frames a second, for a folder of frames. Default: 7.")] = None,
    canvas: Canvas = None,
    units: Units = None,
    axes: Axes = None,
    record: Record = None,
    point_size: PointSize = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Score a clip that any tool has made: whether things are where they were wanted, and what was kept.

    Nothing is resampled; boxes are fractions of the picture and fit any size. Figures are those of `hitmark bench`.
    """
    from hitmark.bench.score_video import score_video

    if video.suffix.lower() == ".json":
        raise FlagError(f"VIDEO: expected a video, got {video}; the order is hitmark score VIDEO SCENE")
    reading = Reading(canvas, units, axes, record, point_size)
    found = score_video(
        video, scene, observers=observers or ["auto"], policy=frames, image=image, fps=fps, reading=reading.options()
    )
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2, allow_nan=False))
        return
    count, height, width = found.shape
    typer.echo(f"{video}: {count} frames of {width}x{height}\n")
    known = any(figures for name, figures in found.figures.items() if name != "frames")
    typer.echo(_table(found) if any(found.figures.values()) else "nothing could be measured")
    if not known and list(found.figures) != ["frames"]:
        typer.echo("note: no observer can say where the subjects are; the notes below say why", err=True)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)


def _table(found: ScoredVideo) -> str:
    """One line for each figure: its mean over the subjects, and each subject's where there are several."""
    from hitmark.report.figures import Figure
    from hitmark.report.numbers import number

    several = len(found.subjects) > 1
    rows = [["observer", "figure", "mean", *(found.subjects if several else []), "better", "unit"]]
    for observer, figures in found.figures.items():
        for name, value in figures.items():
            values = value if isinstance(value, list) else [value]
            known = [each for each in values if each is not None]
            mean = number(sum(known) / len(known) if known else math.nan)
            own = [number(each) for each in values] if isinstance(value, list) else [""] * len(found.subjects)
            card = Figure(observer, name).card
            rows.append([observer, name, mean, *(own if several else []), card.better or "", card.unit])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
