"""ivg-da: masked attention, mask normalization and temporal intrinsic denoising, as one method.

After the published idea of "Interactive Video Generation via Domain Adaptation" (Rawal and Kumar, arXiv:2505.24253), of
which only the abstract was known to us. **The formulation is ours**, see docs/methods/ivg-da.md.
"""

from __future__ import annotations

from hitmark.control import Control
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.temporal_intrinsic import TemporalIntrinsic

HELP = "Masked attention, mask normalization and temporal intrinsic denoising, as one method."
GRID = {"masked_steps": (2, 4, 6, 8), "strength": (0.25, 0.5, 0.75, 1.0)}
"""Values that `hitmark tune` tries: what its parts have by themselves would be too many together."""
DOMAIN_ADAPTATION: tuple[Control, ...] = (
    Peekaboo(masked_steps=4, as_published="paper"),
    MaskNormalization(),
    TemporalIntrinsic(),
)
"""Peekaboo's masks, normalized, from a start and with clean estimates that agree with the boxes.

Unlike Peekaboo by itself it takes the masks of Peekaboo's paper, not those of its code: in every block, and each
subject with its own words; and for the number of steps that the paper takes for moving subjects.
"""
