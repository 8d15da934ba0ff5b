"""The queue: every job there is, in order, on disk at every change of state. The server is its only writer."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hitmark.errors import HitmarkError
from hitmark.studio.folder import Folder
from hitmark.studio.job import AT_WORK, FINISHED, RESULT, Job, Result
from hitmark.studio.job_folders import REMOVED, stored_jobs
from hitmark.studio.refusals import CONFLICT, RefusedError, sentence_of

MOST_WAITING = 100
KEPT_FILES = ("job.json", "scene.json", "pictures")
TWICE = "this job was interrupted twice, by the end of the worker or of the server, and is not tried a third time"
Publish = Callable[[str, dict[str, Any]], None]
Chosen = Callable[[Job], bool]


class Queue:
    """All jobs of a folder. Every method may be called from any thread."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.publish: Publish = lambda kind, data: None
        self.changed = threading.Condition(threading.RLock())
        self._jobs: dict[str, Job] = {}
        self.unreadable: list[str] = []  # sentences on folders that are no jobs, or damaged ones
        self._heard: dict[str, float] = {}  # when the worker last said something of a job
        self._began: dict[str, tuple[float, int]] = {}  # when the first step was done, and which: for the ETA
        self._load()

    # --- asked by routes

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
        heard = self._heard.get(job.id) if job.state in AT_WORK else None
        silent = None if heard is None else round(time.monotonic() - heard, 1)
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
            self._heard[job.id] = time.monotonic()
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
        now = time.monotonic()
        began, first = self._began.setdefault(job.id, (now, step))
        job.step, job.steps = step, steps
        job.eta = round((now - began) / (step - first) * (steps - step), 1) if step > first else None
        if job.state == "running":
            self._tell(job)
        else:
            self._move(job, "running")

    def _done(self, job: Job) -> None:
        if not self._finished_on_disk(job):
            self._move(job, "failed", error="the worker said that it is done, but its files are missing; retry")

    def _finished_on_disk(self, job: Job) -> bool:
        """Take in the worker's result where it is whole."""
        try:
            job.result = Result.model_validate_json((self.place(job) / RESULT).read_bytes())
        except (OSError, ValidationError):
            return False
        job.step = job.steps
        self._move(job, "done")
        return True

    def _requeue(self, job: Job) -> None:
        for left in self.place(job).iterdir():
            if left.name not in KEPT_FILES:
                with suppress(OSError):
                    left.unlink()
        job.step, job.preview, job.result = 0, None, None
        self._move(job, "queued")

    def _move(self, job: Job, state: Any, error: str | None = None, hint: str | None = None) -> None:
        """Change a job's state, on disk and for all who listen."""
        job.state, job.error, job.hint = state, error, hint
        if state != "running":
            job.eta = None
            self._began.pop(job.id, None)
        if state in FINISHED or state == "queued":
            job.cancelling = False
            self._heard.pop(job.id, None)
        elif state == "loading":
            self._heard[job.id] = time.monotonic()
        self._save(job)
        self._tell(job)

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
