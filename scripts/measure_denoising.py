"""What the embedded video transformer knows at each noise level, while it is trained: errors of its clean samples.

    python -m scripts.measure_denoising runs/sprites-wan
    python -m scripts.measure_denoising runs/sprites-wan --part network --clips 24

Of windows with one thing, of clips from text, and of clips whose first frame is given: the mean squared error of the
latents that the network predicts from noisy ones, in cells that things cover by more than half (of clips: by how much a
cell changed since the latent frame before, as a share of its power) and in cells of the background, beside the power of
those cells. Where the run has a recognizer also what hidden tokens tell: the share of covered tokens whose thing is
named rightly, and the mean distance of the told middle from the true one, in pixels. Seeds are of the training split,
far behind those that training reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from hitmark.console import readable_errors
from hitmark.sprites.configuration import VideoConfiguration, read_configuration
from hitmark.sprites.recognition import TOKEN
from hitmark.sprites.video_code import VideoCode
from hitmark.sprites.video_networks import TOKENS, build_tokenizer
from hitmark.sprites.video_recipe import build_model
from hitmark.sprites.video_training import VideoBatch, encode_words, make_video_batch, noised
from hitmark.sprites.windows import make_windows

LEVELS = (0.3, 0.6, 0.75, 0.85, 0.93)
FIRST = 900_000_000
CHANGES = {"still": (-1.0, 0.02), "slow": (0.02, 0.5), "fast": (0.5, float("inf"))}
"""Squared change of a cell since the latent frame before, as a share of its power."""


def main(
    run: Annotated[Path, typer.Argument(help="Folder of the training run.")],
    part: Annotated[str, typer.Option(help="averaged (what is exported) or network (as it stands).")] = "averaged",
    clips: Annotated[int, typer.Option(help="Clips of each kind; six windows for each.")] = 12,
    levels: Annotated[list[float] | None, typer.Option("--level", help="Noise level; repeatable.")] = None,
) -> None:
    """Prints a line for each kind of clip and level."""
    configuration = read_configuration(None, "sprites-wan")
    code = VideoCode(**torch.load(run / "code.pt", weights_only=True))
    state = torch.load(run / "transformer.pt", weights_only=True)
    model = build_model(configuration)
    model.load_state_dict(state[part])
    model.eval()
    if model.recognizer is not None:
        model.watch(configuration.recognized_after)
    typer.echo(f"step {state['step']}, {part}")
    for name, batch in batches(configuration, code, range(FIRST, FIRST + clips)):
        for level in levels or LEVELS:
            typer.echo(f"{name:8} noise {level:.2f}  {line(model, batch, level)}")


def batches(configuration: VideoConfiguration, code: VideoCode, seeds: range) -> Iterator[tuple[str, VideoBatch]]:
    """The kinds of clips by name."""
    world, pictured = configuration.world(), configuration.pictured_world()
    yield "windows", make_windows(world, code, seeds, configuration.window)
    for name, given in (("text", 0), ("picture", len(seeds))):
        yield name, make_video_batch(world, pictured, code, seeds, configuration.frames, given)


@torch.no_grad()
def line(model: Any, batch: VideoBatch, level: float) -> str:
    """Errors and what is told at one level."""
    latents = batch.latents
    words = encode_words(model.text_encoder, build_tokenizer(), batch.captions, TOKENS)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(1))
    noisy, _times, tokens = noised(batch, torch.full((len(latents),), level), noise)
    clean = model.transformer(noisy, tokens, words, return_dict=False)[0]
    error, power = (clean - latents).square().mean(1), latents.square().mean(1)
    parts = [
        f"{name} {error[chosen].mean():.3f} of {power[chosen].mean():.2f}"
        for name, chosen in kinds_of_cells(batch).items()
        if chosen.any()
    ]
    return "; ".join(parts) + ("" if model.recognizer is None else f"; {told(model, batch)}")


def kinds_of_cells(batch: VideoBatch) -> dict[str, Tensor]:
    """Bool (batch, F, h, w) by name; a given frame is none of them."""
    asked = torch.ones_like(batch.covers, dtype=torch.bool)
    asked[batch.given, 0] = False
    covered, bare = (batch.covers > 0.5) & asked, (batch.covers < 0.01) & asked
    if batch.latents.shape[2] == 1:
        return {"things": covered, "background": bare}
    latents, change = batch.latents, torch.zeros_like(batch.covers)
    later = latents[:, :, 1:]
    change[:, 1:] = (later - latents[:, :, :-1]).square().mean(1) / later.square().mean(1)
    change[:, 0] = -2
    kinds = {"first": covered & (change == -2)}
    for name, (low, top) in CHANGES.items():
        kinds[name] = covered & (change >= low) & (change < top)
    return kinds | {"background": bare}


def told(model: Any, batch: VideoBatch) -> str:
    """What the hidden tokens of the last pass tell."""
    scores, places = model.recognizer(model.take_hidden())
    marks = batch.marks.flatten(1, 3)
    covered = marks[..., 0] > 0
    right = (scores.argmax(-1) == marks[..., 0])[covered].float().mean()
    apart = (places - marks[..., 1:])[covered][:, :2].norm(dim=1).mean() * TOKEN
    return f"named {100 * right:.0f} %, {apart:.1f} px"


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
