"""Which subjects a cell or a word belongs to, on any token grid: what the masking methods share."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hitmark.control import AttentionSite, Layout
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt
from hitmark.scene.grid import region_labels
from hitmark.scene.tracks import Track


def subjects(layout: Layout) -> list[Track]:
    """The tracks that mean something in the prompt."""
    return [track for track in layout.tracks if track.kind == "subject"]


def check_subjects(owner: str, layout: Layout) -> Prompt:
    """The clip's prompt; raises HitmarkError unless there are subjects and each one's phrase is in it."""
    tracks = subjects(layout)
    if not tracks:
        raise HitmarkError(f"{owner} needs a subject with a box and a phrase of the prompt; the scene has none.")
    if layout.prompt is None:
        raise HitmarkError(
            f"{owner} must know which words mean the subject, but the pipeline was given prompt_embeds. "
            "Call it with prompt=... instead."
        )
    for track in tracks:
        if not track.phrase:
            raise HitmarkError(
                f"Subject {track.name!r} has no phrase. Expected the words that mean it in {layout.prompt.text!r}: "
                "`--subject WORDS` for a --box, or `phrase` in a scene."
            )
        layout.prompt.positions(track.phrase)
    return layout.prompt


@lru_cache(maxsize=16)
def subject_bits(layout: Layout) -> np.ndarray:
    """For each latent cell the sum of 2**k over the subjects k whose box holds it, int64 (frames, height, width)."""
    tracks = subjects(layout)
    bits = np.zeros((layout.frames, layout.height, layout.width), dtype=np.int64)
    for number, track in enumerate(tracks):
        own = region_labels(tracks, layout.frames, layout.height, layout.width, only=[track.name])
        bits |= (own > 0).astype(np.int64) << number
    return bits


@lru_cache(maxsize=16)
def nearest_subject(layout: Layout) -> np.ndarray:
    """For each latent cell the number of the nearest subject whose box holds it, from 1 on; 0 is background."""
    return region_labels(subjects(layout), layout.frames, layout.height, layout.width)


def at_level(grid: np.ndarray, site: AttentionSite) -> np.ndarray:
    """A latent grid (frames, height, width) on the token grid of a site: every second cell of every second row, again
    and again, as the published Peekaboo code samples its masks.
    """
    while grid.shape[1:] != (site.height, site.width):
        grid = grid[:, ::2, ::2]
    return grid


def rows_of(grid: np.ndarray, site: AttentionSite) -> np.ndarray:
    """A grid (frames, height, width) at a site's level as (rows, length) of its attention."""
    cells = at_level(grid, site).reshape(site.frames, -1)
    return cells.T if site.kind == "temporal" else cells
