"""Detectors that look for a phrase: OWL-ViT (arXiv:2205.06230), OWLv2 (2306.09683) and Grounding DINO (2303.05499).

In every frame alone the box with the greatest score is taken, as Peekaboo's evaluation does (`create_bbox.py` with
`google/owlvit-large-patch14`: the phrase as it is, no template, the threshold of 0.1 of the zero-shot pipeline).
That pipeline cuts pixels down to whole numbers, and so does `hitmark.metrics.peekaboo_boxes` with what it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.observers.detections import Detections, check_frames
from hitmark.observers.pretrained import finite_features, in_chunks, load_network, load_part

CLASSES = {
    "owlvit": "OwlViTForObjectDetection",
    "owlv2": "Owlv2ForObjectDetection",
    "grounding-dino": "GroundingDinoForObjectDetection",
}
PROCESSORS = {
    "owlvit": "OwlViTImageProcessorPil",
    "owlv2": "Owlv2ImageProcessorPil",
    "grounding-dino": "GroundingDinoImageProcessorPil",
}
THRESHOLDS = {"owlvit": 0.1, "owlv2": 0.1, "grounding-dino": 0.25}
"""Scores above which a box counts as found, of the pipelines in `transformers`."""


@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """One box for every frame. Also where `found` is False `boxes` holds the best guess."""

    boxes: np.ndarray
    """float64 (frames, 4): x0, y0, x1, y1, normalized; may reach beyond 0..1, as the network said it."""
    found: np.ndarray
    """bool (frames,): score > threshold."""
    score: np.ndarray
    """float64 (frames,), 0..1."""

    def pixels(self, size: tuple[int, int]) -> np.ndarray:
        """The boxes in pixels of a picture of `size` = (width, height), float64 (frames, 4)."""
        return self.boxes * np.array([*size, *size], dtype=np.float64)

    def detections(self, size: tuple[int, int]) -> Detections:
        """The same as centers and longer sides in pixels of a picture of `size` = (width, height)."""
        boxes = self.pixels(size)
        sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
        return Detections((boxes[:, :2] + boxes[:, 2:]) / 2, sides, self.found, self.score)


@dataclass(frozen=True, eq=False)
class PhraseDetector:
    """A detector with what prepares its inputs; made by `load_phrase_detector`."""

    network: Any
    processor: Any
    tokenizer: Any
    kind: str
    """A key of `CLASSES`."""
    threshold: float
    device: Any = "cpu"
    batch: int = 4
    """Frames that go through the network at once."""

    def find(self, frames: np.ndarray, phrase: str) -> FoundBoxes:
        """The best box for `phrase` in every one of frames uint8 (F, H, W, 3).

        Raises: HitmarkError for other frames, an empty phrase, one with more tokens than the model reads.
        """
        import torch

        check_frames(frames)
        words = self._tokens(phrase)
        boxes, scores = [], []
        with torch.no_grad():
            for part in in_chunks(len(frames), self.batch):
                chosen = list(frames[part])
                pictures = self.processor(images=chosen, return_tensors="pt", input_data_format="channels_last")
                repeated = {name: value.expand(len(chosen), -1) for name, value in words.items()}
                seen = self.network(**repeated, **pictures.to(self.device))
                best, place = seen.logits.sigmoid().amax(dim=2).max(dim=1)
                scores.append(best)
                boxes.append(seen.pred_boxes[torch.arange(len(chosen), device=place.device), place])
        score = finite_features(torch.cat(scores), "detector").astype(np.float64)
        corners = self._corners(finite_features(torch.cat(boxes), "detector"), frames.shape[1:3])
        return FoundBoxes(corners, score > self.threshold, score)

    def _tokens(self, phrase: str) -> dict[str, Any]:
        if not isinstance(phrase, str) or not phrase.strip():
            raise HitmarkError(f"phrase: expected what to look for, such as 'a red car', but got {phrase!r}.")
        if self.kind == "grounding-dino":
            phrase = phrase.strip().lower().rstrip(".") + "."
        words = self.tokenizer(phrase, return_tensors="pt").to(self.device)
        text = self.network.config.text_config
        longest = getattr(self.network.config, "max_text_len", text.max_position_embeddings)
        if words["input_ids"].shape[1] > longest:
            count = words["input_ids"].shape[1]
            raise HitmarkError(
                f"phrase: expected at most {longest} tokens, but {phrase!r} has {count}; say it shorter."
            )
        names = ("input_ids", "attention_mask", *(["token_type_ids"] if self.kind == "grounding-dino" else []))
        return {name: words[name] for name in names if name in words}

    def _corners(self, boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """From center, width and height to corners; OWLv2 counts in the square that the picture was padded to."""
        height, width = shape
        boxes = boxes.astype(np.float64)
        corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
        side = max(height, width)
        return corners * np.tile([side / width, side / height], 2) if self.kind == "owlv2" else corners


def load_phrase_detector(
    source: str | Path, *, threshold: float | None = None, device: Any = "cpu", batch: int = 4
) -> PhraseDetector:
    """A detector from a folder of `save_pretrained` or a hub name, such as "google/owlvit-large-patch14".

    `threshold`: score above which a box counts as found, 0 to 1; None: that of `THRESHOLDS`.
    Raises: HitmarkError for a folder that lacks or holds another kind of model, and for OWLv2 without scipy.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise HitmarkError(f"threshold: expected 0 to 1, but got {threshold}.")
    network = load_network(source, CLASSES, device)
    kind = network.config.model_type
    _check_scipy(kind)
    limit = THRESHOLDS[kind] if threshold is None else threshold
    processor, tokenizer = load_part(source, PROCESSORS[kind]), load_part(source, "AutoTokenizer")
    return PhraseDetector(network, processor, tokenizer, kind, limit, device, batch)


def _check_scipy(kind: str) -> None:
    from importlib.util import find_spec

    if kind == "owlv2" and find_spec("scipy") is None:
        raise HitmarkError("OWLv2: its pictures are resized with scipy, which is not installed; pip install scipy.")
