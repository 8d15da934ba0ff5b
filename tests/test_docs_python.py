"""The page for Python programs: every example runs, on pipelines of random weights."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

import hitmark
from hitmark.backbones.loading import load_pipeline
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
CARD = {"frames": 3, "width": 32, "height": 32, "steps": 2, "world": "sprites"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Stand-ins for the embedded models, which are loaded as those are."""
    made = {
        "sprites-i2v": tiny_svd(channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32)),
        "sprites-t2v": tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32)),
    }
    place = tmp_path_factory.mktemp("models")
    for name, pipe in made.items():
        pipe.save_pretrained(place / name)
        (place / name / "hitmark.json").write_text(json.dumps(CARD))
    return place


def quick(pipe):
    """The pipeline, with two steps where a call does not say otherwise."""
    sized = type(pipe)

    def call(self, *args, **options):
        return sized.__call__(self, *args, **{"num_inference_steps": 2} | options)

    pipe.__class__ = type(sized.__name__, (sized,), {"__call__": call, "__module__": sized.__module__})
    pipe.set_progress_bar_config(disable=True)
    return pipe


def test_every_example_runs_in_the_order_of_the_page(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hitmark.backbones.loading.load_pipeline", lambda name: quick(load_pipeline(folders / name)))
    names: dict[str, object] = {}
    state = torch.get_rng_state()
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)):
        small = code.replace("width=64, height=64, frames=8", "width=32, height=32, frames=3")
        exec(compile(small, f"docs/python.md, example {number}", "exec"), names)
    torch.set_rng_state(state)
    made = {path.name for path in tmp_path.iterdir()}
    assert {"car.mp4", "car.png", "out.mp4", "out.json", "out.sheet.png", "plan.png"} <= made


def test_examples_that_need_a_gpu_are_python_at_least():
    blocks = re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 2
    for code in blocks:
        compile(code, "docs/python.md", "exec")


def test_links_lead_somewhere():
    docs = Path(__file__).parents[1] / "docs"
    heads = {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^## (.*)$", PAGE, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert target[1:] in heads if target.startswith("#") else (docs / target).is_file(), target


def test_every_public_name_of_the_page_is_one():
    for name in re.findall(r"hitmark\.([a-zA-Z_]+)\(", PAGE):
        assert name in hitmark.__all__, name
