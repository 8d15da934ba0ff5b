"""`hitmark verify`: whether a model on this machine does what hitmark says, as a page that can be sent in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hitmark.cli.flags import parse_pairs
from hitmark.cli.generate_options import Call, Device, Dtype, FirstPicture, Frames, Height, Seed, Steps, Width
from hitmark.cli.progress import silence_libraries, step_bar
from hitmark.cli.source import Flags, Target, read_request
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.run.make import OnStep
    from hitmark.verify.evidence import Entry

SceneArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENE",
        help="Any format that `hitmark convert` reads, such as a folder of SG-I2V's examples. Default: a built-in one.",
        show_default=False,
    ),
]
Model = Annotated[str, typer.Option(help="Name (`hitmark models`) or folder of the model.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write; it is made if it is not there.")]
Methods = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="Methods to try, joined with commas, with knobs where they are given: "
        '"sg-i2v,peekaboo as_published=paper". Default: all that can act.',
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the files of an earlier verification.")]

EXAMPLES = """\b
Examples:
  hitmark verify --model svd -o out/svd
  hitmark verify examples/107 --model svd --methods sg-i2v,time-to-move
  hitmark verify --model path/to/wan --steps 20 --frames 49 --dtype bfloat16
  hitmark verify --model path/to/wan --methods "peekaboo as_published=paper,query-warp" --force
"""


def verify(
    scene: SceneArgument = None,
    *,
    model: Model,
    output: Output = Path("out/verify"),
    methods: Methods = None,
    image: FirstPicture = None,
    steps: Steps = None,
    frames: Frames = None,
    width: Width = None,
    height: Height = None,
    seed: Seed = None,
    dtype: Dtype = None,
    device: Device = None,
    call: Call = None,
    force: Force = False,
) -> None:
    """Try a model with every method that can act on it, and write a page that can be sent in as evidence.

    Loads the model; compares clips bit by bit, with nothing attached and with controls that change nothing; makes a
    clip with each method at its default here, and measures distance from the path, time and peak memory; and looks
    whether the model is as before. Writes verify.html (everything in one file), verify.json and the clips. What fails
    is told with its reason, and the rest goes on; what is finished is written at once.
    """
    from hitmark.verify.prepare import BUILT_IN, prepared
    from hitmark.verify.run import PAGE

    if scene is None and image is not None:
        raise HitmarkError("--image: the first picture of a SCENE; give the scene too, or leave the picture out")
    request = None
    if scene is not None:
        request = read_request(scene, image, Flags(None, [], [], [], False), Target(model, width, height))
    silence_libraries()
    verification = prepared(
        model,
        output,
        scene=None if request is None else request.scene,
        image=image,
        beside="." if request is None else request.folder,
        told=scene or BUILT_IN,
        methods=None if methods is None else [name.strip() for name in methods.split(",")],
        steps=steps,
        dtype=dtype or "auto",
        device=device or "auto",
        call=parse_pairs(call or [], "--call"),
        overwrite=force,
        tell=_tell,
        frames=frames,
        width=width,
        height=height,
        seed=seed,
    )
    with ExitStack() as stack:
        verification.progress = _bars(stack)
        evidence = verification.run()
    typer.echo(f"\nopen {output / PAGE}")
    if evidence.failed:
        names = ", ".join(entry.name for entry in evidence.failed)
        raise HitmarkError(f"{len(evidence.failed)} failed: {names}. The reasons are above and on {output / PAGE}")


def _bars(stack: ExitStack) -> Callable[[str], OnStep]:
    """A bar for each clip; that of the one before is closed first."""

    def bar(name: str) -> OnStep:
        stack.close()
        return stack.enter_context(step_bar(name))

    return bar


def _tell(entry: Entry) -> None:
    figures = [] if entry.guess is None else [f"{entry.guess:.1f} px from the path"]
    figures += [] if entry.seconds is None else [f"{entry.seconds:.1f} s"]
    figures += [] if entry.peak_memory is None else [f"peak {entry.peak_memory / 1e9:.2f} GB"]
    told = ", ".join(figures)
    typer.echo(f"{entry.name}: {entry.state}{f' ({told})' if told else ''}{f'. {entry.what}' if entry.what else ''}")
