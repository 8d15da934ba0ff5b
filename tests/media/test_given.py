from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.media.given import as_frames, as_picture

CLIP = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
FORMS = {
    "bytes": CLIP,
    "numbers of 0..1": CLIP / 255.0,
    "a list of pictures": [Image.fromarray(each) for each in CLIP],
    "a list of arrays": list(CLIP),
    "a tensor": torch.from_numpy(CLIP).permute(0, 3, 1, 2).float() / 255,
    "half a tensor": (torch.from_numpy(CLIP).permute(0, 3, 1, 2) / 255).to(torch.float64),
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_a_pipeline_returns_is_a_clip(form):
    np.testing.assert_array_equal(as_frames(FORMS[form]), CLIP)


def test_pictures_are_taken_in_every_form(tmp_path):
    Image.fromarray(CLIP[0]).save(tmp_path / "a.png")
    for each in (CLIP[0], CLIP[0] / 255.0, Image.fromarray(CLIP[0]), tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_array_equal(np.asarray(as_picture(each)), CLIP[0])


@pytest.mark.parametrize(
    "value",
    [
        None, 3, "a.mkv", [], {}, [None], CLIP[0], CLIP[None], CLIP[..., :2], CLIP.astype(np.int32), CLIP * 1.0,
        np.full((2, 4, 4, 3), np.nan), CLIP[:0], [CLIP[0], CLIP[0, :3]],
    ],
)  # fmt: skip
def test_what_is_no_clip_is_told_with_its_form(value):
    with pytest.raises(HitmarkError, match=r"frames.*expected|cannot read"):
        as_frames(value)


def test_a_batch_is_told_how_to_choose_one():
    with pytest.raises(HitmarkError, match=r"give one clip of the batch, \.frames\[0\]"):
        as_frames(CLIP[None])


@pytest.mark.parametrize("value", [None, 3, CLIP, {"a": 1}, CLIP[0, ..., 0], CLIP[0, :0], CLIP[0, :, :0]])
def test_what_is_no_picture_is_told(value):
    with pytest.raises(HitmarkError, match="image: expected"):
        as_picture(value)
