"""VideoMAE (Tong et al., 2203.12602): one vector for a clip, for a Frechet distance that looks at motion.

Ge et al. (2404.12391) show that the I3D features of FVD look at single frames more than at motion, and those of
VideoMAE less. Their figures are for VideoMAE v2 (giant, SSv2): those of another network compare with none of them.
"""

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
class VideoMaeNetwork:
    """A `VideoMAEModel` with what prepares its inputs; made by `load_videomae`."""

    network: Any
    processor: Any
    device: Any = "cpu"
    batch: int = 2
    """Clips that go through the network at once."""

    def clip_features(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """The mean of the last hidden state over all tokens, float32 (clips, width).

        `clips`: each uint8 (F, H, W, 3); sizes and lengths may differ. Of each the model's number of frames (16) is
        taken by `spread_frames`; the folder's processor brings the shorter side to 224 and cuts out the middle.
        Raises: HitmarkError for other clips or none, and for a processor that does not fit the model.
        """
        import torch

        check_clips(clips)
        features = []
        with torch.no_grad():
            for part in in_chunks(len(clips), self.batch):
                pixels = torch.cat([self._prepared(clip) for clip in clips[part]]).to(self.device)
                features.append(self.network(pixel_values=pixels).last_hidden_state.mean(dim=1))
        return finite_features(torch.cat(features), "VideoMAE")

    def _prepared(self, clip: np.ndarray) -> Any:
        """(1, frames, 3, side, side)."""
        configuration = self.network.config
        chosen = clip[spread_frames(len(clip), configuration.num_frames)]
        pixels = self.processor([list(chosen)], return_tensors="pt", input_data_format="channels_last")["pixel_values"]
        side = configuration.image_size
        if tuple(pixels.shape[3:]) != (side, side):
            raise HitmarkError(
                f"processor: expected pictures of {side}x{side}, which the model was trained for, but its "
                f"preprocessor_config.json gives {pixels.shape[3]}x{pixels.shape[4]}; get the whole folder again."
            )
        return pixels


def load_videomae(source: str | Path, *, device: Any = "cpu", batch: int = 2) -> VideoMaeNetwork:
    """A VideoMAE encoder from a folder or a hub name, such as "MCG-NJU/videomae-base".

    Checkpoints for pre-training and for classification load as well; what lies behind the encoder is left out.
    Raises: HitmarkError for a folder that lacks, holds another kind of model, or has no processor.
    """
    network = load_network(source, {"videomae": "VideoMAEModel"}, device)
    return VideoMaeNetwork(network, load_part(source, "VideoMAEImageProcessorPil"), device, batch)


def spread_frames(count: int, wanted: int) -> np.ndarray:
    """Which of `count` frames are taken when `wanted` are needed, int (wanted,): first, last, and evenly between.

    Number i is (count - 1) * i / (wanted - 1), rounded, halves up. Of a shorter clip frames come twice. The speed that
    the network sees depends on the length of the clip: compare only clips of one length.
    """
    if count < 1 or wanted < 2:
        raise HitmarkError(f"frames: expected at least 1 given and 2 wanted, but got {count} and {wanted}.")
    step, last = np.arange(wanted), wanted - 1
    return (2 * (count - 1) * step + last) // (2 * last)


def check_clips(clips: Sequence[np.ndarray]) -> None:
    """Raises HitmarkError unless there is at least one clip and each is uint8 (F, H >= 16, W >= 16, 3)."""
    if isinstance(clips, np.ndarray) and clips.ndim != 5:
        raise HitmarkError(
            f"clips: expected a list of clips, but got an array of shape {clips.shape}; put it in a list."
        )
    if not len(clips):
        raise HitmarkError("clips: expected at least one, but got none.")
    for clip in clips:
        check_frames(clip)
