"""Two runs, job by job: what both have is paired, and what differs in their settings is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Clip
from hitmark.report.figures import Figure, labels
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.statistics import DRAWS, Difference, Draws, Estimate, difference, estimate
from hitmark.report.summary import Cell, entries

Pair = tuple[Clip, Clip]


@dataclass(frozen=True)
class ComparedFigure:
    """One figure of one row over the clips that both runs have; the difference is second less first."""

    row: str
    figure: Figure
    label: str
    first: Estimate | None
    second: Estimate | None
    difference: Difference | None

    @property
    def verdict(self) -> str:
        """As `Cell.verdict`: of the second run against the first."""
        return Cell(self.second, self.difference).verdict(self.figure)


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common, and what not.

    Attributes:
        pairs: clips that both have, of the same item, row and seed.
        identical: pairs with the same frames, bit for bit.
        figures: by row and figure.
        settings: sentences on what differs in how the pairs were made.
        notes: whatever may mislead: clips that only one has, pairs of other shapes, jobs left out.
    """

    pairs: int
    identical: int
    figures: list[ComparedFigure]
    settings: list[str]
    notes: list[str]


def compare_runs(first: Path, second: Path, draws: int = DRAWS) -> Comparison:
    """Pairs the clips of two runs.

    Clips belong together when item, row and seed are the same; model and dataset count too where one run has several.
    Raises: HitmarkError for a folder without a run, and for runs that have nothing in common.
    """
    runs = read_run(first), read_run(second)
    keyed = _keyed(*runs)
    shared = [key for key in keyed[0] if key in keyed[1]]
    if not shared:
        raise HitmarkError(f"{first} and {second} have no clip of the same item, row and seed.")
    every = [(keyed[0][key], keyed[1][key]) for key in shared]
    pairs = [(one, other) for one, other in every if one.shape == other.shape]
    notes = [
        f"{path}: {len(mine) - len(shared)} clips that the other run does not have."
        for path, mine in zip((first, second), keyed, strict=True)
        if len(mine) > len(shared)
    ]
    if len(pairs) < len(every):
        notes.append(f"{len(every) - len(pairs)} pairs differ in frames or size; they are not compared.")
    for path, run in zip((first, second), runs, strict=True):
        notes += [f"{path}: {note}" for note in run.notes()]
    identical = sum(one.frames_sha256 == other.frames_sha256 != "" for one, other in pairs)
    return Comparison(len(pairs), identical, _figures(pairs, draws), _settings(pairs), notes)


def _keyed(first: BenchRun, second: BenchRun) -> tuple[dict[Hashable, Clip], dict[Hashable, Clip]]:
    """Clips by what makes them the same job in both runs."""
    runs = (first, second)
    models = any(len({clip.row.model for clip in run.clips}) > 1 for run in runs)
    datasets = any(len({clip.scene[0] for clip in run.clips}) > 1 for run in runs)

    def key(clip: Clip) -> Hashable:
        own = (clip.row.model if models else "", clip.scene[0] if datasets else "")
        return (*own, clip.scene[1], clip.row.method, clip.seed)

    return {key(clip): clip for clip in first.clips}, {key(clip): clip for clip in second.clips}


def _figures(pairs: list[Pair], draws: int) -> list[ComparedFigure]:
    """Every figure of every row. The scene's name in the first run stands for both: datasets may be named otherwise."""
    drawn = Draws(sorted({one.scene for one, _ in pairs}), draws)
    names = labels(figure for pair in pairs for clip in pair for figure in clip.figures)
    made = []
    for row in dict.fromkeys(one.row.method for one, _ in pairs):
        mine = [pair for pair in pairs if pair[0].row.method == row]
        for figure, label in names.items():
            values = entries([one for one, _ in mine], figure)
            others = entries([replace(other, scene=one.scene, noise=one.noise) for one, other in mine], figure)
            average = figure.card.average
            one, other = estimate(values, drawn, average), estimate(others, drawn, average)
            gap = difference(others, values, drawn) if average == "mean" else None
            if one is not None or other is not None:
                made.append(ComparedFigure(row, figure, label, one, other, gap))
    return made


def _settings(pairs: list[Pair]) -> list[str]:
    """What differs in how the clips of a pair were made, counted."""
    found: Counter[str] = Counter()
    for one, other in pairs:
        mine, theirs = _flat(one), _flat(other)
        for name in [*mine, *(name for name in theirs if name not in mine)]:
            if mine.get(name) != theirs.get(name):
                found[f"{name}: {_text(mine.get(name))} and {_text(theirs.get(name))}"] += 1
    return [f"{text} ({count} of {len(pairs)} pairs)" for text, count in found.items()]


def _flat(clip: Clip) -> dict[str, Any]:
    made: dict[str, Any] = {"model": clip.row.model, "dataset": clip.scene[0], "machine": clip.machine}
    for name, value in clip.settings.items():
        made |= {f"{name} {inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
    return made


def _text(value: Any) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
