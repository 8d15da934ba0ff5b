"""What is told of where the subjects went, by an observer that is not told the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.metrics.followed import Followed, followed

if TYPE_CHECKING:
    from hitmark.observers.positions import Look
    from hitmark.run.result import Result

OBSERVERS = {
    "sprites": "the sprites observer, which looks for the drawing by its name",
    "template": "the template observer, which follows what frame 1 shows in the box",
}


def sentences(result: Result, seen: Look) -> list[str]:
    """One line for each subject: how far it was from its path and how sure that is, or why nothing can be said."""
    height, width = result.frames.shape[1:3]
    lines, asked = [], []
    for track in result.tracks:
        if track.name in seen.reasons:
            lines.append(f"{track.name}: nothing can be said of where it went: {seen.reasons[track.name]}")
        if track.name not in seen.sightings:
            continue
        sighting = seen.sightings[track.name]
        figures = followed(track.boxes, track.visible, sighting.centers, sighting.found, (width, height))
        lines.append(f"{track.name}: {told(figures)}")
        asked.append(OBSERVERS[sighting.observer])
    by = " and ".join(dict.fromkeys(asked))
    return [*lines, f"(pixels of {width} px width, by {by})"] if asked else lines


def told(figures: Followed) -> str:
    """The figures as words: a distance only where the thing was found, and the observer's best guess as that."""
    if figures.found_share is None or figures.guess is None:
        return "wanted in no frame but the first, so that there is no path to follow"
    guess = f"best guess over all frames {figures.guess:.1f} px from its path"
    if figures.pixels is None:
        return f"not found for sure in any frame; {guess}"
    return f"{figures.pixels:.1f} px from its path where found ({figures.found_share:.0%} of the frames); {guess}"
