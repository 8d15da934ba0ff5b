"""VideoMAE features against a direct call of the model, and the rule by which frames are taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.observers.videomae import load_videomae, spread_frames
from tests.observers.tiny import frames_of

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEImageProcessorPil

    folder = tmp_path_factory.mktemp("videomae")
    torch.manual_seed(0)
    configuration = VideoMAEConfig(
        image_size=32, patch_size=8, num_frames=4, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24,
    )  # fmt: skip
    VideoMAEForVideoClassification(configuration).save_pretrained(folder)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    VideoMAEImageProcessorPil(**size, image_mean=MEAN.tolist(), image_std=DEVIATION.tolist()).save_pretrained(folder)
    return folder


def test_features_equal_the_mean_token(folder):
    """Clips whose sides are 32 already: nothing is resized, and the preparation is one line."""
    network = load_videomae(folder, batch=2)
    clips = [frames_of(7, 32, 32, seed) for seed in range(3)]
    chosen = np.stack([clip[[0, 2, 4, 6]] for clip in clips])
    pixels = torch.from_numpy(((chosen / 255 - MEAN) / DEVIATION).transpose(0, 1, 4, 2, 3)).float()
    with torch.no_grad():
        expected = network.network(pixel_values=pixels)[0].double().sum(1) / (2 * 16)
    features = network.clip_features(clips)
    assert features.dtype == np.float32
    assert features == pytest.approx(expected.numpy(), abs=1e-5)
    assert np.abs(features[0] - features[1]).max() > 1e-4


def test_order_of_frames_counts_and_sides_of_wide_pictures_do_not(folder):
    network = load_videomae(folder)
    clip = frames_of(4, 32, 64)
    framed = clip.copy()
    framed[:, :, :16], framed[:, :, 48:] = 0, 255
    given_, backwards, cut = network.clip_features([clip, clip[::-1].copy(), framed])
    assert np.abs(given_ - backwards).max() > 1e-5
    assert cut == pytest.approx(given_, abs=1e-6)


@given(st.integers(1, 200), st.integers(2, 40))
def test_frames_are_spread_evenly(count, wanted):
    chosen = spread_frames(count, wanted)
    exact = np.linspace(0, count - 1, wanted)
    assert len(chosen) == wanted
    assert chosen[0] == 0
    assert chosen[-1] == count - 1
    assert np.abs(chosen - exact).max() <= 0.5 + 1e-9


def test_spread_frames_by_hand():
    assert spread_frames(16, 16).tolist() == list(range(16))
    assert spread_frames(2, 4).tolist() == [0, 0, 1, 1]
    assert spread_frames(14, 4).tolist() == [0, 4, 9, 13]
    with pytest.raises(HitmarkError, match="at least 1 given"):
        spread_frames(0, 16)


def test_a_processor_that_does_not_fit(folder, tmp_path):
    from transformers import VideoMAEImageProcessorPil

    network = load_videomae(folder)
    processor = VideoMAEImageProcessorPil(size={"shortest_edge": 48}, crop_size={"height": 48, "width": 48})
    odd = type(network)(network.network, processor)
    with pytest.raises(HitmarkError, match="expected pictures of 32x32"):
        odd.clip_features([frames_of(4)])


@pytest.mark.parametrize(("clips", "message"), [([], "got none"), (frames_of(4), "put it in a list"), ([3], "uint8")])
def test_bad_clips(folder, clips, message):
    with pytest.raises(HitmarkError, match=message):
        load_videomae(folder).clip_features(clips)


def test_another_kind_of_model(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(HitmarkError, match="type videomae"):
        load_videomae(tmp_path)
