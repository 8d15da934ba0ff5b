"""How good the embedded video transformer is without any control: all figures of its card, in one table.

    python -m scripts.judge_sprites_wan --model runs/sprites-wan/pipeline
    python -m scripts.judge_sprites_wan --prompts 16 --clips 32 --pictures 8      # a quick look
    python -m scripts.judge_sprites_wan --painted                                 # the same figures of true clips

From text: clips of scenes of the `test` split (seed of the noise = seed of the scene), prompts alone. How many name all
subjects (perceptual network), show exactly one of each (observer: found, and not found again where it was painted
over), the share of frames in which the strict observer is sure, and the Frechet distance to as many painted clips over
that of painted to painted ones. From a picture: clips of held-out first frames; the share that the observer of looks
follows in at least 90 % of the frames, identity, and the first frame. Clips are judged by the perceptual network of
their size. Sheets of frames for the eye are written beside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from PIL import Image

from hitmark.console import readable_errors
from hitmark.metrics.frechet import FeatureMoments, frechet_distance
from hitmark.metrics.kept import first_frame_psnr, identity_kept
from hitmark.observers.sprites import find_sprite
from hitmark.observers.template import track_template
from hitmark.sprites.configuration import VideoConfiguration, read_configuration
from hitmark.sprites.perceptual import (
    PerceptualNetwork,
    clip_features,
    fitting_perceptual,
    load_perceptual,
    named_sprites,
)
from hitmark.sprites.scenes import SpriteScene, held_out
from hitmark.sprites.text_scenes import TextScene, text_scene, text_scenes, true_clip

TextMaker = Callable[[TextScene], np.ndarray]
PictureMaker = Callable[[SpriteScene], np.ndarray]
FIRST = 2000
"""Scenes from this one of the split on: behind those of all tables."""
SHOWN = 32
"""Clips of each kind on the sheets."""


def painted_over(frames: np.ndarray, centers: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The clip with a disk of the frame's median color over what was found."""
    result, (rows, columns) = frames.copy(), np.mgrid[: frames.shape[1], : frames.shape[2]]
    for frame, (x, y), size in zip(result, centers, side, strict=True):
        frame[(rows - y) ** 2 + (columns - x) ** 2 < (0.6 * size) ** 2] = np.median(frame, axis=(0, 1))
    return result


def judge_text(scenes: list[TextScene], clips: list[np.ndarray]) -> dict[str, float]:
    """Figures of clips from text."""
    named: dict[str, list[bool]] = {name: [] for name in networks(clips[0])}
    single, sure = [], []
    for made, frames in zip(scenes, clips, strict=True):
        for name, network in networks(frames).items():
            chances = named_sprites(frames, network)
            named[name].append(all(chances[sprite] > 0.5 for sprite, _ in made.sprites))
        ones = []
        for sprite in made.sprites:
            seen = find_sprite(frames, *sprite)
            again = find_sprite(painted_over(frames, seen.centers, seen.sizes), *sprite)
            ones.append(seen.found.mean() > 0.5 and again.found.mean() <= 0.5)
            sure.append(seen.found.mean())
        single.append(all(ones))
    figures = {f"named %{name}": 100 * float(np.mean(each)) for name, each in named.items()}
    return figures | {"one of each %": 100 * float(np.mean(single)), "sure %": 100 * float(np.mean(sure))}


def networks(frames: np.ndarray) -> dict[str, PerceptualNetwork]:
    """The perceptual network for clips of this size, and that of smaller ones, which earlier figures are of."""
    return {"": fitting_perceptual(frames)[1], " (64 px)": load_perceptual()}


def frechet_ratios(clips: list[np.ndarray], configuration: VideoConfiguration) -> dict[str, float]:
    """Distance of the clips to as many painted ones over that of painted ones to these, by network."""
    world, count, seen = configuration.world(), len(clips), networks(clips[0])

    def moments(frames: Iterable[np.ndarray]) -> list[FeatureMoments]:
        found = [FeatureMoments() for _ in seen]
        for each in frames:
            for one, network in zip(found, seen.values(), strict=True):
                one.add(clip_features(each, network)[None])
        return found

    true, other = (
        moments(true_clip(text_scene(seed), world) for seed in range(start, start + count))
        for start in (50_000, 60_000)
    )
    sets = zip(seen, moments(clips), true, other, strict=True)
    return {
        f"Frechet / true{name}": frechet_distance(made, near) / frechet_distance(far, near)
        for name, made, near, far in sets
    }


