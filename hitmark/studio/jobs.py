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

from hitmark.studio.folder import Folder
from hitmark.studio.job import AT_WORK, FINISHED, RESULT, Job, Result
from hitmark.studio.refusals import CONFLICT, RefusedError

MOST_WAITING = 100
KEPT_FILES = ("job.json", "scene.json", "pictures")
TWICE = "this job was interrupted twice, by the end of the worker or of the server, and is not tried a third time"
Publish = Callable[[str, dict[str, Any]], None]


class Queue:
    """All jobs of a folder. Every method may be called from any thread."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.publish: Publish = lambda kind, data: None
        self.changed = threading.Condition(threading.RLock())
        self._jobs: dict[str, Job] = {}
        self._cancelling: set[str] = set()
        self._began: dict[str, tuple[float, int]] = {}  # when the first step was done, and which: for the ETA
        self._load()

    # --- asked by routes

    def all(self) -> list[Job]:
        """Every job, newest last."""
        with self.changed:
            return sorted(self._jobs.values(), key=lambda job: job.number)

    def shown(self) -> list[dict[str, Any]]:
        """Every job as in events."""
        with self.changed:
            return [job.shown(self.place(job), brief=True) for job in self.all()]

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
            for job in jobs:
                job.save(self.place(job))
                self._jobs[job.id] = job
                self._tell(job)
            self.changed.notify_all()

    def cancel(self, identity: str) -> Job:
        """Cancel a waiting job now, one at work within a step; a finished one stays as it is."""
        with self.changed:
            job = self.get(identity)
            if job.state == "queued":
                self._move(job, "cancelled")
            elif job.state in AT_WORK:
                self._cancelling.add(job.id)
            return job

    def is_cancelling(self, identity: str) -> bool:
        """Whether a job at work is to be cancelled."""
        with self.changed:
            return identity in self._cancelling

    def remove(self, identity: str) -> None:
        """Remove a finished job with its files. Raises `RefusedError` (409) for one that is not finished."""
        with self.changed:
            job = self.get(identity)
            if job.state not in FINISHED:
                raise RefusedError(CONFLICT, f"job {job.id}: expected a finished job, this is {job.state}; cancel it")
            place = self.place(job)
            gone = place.with_name(f".removed-{job.id}")
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
            if job.id in self._cancelling:
                self._move(job, "cancelled")
            else:
                self._move(job, "failed", error=sentence, hint=hint)

    def put_back(self, job: Job) -> None:
        """The server ends in the middle of a job: the next one begins it again, and that does not count."""
        with self.changed:
            if job.state in AT_WORK and not self._finished_on_disk(job):
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
            self._cancelling.discard(job.id)
        with suppress(OSError, ValueError):  # a full disk must not end the queue; the state is told all the same
            job.save(self.place(job))
        self._tell(job)

    def _tell(self, job: Job) -> None:
        self.publish("job", job.shown(self.place(job), brief=True))

    def _load(self) -> None:
        """Read all jobs back; those that an earlier server left in the middle are queued again, once."""
        for place in sorted(self.folder.inside("jobs").iterdir()):
            if place.name.startswith(".removed-"):
                shutil.rmtree(place, ignore_errors=True)
                continue
            try:
                job = Job.model_validate_json((place / "job.json").read_bytes())
            except (OSError, ValidationError):
                continue
            if job.id == place.name:
                self._jobs[job.id] = job
                self._recover(job)

    def _recover(self, job: Job) -> None:
        if job.state not in AT_WORK or self._finished_on_disk(job):
            return
        if job.starts >= 2:
            self._move(job, "failed", error=TWICE, hint="Press retry to try it once more, or use a smaller size.")
        else:
            self._requeue(job)
