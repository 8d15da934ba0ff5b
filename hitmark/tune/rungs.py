"""One rung of successive halving: all settings that are left, on the same scenes, in the order of their ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hitmark.bench.presets import Cut, Gap, Mean, Role, Rung, Setting
from hitmark.bench.run import State
from hitmark.bench.store import Store
from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Clip, UnusableError, read_clip
from hitmark.report.figures import Figure, current_name, labels, ordered
from hitmark.report.statistics import Draws, Entries, difference, estimate
from hitmark.report.summary import entries

USUAL_METRIC = "guessed distance"
NONE = "none"
"""The row without control, beside which all others are shown."""


@dataclass(frozen=True)
class Aim:
    """What makes a setting good.

    Attributes:
        metric: name of the figure, as in a report.
        figure: which figure that is.
        limits: figures whose mean must keep a limit, with their names and limits.
    """

    metric: str
    figure: Figure
    limits: Mapping[str, tuple[Figure, float]]

    @property
    def better(self) -> Literal["greater", "smaller"]:
        """Which way the metric is better."""
        return directed(self.metric, self.figure)

    def beyond(self, name: str, mean: float) -> bool:
        """Whether a mean of a figure with a limit does not keep it."""
        figure, limit = self.limits[name]
        return mean < limit if directed(name, figure) == "greater" else mean > limit


def directed(name: str, figure: Figure) -> Literal["greater", "smaller"]:
    """Which way a figure is better. Raises HitmarkError for one of which that is not known."""
    better = figure.card.better
    if better is None:
        raise HitmarkError(f"{name} has no better side, so that nothing can be chosen by it; choose another figure")
    return better


def aim_for(figures: Sequence[Figure], metric: str | None, limits: Mapping[str, float]) -> Aim:
    """The aim of these names among the figures that the clips have.

    `metric`: None = "guessed distance", else the first figure of control.
    Raises: HitmarkError for a figure that the clips do not have, or that has no better side.
    """
    names = {name: figure for figure, name in labels(figures).items()}
    if metric is None:
        control = [name for name, figure in names.items() if figure.card.group == "control" and figure.card.better]
        if not control:
            raise HitmarkError(f"--metric: the clips have no figure of control; choose one of {', '.join(names)}")
        metric = USUAL_METRIC if USUAL_METRIC in names else control[0]
    metric, limits = current_name(metric), {current_name(name): limit for name, limit in limits.items()}
    for flag, name in (("--metric", metric), *(("--keep-quality", name) for name in limits)):
        if name not in names:
            raise HitmarkError(f"{flag}: there is no figure {name!r}; the clips have {', '.join(names)}")
        directed(f"{flag}: {name}", names[name])
    return Aim(metric, names[metric], {name: (names[name], limit) for name, limit in limits.items()})


def figures_of(state: State, store: Store) -> list[Figure]:
    """All figures that the finished jobs have, in the order of the tables."""
    clips, _ = _clips(state, store)
    return ordered(figure for own in clips.values() for clip in own.values() for figure in clip.figures)


def judge(state: State, store: Store, aim: Aim, rows: Sequence[str], keep: int) -> Rung:
    """The rung with its candidates ranked; the first `keep` of them are kept.

    Candidates rank by the mean of the metric over what all rows have a number for; those beyond a limit come after all
    others, and those of which clips failed last. Equal ones keep their order.

    Args:
        state: where the rung's jobs stand.
        store: of the run.
        aim: what makes a setting good.
        rows: "none", the default, then the candidates.
        keep: candidates that go on.

    Raises:
        HitmarkError: clips of "none" or the default failed, or no scene has the metric for all rows.
    """
    clips, failed = _clips(state, store)
    _check_compared(rows[:2], failed)
    drawn = Draws(sorted({(job.dataset, job.item) for job in state.jobs}))
    whole = {row: clips[row] for row in rows if not failed.get(row)}
    values = _shared(whole, aim.figure)
    if not values[rows[0]]:
        raise HitmarkError(f"--metric: in no scene all settings have a number for {aim.metric!r}; choose another")
    quality = {name: _shared(whole, figure) for name, (figure, _) in aim.limits.items()}
    settings = []
    for place, row in enumerate(rows):
        role: Role = "none" if place == 0 else "default" if place == 1 else "candidate"
        if row not in whole:
            settings.append(Setting(row=row, role=role, metric=None, failed=len(failed[row])))
            continue
        means = {name: each.mean for name, own in quality.items() if (each := estimate(own[row], drawn)) is not None}
        beyond = [name for name, mean in means.items() if aim.beyond(name, mean)]
        gap = None if place == 1 else _gap(values[row], values[rows[1]], drawn)
        metric = _mean(values[row], drawn)
        settings.append(Setting(row=row, role=role, metric=metric, quality=means, beyond=beyond, to_default=gap))
    ranked = sorted(settings[2:], key=lambda each: _rank(each, aim))
    marked = [each.model_copy(update={"kept": place < keep}) for place, each in enumerate(ranked)]
    return Rung(scenes=len(drawn.index), settings=[*settings[:2], *marked], cut=_cut(marked, keep, values, drawn))


def _check_compared(rows: Sequence[str], failed: Mapping[str, list[str]]) -> None:
    for row in rows:
        if failed.get(row):
            raise HitmarkError(
                f"{len(failed[row])} clips of {row!r} failed, which all settings are compared with: {failed[row][0]}; "
                "mend that and run again with --retry-failed"
            )


def _clips(state: State, store: Store) -> tuple[dict[str, dict[tuple, Clip]], dict[str, list[str]]]:
    """Finished clips by row, then by scene and noise; and of each row the errors of those that are not."""
    clips: dict[str, dict[tuple, Clip]] = {job.row: {} for job in state.jobs}
    failed: dict[str, list[str]] = {}
    done = {job.key for job in state.done}
    for job in state.jobs:
        try:
            if job.key not in done:
                raise UnusableError(state.failed.get(job.key, "it was not made").partition("\n")[0])
            clips[job.row][(job.dataset, job.item), job.noise] = read_clip(store.place(job.key), store)
        except UnusableError as error:
            failed.setdefault(job.row, []).append(str(error))
    return clips, failed


def _numbers(clips: Iterable[Clip], figure: Figure) -> Entries:
    return {entry: value for entry, value in entries(clips, figure).items() if not math.isnan(value)}


def _shared(by_row: Mapping[str, Mapping[tuple, Clip]], figure: Figure) -> dict[str, Entries]:
    """A figure of each row, only the entries that all rows have, so that their means are over the same."""
    every = {row: _numbers(clips.values(), figure) for row, clips in by_row.items()}
    common = set.intersection(*(set(each) for each in every.values()))
    return {row: {entry: value for entry, value in own.items() if entry in common} for row, own in every.items()}


def _rank(setting: Setting, aim: Aim) -> tuple[bool, bool, float]:
    if setting.metric is None:
        return True, True, 0.0
    return False, bool(setting.beyond), setting.metric.mean * (1 if aim.better == "smaller" else -1)


def _mean(entries: Entries, drawn: Draws) -> Mean | None:
    found = estimate(entries, drawn)
    return None if found is None else Mean(mean=found.mean, low=found.low, high=found.high, values=found.values)


def _gap(entries: Entries, others: Entries, drawn: Draws) -> Gap | None:
    found = difference(entries, others, drawn)
    if found is None:
        return None
    return Gap(mean=found.mean, low=found.low, high=found.high, pairs=found.pairs, scenes=found.scenes, sure=found.sure)


def _cut(ranked: Sequence[Setting], keep: int, values: Mapping[str, Entries], drawn: Draws) -> Cut | None:
    if keep >= len(ranked):
        return None
    kept, dropped = ranked[keep - 1], ranked[keep]
    gap = None
    if kept.metric is not None and dropped.metric is not None:
        gap = _gap(values[dropped.row], values[kept.row], drawn)
    return Cut(kept=kept.row, dropped=dropped.row, difference=gap)
