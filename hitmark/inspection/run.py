"""One scene looked into: a run with probes, and the figures of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from hitmark.media.images import parse_color
from hitmark.run.fit import check_fit
from hitmark.run.make import OnStep, make
from hitmark.run.model_choice import find_model
from hitmark.run.prepare import prepare
from hitmark.run.result import Result
from hitmark.scene.schema import Scene

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.run.plan import Plan


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
    image: Image.Image | Path | None = None,
    folder: Path | str = ".",
    at: float = USUAL,
    steps: int | None = None,
    dtype: str = "auto",
    device: str = "auto",
    call: dict[str, Any] | None = None,
    background: str = "white",
) -> Inspection:
    """Run a scene's method with probes; the clip is the same as without them.

    Args:
        scene: with subjects, and their phrases for a model that reads text.
        pipe: a loaded pipeline, or None.
        on_step: as in `generate`.
        image: the first picture, its file, or None: the scene's own, relative to `folder`.
        folder: as in `generate`.
        at: share of the steps after which features are read.
        steps: as in `generate`.
        dtype: as in `generate`.
        device: as in `generate`.
        call: as in `generate`.
        background: as in `generate`.

    Raises:
        HitmarkError: whatever `generate` raises.
    """
    planned, picture = prepare(
        find_model(scene, folder), image, folder, steps=steps, call=call, pipe=pipe, background=parse_color(background)
    )
    planned.warn()
    if pipe is None:
        check_fit(planned, device)
        pipe = load_pipeline(planned.model, dtype=dtype, device=device, picture=planned.card.takes_picture)
    features, gap, shift = FeatureProbe(at), *_word_probes(planned)
    watch: list[Control] = [probe for probe in (shift, gap, features) if probe is not None]
    with features.on_blocks(pipe):
        result = make(planned, picture, pipe, on_step, watch=watch)
    return Inspection(result, features, gap, shift)


def _word_probes(planned: Plan) -> tuple[GapProbe | None, ShiftProbe | None]:
    """Those that need words: for a model that looks at a prompt in layers of its own, where the scene has one.

    Of a clip that starts from an image the prompt may say nothing of the subjects; then there is nothing to look for.
    """
    abilities, prompt = planned.card.family.abilities, planned.scene.prompt.lower()
    if not abilities.reads_words or "words" not in abilities.scopes:
        return None, None
    phrases = [str(track.phrase or "").lower() for track in planned.tracks if track.kind == "subject"]
    if planned.card.takes_picture and not all(phrase and phrase in prompt for phrase in phrases):
        return None, None
    edits = any(control.implements("attention") for control in planned.controls)
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
