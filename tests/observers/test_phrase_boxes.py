"""Detectors for a phrase against direct calls of the models and the post-processing of their own processors."""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.observers.phrase_boxes import CLASSES, FoundBoxes, load_phrase_detector
from tests.observers.tiny import frames_of, save_tokenizer, text_sizes, vision_sizes

LENGTH = 6


def _save_owl(folder, kind):
    import transformers

    torch.manual_seed(1)
    name = {"owlvit": "OwlViT", "owlv2": "Owlv2"}[kind]
    configuration = getattr(transformers, name + "Config")(
        text_config=text_sizes(LENGTH), vision_config=vision_sizes(), projection_dim=16
    )
    network = getattr(transformers, CLASSES[kind])(configuration)
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(4)  # small random weights would give every patch nearly the same score
    network.save_pretrained(folder)
    getattr(transformers, name + "ImageProcessorPil")(size={"height": 32, "width": 32}).save_pretrained(folder)
    save_tokenizer(folder, end=1090, length=LENGTH)
    return folder


def _save_grounding_dino(folder):
    from transformers import (
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessorPil,
        SwinConfig,
    )

    torch.manual_seed(2)
    swin = SwinConfig(
        window_size=4, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], image_size=64, out_indices=[2, 3, 4]
    )
    text = {"model_type": "bert", "vocab_size": 1100, "hidden_size": 8, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 12}
    sizes = {"encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8}
    sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_n_points": 2, "decoder_n_points": 2}
    configuration = GroundingDinoConfig(
        backbone_config=swin, text_config=text, d_model=32, num_queries=5, max_text_len=10, **sizes
    )
    GroundingDinoForObjectDetection(configuration).save_pretrained(folder)
    GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)
    save_tokenizer(folder, end=102, length=12)
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of a kind of detector, made when it is first asked for."""

    @cache
    def folder(kind):
        path = tmp_path_factory.mktemp(kind)
        return _save_grounding_dino(path) if kind == "grounding-dino" else _save_owl(path, kind)

    return folder


WORDS = {
    "owlvit": [101, 200, 201, 202, 1090],
    "owlv2": [101, 200, 201, 202, 1090],
    "grounding-dino": [101, 200, 201, 202, 1012, 102],
}


def _post_processed(detector, outputs, height, width):
    """Scores (queries,) and pixel boxes (queries, 4) of one frame: the authors' way, or by hand for Grounding DINO."""
    if detector.kind == "grounding-dino":
        scores = 1 / (1 + np.exp(-outputs.logits[0].numpy().astype(float).max(axis=1)))
        x, y, across, down = outputs.pred_boxes[0].numpy().astype(float).T
        edges = [x - across / 2, y - down / 2, x + across / 2, y + down / 2]
        return scores, np.stack(edges, axis=1) * [width, height, width, height]
    size = [(height, width)]
    every = detector.processor.post_process_object_detection(outputs, threshold=0.0, target_sizes=size)[0]
    return every["scores"].numpy(), every["boxes"].numpy()


@pytest.mark.parametrize("kind", ["owlvit", "owlv2", "grounding-dino"])
def test_boxes_equal_the_best_ones_of_single_frames(saved, kind):
    frames, words = frames_of(3), torch.tensor([WORDS[kind]])
    detector = load_phrase_detector(saved(kind), batch=2)
    found = detector.find(frames, "A red car" if kind == "grounding-dino" else "a red car")
    for number, frame in enumerate(frames):
        pictures = detector.processor(images=frame, return_tensors="pt")
        with torch.no_grad():
            outputs = detector.network(input_ids=words, attention_mask=torch.ones_like(words), **pictures)
        scores, boxes = _post_processed(detector, outputs, 40, 56)
        best = int(scores.argmax())
        assert found.score[number] == pytest.approx(float(scores[best]), abs=1e-5)
        assert found.pixels((56, 40))[number] == pytest.approx(boxes[best], abs=1e-2)
    assert found.boxes.dtype == found.score.dtype == np.float64
    assert np.abs(np.diff(found.boxes, axis=0)).max() > 1e-6


def test_found_needs_a_score_above_the_threshold(saved):
    low = load_phrase_detector(saved("owlvit"), threshold=0.0)
    score = low.find(frames_of(4), "cat").score
    middle = float(np.sort(score)[1])
    strict = load_phrase_detector(saved("owlvit"), threshold=middle).find(frames_of(4), "cat")
    assert strict.found.tolist() == (score > middle).tolist()
    assert low.find(frames_of(4), "cat").found.all()


def test_default_thresholds(saved):
    assert [load_phrase_detector(saved(kind)).threshold for kind in WORDS] == [0.1, 0.1, 0.25]


def test_as_detections():
    boxes = np.array([[0.25, 0.5, 0.75, 1.0], [-0.1, 0.0, 0.1, 0.4]])
    seen = FoundBoxes(boxes, np.array([True, False]), np.array([0.9, 0.05])).detections((80, 40))
    assert seen.centers == pytest.approx(np.array([[40.0, 30.0], [0.0, 8.0]]))
    assert seen.sizes.tolist() == pytest.approx([40.0, 16.0])
    assert seen.found.tolist() == [True, False]


@pytest.mark.parametrize("phrase", ["", "  ", None])
def test_phrase_must_say_something(saved, phrase):
    with pytest.raises(HitmarkError, match="phrase: expected what to look for"):
        load_phrase_detector(saved("owlvit")).find(frames_of(1), phrase)


@pytest.mark.parametrize("kind", ["owlvit", "grounding-dino"])
def test_phrase_too_long(saved, kind):
    with pytest.raises(HitmarkError, match="say it shorter"):
        load_phrase_detector(saved(kind)).find(frames_of(1), "a red car on the snow the red cat on a car")


def test_frames_must_be_uint8(saved):
    with pytest.raises(HitmarkError, match="uint8"):
        load_phrase_detector(saved("owlvit")).find(frames_of(1)[0], "cat")


def test_threshold_out_of_range(saved):
    with pytest.raises(HitmarkError, match="threshold: expected 0 to 1"):
        load_phrase_detector(saved("owlvit"), threshold=1.5)


def test_another_kind_of_model(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "detr"}')
    with pytest.raises(HitmarkError, match="owlvit or owlv2 or grounding-dino"):
        load_phrase_detector(tmp_path)


def test_owlv2_without_scipy(saved, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "scipy" else find(name, *more))
    with pytest.raises(HitmarkError, match="pip install scipy"):
        load_phrase_detector(saved("owlv2"))
