"""Pictures from outside: is what lies in each box moved along its path? Judged by a template of the first frame.

    python -m hitmark.bench.pictures FOLDER [FOLDER ...] -o out/pictures

FOLDER: an SG-I2V example (`img.png` and `traj.npy`) or any other scene with a picture. The picture is resized to
`--width` x `--height`, clips are made without control and with SG-I2V on the same seeds, and the distance between
wanted and found place (`hitmark.observers.template`, ObjMC) is printed for both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from hitmark.console import readable_errors
from hitmark.errors import HitmarkError

SMALLEST = 4
"""Pixels."""


def box_errors(frames: np.ndarray, tracks: list[Any]) -> list[float]:
    """ObjMC of every track's box in pixels of this clip, followed from the first frame by its looks.

    NaN for a box of less than SMALLEST pixels a side: there is nothing to follow.
    """
    from hitmark.metrics.tracks import object_motion_control_error
    from hitmark.observers.template import track_template

    height, width = frames.shape[1:3]
    errors = []
    for track in tracks:
        sides = (track.boxes[0, 2:] - track.boxes[0, :2]) * np.array([width, height])
        if sides.min() < SMALLEST:
            errors.append(float("nan"))
            continue
        seen = track_template(frames, track.boxes[0])
        wanted = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2 * np.array([width, height])
        inside = ((wanted >= 0) & (wanted <= np.array([width, height]))).all(axis=1)
        error = object_motion_control_error(wanted, seen.centers, (width, height), visible=track.visible & inside)
        errors.append(error.pixels)
    return errors


def moves(track: Any) -> float:
    """Longest displacement of a track's center from its start, as a fraction of the picture."""
    centers = (track.boxes[:, :2] + track.boxes[:, 2:]) / 2
    return float(np.linalg.norm(centers - centers[0], axis=1).max())


def main(
    folders: Annotated[list[Path], typer.Argument(help="Scenes with pictures.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Sheets of the clips go here.")] = Path("out/pictures"),
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-i2v",
    width: Annotated[int | None, typer.Option(help="Default: the model's.")] = None,
    height: Annotated[int | None, typer.Option(help="Default: the model's.")] = None,
    seeds: Annotated[int, typer.Option(help="Clips per picture and method.")] = 2,
) -> None:
    """Prints one line per picture and the ratio over all."""
    from hitmark.backbones.loading import load_pipeline
    from hitmark.drawing.pictures import contact_sheet
    from hitmark.run.first_picture import first_picture
    from hitmark.run.generate import generate
    from hitmark.scene import formats
    from hitmark.scene.schema import MethodChoice

    if seeds < 1:
        raise HitmarkError(f"seeds: expected at least 1, got {seeds}")
    pipeline = load_pipeline(model, dtype="float32", device="cpu")
    output.mkdir(parents=True, exist_ok=True)
    totals: dict[str, list[float]] = {"none": [], "sg-i2v": []}
    typer.echo("| picture | boxes (moving) | no control px | SG-I2V px | ratio |\n|---|---|---|---|---|")
    for folder in folders:
        scene = formats.read(folder).replace(model=model, width=width, height=height, frames=None)
        picture = first_picture(scene, None, formats.base_folder(folder))
        means: dict[str, float] = {}
        for method in totals:
            errors = []
            for seed in range(seeds):
                chosen = scene.replace(method=MethodChoice(name=method), seed=seed)
                result = generate(chosen, picture, pipeline)
                errors += box_errors(result.frames, result.tracks)
                contact_sheet(result.frames, result.tracks).save(output / f"{folder.name}-{method}-{seed}.png")
            means[method] = float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan")
            totals[method] += errors
        moving = sum(moves(track) > 0.05 for track in result.tracks)
        ratio = means["sg-i2v"] / means["none"]
        figures = f"{means['none']:.2f} | {means['sg-i2v']:.2f} | {ratio:.2f}"
        typer.echo(f"| {folder.name} | {len(result.tracks)} ({moving}) | {figures} |")
    none, controlled = (float(np.nanmean(totals[method])) for method in ("none", "sg-i2v"))
    typer.echo(f"| all boxes | {len(totals['none'])} | {none:.2f} | {controlled:.2f} | {controlled / none:.2f} |")


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
