"""A sheet for the eye: what the embedded text-to-video model makes of prompts, without any control.

    python scripts/prompt_sheet.py -o out/prompts

Writes OUT/prompts.png (each row four clips of three frames, first, middle and last, with their prompts below) and
prints for how many clips the sprite world's perceptual network names every subject, and the observer finds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw, ImageFont

from hitmark.backbones.loading import load_pipeline
from hitmark.console import readable_errors
from hitmark.run.generate import generate
from hitmark.scene.schema import MethodChoice

COLUMNS, SHOWN, SCALE, LINE = 4, 3, 2, 16
"""Clips in a row, frames of each, enlargement, height of the prompt's line in pixels."""
FIRST = 300
"""Scenes from this one of the split on: behind those of the measured table."""


def sheet(clips: list[tuple[str, np.ndarray]]) -> Image.Image:
    """The picture, of (prompt, frames (frames, height, width, 3) uint8)."""
    height, width = clips[0][1].shape[1] * SCALE, clips[0][1].shape[2] * SCALE
    rows = -(-len(clips) // COLUMNS)
    cell_width = SHOWN * width + 8
    result = Image.new("RGB", (COLUMNS * cell_width, rows * (height + LINE)), "white")
    pen, font = ImageDraw.Draw(result), ImageFont.load_default(size=11)
    for number, (prompt, frames) in enumerate(clips):
        left, top = number % COLUMNS * cell_width, number // COLUMNS * (height + LINE)
        for place, frame in enumerate(np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)):
            picture = Image.fromarray(frames[frame]).resize((width, height), Image.Resampling.NEAREST)
            result.paste(picture, (left + place * width, top))
        pen.text((left + 2, top + height + 1), prompt, fill="black", font=font)
    return result


def main(
    count: Annotated[int, typer.Option(help="Number of prompts.")] = 32,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("out/prompts"),
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-t2v",
    method: Annotated[str, typer.Option(help="none, or a method to look at.")] = "none",
) -> None:
    """Makes the sheet."""
    from hitmark.observers.sprites import find_sprite
    from hitmark.sprites.perceptual import load_perceptual, named_sprites
    from hitmark.sprites.text_scenes import text_scenes

    network, pipe = load_perceptual(), load_pipeline(model, dtype="float32", device="cpu")
    clips, named, found = [], 0, 0
    for made in text_scenes(count, first=FIRST):
        scene = made.scene.replace(model=model, method=MethodChoice(name=method))
        frames = generate(scene, pipe=pipe).frames
        clips.append((scene.prompt, frames))
        chances = named_sprites(frames, network)
        named += all(chances[name] > 0.5 for name, _ in made.sprites)
        found += all(find_sprite(frames, *sprite).found.mean() > 0.5 for sprite in made.sprites)
    output.mkdir(parents=True, exist_ok=True)
    sheet(clips).save(output / "prompts.png")
    typer.echo(f"{count} prompts: all subjects named by the perceptual network in {named}, found in {found}")
    typer.echo(f"wrote {output / 'prompts.png'}")


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
