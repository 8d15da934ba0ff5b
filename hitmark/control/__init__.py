"""The vocabulary in which a method and a model family meet.

A method sees one canonical world: latents are (1, frames, channels, height, width), one clip at a time; the noisy
latent is z = alpha * x0 + sigma * eps; boxes are normalized `xyxy`; attention layers differ in scope and token grid. It
never learns which pipeline it runs in.
"""

from hitmark.control.abilities import Abilities, Needs, check_needs, check_phrases, outside_error
from hitmark.control.attention import (
    COND,
    KINDS,
    UNCOND,
    AttentionCall,
    AttentionSite,
    Branch,
    LayerCall,
    Proceed,
    Scope,
    kinds_of,
)
from hitmark.control.base import Control
from hitmark.control.knobs import Knob, knob, knobs_of, listed_in
from hitmark.control.layout import Grid, Layout
from hitmark.control.pooling import POOLINGS, Pooling
from hitmark.control.reference import Reference
from hitmark.control.step import CleanEstimator, Layers, Positions, SelfAttention, SelfAttentionReader, Step

__all__ = [
    "COND",
    "KINDS",
    "POOLINGS",
    "UNCOND",
    "Abilities",
    "AttentionCall",
    "AttentionSite",
    "Branch",
    "CleanEstimator",
    "Control",
    "Grid",
    "Knob",
    "LayerCall",
    "Layers",
    "Layout",
    "Needs",
    "Pooling",
    "Positions",
    "Proceed",
    "Reference",
    "Scope",
    "SelfAttention",
    "SelfAttentionReader",
    "Step",
    "check_needs",
    "check_phrases",
    "kinds_of",
    "knob",
    "knobs_of",
    "listed_in",
    "outside_error",
]
