"""One scene looked into: a run with probes, and the figures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.inspection.gap import GapProbe
from hitmark.inspection.plots import attention_figure, gap_figure, mask_figure, save_figure, shift_figure
from hitmark.inspection.shift import ShiftProbe
from hitmark.methods import build
from hitmark.run.generate import OnStep, Result, generate
from hitmark.scene.schema import Scene


@dataclass(frozen=True)
class Inspection:
    """What was seen of one run; `shift` is None for a method that edits no attention."""

    result: Result
    gap: GapProbe
    shift: ShiftProbe | None


def inspect_scene(scene: Scene, pipe: Any = None, on_step: OnStep | None = None, **options: Any) -> Inspection:
    """Run a scene's method with probes; the clip is the same as without them.

    Args:
        scene: with subjects and their phrases, for a model that reads text.
        pipe: a loaded pipeline, or None.
        on_step: as in `generate`.
        options: further arguments of `generate`.

    Raises:
        HitmarkError: a model that reads no text, or whatever `generate` raises.
    """
    from hitmark.run.prepare import plan

    planned = plan(scene, steps=options.get("steps"), call=options.get("call"), pipe=pipe)
    if planned.card.takes_picture:
        raise HitmarkError(
            f"hitmark inspect shows how the words of a prompt are looked at, and {planned.card.name} reads none. "
            "Choose a text-to-video model, for instance --model sprites-t2v."
        )
    method = planned.scene.method
    edits = any(control.implements("attention") for control in build(method.name, method.knobs))
    gap, shift = GapProbe(), ShiftProbe() if edits else None
    watch = [gap] if shift is None else [shift, gap]
    result = generate(scene, pipe=pipe, on_step=on_step, watch=watch, **options)
    return Inspection(result, gap, shift)


FIGURES = ("masks", "attention", "gap", "shift")
"""Files that `save_inspection` writes, without their .png."""


def save_inspection(inspection: Inspection, folder: Path, label: str) -> list[Path]:
    """Write masks.png, attention.png, gap.png and, for a method that edits attention, shift.png; return the paths."""
    layout = inspection.gap.layouts[-1]
    figures = {
        "masks": mask_figure(layout, inspection.gap.sites),
        "attention": attention_figure(layout, inspection.gap.attention_maps),
        "gap": gap_figure({label: [inspection.gap]}),
    }
    if inspection.shift is not None and inspection.shift.rows:
        figures["shift"] = shift_figure({label: inspection.shift.rows})
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
    return [folder / f"{name}.png" for name in figures]
