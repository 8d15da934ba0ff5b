"""The jobs' folders on disk, as a new server finds them: one that is damaged, linked or unreadable hides no other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from hitmark.errors import HitmarkError
from hitmark.studio.folder import Folder
from hitmark.studio.job import Job
from hitmark.studio.refusals import sentence_of

JOB_ID = re.compile(r"[0-9]{6}-[0-9a-f]{6}", re.ASCII)
REMOVED = ".removed-"  # in front of a folder that is being removed: rest of a removal that was interrupted


def stored_jobs(folder: Folder) -> tuple[list[Job], list[str]]:
    """Return the jobs in a folder, and a sentence on each folder that has a job's name and cannot be read."""
    jobs: list[Job] = []
    unreadable: list[str] = []
    for place in sorted(folder.inside("jobs").iterdir()):
        if place.name.startswith(REMOVED):
            shutil.rmtree(place, ignore_errors=True)
            continue
        try:
            jobs.append(_stored(folder, place))
        except (OSError, ValueError, HitmarkError) as error:
            if JOB_ID.fullmatch(place.name):  # other things that lie there are nobody's business
                unreadable.append(f"{place.name}: {_reason(error)}")
    return jobs, unreadable


def _stored(folder: Folder, place: Path) -> Job:
    """The job of a folder. Raises whatever is wrong with it."""
    folder.inside("jobs", place.name)
    job = Job.model_validate_json((place / "job.json").read_bytes())
    if job.id != place.name:
        raise HitmarkError(f"its job.json is that of {job.id:.40}")
    return job


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, HitmarkError):
        return "its job.json is damaged"
    return sentence_of(error)[:200]
