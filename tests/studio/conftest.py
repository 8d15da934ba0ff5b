"""A studio in a temporary folder, without its worker, and a client that may change things."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hitmark.studio.job import Result
from hitmark.studio.server import application
from hitmark.studio.studio import Studio

ADDRESS = "http://127.0.0.1:8188"


def png(width: int = 64, height: int = 48, kind: str = "PNG", shade: int = 0) -> bytes:
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 4, y * 5, (255 - x * 3 + shade)], axis=-1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind)
    return stream.getvalue()


def moving(name: str = "heart", **more) -> dict:
    keyframes = [{"time": 0, "box": [0.1, 0.2, 0.4, 0.5]}, {"time": 1, "box": [0.4, 0.3, 0.7, 0.6]}]
    return {"name": name, "phrase": name, "keyframes": keyframes} | more


def text_scene(**more) -> dict:
    return {"prompt": "a heart on tiles", "subjects": [moving()], "model": "sprites-t2v"} | more


RESULTS = Result(
    frames=8,
    width=64,
    height=64,
    fps=7,
    seconds=1.5,
    peak_memory=10,
    frames_sha256="0" * 64,
    found={"a": [(1, 2), None]},
)


def order(client, **more):
    answer = client.post("/api/jobs", json={"scene": text_scene()} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()["jobs"]


@pytest.fixture
def studio(tmp_path):
    made = Studio(tmp_path / "studio")
    yield made
    made.stop()


@pytest.fixture
def client(studio):
    with TestClient(
        application(studio, start=False), base_url=ADDRESS, headers={"X-Hitmark": "1"}, raise_server_exceptions=True
    ) as made:
        yield made


@pytest.fixture
def refused(client):
    """Send a request that must be refused with a status and a sentence; gives the sentence."""

    def send(status: int, method: str, path: str, **more) -> str:
        answer = client.request(method, path, **more)
        assert answer.status_code == status, answer.text
        assert list(answer.json()) == ["error"]
        return answer.json()["error"]

    return send
