"""`hitmark generate`: a scene in, a video out."""

from __future__ import annotations

import secrets
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hitmark.cli import generate_options as options
from hitmark.cli.crude import crude_reference
from hitmark.cli.dry_run import NO_LIMITS, Limits, fitted, show_plan, tell_time
from hitmark.cli.flags import parse_cutouts, parse_pairs
from hitmark.cli.found import sentences
from hitmark.cli.progress import silence_libraries, step_bar
from hitmark.cli.reading import Axes, Canvas, PointSize, Reading, Record, Units
from hitmark.cli.request import Request
from hitmark.cli.source import Flags, Target, read_request
from hitmark.cli.told import tell
from hitmark.errors import HitmarkWarning

if TYPE_CHECKING:
    from PIL.Image import Image

    from hitmark.reference.signal import MotionSignal
    from hitmark.run.outputs import Outputs
    from hitmark.run.plan import Plan
    from hitmark.run.result import Result

EXAMPLES = """\b
Examples:
  hitmark generate --image photo.jpg --box 0.1,0.5,0.3,0.8 --path "0.5,0.5 0.8,0.6" -o out/car.mp4
  hitmark generate scene.json -o out/clip.mp4 --seed 3 --set iterations=8
  hitmark generate examples/107 --model svd --dtype float16
  hitmark generate --prompt "a red car on a road" --subject "red car" --box 0,0.3,0.4,0.7 --path "0.8,0.5"
  hitmark generate --prompt "a red car on a road" --subject "red car" --box 0,0.3,0.4,0.7 --path "0.8,0.5" \
    --model zeroscope --method peekaboo
  hitmark generate out/clip.json -o again.mp4
"""


def generate(
    scene: options.SceneArgument = None,
    *,
    output: options.Output = None,
    model: options.Model = None,
    method: options.Method = None,
    seed: options.Seed = None,
    steps: options.Steps = None,
    frames: options.Frames = None,
    width: options.Width = None,
    height: options.Height = None,
    dtype: options.Dtype = None,
    device: options.Device = None,
    knobs: options.Knobs = None,
    preset: options.Preset = None,
    call: options.Call = None,
    prompt: options.Prompt = None,
    negative_prompt: options.NegativePrompt = None,
    subjects: options.Subjects = None,
    image: options.FirstPicture = None,
    boxes: options.Boxes = None,
    paths: options.Paths = None,
    smooth: options.Smooth = False,
    box_format: options.BoxFormat = "xyxy",
    fit: options.Fit = None,
    background: options.Background = None,
    canvas: Canvas = None,
    units: Units = None,
    axes: Axes = None,
    record: Record = None,
    point_size: PointSize = None,
    reference: options.Reference = None,
    mask: options.Mask = None,
    cutouts: options.Cutouts = None,
    memory: options.Memory = None,
    time: options.Time = None,
    vae_tiling: options.VaeTiling = False,
    dry_run: options.DryRun = False,
    save_latents: options.SaveLatents = None,
    force: options.Force = False,
) -> None:
    """Make the video of a scene: what is in the boxes follows their paths.

    Beside the video: OUT.plan.png (boxes and paths on the first picture), OUT.sheet.png (all frames), OUT.image.png
    (the first picture) and OUT.json, the run record; `hitmark generate OUT.json` makes the same video again.
    """
    from hitmark.run.outputs import Outputs

    target = Target(model, width, height, Reading(canvas, units, axes, record, point_size))
    flags = Flags(prompt, subjects or [], boxes or [], paths or [], smooth, box_format, reference is not None)
    request = read_request(scene, image, flags, target).with_options(
        prompt=prompt,
        negative_prompt=negative_prompt,
        fit=fit,
        background=background,
        model=model,
        method=method,
        seed=_drawn(seed),
        steps=steps,
        frames=frames,
        width=width,
        height=height,
        dtype=dtype,
        device=device,
        knobs=parse_pairs(knobs or [], "--set"),
        preset=preset,
        call=parse_pairs(call or [], "--call"),
        reference=reference,
        mask=mask,
        cutouts=parse_cutouts(cutouts or []),
        vae_tiling=vae_tiling or None,
    )
    if dry_run:
        planned, picture = checked(request)
        show_plan(request, planned, picture, Limits(memory, time), notes(planned))
        return
    outputs = Outputs(output or _default_output(scene, request), save_latents)
    run(request, outputs, force=force, limits=Limits(memory, time))


def _drawn(seed: int | None) -> int | None:
    """The seed, or one that is drawn and printed for -1."""
    if seed != -1:
        return seed
    drawn = secrets.randbelow(2**31)
    typer.echo(f"seed: {drawn} (drawn; --seed {drawn} gives the same noise)", err=True)
    return drawn


