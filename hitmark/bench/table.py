"""The measured table: sprite scenes with and without SG-I2V and its ablations, on the embedded image-to-video model.

    python -m hitmark.bench.table --clips 64 -o out/table

Every finished (scene, variant) is one line of OUT/rows.jsonl; run again, and only what is missing is made. Scenes come
from the `test` seeds of the sprite world (`--split tune` for choosing knobs), which the model was not trained on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from hitmark.bench.rows import claim, loaded_pipeline, scored
from hitmark.console import readable_errors
from hitmark.errors import HitmarkError

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "no control": ("none", {}),
    "SG-I2V": ("sg-i2v", {}),
    "plain self-attention features": ("sg-i2v", {"features": "self"}),
    "no frequency merge": ("sg-i2v", {"merge_cutoff": None}),
    "no Gaussian weights": ("sg-i2v", {"gaussian_sigma": None}),
}
"""Rows of the table: method and knobs on top of the model's own."""


@dataclass(frozen=True)
class Row:
    """One clip, scored. Lengths in pixels of a picture 64 wide; see docs/metrics.md."""

    seed: int
    variant: str
    errors: list[float]
    """ObjMC of every sprite; a frame in which it is not found counts from where it was last found."""
    guesses: list[float]
    """ObjMC of every sprite by the observer's best guess in every frame, found or not."""
    looks: list[float]
    """The same by the other observer, which follows what the first frame shows in the box."""
    found: list[float]
    """Share of frames 2..F in which each sprite was found."""
    looks_found: list[float]
    """Share of frames 2..F in which the other observer was sure."""
    identity: list[float]
    first_frame_psnr: float
    color_shift: float
    seconds: float


