from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.bench import text_table
from hitmark.bench.text_table import TextRow, compared, drawn_figures, markdown, summarize
from hitmark.sprites import perceptual
from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.places import PLACES


def _row(scene: int, method: str, overlap: float, features: list[float], outside: float | None = None) -> TextRow:
    some = [overlap]
    return TextRow(scene, "moving", 0, method, some, some, some, some, some, some, features, outside, 0.5, 2.0, 1.0)


def test_the_summary_is_means_and_one_frechet_distance() -> None:
    generator = np.random.default_rng(0)
    reference = generator.normal(size=(50, 3))
    rows = [_row(number, "none", number / 10, vector.tolist()) for number, vector in enumerate(reference[:8] + 2)]
    values = summarize(rows, reference)
    assert values["mIoU"] == pytest.approx(0.35)
    assert values["coverage"] == pytest.approx(2 / 8)
    assert values["Frechet"] > 8
    assert np.isnan(values["outside"])
    assert summarize([_row(0, "a", 0, [0, 0, 0], 0.2), _row(1, "a", 0, [1, 0, 0], 0.4)], reference)[
        "outside"
    ] == pytest.approx(0.3)


def test_the_table_has_intervals_that_hold_the_value() -> None:
    generator = np.random.default_rng(0)
    reference = generator.normal(size=(50, 3))
    rows = [
        _row(scene, method, float(generator.uniform(0.2, 0.8)), generator.normal(size=3).tolist())
        for method in ("none", "peekaboo")
        for scene in range(20)
    ]
    lines = markdown(rows, reference, draws=100).splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:4]] == ["none", "peekaboo"]
    column = lines[0].split(" | ").index("mIoU")
    value, low, _, high = lines[2].split(" | ")[column].replace("(", "").replace(")", "").split()
    assert float(low) < float(value) < float(high)


def test_pairs_are_compared_scene_by_scene() -> None:
    """Peekaboo's overlap varies wildly between scenes, the other's is always 0.1 more: the difference is certain."""
    generator = np.random.default_rng(0)
    reference = generator.normal(size=(50, 3))
    rows = []
    for scene in range(20):
        overlap, features = float(generator.uniform(0.1, 0.8)), generator.normal(size=3).tolist()
        rows.append(_row(scene, "peekaboo", overlap, features))
        rows.append(_row(scene, "ivg-da", overlap + 0.1, features))
    figures = drawn_figures(rows, reference, draws=100)
    table = compared(figures).splitlines()
    assert len(table) == 3, "pairs of which a method is missing are left out"
    cells = dict(zip(table[0].split(" | "), table[2].split(" | "), strict=True))
    ours, theirs = figures["ivg-da"][0]["mIoU"], figures["peekaboo"][0]["mIoU"]
    assert cells["mIoU"] == f"{ours / theirs:.2f} (difference 0.1 to 0.1)"
    assert cells["Frechet"] == "1.00 (difference 0 to 0)"


def test_one_clip_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a tiny random pipeline: every figure is there, and the controlled clip is compared with the free one."""
    pipe: Any = tiny_text_to_video(channels=(32, 32), layers=1, vae_channels=(32, 32))
    pipe.save_pretrained(tmp_path / "model")
    text = '{"frames": 3, "width": 32, "height": 32, "fps": 7, "steps": 2, "call": {"guidance_scale": 3.0}}'
    (tmp_path / "model" / "hitmark.json").write_text(text)
    network = perceptual.PerceptualNetwork((8, 16), len(load_atlas().names), len(PLACES)).eval()
    monkeypatch.setattr(perceptual, "load_perceptual", lambda: network)
    jobs = [
        (4, 0, method, str(tmp_path / "model"), str(tmp_path / "free"))
        for method in ("none", "peekaboo masked_steps=1")
    ]
    free, controlled = (text_table.score(*job) for job in jobs)
    assert free.kind == "two"
    assert len(free.overlap) == len(free.found) == 2
    assert free.outside is None
    assert controlled.outside is not None
    assert controlled.outside > 0
    assert len(free.features) == perceptual.WIDTH
    assert 0 <= free.text_match <= 1
    assert controlled.features != free.features
