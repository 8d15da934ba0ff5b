"""What is stored comes back bit by bit; what is torn, foreign or of other content never does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.files import OutputError
from hitmark.metrics import feature_cache
from hitmark.metrics.feature_cache import cached_features, cached_moments, content_key, file_digest
from hitmark.metrics.frechet import FeatureMoments

EXTRACTOR = {"name": "tiny", "size": 64, "weights": "ab"}
CLIPS = [np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3), np.ones((2, 2, 2, 3), dtype=np.uint8)]
KEY = content_key(CLIPS, EXTRACTOR)


def _moments(seed: int = 0) -> FeatureMoments:
    return FeatureMoments().add(np.random.default_rng(seed).normal(size=(9, 4)))


def _never() -> FeatureMoments:
    raise AssertionError("it should have been read")


def _counted(calls: list[int]) -> Callable[[], FeatureMoments]:
    def compute() -> FeatureMoments:
        calls.append(1)
        return _moments()

    return compute


def test_stored_once_and_read_bit_by_bit(tmp_path: Path) -> None:
    fresh = cached_moments(tmp_path / "cache", KEY, _moments)
    assert (fresh.reused, fresh.note) == (False, None)
    assert fresh.path.is_file()
    again = cached_moments(tmp_path / "cache", KEY, _never)
    assert (again.reused, again.note, again.path) == (True, None, fresh.path)
    assert again.value.count == 9
    assert np.array_equal(again.value.mean, fresh.value.mean)
    assert np.array_equal(again.value.scatter, fresh.value.scatter)
    assert again.value.add(np.ones((1, 4))).count == 10  # what is read can be added to
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [fresh.path.name]


def test_features_are_kept_beside_the_moments(tmp_path: Path) -> None:
    features = np.random.default_rng(0).normal(size=(3, 5))
    cached_moments(tmp_path, KEY, _moments)
    assert not cached_features(tmp_path, KEY, lambda: features).reused
    again = cached_features(tmp_path, KEY, lambda: np.zeros((1, 1)))
    assert again.reused
    assert np.array_equal(again.value, features)
    assert cached_moments(tmp_path, KEY, _never).reused


@given(st.data())
def test_a_torn_or_changed_file_is_computed_again(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = cached_moments(folder, KEY, _moments).path
        content = path.read_bytes()
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            broken = content[:place]
        else:
            changed = content[place] ^ data.draw(st.integers(1, 255))
            broken = content[:place] + bytes([changed]) + content[place + 1 :]
        path.write_bytes(broken)
        calls: list[int] = []
        again = cached_moments(folder, KEY, _counted(calls))
        assert (again.reused, calls) == (False, [1])
        assert again.note is not None
        assert path.name in again.note
        assert path.read_bytes() == content
        assert cached_moments(folder, KEY, _never).note is None


@pytest.mark.parametrize(
    "foreign", [b"", b"\n", b"{}\n", b"\x93NUMPY\x01\x00v\x00{", b"0" * 64 + b"\n{}\n", "\N{SNOWMAN}".encode()]
)
def test_a_foreign_file_is_computed_again(tmp_path: Path, foreign: bytes) -> None:
    path = cached_moments(tmp_path, KEY, _moments).path
    path.write_bytes(foreign)
    again = cached_moments(tmp_path, KEY, _moments)
    assert not again.reused
    assert again.note is not None
    assert cached_moments(tmp_path, KEY, _never).reused


def test_an_entry_under_another_name_is_not_taken(tmp_path: Path) -> None:
    other = content_key(CLIPS, EXTRACTOR | {"size": 32})
    stored = cached_moments(tmp_path, KEY, _moments)
    stored.path.rename(tmp_path / f"{other}.moments")
    again = cached_moments(tmp_path, other, lambda: _moments(1))
    assert not again.reused
    assert again.note is not None
    assert "other clips" in again.note
    assert np.array_equal(again.value.mean, _moments(1).mean)


def test_the_key_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"one")
    copied = tmp_path / "b.mp4"
    copied.write_bytes(b"one")
    assert content_key([file], EXTRACTOR) == content_key([str(copied)], EXTRACTOR)
    assert content_key(iter(CLIPS), dict(reversed(EXTRACTOR.items()))) == KEY
    assert content_key([CLIPS[0][:, :, ::-1][:, :, ::-1], CLIPS[1]], EXTRACTOR) == KEY  # another layout in memory
    changed = CLIPS[0].copy()
    changed[0, 0, 0, 0] += 1
    others = [
        content_key([changed, CLIPS[1]], EXTRACTOR),
        content_key(CLIPS[::-1], EXTRACTOR),
        content_key(CLIPS[:1], EXTRACTOR),
        content_key([CLIPS[0].reshape(2, 1, 4, 3), CLIPS[1]], EXTRACTOR),
        content_key([CLIPS[0].view(np.int8), CLIPS[1]], EXTRACTOR),
        content_key(CLIPS, EXTRACTOR | {"weights": "ac"}),
        content_key([file], EXTRACTOR),
        KEY,
    ]
    assert len(set(others)) == len(others)


def test_a_disk_that_fills_up_does_not_lose_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("cannot write it: the disk is full")

    monkeypatch.setattr(feature_cache, "_write", full)
    result = cached_moments(tmp_path, KEY, _moments)
    assert result.value.count == 9
    assert result.note == "cannot write it: the disk is full"


def test_a_place_that_cannot_be_written_is_noticed_first(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        cached_moments(tmp_path / "missing" / "cache", KEY, _never)


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match="64 hexadecimal"):
        cached_moments(tmp_path, "../name", _never)
    with pytest.raises(HitmarkError, match="extractor"):
        content_key(CLIPS, {})
    with pytest.raises(HitmarkError, match="extractor"):
        content_key(CLIPS, {"size": float("nan")})
    with pytest.raises(HitmarkError, match="at least one clip"):
        content_key([], EXTRACTOR)
    with pytest.raises(HitmarkError, match="arrays of numbers"):
        content_key([np.array([None])], EXTRACTOR)
    with pytest.raises(HitmarkError, match=r"gone\.mp4"):
        file_digest(tmp_path / "gone.mp4")
