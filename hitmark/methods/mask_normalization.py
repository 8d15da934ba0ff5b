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

from hitmark.control import (
    Abilities,
    AttentionSite,
    Control,
    LayerCall,
    Layout,
    Proceed,
    Scope,
    Step,
    kinds_of,
    knob,
    listed_in,
)
from hitmark.maths.moments import match_moments

CORRECTED = ("spatial", "temporal", "cross")
"""Full attention, where every token sees the whole clip, counts as spatial and temporal."""


@dataclass(frozen=True)
class MaskNormalization(Control):
    """Gives the output of masked attention the moments of the unmasked layer's, before it is added to the residual.

    It corrects what the methods before it do ("peekaboo+mask-normalization") and changes no other layer.
    """

    method: ClassVar[str] = "mask-normalization"
    refines: ClassVar[bool] = True

    mean: float = knob(
        1.0, low=0, high=1, help="How much of the mean is taken from the unmasked output, 0 (none) to 1."
    )
    deviation: float = knob(1.0, low=0, high=1, help="The same for the standard deviation.")
    regions: Literal["own", "whole"] = knob(
        "whole",
        choices=("own", "whole"),
        help='"own": statistics of each subject\'s cells and of the background by themselves; "whole": of all cells.',
    )
    pool: Literal["frame", "clip"] = knob(
        "clip", choices=("frame", "clip"), help='Statistics over the cells of each "frame", or of the whole "clip".'
    )
    kinds: str = knob(
        "spatial,temporal",
        some_of=CORRECTED,
        help="The kinds of attention that are corrected, of spatial, temporal, cross; joined with commas.",
        more="What cross-attention gives to a subject's region is the control itself: matched, it is taken back.",
    )

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """On the kinds of attention that are corrected."""
        return self._corrects(site.scope) and (self.mean > 0 or self.deviation > 0)

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Those that are corrected."""
        return frozenset(scope for scope in abilities.scopes if self._corrects(scope))

    def _corrects(self, scope: Scope) -> bool:
        return not kinds_of(scope).isdisjoint(listed_in(self.kinds))

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """Run the masked layer and the unmasked one, and match."""
        masked, plain = proceed(call), call.untouched(call)
        return masked if torch.equal(masked, plain) else self._matched(masked, plain, call, step.layout)

    def _matched(self, masked: Tensor, plain: Tensor, call: LayerCall, layout: Layout) -> Tensor:
        """Frames that are a given picture are left out: they never saw noise."""
        given = min(layout.given, call.site.grid[0] - 1)
        regions = torch.from_numpy(self._labels(call, layout, given)).to(masked.device)
        frames = call.frames(masked.float())
        sets, reference = (self._sets(each[:, given:]) for each in (frames, call.frames(plain.float())))
        matched = match_moments(sets, reference, regions, mean=self.mean, deviation=self.deviation)
        whole = torch.cat([frames[:, :given], matched.reshape(frames[:, given:].shape)], dim=1)
        return call.rows(whole).to(masked.dtype)

    def _labels(self, call: LayerCall, layout: Layout, given: int) -> np.ndarray:
        """Region of each token, (sets, length); tokens frame by frame, row by row."""
        labels = layout.regions(call.site.grid)[given:].reshape(call.site.grid[0] - given, -1)
        labels = labels if self.regions == "own" else np.zeros_like(labels)
        return np.ascontiguousarray(labels if self.pool == "frame" else labels.reshape(1, -1))

    def _sets(self, frames: Tensor) -> Tensor:
        """(branches, frames, cells, channels) as (branches, sets, tokens, channels)."""
        return frames if self.pool == "frame" else frames.flatten(1, 2)[:, None]
