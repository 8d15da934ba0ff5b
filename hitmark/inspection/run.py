"""One scene looked into: a run with probes, and the figures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.backbones.families import FAMILIES
from hitmark.backbones.loading import load_pipeline
from hitmark.control import Control
from hitmark.inspection.features import USUAL, FeatureProbe
from hitmark.inspection.gap import GapProbe
from hitmark.inspection.plots import (
    attention_figure,
    feature_figure,
    gap_figure,
    mask_figure,
    save_figure,
    shift_figure,
)
from hitmark.inspection.shift import ShiftProbe
from hitmark.methods import build
from hitmark.run.generate import OnStep, Result, generate
from hitmark.scene.schema import Scene

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.run.prepare import Plan


@dataclass(frozen=True)
class Inspection:
    """What was seen of one run.

    Attributes:
        result: the clip.
        features: of self-attention layers, at one step.
        gap: None for a model that does not look at words in layers of their own.
        shift: None for that, and for a method that edits no attention.
    """

    result: Result
    features: FeatureProbe
    gap: GapProbe | None = None
    shift: ShiftProbe | None = None


def inspect_scene(
    scene: Scene,
    pipe: Any = None,
    on_step: OnStep | None = None,
    *,
    image: Image.Image | None = None,
    at: float = USUAL,
    dtype: str = "auto",
    device: str = "auto",
    **options: Any,
) -> Inspection:
    """Run a scene's method with probes; the clip is the same as without them.

    Args:
        scene: with subjects, and their phrases for a model that reads text.
        pipe: a loaded pipeline, or None.
        on_step: as in `generate`.
        image: the first picture, or None: the scene's own.
        at: share of the steps after which features are read.
        dtype: as for `load_pipeline`.
        device: as for `load_pipeline`.
        options: further arguments of `generate`.

    Raises:
        HitmarkError: whatever `generate` raises.
    """
    from hitmark.run.model_choice import find_model
    from hitmark.run.prepare import check_fit, plan

    scene = find_model(scene, options.get("folder", "."))
    planned = plan(scene, steps=options.get("steps"), call=options.get("call"), pipe=pipe, picture=image is not None)
    if pipe is None:
        check_fit(planned, device)
        pipe = load_pipeline(planned.model, dtype=dtype, device=device)
    features, gap, shift = FeatureProbe(at), *_word_probes(planned)
    watch: list[Control] = [probe for probe in (shift, gap, features) if probe is not None]
    with features.on_blocks(pipe):
        result = generate(scene, image, pipe, on_step, watch=watch, **options)
    return Inspection(result, features, gap, shift)


def _word_probes(planned: Plan) -> tuple[GapProbe | None, ShiftProbe | None]:
    """Those that need words: for a model that makes clips from text, and looks at it in layers of its own."""
    abilities = FAMILIES[planned.card.pipeline].abilities
    if planned.card.takes_picture or not abilities.reads_words or "words" not in abilities.scopes:
        return None, None
    method = planned.scene.method
    edits = any(control.implements("attention") for control in build(method.name, method.knobs))
    return GapProbe(), ShiftProbe() if edits else None


FIGURES = ("masks", "attention", "gap", "shift", "features")
"""Files that `save_inspection` writes, without their .png."""


def save_inspection(inspection: Inspection, folder: Path, label: str) -> list[Path]:
    """Write features.png and, for a model that looks at words, masks.png, attention.png, gap.png and shift.png.

    Returns:
        What was written; shift.png only for a method that edits attention.
    """
    figures = {"features": feature_figure(inspection.features)}
    if inspection.gap is not None:
        layout = inspection.gap.layouts[-1]
        figures["masks"] = mask_figure(layout, inspection.gap.sites)
        figures["attention"] = attention_figure(layout, inspection.gap.attention_maps)
        figures["gap"] = gap_figure({label: [inspection.gap]})
    if inspection.shift is not None and inspection.shift.rows:
        figures["shift"] = shift_figure({label: inspection.shift.rows})
    names = [name for name in FIGURES if name in figures]
    for name in names:
        save_figure(figures[name], folder / f"{name}.png")
    return [folder / f"{name}.png" for name in names]
