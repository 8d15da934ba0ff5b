"""A plan of twelve short jobs on a tiny random model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hitmark.bench.plan import BenchPlan
from hitmark.bench.run import run


@pytest.fixture(scope="session")
def model(tmp_path_factory: Any) -> str:
    from hitmark.backbones.tiny import tiny_text_to_video

    folder = tmp_path_factory.mktemp("model") / "tiny"
    tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32)).save_pretrained(folder)
    (folder / "hitmark.json").write_text(json.dumps({"frames": 4, "width": 32, "height": 32, "steps": 2}))
    return str(folder)


def twelve_jobs(model: str) -> BenchPlan:
    return BenchPlan.from_dict(
        {
            "scenes": ["sprites-text:tune:0-3"],
            "methods": ["none", "peekaboo masked_steps=1"],
            "models": [model],
            "seeds": 2,
            "observers": ["frames"],
        }
    )


@pytest.fixture
def plan(model: str) -> BenchPlan:
    return twelve_jobs(model)


@pytest.fixture(scope="session")
def whole(model: str, tmp_path_factory: Any) -> Path:
    """The folder of the plan's run, made in one go in this process; only to be read."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(twelve_jobs(model), folder)
    return folder
