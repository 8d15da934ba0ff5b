"""`hitmark reference`: the crude video that Time-to-Move starts from, as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hitmark.cli.flags import parse_cutouts
from hitmark.cli.generate_options import Cutouts
from hitmark.cli.reading import Axes, Canvas, PointSize, Reading, Record, Units
from hitmark.cli.source import Flags, Target, read_request

EXAMPLES = """\b
Examples:
  hitmark reference scene.json -o crude
  hitmark reference examples/107 -o crude --model svd --frames 21
  hitmark reference scene.json -o crude --cutout cat=cat_mask.png
  hitmark generate scene.json --method time-to-move --reference crude
"""


def reference(
    scene: Annotated[str, typer.Argument(metavar="SCENE", help="Any format that `hitmark convert` reads.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if there is none.")],
    image: Annotated[Path | None, typer.Option(help="First picture. Default: the scene's.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose size and number of frames is used.")] = None,
    frames: Annotated[
        int | None, typer.Option(help="Number of frames. Default: the scene's, else the model's.")
    ] = None,
    width: Annotated[int | None, typer.Option(help="Pixels. Default: the scene's, else the model's.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels. Default: the scene's, else the model's.")] = None,
    cutouts: Cutouts = None,
    lossless: Annotated[
        bool, typer.Option("--lossless", help="Write .mkv that reads back exactly; other tools look for .mp4.")
    ] = False,
    canvas: Canvas = None,
    units: Units = None,
    axes: Axes = None,
    record: Record = None,
    point_size: PointSize = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier one.")] = False,
) -> None:
    """Cut what is in the boxes out of the first picture and drag it along: a crude video, and a mask of what is meant.

    Writes first_frame.png, motion_signal.mp4, mask.mp4 and prompt.txt, the layout of Time-to-Move's own tools.
    """
    from hitmark.reference import reference_of, write_reference
    from hitmark.reference.cutouts import read_cutouts
    from hitmark.run.first_picture import load_first_picture
    from hitmark.run.plan import plan
    from hitmark.run.prepare import with_picture

    target = Target(model, width, height, Reading(canvas, units, axes, record, point_size))
    request = read_request(scene, image, Flags(None, [], [], [], False), target).with_options(
        model=model, frames=frames, width=width, height=height, method="none"
    )
    planned = plan(request.scene, picture=True)
    first = load_first_picture(planned.scene, image, request.folder)
    planned, picture = with_picture(planned, first)
    wanted = planned.scene
    for note in planned.notes:
        typer.echo(f"note: {note}", err=True)
    cut = read_cutouts(parse_cutouts(cutouts or []), first.image.size, picture.size)
    signal = reference_of(wanted, picture, planned.shape, cut)
    paths = write_reference(signal, output, picture, wanted.prompt, fps=wanted.fps, lossless=lossless, overwrite=force)
    count, high, wide = signal.mask.shape
    typer.echo(f"wrote {', '.join(str(path) for path in paths)}: {count} frames of {wide}x{high}")