def judge_pictures(make_one: PictureMaker, configuration: VideoConfiguration, count: int) -> dict[str, Any]:
    """Figures and clips from first pictures."""
    followed, identities, first, clips = [], [], [], []
    for made in held_out(configuration.world(), count, "test"):
        picture = np.asarray(made.picture)
        frames = make_one(made)
        clips.append(frames)
        first.append(first_frame_psnr(frames, picture))
        for thing in made.clip.plan.objects:
            seen = track_template(frames, thing.boxes[0].clip(0, 1).tolist())
            followed.append(seen.found[1:].mean() >= 0.9)
            identities.append(identity_kept(frames, seen.centers, seen.sizes))
    figures = {"followed %": 100 * np.mean(followed), "identity": np.nanmean(identities), "first dB": np.mean(first)}
    return figures | {"clips": clips}


def make(pipe: Any, prompt: str, seed: int, call: dict[str, Any]) -> np.ndarray:
    """One clip, uint8 (frames, height, width, 3)."""
    frames = pipe(prompt=prompt, generator=torch.Generator().manual_seed(seed), output_type="np", **call).frames[0]
    return (np.asarray(frames) * 255).round().astype(np.uint8)


def sheet(clips: list[np.ndarray], path: Path) -> None:
    """A row of five frames for each clip, four clips beside each other; nothing where there are none."""
    if not clips:
        return
    strips = [np.concatenate(list(clip[:: max(1, len(clip) // 4)][:5]), axis=1) for clip in clips[:SHOWN]]
    strips += [np.zeros_like(strips[0])] * (-len(strips) % 4)
    rows = [np.concatenate(strips[place : place + 4], axis=1) for place in range(0, len(strips), 4)]
    Image.fromarray(np.concatenate(rows)).save(path)


def main(
    model: Annotated[Path, typer.Option(help="Folder of the pipeline.")] = Path("runs/sprites-wan/pipeline"),
    prompts: Annotated[int, typer.Option(help="Clips from text that are judged one by one.")] = 128,
    clips: Annotated[int, typer.Option(help="Clips from text for the Frechet distance.")] = 512,
    pictures: Annotated[int, typer.Option(help="Clips from a first picture.")] = 64,
    steps: Annotated[int, typer.Option(help="Denoising steps.")] = 20,
    guidance: Annotated[float, typer.Option(help="Guidance scale.")] = 4.0,
    shift: Annotated[float | None, typer.Option(help="Of the noise levels. Default: the model's own.")] = None,
    painted: Annotated[
        bool, typer.Option("--painted", help="Judge the world's own clips: what is to be reached.")
    ] = False,
    autocast: Annotated[
        bool, typer.Option("--autocast", help="Compute in bfloat16 inside of the networks: two thirds of the time.")
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("out/judge"),
) -> None:
    """Prints one line a figure."""
    configuration = read_configuration(None, "sprites-wan")
    from_text, from_picture = (
        painters(configuration) if painted else makers(model, call_of(configuration, steps, guidance), shift)
    )
    output.mkdir(parents=True, exist_ok=True)
    scenes = list(text_scenes(max(prompts, clips), first=FIRST))
    started = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        made = [from_text(each) for each in scenes]
    seconds = (time.perf_counter() - started) / len(made)
    figures: dict[str, Any] = judge_text(scenes[:prompts], made[:prompts])
    figures |= frechet_ratios(made[:clips], configuration)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        figures |= judge_pictures(from_picture, configuration, pictures)
    sheet(made, output / "text.png")
    sheet(figures.pop("clips"), output / "pictures.png")
    figures["seconds a clip"] = seconds
    for name, value in figures.items():
        typer.echo(f"{name:24} {value:8.3f}")


def painters(configuration: VideoConfiguration) -> tuple[TextMaker, PictureMaker]:
    """The world's own clips."""
    world = configuration.world()
    return lambda scene: true_clip(scene, world), lambda made: made.clip.frames


def call_of(configuration: VideoConfiguration, steps: int = 20, guidance: float = 4.0) -> dict[str, Any]:
    """What the pipelines are called with."""
    size = {"height": configuration.height, "width": configuration.width, "num_frames": configuration.frames}
    return size | {"num_inference_steps": steps, "guidance_scale": guidance, "max_sequence_length": 32}


def makers(model: Path, call: dict[str, Any], shift: float | None = None) -> tuple[TextMaker, PictureMaker]:
    """Clips of the model's two pipelines."""
    from diffusers import WanImageToVideoPipeline, WanPipeline

    text = WanPipeline.from_pretrained(model, dtype=torch.float32)
    if shift is not None:
        text.scheduler = type(text.scheduler).from_config(text.scheduler.config, flow_shift=shift)
    pictured = WanImageToVideoPipeline(**text.components, expand_timesteps=True)
    for pipe in (text, pictured):
        pipe.set_progress_bar_config(disable=True)

    def from_picture(made: SpriteScene) -> np.ndarray:
        return make(pictured, made.clip.plan.caption, made.clip.plan.seed, call | {"image": made.picture})

    return lambda each: make(text, each.scene.prompt, each.scene.seed, call), from_picture


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
