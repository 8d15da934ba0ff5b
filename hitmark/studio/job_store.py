"""Every job of a folder: on disk at every change of state, told to all who listen. The server is its only writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hitmark.errors import HitmarkError
from hitmark.studio.folder import Folder
from hitmark.studio.job import AT_WORK, FINISHED, RESULT, Job, Result
from hitmark.studio.job_folders import stored_jobs
from hitmark.studio.job_times import JobTimes
from hitmark.studio.refusals import RefusedError, sentence_of

KEPT_FILES = ("job.json", "scene.json", "pictures")
TWICE = "this job was interrupted twice, by the end of the worker or of the server, and is not tried a third time"
Publish = Callable[[str, dict[str, Any]], None]
Chosen = Callable[[Job], bool]


class JobStore:
    """The jobs, read back from disk, and their changes of state. Every method may be called from any thread."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.publish: Publish = lambda kind, data: None
        self.changed = threading.Condition(threading.RLock())
        self.unreadable: list[str] = []  # sentences on folders that are no jobs, or damaged ones
        self._jobs: dict[str, Job] = {}
        self._times = JobTimes()
        self._load()

    def all(self) -> list[Job]:
        """Every job, newest last."""
        with self.changed:
            return sorted(self._jobs.values(), key=lambda job: job.number)

    def shown(self) -> list[dict[str, Any]]:
        """Every job that is not finished, as in events: what a page must know at once."""
        with self.changed:
            return [self.show(job, brief=True) for job in self.all() if job.state not in FINISHED]

    def show(self, job: Job, *, brief: bool = False) -> dict[str, Any]:
        """A job as the API gives it; `brief`: without scene and tracks."""
        silent = self._times.silence(job.id) if job.state in AT_WORK else None
        return job.shown(self.place(job), brief=brief) | {"silent": silent}

    def page(self, chosen: Chosen, before: str | None, limit: int | None) -> tuple[list[Job], int]:
        """The newest jobs that are chosen, newest last, and how many there are in all.

        `before`: only older ones than the job of this id. `limit`: at most so many; None = all. The first page, without
        `before`, also has every job that is not finished, however old.
        """
        found = [job for job in self.all() if chosen(job)]
        older = found if before is None else [job for job in found if job.id < before]
        if limit is None:
            return older, len(found)
        unfinished = [job for job in older[:-limit] if before is None and job.state not in FINISHED]
        return [*unfinished, *older[-limit:]], len(found)

    def get(self, identity: str) -> Job:
        """Return a job by its id. Raises `RefusedError` (404)."""
        with self.changed:
            job = self._jobs.get(identity)
        if job is None:
            raise RefusedError(404, f"job: there is none with the id {identity!r:.60}; it may have been removed")
        return job

    def place(self, job: Job) -> Path:
        """The job's folder."""
        return self.folder.inside("jobs", job.id)

    def next_number(self) -> int:
        """The number of the next job."""
        with self.changed:
            return max((job.number for job in self._jobs.values()), default=0) + 1

    # --- changes of state, by the queue

    def _move(self, job: Job, state: Any, error: str | None = None, hint: str | None = None) -> None:
        """Change a job's state, on disk and for all who listen."""
        job.state, job.error, job.hint = state, error, hint
        if state != "running":
            job.eta = None
            self._times.stopped(job.id)
        if state in FINISHED or state == "queued":
            job.cancelling = False
            self._times.forget(job.id)
        elif state == "loading":
            self._times.heard(job.id)
        self._save(job)
        self._tell(job)

    def _requeue(self, job: Job) -> None:
        for left in self.place(job).iterdir():
            if left.name not in KEPT_FILES:
                with suppress(OSError):
                    left.unlink()
        job.step, job.preview, job.result = 0, None, None
        self._move(job, "queued")

    def _finished_on_disk(self, job: Job) -> bool:
        """Take in the worker's result where it is whole."""
        try:
            job.result = Result.model_validate_json((self.place(job) / RESULT).read_bytes())
        except (OSError, ValidationError):
            return False
        job.step = job.steps
        self._move(job, "done")
        return True

    def _save(self, job: Job) -> None:
        with suppress(OSError, ValueError, HitmarkError):  # a full disk, a folder that became a link: told all the same
            job.save(self.place(job))

    def _tell(self, job: Job) -> None:
        with suppress(HitmarkError):  # a folder that became a link while the server ran: the others are still told of
            self.publish("job", self.show(job, brief=True))

    def _load(self) -> None:
        """Read all jobs back; those that an earlier server left in the middle are queued again, once."""
        stored, self.unreadable = stored_jobs(self.folder)
        for job in stored:
            self._jobs[job.id] = job
            try:
                self._recover(job)
            except (OSError, HitmarkError) as error:
                del self._jobs[job.id]
                self.unreadable.append(f"{job.id}: {sentence_of(error)[:200]}")

    def _recover(self, job: Job) -> None:
        if job.state not in AT_WORK or self._finished_on_disk(job):
            return
        if job.cancelling:
            self._move(job, "cancelled")
        elif job.starts >= 2:
            self._move(job, "failed", error=TWICE, hint="Press retry to try it once more, or use a smaller size.")
        else:
            self._requeue(job)
