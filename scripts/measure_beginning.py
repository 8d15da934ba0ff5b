"""From which noise on the embedded video transformer goes wrong: its clips from text that begin as true ones.

    python -m scripts.measure_beginning                       # 16 test prompts, from five levels and from pure noise
    python -m scripts.measure_beginning --level 0.75 --clips 4

Down to each level the latents are those of the painted clip of the prompt at the noise of the step; from there on the
model goes on by itself; at level 0 they are true before every step, the last included. Printed are the figures of
`judge_sprites_wan` for clips from text; a sheet of frames for each level is written beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
import typer
from torch import Tensor

from hitmark.backbones import backbone_for
from hitmark.backbones.loading import load_pipeline
from hitmark.console import readable_errors
from hitmark.control import Control, Step
from hitmark.hooks import attach
from hitmark.hooks.references import encoded_video
from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.text_scenes import TextScene, text_scenes, true_clip
from scripts.judge_sprites_wan import FIRST, call_of, judge_text, make, sheet

LEVELS = (1.0, 0.93, 0.85, 0.75, 0.6, 0.4, 0.0)


@dataclass(frozen=True)
class TrueDownTo(Control):
    """Puts a true clip in the place of the latents before every step that is noisier than `level`, and the next."""

    method: ClassVar[str] = "true-down-to"

    clean: Tensor | None = None
    noise: Tensor | None = None
    level: float = 1.0

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """The clip's own latents at this noise, or what the model made of them."""
        shares = [sigma / (alpha + sigma) for alpha, sigma in step.estimator.levels]
        first = next((index for index, share in enumerate(shares) if share <= self.level), len(shares))
        if self.level >= 1 or step.index > first:
            return latents
        assert self.clean is not None
        assert self.noise is not None
        return (step.alpha * self.clean + step.sigma * self.noise).to(latents)


def main(
    model: Annotated[str, typer.Option(help="A model of the sprite world from text.")] = "sprites-wan",
    clips: Annotated[int, typer.Option(help="Test prompts.")] = 16,
    levels: Annotated[list[float] | None, typer.Option("--level", help="Share of noise; repeatable.")] = None,
    autocast: Annotated[bool, typer.Option("--autocast", help="Compute in bfloat16 inside of the networks.")] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("out/beginning"),
) -> None:
    """Prints a line a level."""
    pipe = load_pipeline(model, dtype="float32", device="cpu", picture=False)
    pipe.set_progress_bar_config(disable=True)
    scenes = list(text_scenes(clips, first=FIRST))
    output.mkdir(parents=True, exist_ok=True)
    for level in levels or LEVELS:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            made = [clip(pipe, scene, level) for scene in scenes]
        sheet(made, output / f"{level:g}.png")
        figures = ", ".join(f"{name} {value:.1f}" for name, value in judge_text(scenes, made).items())
        typer.echo(f"from {level:.2f}: {figures}")


def clip(pipe: Any, made: TextScene, level: float) -> np.ndarray:
    """A clip that is true down to a level: uint8 (frames, height, width, 3)."""
    configuration = read_configuration(None, "sprites-wan")
    true = torch.from_numpy(true_clip(made, configuration.world())).float() / 255
    clean = encoded_video(backbone_for(pipe), true).float()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(made.scene.seed))
    scene = made.scene.replace(width=configuration.width, height=configuration.height)
    with attach(pipe, scene, TrueDownTo(clean, noise, level)):
        return make(pipe, scene.prompt, scene.seed, call_of(configuration))


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
