"""What a benchmark run leaves on disk. What is there is the state of the run: run again, and only what is missing runs.

RUN/plan.json           what was asked for
RUN/jobs.json           all jobs of that plan, whether they have run or not
RUN/jobs/ID/            one finished job, put there whole by a rename
RUN/failed/ID.json      the error of a job that failed
RUN/outside.json        distances between clips that a report has computed; may be deleted
RUN/.partial-...        of a process that was killed; removed when the run goes on
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hitmark.errors import HitmarkError
from hitmark.files import output_error, write_text

PARTIAL = ".partial-"
RESULT = "result.json"
"""The file that every finished job has."""
CLIP, COST, FEATURES = "clip.mkv", "cost.json", "features.npz"
"""Files of a finished job, beside result.json."""
OWN_FILES = ("plan.json", "jobs.json")
"""Of a run's folder, written anew by every run."""
FORMAT = 1
"""Of result.json, and part of every job's key: raised when the same job would be scored otherwise."""


class Store:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs"
        self.failures = folder / "failed"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Holds the folder for one run at a time, and removes what killed ones left behind.

        Raises:
            HitmarkError: another process is running there, files that no run wrote would be replaced, or the folder
                cannot be written.
        """
        self._check_own()
        try:
            self.jobs.mkdir(parents=True, exist_ok=True)
            self.failures.mkdir(exist_ok=True)
        except OSError as error:
            raise output_error(self.folder, error) from error
        lock = FileLock(self.folder / ".lock", timeout=0)  # the system gives it back, whatever ends the process
        try:
            lock.acquire()
        except Timeout:
            raise HitmarkError(f"{self.folder}: another run is writing there; wait for it, or stop it.") from None
        try:
            for left in self.folder.glob(f"{PARTIAL}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            lock.release()

    def _check_own(self) -> None:
        """A run makes its folders before its files: where there are none, the files are somebody else's."""
        if self.jobs.is_dir() or self.failures.is_dir():
            return
        for name in OWN_FILES:
            if (self.folder / name).exists():
                raise HitmarkError(
                    f"{self.folder}: expected a new folder, or that of a benchmark run, got one with another {name}, "
                    "which would be replaced; choose another folder (-o)."
                )

    def place(self, job: str) -> Path:
        """Folder of a finished job; it may not be there yet."""
        return self.jobs / job

    def is_done(self, job: str) -> bool:
        """Whether it is finished: its result can be read, and the files that it names are there in their size."""
        result = self.result(job)
        if result is None:
            return False
        sizes = {path.name: path.stat().st_size for path in self.place(job).iterdir()}
        return all(sizes.get(name) == size for name, size in result.get("files", {}).items())

    def result(self, job: str) -> dict[str, Any] | None:
        """What a finished job's result.json says; None where there is none or it cannot be read."""
        return self.read(self.place(job) / RESULT)

    def read(self, path: Path) -> dict[str, Any] | None:
        """A JSON object in a file; None where there is none or it cannot be read."""
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def error(self, job: str) -> str | None:
        """What a failed job failed with; None for one that did not fail."""
        path = self.failures / f"{job}.json"
        if not path.exists():
            return None
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["error"])
        except (OSError, ValueError, KeyError, TypeError):
            return f"{path} cannot be read"

    @contextmanager
    def writing(self, job: str) -> Iterator[Path]:
        """A folder for a job's files, which becomes `place(job)` when the block ends well, and else is removed.

        What lay there before (a torn result) is replaced. An earlier failure is forgotten.

        Raises:
            OutputError: what the operating system refuses, such as a full disk.
        """
        try:
            partial = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{job}-", dir=self.folder))
        except OSError as error:
            raise output_error(self.folder, error) from error
        try:
            yield partial
            for path in partial.iterdir():
                _to_disk(path)
            partial.chmod(0o755)
            self._put(partial, self.place(job))
            (self.failures / f"{job}.json").unlink(missing_ok=True)
        except OSError as error:
            raise output_error(self.place(job), error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def fail(self, job: str, error: str) -> None:
        """Keep what a job failed with. A disk without room for that ends the run."""
        write_text(self.failures / f"{job}.json", json.dumps({"job": job, "error": error}, indent=2) + "\n")

    def forget_failures(self) -> int:
        """Makes failed jobs count as missing; returns how many there were."""
        failed = list(self.failures.glob("*.json"))
        for path in failed:
            path.unlink()
        return len(failed)

    def _put(self, partial: Path, place: Path) -> None:
        try:
            partial.rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            aside = self.folder / f"{PARTIAL}replaced-{place.name}-{os.getpid()}"
            place.rename(aside)
            partial.rename(place)
            shutil.rmtree(aside, ignore_errors=True)
        _to_disk(self.jobs)


def _to_disk(path: Path) -> None:
    """Waits until a file or folder is on the disk, so that a rename cannot come before its contents."""
    with suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
