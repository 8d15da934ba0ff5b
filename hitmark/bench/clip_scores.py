"""A finished clip as observers take it, and what they make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitmark.scene.tracks import Track

Figure = float | None | list[float | None]
"""A number of the clip, or one for each subject; None where there is none."""


@dataclass(frozen=True)
class FinishedClip:
    """A clip with what was asked for.

    Attributes:
        frames: uint8 (frames, height, width, 3).
        subjects: the subjects' tracks for these frames.
        picture: the first picture at the frames' size, uint8 (height, width, 3); None for a model that reads text.
        prompt: what the model was told.
    """

    frames: np.ndarray
    subjects: tuple[Track, ...]
    picture: np.ndarray | None
    prompt: str


@dataclass(frozen=True)
class Scores:
    """What one observer makes of a clip.

    Attributes:
        figures: by name.
        features: vectors (vectors, width) by the name of the network that made them.
        seen: for each subject its boxes, (frames, 4) normalized, and whether each is sure; empty without boxes.
        not_finite: names of figures that came out NaN or infinite; they are None in `figures`.
        notes: why a subject has no figures, as sentences.
    """

    figures: dict[str, Figure] = field(default_factory=dict)
    features: dict[str, np.ndarray] = field(default_factory=dict)
    seen: list[dict[str, list[Any]]] = field(default_factory=list)
    not_finite: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Scorer = Callable[[FinishedClip], Scores]
