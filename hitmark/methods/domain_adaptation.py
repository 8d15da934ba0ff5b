"""ivg-da: masked attention, mask normalization and temporal intrinsic denoising, as one method.

After the published idea of "Interactive Video Generation via Domain Adaptation" (Rawal and Kumar, arXiv:2505.24253), of
which only the abstract was known to us. **The formulation is ours**, see docs/methods/ivg-da.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Proceed, Step
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic


@dataclass(frozen=True)
class DomainAdaptation(Control):
    """Peekaboo's masks, normalised, from a start and with clean estimates that agree with the boxes.

    Equal to "peekaboo+mask-normalization+temporal-intrinsic" with these knobs. Unlike Peekaboo by itself it takes the
    masks of Peekaboo's paper, not those of its code: in every block, and each subject with its own words.

    Attributes:
        masked_steps, as_published: of `Peekaboo`.
        mean, deviation, kinds: of `MaskNormalization`.
        noise_cutoff, strength, stop, preview_steps, preview_guidance: of `TemporalIntrinsic`.
    """

    method: ClassVar[str] = "ivg-da"

    masked_steps: int = 4
    as_published: Literal["code", "paper"] = "paper"
    mean: float = 1.0
    deviation: float = 1.0
    kinds: str = "spatial,temporal"
    noise_cutoff: float = 0.25
    strength: float = 1.0
    stop: float = 1.0
    preview_steps: int = 4
    preview_guidance: float = 3.0

    def __post_init__(self) -> None:
        """Check every knob."""
        _ = self.masks, self.normalization, self.intrinsic  # each checks its own

    @cached_property
    def masks(self) -> Peekaboo:
        """The masking part."""
        return Peekaboo(self.masked_steps, self.as_published)

    @cached_property
    def normalization(self) -> MaskNormalization:
        """What corrects the masks."""
        return MaskNormalization(mean=self.mean, deviation=self.deviation, kinds=self.kinds)

    @cached_property
    def intrinsic(self) -> TemporalIntrinsic:
        """What acts on the start and the clean estimates."""
        return TemporalIntrinsic(
            noise_cutoff=self.noise_cutoff,
            strength=self.strength,
            stop=self.stop,
            preview_steps=self.preview_steps,
            preview_guidance=self.preview_guidance,
        )

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt."""
        self.masks.check(layout)

    def initial_noise(self, noise: Tensor, layout: Layout, generator: torch.Generator | None) -> Tensor:
        """Of the intrinsic part."""
        return self.intrinsic.initial_noise(noise, layout, generator)

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Of the intrinsic part."""
        return self.intrinsic.latents(latents, step)

    def prediction(self, clean: Tensor, step: Step) -> Tensor:
        """Of the intrinsic part."""
        return self.intrinsic.prediction(clean, step)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Where the masks act."""
        return self.masks.attends(site, step)

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """The masked layer, normalised."""

        def masked(inner: AttentionCall) -> Tensor:
            return self.masks.attention(inner, step, proceed)

        if not self.normalization.attends(call.site, step):
            return masked(call)
        return self.normalization.attention(call, step, masked)
