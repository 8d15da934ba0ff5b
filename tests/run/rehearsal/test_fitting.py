"""What is done for a given memory, by estimates that stand in for rehearsals (a real one: in tests/cli)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from hitmark.backbones import tiny
from hitmark.errors import GenerationError, HitmarkError
from hitmark.run.plan import Plan
from hitmark.run.rehearsal import Estimate, within
from hitmark.run.rehearsal.estimate import Work
from hitmark.run.rehearsal.fitting import GIB, gib
from tests.run.rehearsal.test_rehearse import planned

MODULE = "hitmark.run.rehearsal.fitting.rehearse"


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("svd")
    tiny.tiny_svd(channels=(32, 32), layers=1, frames=4, vae_channels=(32, 32)).save_pretrained(folder)
    return folder


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Weights of 1 GiB, steps of 1, guidance of 2, 1 or 0.5, decoding of a frame of 0.5, half of it in tiles."""
    asked: list[Plan] = []

    def estimate(plan: Plan, _picture: Any, _dtype: torch.dtype) -> Estimate:
        asked.append(plan)
        chunk = plan.call.get("decode_chunk_size", plan.frames)
        share = plan.frames / 4 * plan.width * plan.height / 64**2
        found = Estimate({"unet": GIB})
        found.parts["steps"] = Work(int(share * GIB))
        found.parts["decoding"] = Work(int(min(chunk, plan.frames) * GIB / (4 if plan.vae_tiling else 2)))
        for control in plan.controls:
            budget = getattr(control, "memory_budget", None)
            kept = 2.0 if budget is None else max(0.5, min(2.0, budget))
            found.parts["guidance"] = Work(int(share * kept * GIB))
        return found

    monkeypatch.setattr(MODULE, estimate)
    return asked


def test_with_room_enough_nothing_is_changed(svd: Path, estimated: list[Plan]) -> None:
    plan, picture = planned(svd, 4, "sg-i2v")
    found = within(plan, picture, 8)
    assert (found.planned, found.notes, len(estimated)) == (plan, (), 1)


def test_gradients_first_and_no_more_than_is_needed(svd: Path, estimated: list[Plan]) -> None:
    plan, picture = planned(svd, 4, "sg-i2v", memory_budget=None)
    plan.call["decode_chunk_size"] = 1
    found = within(plan, picture, 2.3)
    assert found.planned.scene.method.knobs["memory_budget"] == 1.0
    assert found.planned.controls[0].memory_budget == 1.0
    assert found.estimate.peak == 2 * GIB
    assert [note.split(":")[0] for note in found.notes] == ["memory_budget=1"]
    assert not found.planned.vae_tiling
    assert len(estimated) == 2


def test_then_frames_one_by_one_then_tiles(svd: Path, estimated: list[Plan]) -> None:
    plan, picture = planned(svd, 4, "none")
    plan.call["decode_chunk_size"] = 4
    found = within(plan, picture, 2)
    assert found.planned.call["decode_chunk_size"] == 1
    assert not found.planned.vae_tiling
    plan.call.pop("decode_chunk_size")
    assert within(plan, picture, 2).planned.vae_tiling


def test_what_takes_most_later_is_dealt_with_too(svd: Path, estimated: list[Plan]) -> None:
    plan, picture = planned(svd, 4, "sg-i2v", memory_budget=1.5)
    plan.call["decode_chunk_size"] = 4
    found = within(plan, picture, 2.1)
    assert found.planned.call["decode_chunk_size"] == 1, "decoding took 2 GiB, guidance 1.5"
    assert found.planned.controls[0].memory_budget == 1.0
    assert found.estimate.peak == 2 * GIB


def test_an_autoencoder_without_tiles_has_one_thing_less(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def estimate(plan: Plan, _picture: Any, _dtype: torch.dtype) -> Estimate:
        if plan.vae_tiling:
            raise GenerationError("vae_tiling: cannot")
        found = Estimate({"unet": GIB})
        found.parts["decoding"] = Work(GIB)
        return found

    monkeypatch.setattr(MODULE, estimate)
    plan, picture = planned(svd, 4, "none")
    with pytest.raises(HitmarkError, match=r"^memory: this clip takes about 2\.0 GiB at its peak \(decoding\)"):
        within(plan, picture, 1.5)


def test_what_would_fit_is_named(svd: Path, estimated: list[Plan]) -> None:
    plan, picture = planned(svd, 4, "none")
    plan.call["decode_chunk_size"] = 1
    with pytest.raises(HitmarkError, match=r"1\.0 GiB of it weights, and 1\.8 GiB .* fit: --frames 3"):
        within(plan, picture, 1.8)
    assert estimated[-1].frames == 3


def test_a_smaller_picture_where_fewer_frames_do_not_help(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def estimate(plan: Plan, _picture: Any, _dtype: torch.dtype) -> Estimate:
        found = Estimate({"unet": GIB})
        found.parts["steps"] = Work(plan.width * plan.height * GIB // 128**2)
        return found

    monkeypatch.setattr(MODULE, estimate)
    plan, picture = planned(svd, 4, "none", 128)
    with pytest.raises(HitmarkError, match="What would fit: --width 64 --height 64"):
        within(plan, picture, 1.3)
    with pytest.raises(HitmarkError, match="Not even a quarter"):
        within(plan, picture, 1.01)
    with pytest.raises(HitmarkError, match="The weights alone are more; choose a smaller model"):
        within(plan, picture, 0.9)


@pytest.mark.parametrize(("size", "said"), [(3 * GIB, "3.0 GiB"), (100 * 2**20, "100 MiB")])
def test_amounts_are_said_in_words_that_are_used(size: float, said: str) -> None:
    assert gib(size) == said
