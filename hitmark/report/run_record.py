"""A run as it lies on disk, for reading only: no model, no dataset and no torch is needed to report what was measured.

What cannot be used is never skipped in silence: it is a `LeftOut` with the reason.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hitmark.bench.job_list import ListedJob, read_jobs
from hitmark.bench.plan import PLAN_FILE
from hitmark.bench.store import Store
from hitmark.errors import HitmarkError
from hitmark.report.clip_record import Clip, Row, UnusableError, read_clip
from hitmark.report.figures import Figure, labels
from hitmark.report.numbers import counted


@dataclass(frozen=True)
class LeftOut:
    """A job that counts in no figure."""

    key: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class BenchRun:
    """What a run's folder holds.

    Attributes:
        folder: of the run.
        rows: in the order of the plan; only those that have a clip.
        clips: that count.
        left_out: that do not, with reasons.
        failed: key of a failed job -> first line of its error.
        missing: of a row, how many clips it has not: of the jobs listed, or (in a run without a list) of the places
            (scene, noise) that another row has. Rows of which none is missing are not in it; rows without any clip are.
        listed: the plan's jobs by key; None in a run without a list.
    """

    folder: Path
    rows: list[Row]
    clips: list[Clip]
    left_out: list[LeftOut] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    missing: dict[Row, int] = field(default_factory=dict)
    listed: dict[str, ListedJob] | None = None

    @cached_property
    def row_labels(self) -> dict[Row, str]:
        """Names of the rows for people, also of those without a clip: the model is added where there are several."""
        rows = list(dict.fromkeys([*self.rows, *self.missing]))
        several = len({row.model for row in rows}) > 1
        return {row: f"{row.method} on {Path(row.model).name}" if several else row.method for row in rows}

    @cached_property
    def figure_labels(self) -> dict[Figure, str]:
        """All figures that any clip has, in the order of the tables, with their names for people."""
        return labels(figure for clip in self.clips for figure in clip.figures)

    def notes(self) -> list[str]:
        """Sentences on whatever may mislead: jobs and numbers that do not count, clips of several shapes."""
        said = [f"{counted(count, 'job')} left out: {reason}." for reason, count in _reasons(self.left_out).items()]
        if self.failed:
            said.append(f"{counted(len(self.failed), 'job')} failed.")
        names, asked = self.row_labels, "that other rows have" if self.listed is None else "that the plan asks for"
        for row, count in self.missing.items():
            said.append(f"{names[row]}: without {counted(count, 'clip')} {asked}.")
        wrong = sum(clip.not_finite for clip in self.clips)
        if wrong:
            said.append(f"{counted(wrong, 'number')} in the records, NaN or infinite, counted as not measured.")
        return said + _about_shapes(self.clips) + _about_machines(self.clips)


def read_run(folder: Path) -> BenchRun:
    """All finished jobs of a run that belong to its plan.

    Raises:
        HitmarkError: there is no run, its plan cannot be read, or no job can be used.
    """
    plan, store = _read_plan(folder), Store(folder)
    listed = read_jobs(folder, plan)
    clips: list[Clip] = []
    left_out: list[LeftOut] = []
    for place in sorted(store.jobs.iterdir()) if store.jobs.is_dir() else []:
        try:
            clip = read_clip(place, store)
            _check_plan(clip, plan, listed)
            clips.append(clip)
        except UnusableError as error:
            left_out.append(LeftOut(place.name, error.reason, error.detail))
    clips, twice = _once(clips)
    left_out += twice
    failed = _failed(store, listed)
    if not clips:
        why = "; ".join(f"{count} left out: {reason}" for reason, count in _reasons(left_out).items())
        errors = "".join(f": {error}" for error in list(dict.fromkeys(failed.values()))[:1])
        why = f"{why or 'none is there'}; {len(failed)} failed{errors}"
        raise HitmarkError(f"{folder}: no finished job can be used ({why}).")
    rows = _rows(clips, plan)
    clips.sort(key=lambda clip: (rows.index(clip.row), clip.place))
    return BenchRun(folder, rows, clips, left_out, failed, _missing(rows, clips, listed), listed)


def _failed(store: Store, listed: dict[str, ListedJob] | None) -> dict[str, str]:
    """First lines of the errors by key; with a list, without those that an earlier plan left."""
    keys = sorted(path.stem for path in store.failures.glob("*.json"))
    errors = {key: store.error(key) for key in keys if listed is None or key in listed}
    return {key: str(error).partition("\n")[0] for key, error in errors.items()}


def _missing(rows: list[Row], clips: list[Clip], listed: dict[str, ListedJob] | None) -> dict[Row, int]:
    there = Counter(clip.row for clip in clips)
    if listed is None:
        count = len({clip.place for clip in clips})
        return {row: count - there[row] for row in rows if there[row] < count}
    asked = Counter(Row(job.row, job.model) for job in listed.values())
    return {row: count - there[row] for row, count in asked.items() if there[row] < count}


def _read_plan(folder: Path) -> dict[str, Any]:
    path = folder / PLAN_FILE
    if not path.is_file():
        raise HitmarkError(f"{folder} holds no benchmark run ({PLAN_FILE} is missing); give the folder of one.")
    plan = Store(folder).read(path)
    if plan is None or not isinstance(plan.get("methods"), list) or not isinstance(plan.get("scenes"), list):
        raise HitmarkError(f"{path}: expected a plan with `scenes` and `methods`, but it cannot be read; run it again.")
    return plan


def _check_plan(clip: Clip, plan: dict[str, Any], listed: dict[str, ListedJob] | None) -> None:
    """Raises `UnusableError` for what an earlier plan left in the folder.

    Without a list, a model's folder is known by its last part: the plan has it as it was given, the record from the
    root.
    """
    steps, models = plan.get("steps"), [Path(name).name for name in plan.get("models") or ["auto"]]
    belongs = (
        clip.folder.name in listed
        if listed is not None
        else (
            clip.row.method in plan["methods"]
            and clip.scene[0] in plan["scenes"]
            and clip.noise < (plan.get("seeds") or 1)
            and ("auto" in models or Path(clip.row.model).name in models)
            and steps in (None, clip.settings.get("steps"))
        )
    )
    if not belongs:
        detail = f"{clip.row.method}, {clip.row.model}, {', '.join(clip.scene)}, seed {clip.seed}"
        raise UnusableError("of an earlier plan of this folder", detail)


def _once(clips: list[Clip]) -> tuple[list[Clip], list[LeftOut]]:
    """Without clips that are there twice with other settings: which of them the plan means is not on disk."""
    count = Counter((clip.row, clip.place) for clip in clips)
    reason = "several results of one clip with other settings; give each plan a folder of its own"
    return (
        [clip for clip in clips if count[clip.row, clip.place] == 1],
        [
            LeftOut(clip.folder.name, reason, json.dumps(clip.settings, sort_keys=True))
            for clip in clips
            if count[clip.row, clip.place] > 1
        ],
    )


def _rows(clips: list[Clip], plan: dict[str, Any]) -> list[Row]:
    """In the order of the plan, models first; those that it does not name by their names."""
    asked = [Path(name).name for name in plan.get("models") or []]
    there = {clip.row for clip in clips}

    def position(model: str) -> tuple[int, str]:
        name = Path(model).name
        return asked.index(name) if name in asked else len(asked), model

    models = sorted({row.model for row in there}, key=position)
    return [row for model in models for method in plan["methods"] if (row := Row(method, model)) in there]


def _reasons(left_out: list[LeftOut]) -> Counter[str]:
    return Counter(each.reason for each in left_out)


def _about_shapes(clips: list[Clip]) -> list[str]:
    shapes = Counter(clip.shape for clip in clips)
    if len(shapes) < 2:
        return []
    listed = ", ".join(f"{count} of {f} frames {w}x{h}" for (f, h, w), count in shapes.most_common())
    return [
        f"The clips differ in length or size: {listed}. Means over them mix what does not compare; clips of one scene "
        "that differ are not paired."
    ]


def _about_machines(clips: list[Clip]) -> list[str]:
    machines = sorted({clip.machine for clip in clips} - {""})
    return [f"Seconds are from several machines: {'; '.join(machines)}."] if len(machines) > 1 else []