def _method_of(variant: str, knobs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Method and knobs of a row; `knobs` are for every controlled one."""
    method, own = VARIANTS[variant]
    return method, {} if method == "none" else knobs | own


def score(scene_seed: int, variant: str, model: str, knobs: dict[str, Any]) -> Row:
    """Generates and scores one clip."""
    from hitmark.metrics.kept import color_shift, first_frame_psnr, identity_kept
    from hitmark.metrics.tracks import object_motion_control_error
    from hitmark.observers.sprites import find_sprite
    from hitmark.observers.template import track_template
    from hitmark.run.generate import generate
    from hitmark.scene.schema import MethodChoice
    from hitmark.sprites.scenes import sprite_scene
    from hitmark.sprites.world import SpriteWorld

    world = SpriteWorld()
    made = sprite_scene(world, world.plan(scene_seed))
    method, chosen = _method_of(variant, knobs)
    scene = made.scene.replace(method=MethodChoice(name=method, knobs=chosen), model=model)
    result = generate(scene, made.picture, loaded_pipeline(model))
    errors, guesses, looks, found, looks_found, identity = [], [], [], [], [], []
    size = (world.width, world.height)
    for number, thing in enumerate(made.clip.plan.objects):
        seen = find_sprite(result.frames, str(thing.name), thing.color)
        wanted = made.wanted(number)
        error = object_motion_control_error(wanted, seen.centers, size, present=seen.found, width=64)
        errors.append(error.pixels)
        guesses.append(object_motion_control_error(wanted, seen.centers, size, missing="guess", width=64).pixels)
        found.append(error.found_share)
        followed = track_template(result.frames, thing.boxes[0].clip(0, 1).tolist())
        looks.append(object_motion_control_error(wanted, followed.centers, size, missing="guess", width=64).pixels)
        looks_found.append(float(followed.found[1:].mean()))
        start = wanted[:1], np.array([thing.size * min(world.width, world.height)])
        centers = np.concatenate([start[0], seen.centers[1:]])
        sizes = np.concatenate([start[1], seen.sizes[1:]])
        present = np.concatenate([[True], seen.found[1:]])
        identity.append(identity_kept(result.frames, centers, sizes, present))
    picture = np.asarray(made.picture)
    return Row(
        scene_seed,
        variant,
        errors,
        guesses,
        looks,
        found,
        looks_found,
        identity,
        first_frame_psnr(result.frames, picture),
        color_shift(result.frames, picture).mean,
        result.seconds,
    )


def summarize(rows: Iterable[Row]) -> dict[str, float]:
    """Means over clips (ObjMC, identity: over sprites), as printed."""
    rows = list(rows)
    errors = np.array([error for row in rows for error in row.errors])
    found = np.array([share for row in rows for share in row.found])
    looks_found = np.array([share for row in rows for share in row.looks_found])
    identity = np.array([value for row in rows for value in row.identity])
    return {
        "clips": len(rows),
        "ObjMC px": float(np.mean([guess for row in rows for guess in row.guesses])),
        "median px": float(np.median([guess for row in rows for guess in row.guesses])),
        "ObjMC by looks px": float(np.mean([value for row in rows for value in row.looks])),
        "lost = stopped px": float(np.nanmean(errors)),
        "found %": float(100 * (found >= 0.5).mean()),
        "found by looks %": float(100 * (looks_found >= 0.5).mean()),
        "identity": float(np.nanmean(identity)) if np.isfinite(identity).any() else float("nan"),
        "first frame dB": float(np.mean([row.first_frame_psnr for row in rows])),
        "color shift": float(np.mean([row.color_shift for row in rows])),
        "seconds": float(np.median([row.seconds for row in rows])),
    }


def ratio_interval(
    rows: list[Row], baseline: list[Row], what: str = "guesses", draws: int = 2000
) -> tuple[float, float, float]:
    """Ratio of an ObjMC (`guesses` or `looks`) to the baseline's on the same scenes, with its 95 % bootstrap interval
    over scenes.
    """
    by_seed = {row.seed: row for row in baseline}
    pairs = [(sum(getattr(row, what)), sum(getattr(by_seed[row.seed], what))) for row in rows]
    values = np.array(pairs)
    generator = np.random.default_rng(0)
    picks = values[generator.integers(len(values), size=(draws, len(values)))].sum(1)
    low, high = np.quantile(picks[:, 0] / picks[:, 1], [0.025, 0.975])
    return float(values[:, 0].sum() / values[:, 1].sum()), float(low), float(high)


def markdown(rows: list[Row]) -> str:
    """The table, one line per variant, with the ratios of ObjMC to that of "no control"."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.variant, []).append(row)
    columns = list(summarize(rows))
    heads = [*columns, "ObjMC / no control", "by looks / no control"]
    lines = [f"| variant | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for variant, group in groups.items():
        values = summarize(group)
        cells = " | ".join(f"{value:.3g}" for value in values.values())
        against = ["1", "1"]
        if variant != "no control" and "no control" in groups:
            seeds = {row.seed for row in groups["no control"]}
            paired = [row for row in group if row.seed in seeds]
            ratios = [ratio_interval(paired, groups["no control"], what) for what in ("guesses", "looks")]
            against = [f"{ratio:.2f} ({low:.2f} to {high:.2f})" for ratio, low, high in ratios]
        lines.append(f"| {variant} | {cells} | {' | '.join(against)} |")
    return "\n".join(lines)


def main(
    clips: Annotated[int, typer.Option(help="Number of scenes.")] = 64,
    output: Annotated[Path, typer.Option("-o", "--output", help="For rows.jsonl, table.md.")] = Path("out/table"),
    split: Annotated[str, typer.Option(help="test, or tune for choosing knobs.")] = "test",
    variants: Annotated[str, typer.Option(help="Comma-separated; default all.")] = ",".join(VARIANTS),
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-i2v",
    settings: Annotated[list[str] | None, typer.Option("--set", help="KNOB=VALUE for every controlled row.")] = None,
    workers: Annotated[int, typer.Option(help="Processes of one thread each.")] = os.cpu_count() or 1,
) -> None:
    """Prints the table of control and of what was kept."""
    from hitmark.methods.spec import read_pairs
    from hitmark.sprites.scenes import held_out
    from hitmark.sprites.world import SpriteWorld

    names = variants.split(",")
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        raise HitmarkError(f"unknown variants {unknown}; known are {', '.join(VARIANTS)}")
    knobs = read_pairs(settings or [])
    claim(output, model, {name: _method_of(name, knobs) for name in names})
    seeds = [made.scene.seed for made in held_out(SpriteWorld(), clips, split)]
    jobs = [(seed, name, model, knobs) for seed in seeds for name in names]
    started = time.monotonic()
    text = markdown(scored(jobs, score, Row, output, workers, ("seed", "variant")))
    (output / "table.md").write_text(text + "\n", encoding="utf-8")
    typer.echo(text)
    typer.echo(f"{split} seeds {seeds[0]}..{seeds[-1]}, {time.monotonic() - started:.0f} s, {workers} processes")


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
