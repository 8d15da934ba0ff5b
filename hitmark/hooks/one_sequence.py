"""Layers that are given the video's tokens within one sequence of text, sound and video, and give them back so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hitmark.control import AttentionSite


def is_whole(named: Mapping[str, Any], site: AttentionSite) -> bool:
    """Whether a layer's tokens are the whole sequence; else those of the video alone, with the text's beside them."""
    return site.joint and named["hidden_states"].shape[1] > math.prod(site.grid)


def video_of(whole: Tensor, site: AttentionSite) -> tuple[Tensor, list[Tensor]]:
    """The video's tokens of (batch, length, channels), and what stands before and after them."""
    before, after = site.text
    parts = whole.split([before, whole.shape[1] - before - after, after], dim=1)
    return parts[1], [parts[0], parts[2]]


def whole_of(video: Tensor, others: list[Tensor]) -> Tensor:
    """The inverse of `video_of`; the others in the video's type."""
    return torch.cat([others[0].to(video), video, others[1].to(video)], dim=1)


def whole_places(places: Tensor, site: AttentionSite) -> Tensor:
    """Where the tokens of a whole sequence stand, where those of the video stand at others' (`places`)."""
    before, after = site.text
    behind = before + len(places)
    return torch.cat([torch.arange(before), before + places.cpu(), torch.arange(behind, behind + after)])
