"""Mask normalization: what masks do to the statistics of attention, taken back.

The idea is of "Interactive Video Generation via Domain Adaptation" (Rawal and Kumar), of which only the abstract was
known to us: masked attention gives layers inputs that they never saw in training (internal covariate shift), and a
normalization that matches distributions removes that. **The formulation here is ours**, chosen by ablation on a small
trained model. See docs/methods/mask-normalization.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from hitmark.control import AttentionCall, AttentionSite, Control, Layout, Proceed, Step, number
from hitmark.errors import HitmarkError
from hitmark.maths.moments import match_moments
from hitmark.methods.regions import nearest_subject, rows_of

KINDS = ("spatial", "temporal", "cross")


@dataclass(frozen=True)
class MaskNormalization(Control):
    """Gives the output of masked attention the moments of the unmasked layer's, before it is added to the residual.

    It corrects what the methods before it do ("peekaboo+mask-normalization") and changes no other layer.

    Attributes:
        mean: how much of the mean is taken from the unmasked output, 0 (none) to 1.
        deviation: the same for the standard deviation.
        regions: "own": statistics of each subject's cells and of the background by themselves; "whole": of all cells.
        pool: statistics over the cells of each "frame", or of the whole "clip".
        kinds: the kinds of attention that are corrected, of spatial, temporal, cross; joined with commas. What
            cross-attention gives to a subject's region is the control itself: matched, it is taken back.
    """

    method: ClassVar[str] = "mask-normalization"
    refines: ClassVar[bool] = True

    mean: float = 1.0
    deviation: float = 1.0
    regions: Literal["own", "whole"] = "whole"
    pool: Literal["frame", "clip"] = "clip"
    kinds: str = "spatial,temporal"

    def __post_init__(self) -> None:
        """Check every knob."""
        for name in ("mean", "deviation"):
            number(self.method, name, getattr(self, name), 0, 1)
        for name, allowed in (("regions", ("own", "whole")), ("pool", ("frame", "clip"))):
            if getattr(self, name) not in allowed:
                raise HitmarkError(
                    f"{self.method}: {name} must be {' or '.join(map(repr, allowed))}, but got {getattr(self, name)!r}."
                )
        if not isinstance(self.kinds, str) or not set(self._kinds()) <= set(KINDS):
            raise HitmarkError(f"{self.method}: kinds must be some of {', '.join(KINDS)}, but got {self.kinds!r}.")

    def _kinds(self) -> list[str]:
        return [kind.strip() for kind in self.kinds.split(",") if kind.strip()]

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """On the kinds of attention that are corrected."""
        return site.kind in self._kinds() and (self.mean > 0 or self.deviation > 0)

    def attention(self, call: AttentionCall, step: Step, proceed: Proceed) -> Tensor:
        """Run the masked layer and the unmasked one, and match."""
        masked, plain = proceed(call), call.untouched(call)
        return masked if torch.equal(masked, plain) else self._matched(masked, plain, call.site, step.layout)

    def _matched(self, masked: Tensor, plain: Tensor, site: AttentionSite, layout: Layout) -> Tensor:
        labels = self._labels(site, layout)
        regions = torch.from_numpy(labels).to(masked.device)
        tokens, reference = (self._sets(each.float(), site) for each in (masked, plain))
        matched = match_moments(tokens, reference, regions, mean=self.mean, deviation=self.deviation)
        return self._rows(matched, masked, site).to(masked.dtype)

    def _labels(self, site: AttentionSite, layout: Layout) -> np.ndarray:
        """Region of each token, (sets, length); tokens frame by frame, row by row."""
        labels = rows_of(nearest_subject(layout), site)
        labels = labels.T if site.kind == "temporal" else labels
        labels = labels if self.regions == "own" else np.zeros_like(labels)
        return np.ascontiguousarray(labels if self.pool == "frame" else labels.reshape(1, -1))

    def _sets(self, tokens: Tensor, site: AttentionSite) -> Tensor:
        """(branches, rows, length, channels) as (branches, sets, tokens, channels)."""
        frames = tokens.transpose(1, 2) if site.kind == "temporal" else tokens
        return frames if self.pool == "frame" else frames.flatten(1, 2)[:, None]

    def _rows(self, sets: Tensor, like: Tensor, site: AttentionSite) -> Tensor:
        """The inverse of `_sets`."""
        branches, rows, length, channels = like.shape
        if site.kind == "temporal":
            return sets.reshape(branches, length, rows, channels).transpose(1, 2)
        return sets.reshape(branches, rows, length, channels)
