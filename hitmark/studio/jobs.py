"""The queue: what routes ask of jobs, and what the runner of the worker takes, hears and reports."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from hitmark.errors import HitmarkError
from hitmark.studio.job import AT_WORK, FINISHED, Job
from hitmark.studio.job_folders import REMOVED
from hitmark.studio.job_store import JobStore
from hitmark.studio.refusals import CONFLICT, RefusedError

MOST_WAITING = 100


class Queue(JobStore):
    """All jobs of a folder, taken one after the other. Every method may be called from any thread."""

    # --- asked by routes

    def change(self, identity: str, *, title: str | None, star: bool | None) -> Job:
        """Note a person's own name for a job ("" = none) and whether it has a star. Raises `OutputError`."""
        with self.changed:
            job = self.get(identity)
            before = job.title, job.star
            job.title = job.title if title is None else title.strip() or None
            job.star = job.star if star is None else star
            try:
                job.save(self.place(job))
            except (OSError, HitmarkError):
                job.title, job.star = before
                raise
            self._tell(job)
            return job

    def check_room(self, count: int) -> None:
        """Raise `RefusedError` (409) when so many more jobs are too many."""
        with self.changed:
            waiting = sum(job.state == "queued" for job in self._jobs.values())
        if waiting + count > MOST_WAITING:
            raise RefusedError(CONFLICT, f"jobs: expected at most {MOST_WAITING} waiting jobs; cancel some first")

    def add(self, jobs: Iterable[Job]) -> None:
        """Take in new jobs whose folders are ready. Raises `OutputError`."""
        with self.changed:
            whole = list(jobs)
            for job in whole:
                job.save(self.place(job))
            for job in whole:  # all of them or none
                self._jobs[job.id] = job
                self._tell(job)
            self.changed.notify_all()

    def cancel(self, identity: str) -> Job:
        """Cancel a waiting job now, one at work within a step; a finished one stays as it is."""
        with self.changed:
            job = self.get(identity)
            if job.state == "queued":
                self._move(job, "cancelled")
            elif job.state in AT_WORK and not job.cancelling:
                job.cancelling = True  # on disk: a server that dies now does not begin it again
                self._save(job)
                self._tell(job)
            return job

    def is_cancelling(self, identity: str) -> bool:
        """Whether a job at work is to be cancelled."""
        with self.changed:
            job = self._jobs.get(identity)
            return job is not None and job.cancelling

    def remove(self, identity: str) -> None:
        """Remove a finished job with its files. Raises `RefusedError` (409) for one that is not finished."""
        with self.changed:
            job = self.get(identity)
            if job.state not in FINISHED:
                raise RefusedError(CONFLICT, f"job {job.id}: expected a finished job, this is {job.state}; cancel it")
            place = self.place(job)
            gone = place.with_name(f"{REMOVED}{job.id}")
            with suppress(FileNotFoundError):  # removed by hand
                place.rename(gone)  # at once, so that a half-removed job is never found again
            del self._jobs[job.id]
            self.publish("removed", {"id": job.id})
        shutil.rmtree(gone, ignore_errors=True)

    def retry(self, identity: str) -> Job:
        """Queue a failed or cancelled job again, as it was. Raises `RefusedError` (409) for another."""
        with self.changed:
            job = self.get(identity)
            if job.state not in ("failed", "cancelled"):
                raise RefusedError(CONFLICT, f"job {job.id}: expected a failed or cancelled job, this is {job.state}")
            self.check_room(1)
            job.starts = 0
            self._requeue(job)
            self.changed.notify_all()
            return job

    # --- asked by the runner

    def take(self, stopping: threading.Event) -> Job | None:
        """Wait for the next waiting job and mark it as loading; None once `stopping` is set."""
        with self.changed:
            while not stopping.is_set():
                job = next((job for job in self.all() if job.state == "queued"), None)
                if job is not None:
                    job.starts += 1
                    self._move(job, "loading")
                    return job
                self.changed.wait(timeout=1.0)
        return None

    def heard(self, job: Job, message: dict[str, Any]) -> bool:
        """Take in what the worker says about a job; returns whether the job is finished with it."""
        with self.changed:
            kind = message.get("event")
            self._times.heard(job.id)
            if kind == "step":
                self._stepped(job, int(message["step"]), int(message["steps"]))
            elif kind == "preview":
                job.preview = str(message["name"])
                self.publish("preview", {"id": job.id, "step": message["step"], "url": job.url(job.preview)})
            elif kind == "saving":
                self._move(job, "saving")
            elif kind == "done":
                self._done(job)
            elif kind == "cancelled":
                self._move(job, "cancelled")
            elif kind == "failed":
                self._move(job, "failed", error=str(message["error"]), hint=message.get("hint"))
            return job.state in FINISHED

    def interrupted(self, job: Job, sentence: str, hint: str | None) -> None:
        """The worker ended in the middle of a job: it has failed, or is cancelled when that was wanted."""
        with self.changed:
            if job.state not in AT_WORK:
                return
            if job.cancelling:
                self._move(job, "cancelled")
            else:
                self._move(job, "failed", error=sentence, hint=hint)

    def put_back(self, job: Job) -> None:
        """The server ends in the middle of a job: the next one begins it again, and that does not count."""
        with self.changed:
            if job.state not in AT_WORK or self._finished_on_disk(job):
                return
            if job.cancelling:
                self._move(job, "cancelled")
                return
            job.starts = max(0, job.starts - 1)
            self._requeue(job)

    # --- within

    def _stepped(self, job: Job, step: int, steps: int) -> None:
        job.step, job.steps = step, steps
        job.eta = self._times.left(job.id, step, steps)
        if job.state == "running":
            self._tell(job)
        else:
            self._move(job, "running")

    def _done(self, job: Job) -> None:
        if not self._finished_on_disk(job):
            self._move(job, "failed", error="the worker said that it is done, but its files are missing; retry")