def run(request: Request, outputs: Outputs, *, force: bool, limits: Limits = NO_LIMITS) -> None:
    """Check everything that can be checked, load the model, generate, write, tell."""
    from hitmark.observers.positions import look
    from hitmark.run.illustrate import illustrate
    from hitmark.run.illustrate import planned as planned_picture
    from hitmark.run.model_choice import model_folder
    from hitmark.run.rehearsal import check_room

    planned, picture = checked(request)
    outputs = replace(outputs, from_picture=picture is not None).beside(request.inputs)
    silence_libraries()
    estimate = None
    if limits != NO_LIMITS:
        found = fitted(request, planned, picture, limits.memory)
        planned, estimate = found.planned, found.estimate
        if limits.time is not None:
            tell_time(request, planned, estimate, limits.time)
    check_room(planned, picture, request.dtype, request.device, estimate=estimate)
    crude, recorded = crude_reference(request, planned, picture)
    for note in crude.notes if crude is not None else ():
        typer.echo(f"note: {note}", err=True)
    with outputs.claimed():
        outputs.check(request.files, overwrite=force, shape=planned.shape)
        for note in notes(planned):
            typer.echo(f"note: {note}", err=True)
        typer.echo(planned.method, err=True)
        with planned_picture(outputs, planned.tracks, (planned.width, planned.height), picture) as problems:
            typer.echo(f"plan: {outputs.plan}", err=True)
            result = _make(request, planned, picture, crude)
            typer.echo(f"writing {outputs.video} ...", err=True)
            record = outputs.save(result, model_folder(planned.card), recorded)
        seen = look(result)
        problems += illustrate(outputs, result, seen.sure, plan=bool(problems))
    tell(request, outputs, result, record)
    for sentence in sentences(result, seen):
        typer.echo(sentence)
    for problem in problems:
        typer.echo(f"warning: {problem}", err=True)


def checked(request: Request) -> tuple[Plan, Image | None]:
    """As `prepared`, and whether the plan can be carried out here."""
    from hitmark.backbones.loading import check_placement
    from hitmark.run.fit import check_fit

    planned, picture = prepared(request)
    check_placement(request.dtype, request.device)
    check_fit(planned, request.device)
    return planned, picture


def prepared(request: Request) -> tuple[Plan, Image | None]:
    """The plan of a request, and its first picture in the shape of the clip."""
    from hitmark.media.images import parse_color
    from hitmark.run.model_choice import card_for
    from hitmark.run.prepare import prepare

    request.refuse_unused(card_for(request.scene, picture=request.image is not None))
    return prepare(
        request.scene,
        request.image,
        request.folder,
        steps=request.steps,
        call=request.call,
        background=parse_color(request.background),
        vae_tiling=request.vae_tiling,
    )


def _make(request: Request, planned: Plan, picture: Image | None, crude: MotionSignal | None) -> Result:
    """Load the model and make the clip."""
    from hitmark.backbones.loading import load_pipeline
    from hitmark.run.fit import check_size
    from hitmark.run.make import make
    from hitmark.run.model_choice import find_model

    typer.echo(f"loading {planned.model} ...", err=True)
    silence_libraries()
    pipe = load_pipeline(planned.model, dtype=request.dtype, device=request.device, picture=planned.card.takes_picture)
    check_size(planned, pipe)
    if request.replayed is not None and request.replayed.machine.device == "cpu":
        _use_threads(request.replayed.machine.threads)
    found = find_model(planned.scene, ".")  # what is recorded does not depend on the folder of the command
    with step_bar(f"{Path(planned.model).name}, {planned.scene.method.name}") as on_step, warnings.catch_warnings():
        warnings.simplefilter("ignore", HitmarkWarning)  # they were printed as notes
        return make(replace(planned, scene=found), picture, pipe, on_step, reference=crude)


def notes(planned: Plan) -> list[str]:
    """What is allowed but probably not meant, and what was decided."""
    from hitmark.media.images import LAID_ON

    other = "(--background COLOR chooses another)"
    found = [f"{note} {other}" if LAID_ON in note else note for note in planned.notes]
    if planned.card.world == "sprites":
        from hitmark.sprites.vocabulary import notes_on_words

        found += notes_on_words(planned.scene.prompt, planned.card)
    return found


def _default_output(scene: str | None, request: Request) -> Path:
    """out.mp4 here; for a record NAME.json NAME-replay.mp4, because NAME.mp4 is what it records."""
    return Path("out.mp4") if request.replayed is None else Path(f"{Path(scene or 'out').stem}-replay.mp4")


def _use_threads(threads: int) -> None:
    """Compute with as many threads as the recorded run: sums are split by thread, which decides the last bits."""
    import torch

    torch.set_num_threads(threads)
