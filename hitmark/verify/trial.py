"""The clips that are made of one model: short ones that are compared bit by bit, and one with each method."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from hitmark.control import Control
from hitmark.errors import HitmarkWarning
from hitmark.methods.spec import MethodSpec
from hitmark.run.generate import generate
from hitmark.run.make import OnStep
from hitmark.run.result import Result
from hitmark.scene.schema import MethodChoice, Scene

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

SHORT = 2
"""Steps of the clips that are compared bit by bit."""


@dataclass(frozen=True)
class Trial:
    """What every clip has in common.

    Attributes:
        scene: with size, frames, seed and model.
        picture: the first, for a model that starts from one.
        folder: that the scene's picture is relative to.
        steps: of the clips with methods.
        call: further arguments of the pipeline's call.
    """

    scene: Scene
    picture: Image.Image | Path | None
    folder: str
    steps: int
    call: dict[str, Any] = field(default_factory=dict)

    def clip(
        self,
        pipe: Any,
        method: str,
        on_step: OnStep | None = None,
        *,
        steps: int | None = None,
        watch: Sequence[Control] = (),
    ) -> Result:
        """One clip with a method, such as "peekaboo masked_steps=2"; what is not given is the default on this model.

        Raises HitmarkError as `generate`.
        """
        spec = MethodSpec.parse(method)
        scene = self.scene.replace(method=MethodChoice(name=spec.name, knobs=dict(spec.knobs)))
        options: dict[str, Any] = {"folder": self.folder, "steps": steps or self.steps, "call": self.call}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HitmarkWarning)  # they stand in the result's notes
            return generate(scene, self.picture, pipe, on_step, watch=watch, **options)

    def short(self, pipe: Any, watch: Sequence[Control] = ()) -> torch.Tensor:
        """Final latents of a clip of few steps without a method."""
        return self.clip(pipe, "none", steps=min(SHORT, self.steps), watch=watch).latents


def figures_of(result: Result) -> tuple[dict[str, dict[str, float | None]], str]:
    """How each subject followed its path, and why there is nothing to say of the others. Never raises."""
    from hitmark.metrics.followed import followed
    from hitmark.observers.positions import look

    height, width = result.frames.shape[1:3]
    seen = look(result)
    figures = {}
    for track in result.tracks:
        if track.name in seen.sightings:
            sighting = seen.sightings[track.name]
            found = followed(track.boxes, track.visible, sighting.centers, sighting.found, (width, height))
            figures[track.name] = asdict(found)
    return figures, "; ".join(f"{name}: {reason}" for name, reason in seen.reasons.items())
