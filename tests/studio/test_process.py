"""The real server with its real worker: the bytes of `hitmark generate`, and what is left after `kill -9`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import httpx
import psutil
import pytest
from typer.testing import CliRunner

from hitmark.cli import app
from tests.studio.browser.process import FRESH, Process
from tests.studio.conftest import png, text_scene

PATIENCE = 1800  # seconds: under the limit of a test, so that what hangs is told; a busy machine needs far less


class Running:
    """A server process on a free port."""

    def __init__(self, folder):
        words = [sys.executable, "-m", "hitmark", "studio", "--folder", str(folder), "--port", "0", "--no-open"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        assert line.startswith("studio: http://127.0.0.1:"), line
        self.url = line.split()[1]
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, headers={"X-Hitmark": "1"}, timeout=PATIENCE, limits=FRESH)

    def order(self, **more):
        answer = self.client.post("/api/jobs", json={"scene": text_scene(frames=3)} | more)
        assert answer.status_code == 200, answer.text
        return answer.json()["jobs"][0]["id"]

    def job(self, identity):
        return self.client.get(f"/api/jobs/{identity}").json()

    def wait(self, identity, reached):
        stop = time.monotonic() + PATIENCE
        while not reached(job := self.job(identity)):
            assert time.monotonic() < stop, job
            assert job["state"] != "failed" or reached(job), job
            time.sleep(0.05)
        return job

    def worker(self):
        (worker,) = psutil.Process(self.process.pid).children()
        return worker

    def end(self, how):
        self.client.close()
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status


def state(*wanted):
    return lambda job: job["state"] in wanted


def at_work(job):
    return job["state"] == "running" and job["step"] >= 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("process") / "studio"


@pytest.fixture(scope="module")
def place(folder):
    """What runs in the folder now: a list of one server, which a test may kill and put another in place of."""
    now = [Running(folder)]
    yield now
    worker = now[0].worker()
    assert now[0].end(signal.SIGTERM) == 0
    assert not worker.is_running()


@pytest.fixture
def server(place):
    return place[0]


def made_by_the_command(path, output) -> str:
    done = CliRunner().invoke(app, ["generate", str(path), "-o", str(output), "--steps", "3"])
    assert done.exit_code == 0, done.output
    return json.loads(output.with_suffix(".json").read_text())["output"]["frames_sha256"]


def test_from_the_first_clip_to_a_kill(place, folder, tmp_path):
    server = place[0]
    first = server.wait(first_id := server.order(steps=3), state("done"))
    assert first["preview"].endswith("preview-2.webp")
    record = server.client.get(first["files"]["clip.json"]).json()
    assert record["output"]["frames_sha256"] == made_by_the_command(
        folder / "jobs" / first_id / "scene.json", tmp_path / "again.mp4"
    )
    clip = server.client.get(first["files"]["clip.mp4"]).content
    assert clip == (tmp_path / "again.mp4").read_bytes()
    assert first["scores"]["heart"]["found share"] is not None
    assert len(first["found"]["heart"]) == 3

    cut = server.order(steps=500)
    waiting = server.order(steps=2)
    server.wait(cut, at_work)
    worker = server.worker()
    server.end(signal.SIGKILL)
    worker.wait(PATIENCE)  # it ends by itself when the server is gone

    again = place[0] = Running(folder)
    assert again.job(first_id) == first
    assert again.client.get(first["files"]["clip.mp4"]).content == clip
    assert again.job(waiting)["state"] == "queued"
    again.wait(cut, at_work)
    asked = again.client.post(f"/api/jobs/{cut}/cancel").json()["step"]
    assert again.wait(cut, state("cancelled"))["step"] <= asked + 1
    assert again.wait(waiting, state("done"))["frames"] == 3
    retried = again.client.post(f"/api/jobs/{cut}/retry").json()["state"]
    assert retried in ("queued", "loading", "running")  # an idle machine takes it up before the answer is written
    again.wait(cut, at_work)
    again.client.post(f"/api/jobs/{cut}/cancel")
    again.wait(cut, state("cancelled"))


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_its_worker(tmp_path, kind):
    idle = Process(tmp_path / "studio", makes=False)
    (worker,) = psutil.Process(idle.process.pid).children()
    assert idle.end(kind) == 0
    assert not worker.is_running()


def test_what_is_sent_to_the_socket_itself(server, folder):
    refused = 0
    for head in (
        b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Hitmark: 1\r\nContent-Length: 5368709120\r\n\r\n",
        b"POST /api/check HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Hitmark: 1\r\nContent-Length: 5368709120\r\n\r\n{",
        b"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Hitmark: 1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
        b"GET /assets/../../server.py HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /assets/..%5c..%5cserver.py HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET //etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/jobs HTTP/1.1\r\n\r\n",
        b"GET /api/jobs HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://evil\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            with suppress(ConnectionError):  # what is too long is refused, and the line ended, before all of it came
                connection.sendall(head)
            answer = connection.recv(4096)
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200")), (head[:80], answer)
        assert b"hitmark.studio" not in answer
        refused += answer.startswith(b"HTTP/1.1 4")
    assert refused >= 11
    assert server.client.get("/api/jobs").status_code == 200


def test_fifty_streams_of_which_some_never_read(server):
    with ExitStack() as stack:
        streams = [stack.enter_context(server.client.stream("GET", "/api/events")) for _ in range(50)]
        lines = [stream.iter_lines() for stream in streams]
        identity = server.order(steps=2)
        for each in lines[:45]:  # the other five never read
            for line in each:
                if line.startswith("data: ") and json.loads(line[6:]).get("id") == identity:
                    break
        server.wait(identity, state("done"))
        url = server.client.post("/api/pictures", content=png()).json()["url"]
        assert server.client.get(url).status_code == 200


def test_a_second_server_on_the_folder_is_refused(server, folder):
    words = [sys.executable, "-m", "hitmark", "studio", "--folder", str(folder), "--port", "0", "--no-open"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert "another studio works in" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told(server, tmp_path):
    words = ["studio", "--folder", str(tmp_path / "other"), "--port", str(server.port), "--no-open"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "cannot listen" in done.output
