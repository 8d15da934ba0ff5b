"""Every example of docs/scene-format.md is a scene that evaluates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hitmark.scene import Scene, evaluate, region_labels

PAGE = (Path(__file__).parents[2] / "docs" / "scene-format.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
@pytest.mark.parametrize("frames", [8, 25])
def test_example(text, frames):
    scene = Scene.from_json(text)
    labels = region_labels(evaluate(scene, frames), frames, 36, 64)
    assert labels.max() == len(scene.subjects)


def test_the_page_has_an_example_of_each_control():
    assert len(EXAMPLES) >= 13
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert all(f"`{field}`" in PAGE for field in Scene.model_fields)
    assert "evaluate(longer, frames=25)" in code


def test_the_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["labels"].shape == (25, 72, 128)
    assert names["labels"].max() == 1
