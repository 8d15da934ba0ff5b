"""CLIP: one vector for a picture and one for a text, near each other where they fit (Radford et al., 2103.00020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.observers.detections import check_frames
from hitmark.observers.pretrained import finite_features, in_chunks, load_network, load_part


@dataclass(frozen=True, eq=False)
class ClipNetwork:
    """A `CLIPModel` with what prepares its inputs; made by `load_clip_network`."""

    network: Any
    processor: Any
    tokenizer: Any
    device: Any = "cpu"
    batch: int = 16
    """Pictures or texts that go through the network at once."""

    def picture_features(self, frames: np.ndarray) -> np.ndarray:
        """Vectors of unit length, float32 (F, width), of frames uint8 (F, H, W, 3).

        The folder's processor resizes the shorter side and cuts out the middle: the sides of a wide picture do not
        count. Raises HitmarkError for other frames.
        """
        import torch

        check_frames(frames)
        features = []
        with torch.no_grad():
            for part in in_chunks(len(frames), self.batch):
                inputs = self.processor(
                    images=list(frames[part]), return_tensors="pt", input_data_format="channels_last"
                )
                seen = self.network.vision_model(pixel_values=inputs["pixel_values"].to(self.device))
                features.append(self.network.visual_projection(seen.pooler_output))
        return _unit_length(finite_features(torch.cat(features), "CLIP"))

    def text_features(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of unit length, float32 (texts, width). What is beyond the model's tokens (77) is cut off.

        The product with `picture_features` is the cosine that CLIP scores are made of. Raises HitmarkError for none.
        """
        import torch

        if isinstance(texts, str) or not texts or not all(isinstance(text, str) for text in texts):
            raise HitmarkError(f"texts: expected a list of at least one text, but got {texts!r}.")
        longest = self.network.config.text_config.max_position_embeddings
        features = []
        with torch.no_grad():
            for part in in_chunks(len(texts), self.batch):
                inputs = self.tokenizer(
                    list(texts[part]), padding=True, truncation=True, max_length=longest, return_tensors="pt"
                ).to(self.device)
                read = self.network.text_model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
                features.append(self.network.text_projection(read.pooler_output))
        return _unit_length(finite_features(torch.cat(features), "CLIP"))


def load_clip_network(source: str | Path, *, device: Any = "cpu", batch: int = 16) -> ClipNetwork:
    """A CLIP model from a folder of `save_pretrained` or a hub name, such as "openai/clip-vit-base-patch32".

    Raises: HitmarkError for a folder that lacks, holds another kind of model, or has no processor or tokenizer.
    """
    network = load_network(source, {"clip": "CLIPModel"}, device)
    processor = load_part(source, "CLIPImageProcessorPil")
    return ClipNetwork(network, processor, load_part(source, "AutoTokenizer"), device, batch)


def _unit_length(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
