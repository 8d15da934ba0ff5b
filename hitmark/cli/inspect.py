"""`hitmark inspect`: what a method does inside the model, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hitmark.cli.flags import parse_pairs
from hitmark.cli.generate import (
    Boxes,
    Device,
    Dtype,
    Knobs,
    Method,
    Model,
    Paths,
    Prompt,
    SceneArgument,
    Seed,
    Smooth,
    Steps,
    Subjects,
)
from hitmark.cli.progress import silence_libraries, step_bar
from hitmark.cli.request import Flags, Target, read_request

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if it is not there.")]

EXAMPLES = """\b
Examples:
  hitmark inspect scene.json --method ivg-da -o out/inspect
  hitmark inspect --prompt "a red car on a road" --subject "red car" --box 0.1,0.5,0.4,0.8 --path "0.5,0.5 0.8,0.6"
"""


def inspect(
    scene: SceneArgument = None,
    *,
    output: Output = Path("out/inspect"),
    model: Model = None,
    method: Method = None,
    seed: Seed = None,
    steps: Steps = None,
    dtype: Dtype = None,
    device: Device = None,
    knobs: Knobs = None,
    prompt: Prompt = None,
    subjects: Subjects = None,
    boxes: Boxes = None,
    paths: Paths = None,
    smooth: Smooth = False,
) -> None:
    """Draw what a text-to-video method does: masks on each token grid, attention to the subjects' words, the shift.

    Writes to the folder: masks.png, attention.png (where the words of the subjects are looked at, by step), gap.png
    (how far attention and clean estimates agree with the boxes), shift.png (what the edited layers give, against the
    unedited ones; for methods that edit attention) and frames.png.
    """
    from hitmark.draw import contact_sheet
    from hitmark.files import ensure_writable, output_error
    from hitmark.inspection.run import inspect_scene, save_inspection

    flags = Flags(prompt, subjects or [], boxes or [], paths or [], smooth)
    request = read_request(scene, None, flags, Target(model)).with_options(
        model=model,
        method=method,
        seed=seed,
        steps=steps,
        dtype=dtype,
        device=device,
        prompt=prompt,
        knobs=parse_pairs(knobs or [], "--set"),
    )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(output, error) from error
    ensure_writable(output / "masks.png")
    silence_libraries()
    with step_bar("inspect") as on_step:
        seen = inspect_scene(
            request.scene, None, on_step, steps=request.steps, dtype=request.dtype, device=request.device
        )
    try:
        paths_written = save_inspection(seen, output, seen.result.scene.method.name)
        contact_sheet(seen.result.frames, seen.result.tracks).save(output / "frames.png")
    except OSError as error:
        raise output_error(output, error) from error
    for path in [*paths_written, output / "frames.png"]:
        typer.echo(f"wrote {path}")
