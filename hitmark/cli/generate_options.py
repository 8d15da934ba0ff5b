"""The options of `hitmark generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL, DEFAULT_TEXT_MODEL

DEFAULTS = DEFAULT_TEXT_MODEL
if DEFAULT_PICTURE_MODEL != DEFAULT_TEXT_MODEL:
    DEFAULTS = f"{DEFAULT_PICTURE_MODEL} for a picture, {DEFAULT_TEXT_MODEL} for a prompt"
SceneArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENE",
        help="Scene file, run record (out.json), SG-I2V folder, or any format that `hitmark convert` reads. "
        "Leave it out when --image or --prompt is given, with --box.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Video to write: .mp4, .mkv (lossless), .webm, .gif or .webp. Default: out.mp4."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(help=f"Name (`hitmark models`) or path. Default: the scene's, else {DEFAULTS}."),
]
Method = Annotated[
    str | None,
    typer.Option(
        help="sg-i2v, time-to-move (from a picture), ivg-da, peekaboo, freetraj, trailblazer (from text), or none; "
        "several: a+b."
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the noise; -1 draws one and prints it. Default: the scene's.")]
Steps = Annotated[int | None, typer.Option(help="Denoising steps. Default: the model's.")]
Frames = Annotated[int | None, typer.Option(help="Number of frames. Default: the scene's, else the model's.")]
Width = Annotated[int | None, typer.Option(help="Width in pixels. Default: the scene's, else the model's.")]
Height = Annotated[int | None, typer.Option(help="Height in pixels. Default: the scene's, else the model's.")]
Dtype = Annotated[
    str | None, typer.Option(help="float32, float16, bfloat16, or auto: float32 on a CPU, float16 on a GPU.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 ..., or auto: a GPU when there is one.")]
Memory = Annotated[
    float | None,
    typer.Option(
        metavar="GIB",
        min=0.001,
        help="Most memory for weights and work, beside about half a GiB of libraries. What has to be done for that is "
        "chosen, printed and recorded; a clip that cannot fit is refused, and what would fit is named.",
    ),
]
Time = Annotated[
    float | None,
    typer.Option(
        metavar="MINUTES",
        min=0.001,
        help="Most time that the clip may take, on a processor. One whose multiplications alone take longer is refused "
        "before anything is loaded, and what would shorten it is named.",
    ),
]
VaeTiling = Annotated[
    bool,
    typer.Option("--vae-tiling", help="Make pictures in tiles with blended seams: less memory, a little different."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print the plan, its memory and its passes; load no weights and write nothing."),
]
Knobs = Annotated[
    list[str] | None, typer.Option("--set", metavar="KNOB=VALUE", help="Setting of the method; repeatable.")
]
Preset = Annotated[
    str | None,
    typer.Option(
        metavar="tuned|paper|fast|FILE",
        help="Settings that are not given: those found for the model, the paper's, or those found for the model with "
        "fewer passes of the network; or method and settings of a file that `hitmark tune` wrote. Default: tuned.",
    ),
]
Fit = Annotated[
    Literal["auto", "crop", "pad", "stretch"] | None,
    typer.Option(
        help="How a picture of another shape than the clip's is brought to it; boxes are carried along. Default: the "
        "scene's, else auto: crop where that loses no part of a box, else pad."
    ),
]
Background = Annotated[
    str | None, typer.Option(metavar="COLOR", help="What transparent parts of a picture are laid on. Default: white.")
]
BoxFormat = Annotated[
    Literal["xyxy", "xywh"],
    typer.Option("--box-format", help="xyxy: the two corners; xywh: left, top, width and height."),
]
Call = Annotated[
    list[str] | None, typer.Option("--call", metavar="NAME=VALUE", help="Argument of the model's pipeline; repeatable.")
]
FirstPicture = Annotated[Path | None, typer.Option("--image", help="First picture. Default: the scene's.")]
Boxes = Annotated[
    list[str] | None,
    typer.Option("--box", metavar="X0,Y0,X1,Y1", help="Box in fractions of the picture, 0 to 1; repeatable."),
]
Paths = Annotated[
    list[str] | None,
    typer.Option(
        "--path",
        metavar='"X,Y X,Y ..."',
        help="Where the center of the box goes; the n-th path is for the n-th box. A box without a path holds still.",
    ),
]
Prompt = Annotated[str | None, typer.Option(help="What the video shows, for models that read text.")]
NegativePrompt = Annotated[str | None, typer.Option(help="What the video should not show.")]
Subjects = Annotated[
    list[str] | None,
    typer.Option("--subject", metavar="WORDS", help="Words of the prompt; the n-th are what is in the n-th box."),
]
Smooth = Annotated[bool, typer.Option("--smooth", help="A curve through the points of --path, no corners.")]
SaveLatents = Annotated[
    Path | None, typer.Option(metavar="FILE.safetensors", help="Also save the final latents under the key `latents`.")
]
Reference = Annotated[
    Path | None,
    typer.Option(
        help="Crude video for time-to-move, or a folder with motion_signal.mp4 and mask.mp4, as `hitmark reference` "
        "writes. Default: drawn from the scene and the first picture."
    ),
]
Cutouts = Annotated[
    list[str] | None,
    typer.Option(
        "--cutout",
        metavar="SUBJECT=PICTURE",
        help="For time-to-move: a mask of the first picture, white where the subject is, instead of its box; or a "
        "picture with transparency that is put into the box, for something that comes in later. Repeatable.",
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option(help="Mask of --reference, white where it is meant: a video or a picture. Default: the folder's own."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the outputs of an earlier run.")]
