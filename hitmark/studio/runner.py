"""The thread that gives jobs to the worker process, one at a time, and starts a new worker when one has died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from hitmark.errors import HitmarkError
from hitmark.studio.job import Job
from hitmark.studio.jobs import Queue

QUIET = {"DIFFUSERS_VERBOSITY": "error", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
PROGRAM = [sys.executable, "-m", "hitmark.studio.worker"]
"""What a worker runs."""
PATIENCE = 5.0  # seconds that a worker gets to end by itself
GRACE = 10.0  # seconds that a worker gets to leave a cancelled job: one that hangs never does


def writable(log: Path) -> BinaryIO:
    """Open the log anew. One that cannot be written is said on stderr, and what would stand in it goes nowhere."""
    try:
        return log.open("wb")
    except OSError as error:
        print(f"note: {log} cannot be written ({error.strerror}); the worker's words are not kept", file=sys.stderr)
        return Path(os.devnull).open("wb")


class Worker:
    """One worker process: JSON lines to its stdin, JSON lines from its stdout.

    It ends by itself when its stdin closes, so no worker outlives a server that was killed.
    """

    def __init__(self, log: Path) -> None:
        """Start it; what libraries print goes to `log`."""
        with writable(log) as errors:
            self.process = subprocess.Popen(
                PROGRAM,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | QUIET,
                start_new_session=True,  # Ctrl-C is for the server, which then ends the worker
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def send(self, message: dict[str, Any]) -> None:
        """Give it a message; a dead one takes none, which `messages` then shows by its end."""
        stream = self.process.stdin
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.write(json.dumps(message).encode() + b"\n")
                stream.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends."""
        stream = self.process.stdout
        for line in stream or ():
            with suppress(ValueError):
                yield json.loads(line)

    def kill(self) -> None:
        """End it now."""
        with suppress(OSError):
            self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Return its exit status, negative for a signal; one that closed its stdout but hangs is killed."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Runner:
    """Works the queue off in a thread of its own."""

    def __init__(self, queue: Queue, *, dtype: str = "auto", device: str = "auto", grace: float = GRACE) -> None:
        self.queue = queue
        self.grace = grace
        self.settings = {"dtype": dtype, "device": device}
        self.stopping = threading.Event()
        self.worker: Worker | None = None
        self.now: Job | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="studio-runner", daemon=True)

    def start(self) -> None:
        """Start a worker, so that its libraries load while the user draws, and begin with the queue."""
        self._ready()
        self._thread.start()

    def stop(self) -> None:
        """End the worker; the job that it was at waits for the next server."""
        self.stopping.set()
        with self._lock:
            if self.worker is not None:
                self.worker.kill()
        with self.queue.changed:
            self.queue.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(PATIENCE * 2)

    def cancel(self, identity: str) -> Job:
        """Cancel a job; one whose model is being loaded takes its worker with it, since loading cannot be stopped."""
        job = self.queue.cancel(identity)
        with self._lock:
            worker, now = self.worker, self.now
        if worker is not None and now is job and self.queue.is_cancelling(job.id):
            if job.state == "loading":
                worker.kill()
            else:
                worker.send({"cancel": job.id})
                self._insist(worker, job)
        return job

    def _insist(self, worker: Worker, job: Job) -> None:
        """End a worker that is still at a cancelled job after the grace: it hangs, or a step takes very long."""

        def end() -> None:
            if self.worker is worker and self.now is job and self.queue.is_cancelling(job.id):
                worker.kill()

        timer = threading.Timer(self.grace, end)
        timer.daemon = True
        timer.start()

    def _ready(self) -> Worker:
        with self._lock:
            if self.worker is None or not self.worker.alive:
                self.worker = Worker(self._log())
            return self.worker

    def _log(self) -> Path:
        try:
            return self.queue.folder.inside("worker.log")
        except HitmarkError as error:  # a link that leads elsewhere
            print(f"note: {error}; the worker's words are not kept", file=sys.stderr)
            return Path(os.devnull)

    def _work(self) -> None:
        while (job := self.queue.take(self.stopping)) is not None:
            try:
                self._run(job)
            except (OSError, HitmarkError) as error:  # no worker can be started, or the job's folder is another now
                self.queue.interrupted(job, f"the job cannot be given to the worker ({error})", "Restart the studio.")
            finally:
                self.now = None

    def _run(self, job: Job) -> None:
        worker = self._ready()
        self.now = job  # from here on `cancel` reaches the worker; what was asked before is seen here
        if self.queue.is_cancelling(job.id):
            self.queue.interrupted(job, "cancelled", None)
            return
        worker.send({"run": self._order(job)})
        for message in worker.messages():
            if message.get("id") == job.id and self.queue.heard(job, message):
                return
        status = worker.wait()
        if self.stopping.is_set():
            self.queue.put_back(job)
            return
        self.queue.interrupted(job, *ended(status))
        self._ready()

    def _order(self, job: Job) -> dict[str, Any]:
        place = str(self.queue.place(job))
        return {"id": job.id, "folder": place, "steps": job.asked_steps, "call": job.call, **self.settings}


def ended(status: int) -> tuple[str, str]:
    """What is told of a worker that ended in the middle of a job: sentence and hint."""
    how = f"exit status {status}"
    if status < 0:
        with suppress(ValueError):
            how = signal.Signals(-status).name
    hint = "Retry it; if that happens again, try a smaller size or fewer frames, and look into worker.log."
    if status == -signal.SIGKILL:
        hint = "Often the machine's memory ran out: try a smaller size or fewer frames, then retry."
    return f"the worker process ended in the middle of this job ({how}); a new one was started", hint
