"""CLIP features against a direct call of the model on pictures prepared by hand."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.observers.clip_network import load_clip_network
from tests.observers.tiny import frames_of, save_clip

MEAN, DEVIATION = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def network(folder):
    return load_clip_network(folder, batch=2)


def _prepared(frames: np.ndarray) -> torch.Tensor:
    """Bicubic to a height of 32 (of 40x56: 32x44), the middle 32 columns, normalized; by PIL and numpy alone."""
    small = [np.asarray(Image.fromarray(frame).resize((44, 32), Image.Resampling.BICUBIC)) for frame in frames]
    values = (np.stack(small)[:, :, 6:38] / 255 - MEAN) / DEVIATION
    return torch.from_numpy(values.transpose(0, 3, 1, 2)).float()


def test_both_features_equal_those_of_the_whole_model(network):
    frames = frames_of(3)
    words = torch.tensor([[101, 200, 201, 202, 1090, 0], [101, 203, 204, 205, 206, 1090]])
    with torch.no_grad():
        expected = network.network(input_ids=words, attention_mask=(words > 0).long(), pixel_values=_prepared(frames))
    pictures, texts = network.picture_features(frames), network.text_features(["a red car", "The cat on snow"])
    assert pictures.dtype == texts.dtype == np.float32
    assert pictures == pytest.approx(expected.image_embeds.numpy(), abs=2e-5)
    assert texts == pytest.approx(expected.text_embeds.numpy(), abs=2e-5)
    assert np.linalg.norm(pictures, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(pictures[0] - pictures[1]).max() > 1e-3


def test_long_texts_are_cut_as_the_model_reads_them(network):
    features = network.text_features(["a red car " * 30, "a red car " * 40])
    assert features[0] == pytest.approx(features[1], abs=1e-6)


@pytest.mark.parametrize("texts", [[], "a cat", [3]])
def test_texts_must_be_a_list(network, texts):
    with pytest.raises(HitmarkError, match="texts: expected a list"):
        network.text_features(texts)


def test_frames_must_be_uint8(network):
    with pytest.raises(HitmarkError, match="uint8"):
        network.picture_features(frames_of(1).astype(float))


def test_batch_must_be_positive(network, folder):
    with pytest.raises(HitmarkError, match="batch: expected at least 1"):
        load_clip_network(folder, batch=0).picture_features(frames_of(1))


def test_missing_folder(tmp_path):
    with pytest.raises(HitmarkError, match="neither"):
        load_clip_network(tmp_path / "nothing")
    with pytest.raises(HitmarkError, match=r"config\.json"):
        load_clip_network(tmp_path)


def test_another_kind_of_model(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(HitmarkError, match=r"expected a model of type clip, but its config\.json says vit"):
        load_clip_network(tmp_path)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("model.safetensors", "weights of a CLIPModel"),
        ("preprocessor_config.json", "CLIPImageProcessorPil"),
        ("tokenizer.json", "AutoTokenizer"),
    ],
)
def test_missing_files(folder, tmp_path, lost, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / lost).unlink()
    with pytest.raises(HitmarkError, match=message):
        load_clip_network(copy)


def test_weights_that_lack_are_not_drawn_at_random(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(folder, tmp_path / "copy")
    values = load_file(copy / "model.safetensors")
    del values["visual_projection.weight"]
    save_file(values, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(HitmarkError, match=r"1 lack, such as visual_projection\.weight"):
        load_clip_network(copy)


def test_torn_weights(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HitmarkError, match="cannot be loaded"):
        load_clip_network(copy)


def test_a_hub_name_that_cannot_be_reached():
    with pytest.raises(HitmarkError, match="a model name that can be reached"):
        load_clip_network("nobody-at-all/no-such-model")
