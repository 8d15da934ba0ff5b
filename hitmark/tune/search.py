"""Choosing a method's knobs for a model by successive halving (Jamieson and Talwalkar 2016, arXiv:1502.07943).

All settings are tried on few scenes, the better half of them on twice as many, and so on to the last one. The model
without control and the present default are there on every scene. Clips are jobs of a benchmark run (`hitmark.bench`):
what is on disk is the state, so that the same call goes on where it was stopped.
"""

from __future__ import annotations

import datetime
import itertools
import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitmark.bench.jobs import Job, jobs_of
from hitmark.bench.plan import BenchPlan
from hitmark.bench.presets import PRESET_FILE, Evidence, Preset, Rung, TunedModel
from hitmark.bench.run import Engine, OnJob, run
from hitmark.bench.store import Store
from hitmark.errors import HitmarkError
from hitmark.tune.choice import cautions, decide
from hitmark.tune.grid import Grid, settings_of
from hitmark.tune.rungs import NONE, Aim, aim_for, figures_of, judge

LEAST_RUNG = 2
"""Scenes of the first rung, where there are as many."""
Scene = tuple[str, str]
"""Dataset and item."""
Watch = Callable[[str], AbstractContextManager[OnJob | None]]
"""What shows the progress of a rung with this title."""


@dataclass(frozen=True)
class Wish:
    """What is to be tuned.

    Attributes:
        default: the row that all are compared with: the method, with knobs where the grid goes on top of some.
        plan: scenes, the one model, seeds and settings of the clips; its methods are not read.
        grid: values to try.
        metric: figure that decides; None = the usual one.
        limits: figure -> limit that the mean of a setting must keep.
        force: take the winner also where it is not surely better than the default.
        name: of the preset; None = after method and model.
        command: line that asked for it, for the record.
    """

    default: str
    plan: BenchPlan
    grid: Grid
    metric: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    force: bool = False
    name: str | None = None
    command: str = ""

    def rows(self) -> list[str]:
        """The candidates. Raises HitmarkError for a grid that does not fit, and for scenes of a test split."""
        from hitmark.backbones.catalog import model_card
        from hitmark.methods.spec import MethodSpec
        from hitmark.run.presets import preset_knobs

        for spec in self.plan.scenes:
            refuse_test(spec)
        if len(self.plan.models) != 1 or self.plan.models[0] == "auto":
            raise HitmarkError(f"--model: expected one model by name or path, got {', '.join(self.plan.models)}")
        spec = MethodSpec.parse(self.default)
        tuned = preset_knobs(model_card(self.plan.models[0]), spec.name, {})
        return settings_of(spec.name, spec.knobs, self.grid, tuned)


def refuse_test(spec: str) -> None:
    """Raises HitmarkError for scenes of a test split, those of the sprite world that are meant by default included."""
    from hitmark.datasets import with_choices
    from hitmark.datasets.sprite_worlds import NAME, TEXT_NAME, USUAL_SPLIT

    place, choices = with_choices(spec)
    first, *rest = place.split(":")
    split = [each or USUAL_SPLIT for each in (rest or [""])[:1]] if first in (NAME, TEXT_NAME) else rest
    if "test" in (*split, *re.split(r"[/-]", str(choices.get("split", "")))):
        raise HitmarkError(
            f"--scenes: {spec} is for testing: knobs that were chosen on these scenes look better on them than they "
            "are; tune on others, such as sprites-text:tune:0-32"
        )


def ladder(settings: int, scenes: int) -> list[tuple[int, int]]:
    """Settings and scenes of each rung: settings halve (rounded up) to two, scenes double to all."""
    rungs = max(1, math.ceil(math.log2(settings)))
    made = []
    for rung in range(rungs):
        made.append((settings, max(min(LEAST_RUNG, scenes), scenes >> (rungs - 1 - rung))))
        settings = math.ceil(settings / 2)
    return made


def scenes_of(plan: BenchPlan) -> list[Scene]:
    """Scenes in the order in which rungs take them: of several datasets in turn."""
    alone = plan.model_copy(update={"methods": [NONE], "seeds": 1})
    by_dataset: dict[str, list[Scene]] = {}
    for job in jobs_of(alone):
        by_dataset.setdefault(job.dataset, []).append((job.dataset, job.item))
    return [each for turn in itertools.zip_longest(*by_dataset.values()) for each in turn if each is not None]


