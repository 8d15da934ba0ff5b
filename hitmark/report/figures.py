"""What every figure of a run means: exactly how it is computed, which way is better, and how it is averaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Group = Literal["control", "kept", "cost", "other"]
Better = Literal["greater", "smaller"] | None
Average = Literal["mean", "median", "max"]

GROUPS: dict[Group, str] = {
    "control": "Control: is it where it was wanted?",
    "kept": "Quality: what was kept?",
    "cost": "Cost",
    "other": "Other figures",
}
"""Headings of the tables, in this order."""


@dataclass(frozen=True)
class FigureCard:
    """The meaning of a figure, whichever observer it comes from."""

    group: Group
    better: Better
    definition: str
    unit: str = ""
    average: Average = "mean"
    from_zero: bool = True
    """Whether 0 means none of it, so that a ratio of two rows says something: not so of decibels and correlations."""


@dataclass(frozen=True, order=True)
class Figure:
    """One column: a figure of one observer."""

    observer: str
    name: str

    @property
    def card(self) -> FigureCard:
        """What it means; a figure that is not known here has no direction."""
        return CARDS.get(self.name, UNKNOWN)


UNKNOWN = FigureCard("other", None, "Not described here: see the observer that computes it.", from_zero=False)
COST = "cost"
"""Stands for an observer where the figures are those of cost.json."""
MADE = "coverage"
"""The figure that the report makes itself, of `found`."""
COVERED = 0.5
MEDIAN = "median path error"
"""Likewise, of `guessed path error`."""
OUTSIDE = "outside"
"""Likewise, of two clips."""

CARDS: dict[str, FigureCard] = {
    "guessed overlap": FigureCard(
        "control",
        "greater",
        "Intersection over union of wanted box and the observer's best guess, found or not; mean over the frames in "
        "which the subject is wanted.",
        "0..1",
    ),
    "guessed path error": FigureCard(
        "control",
        "smaller",
        "Distance of wanted center and the observer's best guess, found or not; mean over the frames 2..F in which the "
        "subject is wanted (ObjMC). A wrong guess is a large error.",
        "diagonals of the picture",
    ),
    "path error": FigureCard(
        "control",
        "smaller",
        "Distance of wanted and found center, mean over the frames 2..F in which the subject is wanted (ObjMC). A "
        "frame in which it is not found counts from where it was last found: what vanishes counts as stopped. No "
        "number for a subject that is found in no frame.",
        "diagonals of the picture",
    ),
    MEDIAN: FigureCard(
        "control",
        "smaller",
        "`guessed path error` of the subject in the middle, which a few that go far astray do not move.",
        "diagonals of the picture",
        "median",
    ),
    "overlap": FigureCard(
        "control",
        "greater",
        "Intersection over union of wanted and found box, mean over the frames in which the subject is wanted; a frame "
        "without a sure find counts 0. Its mean is mIoU.",
        "0..1",
    ),
    "volume overlap": FigureCard(
        "control",
        "greater",
        "Sum of the intersections of wanted and found box over all wanted frames, over the sum of their unions; a "
        "frame without a sure find has no intersection.",
        "0..1",
    ),
    "precise": FigureCard(
        "control",
        "greater",
        "Share of the wanted frames with an overlap of at least a half. Its mean is AP50.",
        "0..1",
    ),
    "guessed distance": FigureCard(
        "control",
        "smaller",
        "Distance of the centers of wanted box and the observer's best guess, mean over the wanted frames, the first "
        "included.",
        "diagonals of the picture",
    ),
    "center distance": FigureCard(
        "control",
        "smaller",
        "Distance of the centers of wanted and found box, mean over the wanted frames, the first included; a frame "
        "without a sure find counts as a whole diagonal.",
        "diagonals of the picture",
    ),
    "found": FigureCard(
        "control",
        "greater",
        "Share of the wanted frames 2..F in which the observer is sure to see the subject.",
        "0..1",
    ),
    MADE: FigureCard(
        "control", "greater", "Share of subjects for which `found` is more than a half.", "share of subjects"
    ),
    "text match": FigureCard(
        "kept",
        "greater",
        "Probability that the sprite named in the prompt is in the clip, by the sprite world's own network. It "
        "compares with no other network's.",
        "0..1",
    ),
    "CLIP score": FigureCard(
        "kept",
        "greater",
        "Cosine of a frame's features with the prompt's by the CLIP model named, times 100, at least 0; mean over "
        "frames.",
        "0..100",
    ),
    "identity": FigureCard(
        "kept",
        "greater",
        "Correlation of the subject's crop with its crop in frame 1 under a Gaussian weight, mean over the frames "
        "2..F. Crops are taken at the observer's best guess, found or not. No number where all "
        "of them lie outside of the picture.",
        "-1..1",
        from_zero=False,
    ),
    OUTSIDE: FigureCard(
        "kept",
        "smaller",
        "Difference from the uncontrolled clip of the same scene, noise and model (method none), outside of the wanted "
        "boxes of each frame: squared difference of the unit-length channels in the layers of the sprite world's own "
        "network, mean over positions and layers, in the manner of LPIPS without learned weights. What was not asked "
        "for and changed all the same. It compares with no other network's.",
        "0..4",
    ),
    "first frame PSNR": FigureCard(
        "kept",
        "greater",
        "Peak signal-to-noise ratio of frame 1 against the given picture at the clip's size. No number where both are "
        "equal.",
        "dB",
        from_zero=False,
    ),
    "background PSNR": FigureCard(
        "kept",
        "greater",
        "Peak signal-to-noise ratio of frames 2..F against the given picture, outside of the wanted boxes of the frame "
        "and of frame 1. Only without camera motion. No number where both are equal.",
        "dB",
        from_zero=False,
    ),
    "color shift": FigureCard(
        "kept",
        "smaller",
        "Mean over frames and channels of the difference of the channel's mean from the given picture's.",
        "0..1",
    ),
    "flicker": FigureCard(
        "kept",
        None,
        "Mean absolute difference of neighboring frames. It cannot tell flicker from motion, so that neither way is "
        "better.",
        "levels, 0..255",
    ),
    "seconds": FigureCard("cost", "smaller", "Time of making the clip, without loading the model.", "s", "median"),
    "peak GB": FigureCard("cost", "smaller", "Most memory in use while the clip was made.", "10^9 bytes", "max"),
}
"""In the order of the tables. The first of a group that a run has is its headline."""
EARLIER = {"colour shift": "color shift", "centre distance": "center distance"}
"""Names in records of earlier versions, and what they are called now."""


def current_name(name: str) -> str:
    """What a figure of this name is called now, with or without its observer in brackets."""
    figure, bracket, observer = name.partition(" (")
    return EARLIER.get(figure, figure) + bracket + observer


def ordered(figures: Iterable[Figure]) -> list[Figure]:
    """In the order of CARDS, unknown ones last; those of one name by observer, `sprites` before `template`."""
    names = {name: place for place, name in enumerate(CARDS)}
    return sorted(set(figures), key=lambda figure: (names.get(figure.name, len(names)), figure.name, figure.observer))


def labels(figures: Iterable[Figure]) -> dict[Figure, str]:
    """Names for people: the observer is added where two observers have a figure of that name."""
    every = ordered(figures)
    names = [figure.name for figure in every]
    return {
        figure: figure.name if names.count(figure.name) == 1 else f"{figure.name} ({figure.observer})"
        for figure in every
    }


def averaged(figure: Figure) -> str:
    """How the table's number comes from the clips', as a sentence."""
    if figure.card.average == "median":
        return "Median over clips (over all subjects where there is one number for each)."
    if figure.card.average == "max":
        return "Greatest of all clips."
    return "Mean over all subjects of all clips (over clips where it is one number for a clip)."
