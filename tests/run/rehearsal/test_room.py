"""What the memory that is free does not hold is refused before anything is loaded, and what would help is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hitmark.backbones import tiny
from hitmark.errors import GenerationError, HitmarkError
from hitmark.run.make import make
from hitmark.run.rehearsal import check_room, rehearse, room
from tests.run.rehearsal.test_rehearse import planned


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("svd")
    tiny.tiny_svd(channels=(32, 32), layers=1, frames=4, vae_channels=(32, 32)).save_pretrained(folder)
    return folder


def free(monkeypatch: pytest.MonkeyPatch, size: float | None) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: None if size is None else int(size))


def test_a_clip_that_does_not_fit_is_refused_before_it_is_loaded(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, picture = planned(svd, 4, "sg-i2v", side=256)
    needed = rehearse(plan, picture).peak
    free(monkeypatch, needed - 1)
    monkeypatch.setattr("hitmark.run.make.load_pipeline", lambda *_args, **_kwargs: pytest.fail("loaded"))
    with pytest.raises(
        GenerationError, match=r"takes about .* \(.*\), and .* are free.*nothing was started"
    ) as refused:
        make(plan, picture)
    assert "It fits with " in str(refused.value)
    assert "--memory 1 chooses that" in str(refused.value)
    assert any(saving in str(refused.value) for saving in ("memory_budget", "decode_chunk_size", "vae_tiling"))


def test_what_no_saving_helps_is_told_with_a_smaller_clip(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, picture = planned(svd, 4, "none", side=512)
    free(monkeypatch, 0.15 * rehearse(plan, picture).peak)
    with pytest.raises(GenerationError, match=r"GiB are free.*(--frames|--width|Not even a quarter)"):
        check_room(plan, picture)


def test_weights_that_are_loaded_are_not_counted_twice(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, picture = planned(svd, 4, "none", side=256)
    found = rehearse(plan, picture)
    free(monkeypatch, found.peak - sum(found.weights.values()) + 1)
    check_room(plan, picture, loaded=True)
    with pytest.raises(GenerationError, match="are free"):
        check_room(plan, picture)


@pytest.mark.parametrize("size", [None, 1e12])
def test_nothing_is_rehearsed_where_it_is_plain(svd: Path, monkeypatch: pytest.MonkeyPatch, size: float | None) -> None:
    plan, picture = planned(svd, 4, "none")
    free(monkeypatch, size)
    monkeypatch.setattr(room, "rehearse", lambda *_args: pytest.fail("rehearsed"))
    check_room(plan, picture)


def test_what_cannot_be_estimated_is_not_refused(svd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any) -> None:
        raise HitmarkError("memory: it cannot be estimated")

    plan, picture = planned(svd, 4, "none")
    free(monkeypatch, 1000)
    monkeypatch.setattr(room, "rehearse", unknown)
    check_room(plan, picture)