def tune(
    wish: Wish,
    folder: Path,
    engine: Engine | None = None,
    watch: Watch = lambda _title: nullcontext(),
    *,
    retry: bool = False,
) -> Preset:
    """Makes the clips that are missing, chooses, and writes FOLDER/preset.json.

    Args:
        wish: what is to be tuned.
        folder: of the run; it may be one that was stopped, or that had another grid.
        engine: None = in this process.
        watch: shows the progress.
        retry: failed jobs are run again.

    Raises:
        HitmarkError: what does not fit, a figure that the clips do not have, clips of the default that failed.
    """
    rows, scenes, store = wish.rows(), scenes_of(wish.plan), Store(folder)
    first = _planned(wish, [])
    state = run(first, folder, engine, retry=retry, only=lambda job: job.row == NONE and _scene(job) == scenes[0])
    if state.failed:
        raise HitmarkError(f"the first clip failed: {next(iter(state.failed.values())).splitlines()[0]}")
    aim = aim_for(figures_of(state, store), wish.metric, wish.limits)
    rungs: list[Rung] = []
    steps = ladder(len(rows), len(scenes))
    for place, (settings, count) in enumerate(steps):
        title = f"rung {place + 1} of {len(steps)}, {settings} settings on {count} scenes"
        plan, chosen = _planned(wish, rows), set(scenes[:count])
        with watch(title) as on_job:
            state = run(plan, folder, engine, on_job, only=lambda job, chosen=chosen: _scene(job) in chosen)
        rungs.append(judge(state, store, aim, plan.methods, math.ceil(settings / 2)))
        rows = [each.row for each in rungs[-1].settings[2:] if each.kept]
    preset = _preset(wish, aim, rungs, _machines(state.done, store))
    preset.save(folder / PRESET_FILE)
    return preset


def _preset(wish: Wish, aim: Aim, rungs: list[Rung], machines: list[str]) -> Preset:
    from hitmark.backbones.catalog import model_card
    from hitmark.methods.spec import MethodSpec
    from hitmark.run.model_choice import model_folder
    from hitmark.run.presets import preset_knobs
    from hitmark.run.record import fingerprint, hitmark_version, package_versions

    row, chosen, reason = decide(rungs, aim, force=wish.force)
    card = model_card(wish.plan.models[0])
    place = model_folder(card)
    given = MethodSpec.parse(row)
    spec = MethodSpec(given.name, preset_knobs(card, given.name, given.knobs))
    asked: dict[str, Any] = wish.plan.model_dump(mode="json", exclude={"methods", "models"})
    evidence = Evidence(
        metric=aim.metric,
        better=aim.better,
        limits=dict(wish.limits),
        plan=asked,
        grid={knob: list(values) for knob, values in wish.grid.items()},
        rungs=rungs,
        cautions=cautions(rungs),
    )
    return Preset.model_validate(
        {
            "name": wish.name or f"{spec.name} on {Path(card.name).name}",
            "model": TunedModel(name=card.name, fingerprint=None if place is None else fingerprint(place)),
            "method": spec.name,
            "knobs": dict(spec.knobs),
            "every_knob": spec.resolved(),
            "chosen": chosen,
            "reason": reason,
            "evidence": evidence,
            "command": wish.command,
            "machines": machines,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "hitmark": hitmark_version(),
            "packages": package_versions(),
        }
    )


def _machines(done: list[Job], store: Store) -> list[str]:
    from hitmark.report.clip_record import read_clip

    return sorted({read_clip(store.place(job.key), store).machine for job in done} - {""})


def _planned(wish: Wish, rows: list[str]) -> BenchPlan:
    """The plan of a rung; checked, since the rows are new."""
    methods = [NONE, wish.default, *rows]
    return BenchPlan.from_dict(wish.plan.model_dump() | {"methods": methods}, "--knob")


def _scene(job: Job) -> Scene:
    return job.dataset, job.item
