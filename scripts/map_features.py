"""Which blocks of a video transformer know, at which noise, where a thing of the first frame is: a map for SG-I2V.

    python -m scripts.map_features                     # runs/sprites-wan/pipeline, 32 clips of the `tune` split
    python -m scripts.map_features --model FOLDER --clips 8 --positions same-time

Painted clips with known tracks are encoded and mixed with noise as the sampler would have them at each of its steps; of
every block's self-attention the features are read as SG-I2V reads them (`--positions`: where tokens stand meanwhile).
Two figures for each block and step, over the subjects and latent frames in which a thing is away from where it was in
the first frame:

- hits: the share in which the cell most like the middle of the thing in the first frame (cosine) lies in its box. By
  chance it is the share of the picture that the boxes cover, which is printed.
- contrast: SG-I2V's loss where the thing is, over its loss where the thing was in the first frame. Below 1 the loss
  points the right way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import numpy as np
import torch
import typer
from PIL import Image
from torch import Tensor
from torch.nn import functional

from hitmark.backbones import backbone_for
from hitmark.backbones.loading import load_pipeline
from hitmark.console import readable_errors
from hitmark.control import Control, Layout, Positions, SelfAttention, Step
from hitmark.datasets import open_dataset
from hitmark.hooks import attach
from hitmark.hooks.references import encoded_video
from hitmark.methods.box_features import BoxMatch, alignment_loss, box_matches
from hitmark.methods.sg_i2v import SGI2V

MOVED = 0.15
"""Share of the picture that a thing must have moved for its contrast to count."""
BUDGET = 4.0


@dataclass(frozen=True)
class TrueClip(Control):
    """Puts a true clip, at the noise of the step, in the place of the latents, and reads what every block knows of it.

    `found`: (step, block) -> list of (hits, chances, loss where it is, loss where it was), one entry a clip.
    """

    method: ClassVar[str] = "true-clip"

    clean: Tensor | None = None
    noise: Tensor | None = None
    blocks: Sequence[str] = ()
    positions: Positions = "same-place"
    found: dict[tuple[int, str], list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[int, float] = field(default_factory=dict)

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """The clip's own latents at this noise."""
        noisy = (step.alpha * self.clean + step.sigma * self.noise).to(latents)
        self.shares[step.index] = step.noise_share
        with torch.no_grad():
            options = {"first_frame_keys": True, "memory_budget": BUDGET, "positions": self.positions}
            read = step.self_attention(noisy, ",".join(self.blocks), **options)
        matches = box_matches(step.layout)
        for block, layer in zip(self.blocks, read, strict=True):
            self.found[step.index, block].append(judged(layer, matches, step.layout))
        return noisy


def judged(layer: SelfAttention, matches: list[BoxMatch], layout: Layout) -> np.ndarray:
    """Share of hits, of the picture that boxes cover, the loss where things are and where they were."""
    maps = SGI2V().feature_map(layer)
    large = functional.interpolate(maps, size=(layout.height, layout.width), mode="bilinear", align_corners=False)
    hits, chances = [], []
    away = [match for match in matches if far(match, layout.width)]
    for match in away:
        x0, y0, x1, y1 = match.source
        wanted = large[0, :, (y0 + y1) // 2, (x0 + x1) // 2]
        alike = functional.cosine_similarity(large[match.frame], wanted[:, None, None], dim=0)
        row, column = divmod(int(alike.argmax()), layout.width)
        left, top, right, bottom = match.inside
        hits.append(left <= column < right and top <= row < bottom)
        chances.append((right - left) * (bottom - top) / (layout.width * layout.height))
    stayed = [replace(match, box=match.source, inside=match.source) for match in away]
    losses = [float(alignment_loss([maps], some, layout, 0.4)) if some else np.nan for some in (away, stayed)]
    return np.array([np.mean(hits or np.nan), np.mean(chances or np.nan), *losses])


def far(match: BoxMatch, width: int) -> bool:
    """Whether a thing has moved by MOVED of the picture's width since the first frame."""
    there, here = ((box[0] + box[2]) / 2 + 1j * (box[1] + box[3]) / 2 for box in (match.source, match.box))
    return abs(here - there) >= MOVED * width


def main(
    model: Annotated[
        str, typer.Option(help="A model of the sprite world that starts from a picture.")
    ] = "runs/sprites-wan/pipeline",
    clips: Annotated[int, typer.Option(help="Clips of the tune split.")] = 32,
    steps: Annotated[int, typer.Option(help="Steps of the sampler: levels of noise.")] = 10,
    positions: Annotated[Positions, typer.Option(help="Where tokens stand while they are read.")] = "same-place",
) -> None:
    """Prints the map."""
    pipe = load_pipeline(model, dtype="float32", device="cpu", picture=True)
    pipe.set_progress_bar_config(disable=True)
    blocks = [str(number) for number in range(len(pipe.transformer.blocks))]
    watcher = TrueClip(blocks=blocks, positions=positions)
    made = open_dataset(f"sprites:tune:0-{3 * clips} size=[128,128] frames=17")
    for number, item in zip(range(clips), made, strict=False):
        clean = encoded_video(backbone_for(pipe), torch.from_numpy(item.frames()).float() / 255).float()
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(number))
        watching = replace(watcher, clean=clean, noise=noise)
        with attach(pipe, item.scene, watching):
            call = {"num_inference_steps": steps, "guidance_scale": 1.0, "output_type": "latent"}
            pipe(image=Image.fromarray(item.picture()), prompt=item.scene.prompt, max_sequence_length=32, **call)
    show(watcher, blocks, steps)


def show(watcher: TrueClip, blocks: list[str], steps: int) -> None:
    """Two tables: steps down, blocks across."""
    chance = np.nanmean([entry[1] for entries in watcher.found.values() for entry in entries])
    count = len(watcher.found[0, blocks[0]])
    for title, column in (("hits", 0), ("contrast", 2)):
        print(f"{title}, {count} clips{f', by chance {chance:.2f}' if column == 0 else ''}")
        print("step  noise  " + "  ".join(f"{f'block {block}':>8}" for block in blocks))
        for step in range(steps):
            entries = [np.stack(watcher.found[step, block]) for block in blocks]
            means = [np.nanmean(each, axis=0) for each in entries]
            values = [each[0] if column == 0 else each[2] / each[3] for each in means]
            print(f"{step:4}  {watcher.shares[step]:5.2f}  " + "  ".join(f"{value:8.2f}" for value in values))


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
