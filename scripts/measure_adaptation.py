"""The covariate shift and the initialization gap on the embedded text-to-video model, before and after.

    python scripts/measure_adaptation.py --scenes 10 -o out/adaptation

Writes OUT/shift.png, OUT/gap.png and OUT/figures.md, and prints the latter. Scenes come from the `tune` seeds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from hitmark.backbones.loading import load_pipeline
from hitmark.console import readable_errors
from hitmark.inspection.gap import GapProbe
from hitmark.inspection.plots import gap_figure, save_figure, shift_figure
from hitmark.inspection.run import inspect_scene
from hitmark.inspection.shift import ShiftRow, averaged
from hitmark.scene.schema import MethodChoice

SHIFT = ("peekaboo", "peekaboo+mask-normalization", "ivg-da")
GAP = ("none", "peekaboo", "peekaboo+temporal-intrinsic", "ivg-da")


def measure(
    scenes: int, split: str, model: str
) -> tuple[dict[str, list[ShiftRow]], dict[str, list[GapProbe]], list[str]]:
    """Rows of the shift, probes of the gap, by method; and lines of a table."""
    from hitmark.sprites.text_scenes import text_scenes

    shifts: dict[str, list[ShiftRow]] = {name: [] for name in SHIFT}
    gaps: dict[str, list[GapProbe]] = {name: [] for name in GAP}
    pipe = load_pipeline(model, dtype="float32", device="cpu")
    for made in text_scenes(scenes, split):
        for name in dict.fromkeys([*GAP, *SHIFT]):
            scene = made.scene.replace(model=model, method=MethodChoice(name=name))
            with torch.autocast("cpu", torch.bfloat16):
                seen = inspect_scene(scene, pipe)
            if name in SHIFT and seen.shift is not None:
                shifts[name] += seen.shift.rows
            if name in GAP and seen.gap is not None:
                gaps[name].append(seen.gap)
    return shifts, gaps, [*_shift_lines(shifts), "", *_gap_lines(gaps)]


def _shift_lines(shifts: dict[str, list[ShiftRow]]) -> list[str]:
    lines = ["| method | attention | region | mean | deviation | distance |", "|---|---|---|---|---|---|"]
    for name, rows in shifts.items():
        for (kind, region), (mean, deviation, distance) in averaged(rows).items():
            lines.append(f"| {name} | {kind} | {region} | {mean:.2f} | {deviation:.2f} | {distance:.2f} |")
    return lines


def _gap_lines(gaps: dict[str, list[GapProbe]]) -> list[str]:
    lines = ["| method | attention, first step | last | along the path, first step | last |", "|---|---|---|---|---|"]
    for name, probes in gaps.items():
        cells = []
        for attribute in ("inside", "along"):
            for pick in (min, max):
                values = [
                    value
                    for probe in probes
                    for value in getattr(probe, attribute).get(pick(getattr(probe, attribute)), [])
                ]
                cells.append(f"{np.mean(values):.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main(
    scenes: Annotated[int, typer.Option(help="Number of scenes.")] = 10,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")] = Path("out/adaptation"),
    split: Annotated[str, typer.Option(help="tune or test.")] = "tune",
    model: Annotated[str, typer.Option(help="Name or path.")] = "sprites-t2v",
) -> None:
    """Prints the figures and draws the plots."""
    output.mkdir(parents=True, exist_ok=True)
    shifts, gaps, lines = measure(scenes, split, model)
    save_figure(shift_figure(shifts), output / "shift.png")
    save_figure(gap_figure(gaps), output / "gap.png")
    (output / "figures.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    typer.echo("\n".join(lines))


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
