"""A plan of twelve short jobs on a tiny random model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hitmark.bench.plan import BenchPlan


@pytest.fixture(scope="session")
def model(tmp_path_factory: Any) -> str:
    from hitmark.backbones.tiny import tiny_text_to_video

    folder = tmp_path_factory.mktemp("model") / "tiny"
    tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32)).save_pretrained(folder)
    (folder / "hitmark.json").write_text(json.dumps({"frames": 4, "width": 32, "height": 32, "steps": 2}))
    return str(folder)


@pytest.fixture
def plan(model: str) -> BenchPlan:
    return BenchPlan.from_dict(
        {
            "scenes": ["sprites-text:tune:0-3"],
            "methods": ["none", "peekaboo masked_steps=1"],
            "models": [model],
            "seeds": 2,
            "observers": ["frames"],
        }
    )
