"""What is measured of one finished clip, by which observers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from hitmark.bench.clip_scores import Figure, FinishedClip, Scorer, Scores
from hitmark.bench.scorers import NETWORKS, SCORERS
from hitmark.errors import HitmarkError


def score(clip: FinishedClip, observers: Sequence[str]) -> dict[str, Scores]:
    """Scores by observer.

    Raises:
        HitmarkError: an unknown observer, or one that cannot look at this clip.
    """
    return {name: _finite(scorer(name)(clip)) for name in observers}


def scorer(name: str) -> Scorer:
    """The scorer of an observer's name, "sprites" or "boxes:google/owlvit-large-patch14".

    Raises HitmarkError for an unknown one.
    """
    kind, _, source = name.partition(":")
    if name in SCORERS:
        return SCORERS[name]
    if kind in NETWORKS and source:
        return partial(NETWORKS[kind], source)
    known = ", ".join([*SCORERS, *(f"{each}:SOURCE" for each in NETWORKS)])
    raise HitmarkError(f"observers: there is no {name!r}; there are: {known} (SOURCE: a folder, file or hub name).")


def observers_for(clip_from_picture: bool, phrases: Sequence[str], *, sprite_world: bool) -> list[str]:
    """What "auto" means for a clip: `frames` always, and what can say where things are.

    `sprites` where a model of the embedded world made it (`sprite_world`) and every phrase names a drawing of it;
    `template` where it starts from a picture, or nothing else can look.
    """
    from hitmark.observers.sprites import sprite_of

    named = sprite_world and bool(phrases) and all(sprite_of(phrase) for phrase in phrases)
    follow = clip_from_picture or not named
    return ["frames", *(["template"] if follow else []), *(["sprites"] if named else [])]


def _finite(scores: Scores) -> Scores:
    """The scores with None for numbers that are none, and the names of their figures."""
    wrong: list[str] = []
    figures: dict[str, Figure] = {}
    for name, value in scores.figures.items():
        some = value if isinstance(value, list) else [value]
        kept = [None if each is None or not np.isfinite(each) else each for each in some]
        figures[name] = kept if isinstance(value, list) else kept[0]
        wrong += [name] * sum(each is not None and not np.isfinite(each) for each in some)
    return replace(scores, figures=figures, not_finite=tuple(wrong)) if wrong else scores
