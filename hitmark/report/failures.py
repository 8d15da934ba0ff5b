"""What each row lacks: failed jobs with their errors, and jobs that have no clip for another reason."""

from __future__ import annotations

from dataclasses import dataclass

from hitmark.report.clip_record import Row
from hitmark.report.numbers import counted
from hitmark.report.run_record import BenchRun

TITLE = "Jobs without a clip"
UNKNOWN = "row not known (the run has no list of its jobs: give its plan to hitmark bench again)"
SHOWN = 4
"""Jobs of one error that are named at most."""


@dataclass(frozen=True)
class Failure:
    """Jobs of one row that failed with one error.

    Attributes:
        error: its first line.
        jobs: key -> scene and seed, in words; "" where the run has no list of its jobs.
    """

    error: str
    jobs: dict[str, str]

    def named(self) -> str:
        """The first of the jobs, in words."""
        names = [where or key for key, where in self.jobs.items()]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return "; ".join(names[:SHOWN]) + more


@dataclass(frozen=True)
class Gaps:
    """What one row lacks.

    Attributes:
        row: None for failed jobs of which no list says what they were.
        label: its name for people.
        failures: by error, most frequent first.
        others: jobs that were not run, or whose files are left out; None where that is not known.
    """

    row: Row | None
    label: str
    failures: tuple[Failure, ...]
    others: int | None

    @property
    def failed(self) -> int:
        """Number of failed jobs."""
        return sum(len(each.jobs) for each in self.failures)


def gaps(run: BenchRun) -> list[Gaps]:
    """Every row that lacks a clip, in the order of the tables, rows without any clip last."""
    by_row: dict[Row | None, dict[str, dict[str, str]]] = {}
    for key, error in run.failed.items():
        job = None if run.listed is None else run.listed.get(key)
        row = None if job is None else Row(job.row, job.model)
        where = "" if job is None else f"{job.dataset} {job.item} seed {job.seed}"
        by_row.setdefault(row, {}).setdefault(error, {})[key] = where
    made = []
    for row in list(dict.fromkeys([*run.rows, *run.missing])):
        if row in by_row or row in run.missing:
            failures = _sorted(by_row.get(row, {}))
            failed = sum(len(each.jobs) for each in failures)
            others = None if run.listed is None else max(0, run.missing.get(row, 0) - failed)
            made.append(Gaps(row, run.row_labels[row], failures, others))
    if None in by_row:
        made.append(Gaps(None, UNKNOWN, _sorted(by_row[None]), None))
    return [each for each in made if each.failures or each.others]


def sentences(each: Gaps) -> list[str]:
    """Of one row: each error with its jobs, and how many others have no clip."""
    said = [f"{counted(len(one.jobs), 'job')} failed: {one.error} ({one.named()})" for one in each.failures]
    if each.others:
        said.append(f"{counted(each.others, 'job')} not run, or left out because of damaged files.")
    return said


def _sorted(by_error: dict[str, dict[str, str]]) -> tuple[Failure, ...]:
    found = [Failure(error, jobs) for error, jobs in by_error.items()]
    return tuple(sorted(found, key=lambda each: (-len(each.jobs), each.error)))
