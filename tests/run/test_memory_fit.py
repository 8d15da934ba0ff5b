"""Nothing starts that cannot fit in memory by a low estimate; what fits is not refused."""

from __future__ import annotations

import pytest

from hitmark.backbones.catalog import MODELS, model_card
from hitmark.errors import HitmarkError
from hitmark.run import memory_fit
from hitmark.run.memory_fit import check_frames, check_memory, free_bytes

GB = 10**9


def test_a_clip_that_cannot_fit_is_refused_with_a_size_that_does(monkeypatch):
    monkeypatch.setattr(memory_fit, "free_bytes", lambda: 16 * GB)
    with pytest.raises(
        HitmarkError, match=r"81 frames of 832x480 need about 65 GB .* 16\.0 GB free; nothing was started"
    ):
        check_memory(model_card("sprites-i2v"), (81, 480, 832), "cpu")
    with pytest.raises(HitmarkError, match="--frames 8 --width 64 --height 64"):
        check_memory(model_card("sprites-t2v"), (81, 480, 832), "cpu")
    check_memory(model_card("sprites-i2v"), (25, 128, 128), "cpu")


def test_a_transformer_is_not_refused_by_what_u_nets_take(monkeypatch):
    """By its rehearsal 81 frames of 1024x1024 take 3.2 GiB on sprites-wan."""
    monkeypatch.setattr(memory_fit, "free_bytes", lambda: 16 * GB)
    check_memory(model_card("sprites-wan"), (81, 1024, 1024), "cpu")


def test_every_models_own_clip_fits_in_sixteen_gigabytes(monkeypatch):
    monkeypatch.setattr(memory_fit, "free_bytes", lambda: 16 * GB)
    for name in MODELS:
        card = model_card(name)
        check_memory(card, (card.frames or 25, card.height, card.width), "cpu")


def test_an_unknown_amount_refuses_nothing(monkeypatch):
    monkeypatch.setattr(memory_fit, "free_bytes", lambda: None)
    check_memory(model_card("sprites-i2v"), (10_000, 8192, 8192), "cpu")


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({"memory.max": "1000", "memory.current": "400", "memory.stat": "anon 300\ninactive_file 50\n"}, 650),
        ({"memory.max": "max", "memory.current": "400", "memory.stat": "anon 300\n"}, None),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "900",
                "memory/memory.stat": "total_inactive_file 100\n",
            },
            200,
        ),
    ],
)
def test_the_limit_of_a_container_counts(monkeypatch, tmp_path, files, free):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory_fit, "CGROUP", tmp_path / "none")
    whole = free_bytes()
    monkeypatch.setattr(memory_fit, "CGROUP", tmp_path)
    assert free_bytes() == free if free is not None else free_bytes() > whole / 2


def test_frames_that_are_more_than_the_machine_are_refused_whatever_the_model():
    check_frames((81, 480, 832), 500_000_000)
    with pytest.raises(HitmarkError, match=r"81 frames of 832x480 take 485 MB as pictures alone, .* 400 MB of memory"):
        check_frames((81, 480, 832), 400_000_000)
