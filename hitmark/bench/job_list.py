"""RUN/jobs.json: every job of the run's plan, so that a report can tell what is missing without opening a dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.files import write_text

if TYPE_CHECKING:
    from hitmark.bench.plan import BenchPlan

JOBS_FILE = "jobs.json"


@dataclass(frozen=True)
class ListedJob:
    """What a report must know of a job.

    Attributes:
        key: hash of all that decides the result: scene, picture, model's files, method, every knob, noise, settings.
        dataset, item: of the scene.
        row: method and knobs as the plan has them.
        model: name or path.
        seed: of the noise.
        noise: number of the seed, 0 for the first.
    """

    key: str
    dataset: str
    item: str
    row: str
    model: str
    seed: int
    noise: int


FIELDS = tuple(field.name for field in fields(ListedJob))


def save_jobs(jobs: Sequence[ListedJob], plan: BenchPlan, folder: Path) -> None:
    """Write the list with the plan that it is of. Raises OutputError."""
    listed = [{name: getattr(job, name) for name in FIELDS} for job in jobs]
    lines = ",\n".join(json.dumps(each) for each in listed)
    write_text(folder / JOBS_FILE, f'{{"plan": {json.dumps(plan.model_dump(mode="json"))},\n"jobs": [\n{lines}\n]}}\n')


def read_jobs(folder: Path, plan: dict[str, Any]) -> dict[str, ListedJob] | None:
    """The jobs by key; None where the run has no list, it cannot be read, or it is another plan's than `plan`."""
    try:
        value = json.loads((folder / JOBS_FILE).read_text(encoding="utf-8"))
        if value["plan"] != plan:
            return None
        jobs = [ListedJob(**{name: each[name] for name in FIELDS}) for each in value["jobs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {job.key: job for job in jobs}
