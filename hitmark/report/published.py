"""What Peekaboo's released script would print of each row, beside the strict reading of the same boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.boxes import BoxAverages, BoxSummary, box_scores
from hitmark.metrics.peekaboo_boxes import (
    PublishedBoxAverages,
    PublishedBoxScores,
    PublishedBoxSummary,
    published_box_scores,
)
from hitmark.report.boxes import Boxes, in_pixels
from hitmark.report.clip_record import Row
from hitmark.report.run_record import BenchRun
from hitmark.report.wanted import matched

TITLE = "As published by Peekaboo's script, beside the strict reading"
LEGEND = (
    "Two readings of the same boxes: compare published figures only with tables that Peekaboo's script has made, and "
    "strict ones only with strict ones."
)
DEFINITIONS = {
    "published": (
        "Computed as the released eval/create_bbox.py and eval/get_metrics.py of Peekaboo (Jain et al., CVPR 2024) do, "
        "number for number, quirks included. Every subject of every clip counts as one of their clips. Frames in which "
        "it is not wanted have an empty mask. The script gives no intervals."
    ),
    "mIoU, published": (
        "All intersections of a clip over all of its unions + 0.00001, in masks of whole pixels with the edges cut off "
        "towards zero; mean over covered clips only."
    ),
    "coverage, published": (
        "Share of clips with more than 8 detections, whatever their number of frames: a clip of 8 frames is never "
        "covered."
    ),
    "center distance, published": (
        "Distance of the masks' centers in pixels of the clip, over |(320, 576)| whatever the clip's size; a missed "
        "frame has its center in the corner (0, 0). Mean over all clips."
    ),
    "AP50, published": (
        "Share of the frames with a detection whose overlap is at least a half, weighted by the number of detections: "
        "frames without one do not lower it."
    ),
    "unfiltered": (
        "The script's second line: mIoU over all clips, covered or not; AP50 as the plain mean over clips that have "
        "one. Coverage and center distance are the same in both lines."
    ),
    "strict": (
        "mIoU: overlap of each wanted frame, 0 where there is no sure find, mean over frames, then over subjects. "
        "Coverage: share of subjects found in more than half of their wanted frames. Center distance: in diagonals of "
        "the picture, a whole one where there is no sure find. AP50: share of wanted frames with an overlap of at "
        "least a half. These are the means of overlap, coverage, center distance and precise in the tables above, "
        "except that coverage counts the first frame too."
    ),
    "dropped": "Clips that the script drops from every figure: fewer than 5 wanted pixels in all frames together.",
}


@dataclass(frozen=True)
class PublishedRow:
    """One row by one observer, in both readings.

    Attributes:
        row, label, observer: which.
        filtered, unfiltered: the script's two lines.
        strict: of the same boxes.
        without: clips of the row whose boxes are not known; they are in neither reading.
    """

    row: Row
    label: str
    observer: str
    filtered: PublishedBoxSummary
    unfiltered: PublishedBoxSummary
    strict: BoxSummary
    without: int


def published_rows(run: BenchRun) -> list[PublishedRow]:
    """Every row by every observer of boxes; nothing for runs whose records know no boxes."""
    observers = sorted({name for clip in run.clips for name in clip.seen})
    made = [_row(run, row, observer) for observer in observers for row in run.rows]
    return [each for each in made if each is not None]


def _row(run: BenchRun, row: Row, observer: str) -> PublishedRow | None:
    published, strict, without = PublishedBoxAverages(), BoxAverages(), 0
    for clip in run.clips:
        if clip.row != row:
            continue
        pairs = matched(clip, observer)
        without += not pairs
        _, height, width = clip.shape
        for wanted, seen in pairs:
            published.add(_published(wanted, seen, width, height))
            if wanted.flags.any():
                strict.add(box_scores(wanted.boxes, seen.boxes, seen.flags, wanted.flags, width / height))
    try:
        filtered, unfiltered, summary = published.filtered(), published.unfiltered(), strict.summary()
    except HitmarkError:  # no clip is left
        return None
    return PublishedRow(row, run.row_labels[row], observer, filtered, unfiltered, summary, without)


def _published(wanted: Boxes, seen: Boxes, width: int, height: int) -> PublishedBoxScores:
    asked = np.where(wanted.flags[:, None], wanted.boxes, np.nan)
    return published_box_scores(asked, in_pixels(seen.boxes, width, height), seen.flags, (width, height))


HEADS = (
    *("row", "observer", "clips", "dropped"),
    *("mIoU, published", "mIoU, strict", "coverage, published", "coverage, strict"),
    *("center distance, published", "center distance, strict", "AP50, published", "AP50, strict"),
    *("mIoU, unfiltered", "AP50, unfiltered"),
)


def values(each: PublishedRow) -> list[str | int | float]:
    """One line under HEADS."""
    filtered, unfiltered, strict = each.filtered, each.unfiltered, each.strict
    return [
        *(each.label, each.observer, filtered.clips, filtered.dropped),
        *(filtered.overlap, strict.overlap, filtered.coverage, strict.coverage),
        *(filtered.center_distance, strict.center_distance, filtered.precise, strict.precise),
        *(unfiltered.overlap, unfiltered.precise),
    ]
