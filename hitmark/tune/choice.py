"""What follows from the rungs: the winner only where it is surely better than the default, and what is to be said."""

from __future__ import annotations

from hitmark.bench.presets import Chosen, Rung, Setting
from hitmark.report.numbers import number, signed
from hitmark.report.statistics import LEAST_SCENES
from hitmark.tune.rungs import Aim


def decide(rungs: list[Rung], aim: Aim, *, force: bool) -> tuple[str, Chosen, str]:
    """The row to take, how it was chosen, and the reason as a sentence.

    `force`: take the winner also where it is not surely better. It lifts no limit and takes nothing surely worse.
    """
    default, best = rungs[-1].settings[1:3]
    if best.metric is None:
        return default.row, "default", "All settings of the last rung failed; the default stays."
    if best.beyond:
        limits = [f"{name} {number(best.quality[name])}, limit {aim.limits[name][1]:g}" for name in best.beyond]
        return default.row, "default", f"{best.row} is beyond a limit ({'; '.join(limits)}); the default stays."
    gap, told = best.to_default, _told(best, aim)
    if gap is None or not gap.sure:
        if force:
            return best.row, "forced", f"{told}. Not surely better than the default, and taken all the same, as asked."
        return default.row, "default", f"{told}. Not surely better than the default, which stays."
    if (gap.mean < 0) == (aim.better == "smaller"):
        return best.row, "winner", f"{told}. Surely better than the default."
    return default.row, "default", f"{told}. Surely worse than the default, which stays."


def cautions(rungs: list[Rung]) -> list[str]:
    """What the figures do not show, as sentences."""
    said = [
        "The winner was chosen on the scenes that its figures are over, which flatters it; only scenes that chose "
        "nothing, such as a test split, show what it is worth."
    ]
    if rungs[0].scenes < LEAST_SCENES and rungs[0].cut is not None:
        said.append(f"The first cut was made on {rungs[0].scenes} scenes: by chance as much as by merit.")
    for place, rung in enumerate(rungs):
        cut = rung.cut
        if cut is not None and cut.difference is not None and not cut.difference.sure:
            same = "are equal" if cut.difference.mean == 0 else "are not surely different"
            said.append(
                f"Rung {place + 1}: the last one kept, {cut.kept}, and the first dropped, {cut.dropped}, {same}."
            )
    failed = dict.fromkeys(each.row for rung in rungs for each in rung.settings if each.failed)
    if failed:
        said.append(f"Ranked last since clips failed: {', '.join(failed)}.")
    return said


def _told(best: Setting, aim: Aim) -> str:
    gap = best.to_default
    if gap is None:
        return f"{best.row} cannot be compared with the default"
    within = "" if gap.low is None or gap.high is None else f"95 % interval {number(gap.low)} to {number(gap.high)}, "
    return f"{best.row} less the default: {aim.metric} {signed(gap.mean)} ({within}{gap.scenes} scenes)"
