"""`hitmark inspect`: what a method does inside the model, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hitmark.cli.flags import parse_pairs
from hitmark.cli.generate_options import (
    Boxes,
    BoxFormat,
    Call,
    Device,
    Dtype,
    FirstPicture,
    Force,
    Frames,
    Height,
    Knobs,
    Method,
    Model,
    NegativePrompt,
    Paths,
    Prompt,
    SceneArgument,
    Seed,
    Smooth,
    Steps,
    Subjects,
    Width,
)
from hitmark.cli.progress import silence_libraries, step_bar
from hitmark.cli.reading import Axes, Canvas, PointSize, Reading, Record, Units
from hitmark.cli.source import Flags, Target, read_request

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if it is not there.")]

At = Annotated[
    float, typer.Option(help="Share of the steps after which features are looked at, 0 to 1.", min=0.0, max=1.0)
]

FRAMES = "frames.png"

EXAMPLES = """\b
Examples:
  hitmark inspect scene.json --method ivg-da -o out/inspect
  hitmark inspect --image photo.png --box 0.1,0.5,0.3,0.8 --path 0.8,0.6 --model svd --method none --at 0.25
  hitmark inspect --prompt "a red car on a road" --subject "red car" --box 0.1,0.5,0.4,0.8 --path "0.5,0.5 0.8,0.6"
"""


def inspect(
    scene: SceneArgument = None,
    *,
    output: Output = Path("out/inspect"),
    image: FirstPicture = None,
    at: At = 0.25,
    model: Model = None,
    method: Method = None,
    seed: Seed = None,
    steps: Steps = None,
    frames: Frames = None,
    width: Width = None,
    height: Height = None,
    dtype: Dtype = None,
    device: Device = None,
    call: Call = None,
    knobs: Knobs = None,
    prompt: Prompt = None,
    negative_prompt: NegativePrompt = None,
    subjects: Subjects = None,
    boxes: Boxes = None,
    paths: Paths = None,
    smooth: Smooth = False,
    box_format: BoxFormat = "xyxy",
    canvas: Canvas = None,
    units: Units = None,
    axes: Axes = None,
    record: Record = None,
    point_size: PointSize = None,
    force: Force = False,
) -> None:
    """Draw what a method does inside the model: features, masks on each token grid, attention to words, the shift.

    Writes to the folder: features.png (principal components of what a block gives, of its self-attention, and of that
    with the first frame's keys and values, frame by frame, as in SG-I2V's Figure 2) and frames.png; and for a model
    that makes clips from text, and looks at it in layers of their own, also masks.png, attention.png (where the words
    of the subjects are looked at, by step), gap.png (how far attention and clean estimates agree with the boxes) and
    shift.png (what the edited layers give, against the unedited ones; for methods that edit attention).
    """
    from hitmark.drawing.pictures import contact_sheet
    from hitmark.files import written_whole
    from hitmark.inspection.run import FIGURES, inspect_scene, save_inspection

    flags = Flags(prompt, subjects or [], boxes or [], paths or [], smooth, box_format)
    target = Target(model, width, height, Reading(canvas, units, axes, record, point_size))
    request = read_request(scene, image, flags, target).with_options(
        model=model,
        method=method,
        seed=seed,
        steps=steps,
        dtype=dtype,
        device=device,
        frames=frames,
        width=width,
        height=height,
        prompt=prompt,
        negative_prompt=negative_prompt,
        call=parse_pairs(call or [], "--call"),
        knobs=parse_pairs(knobs or [], "--set"),
    )
    _check_output(output, force=force)
    silence_libraries()
    with step_bar("inspect") as on_step:
        settings = {"steps": request.steps, "dtype": request.dtype, "device": request.device, "call": request.call}
        seen = inspect_scene(request.scene, None, on_step, image=image, at=at, folder=request.folder, **settings)
    written = save_inspection(seen, output, seen.result.scene.method.name)
    with written_whole(output / FRAMES) as temporary:
        contact_sheet(seen.result.frames, seen.result.tracks).save(temporary)
    for figure in FIGURES:
        if output / f"{figure}.png" not in written:  # a method without an edit of attention writes no shift.png
            (output / f"{figure}.png").unlink(missing_ok=True)
    for path in [*written, output / FRAMES]:
        typer.echo(f"wrote {path}")


def _check_output(folder: Path, *, force: bool) -> None:
    """Raise OutputError, before the long computation, unless the figures can be written there."""
    from hitmark.files import OutputError, ensure_writable, output_error
    from hitmark.inspection.run import FIGURES

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    earlier = [name for name in (*(f"{figure}.png" for figure in FIGURES), FRAMES) if (folder / name).exists()]
    if earlier and not force:
        raise OutputError(f"{folder / earlier[0]} exists already; choose another folder, or overwrite it with --force")
    ensure_writable(folder / FRAMES)
