"""The runner: a worker that hangs, a log that cannot be written, a job whose folder is another by now."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from hitmark.studio import runner as source
from hitmark.studio.runner import Runner, Worker, writable
from tests.studio.conftest import order


class Hanging:
    """A worker that takes a job and never says another word; only a kill ends it."""

    def __init__(self, log) -> None:
        self.asked = threading.Event()
        self.killed = threading.Event()

    @property
    def alive(self) -> bool:
        return not self.killed.is_set()

    def send(self, message) -> None:
        if "run" in message:
            self.asked.set()

    def messages(self):
        yield {"id": self.job, "event": "step", "step": 1, "steps": 5}
        self.stepped.set()
        self.killed.wait()

    def kill(self) -> None:
        self.killed.set()

    def wait(self) -> int:
        return -signal.SIGKILL


@pytest.fixture
def hanging(monkeypatch):
    workers = []

    class Kept(Hanging):
        def __init__(self, log) -> None:
            super().__init__(log)
            self.stepped = threading.Event()
            workers.append(self)

        def send(self, message) -> None:
            if "run" in message:
                self.job = message["run"]["id"]
            super().send(message)

    monkeypatch.setattr(source, "Worker", Kept)
    return workers


def test_a_worker_that_hangs_is_ended_by_cancel_and_the_queue_goes_on(client, studio, hanging):
    first, second = order(client, variants=2)
    told = []
    finished = threading.Event()

    def publish(kind, data):
        told.append((data["id"], data["state"], data["cancelling"]))
        if data["id"] == second["id"] and data["state"] == "running":
            finished.set()

    studio.queue.publish = publish
    runner = Runner(studio.queue, grace=0.05)
    runner.start()
    try:
        hanging[0].stepped.wait()
        shown = runner.cancel(first["id"])
        assert (shown.state, shown.cancelling) == ("running", True)
        finished.wait()  # of the second one, by a new worker
        assert hanging[0].killed.is_set()
        assert studio.queue.get(first["id"]).state == "cancelled"
        assert (first["id"], "running", True) in told  # "cancelling" is said
        assert client.get(f"/api/jobs/{second['id']}").json()["silent"] >= 0
    finally:
        runner.stop()


AT_WORK = """
import json, sys

for line in sys.stdin:
    job = json.loads(line)["run"]["id"]
    print(json.dumps({"id": job, "event": "step", "step": 1, "steps": 5}), flush=True)
"""
"""A worker that is at the first step of what it was given last."""


def test_a_worker_that_is_killed_is_told_and_the_next_job_gets_another(client, studio, monkeypatch):
    """As the system does it where memory runs out."""
    monkeypatch.setattr(source, "PROGRAM", [sys.executable, "-S", "-c", AT_WORK])
    killed, next_one = (job["id"] for job in order(client, variants=2))
    reached = {killed: threading.Event(), next_one: threading.Event()}

    def publish(_kind, data):
        if data["state"] == "running" and data["step"] == 1:
            reached[data["id"]].set()

    studio.queue.publish = publish
    runner = Runner(studio.queue)
    runner.start()
    try:
        reached[killed].wait()
        first = runner.worker
        os.kill(first.process.pid, signal.SIGKILL)
        reached[next_one].wait()
        assert runner.worker is not first
    finally:
        runner.stop()
    told = client.get(f"/api/jobs/{killed}").json()
    assert told["state"] == "failed"
    assert "SIGKILL" in told["error"]
    assert "memory" in told["hint"]
    assert client.get(f"/api/jobs/{next_one}").json()["state"] == "queued"  # the runner ended in the middle of it


def test_a_log_that_cannot_be_written_ends_nothing(studio, capfd):
    (studio.folder.root / "worker.log").mkdir()
    with writable(studio.folder.root / "worker.log") as stream:
        stream.write(b"lost")
    assert "cannot be written" in capfd.readouterr().err


def test_a_log_that_is_a_link_is_not_followed(studio, tmp_path, monkeypatch, capfd):
    made = []
    monkeypatch.setattr(source, "Worker", made.append)
    (tmp_path / "precious").write_text("mine")
    (studio.folder.root / "worker.log").symlink_to(tmp_path / "precious")
    Runner(studio.queue)._ready()
    assert [str(log) for log in made] == [os.devnull]
    assert (tmp_path / "precious").read_text() == "mine"
    assert "not kept" in capfd.readouterr().err


def test_a_job_whose_folder_became_a_link_does_not_end_the_queue(client, studio, hanging, tmp_path):
    first, second = order(client, variants=2)
    place = studio.folder.root / "jobs" / first["id"]
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    running = threading.Event()
    studio.queue.publish = lambda _kind, data: running.set() if data["state"] == "running" else None
    runner = Runner(studio.queue, grace=0.05)
    runner.start()
    try:
        running.wait()
        assert studio.queue.get(second["id"]).state == "running"
        assert studio.queue.get(first["id"]).state == "failed"
    finally:
        runner.stop()


def test_the_real_worker_starts_without_a_log(studio):
    (studio.folder.root / "worker.log").mkdir()
    worker = Worker(studio.folder.root / "worker.log")
    assert worker.alive
    worker.kill()
