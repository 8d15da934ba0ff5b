"""The usual networks of FVD and FID, from the TorchScript files in which they go around.

Such a file brings its own code: use only one that you trust. It resizes and scales the pictures itself, which is part
of the figure: an I3D or Inception network from elsewhere gives other distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.observers.detections import check_frames
from hitmark.observers.pretrained import finite_features, in_chunks
from hitmark.observers.videomae import check_clips

I3D_WIDTH, INCEPTION_WIDTH = 400, 2048
I3D_SHORTEST = 10
"""Frames: with fewer its last pooling has nothing left to pool over."""


@dataclass(frozen=True, eq=False)
class ScriptedI3D:
    """I3D (Carreira and Zisserman, 1705.07750), trained on Kinetics-400, as used for FVD; made by `load_i3d`."""

    network: Any
    device: Any = "cpu"
    batch: int = 4
    """Clips that go through the network at once."""

    def clip_features(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """The 400 numbers before the softmax, float32 (clips, 400).

        `clips`: uint8 (F, H, W, 3) of one shape, F >= 10; no frame is dropped or repeated. The file is called with
        values 0..255 as (batch, 3, F, H, W) and `rescale=True, resize=True, return_features=True`, as StyleGAN-V does:
        it brings them to -1..1 and 224x224 (the aspect is not kept).
        Raises: HitmarkError for other clips, and for a file that takes or gives something else.
        """
        import torch

        check_clips(clips)
        shapes = {clip.shape for clip in clips}
        if len(shapes) > 1 or len(clips[0]) < I3D_SHORTEST:
            raise HitmarkError(
                f"clips: expected one shape with at least {I3D_SHORTEST} frames, but got {sorted(shapes)}; "
                "bring all clips to one length and size first."
            )
        flags = {"rescale": True, "resize": True, "return_features": True}
        features = []
        with torch.no_grad():
            for part in in_chunks(len(clips), self.batch):
                values = torch.from_numpy(np.stack(list(clips[part]))).permute(0, 4, 1, 2, 3).float()
                features.append(_called(self.network, values.contiguous().to(self.device), flags, I3D_WIDTH))
        return finite_features(torch.cat(features), "I3D")


@dataclass(frozen=True, eq=False)
class ScriptedInception:
    """Inception v3 of 2015 as used for FID (Heusel et al., 1706.08500); made by `load_inception`."""

    network: Any
    device: Any = "cpu"
    batch: int = 16
    """Frames that go through the network at once."""

    def picture_features(self, frames: np.ndarray) -> np.ndarray:
        """The 2048 numbers of the last pooling, float32 (F, 2048), of frames uint8 (F, H, W, 3).

        The file is called with uint8 (batch, 3, H, W) and `return_features=True`, as `inception-2015-12-05.pt` of
        StyleGAN is; it brings them to 299x299 itself.
        Raises: HitmarkError for other frames, and for a file that takes or gives something else.
        """
        import torch

        check_frames(frames)
        features = []
        with torch.no_grad():
            for part in in_chunks(len(frames), self.batch):
                values = torch.from_numpy(np.ascontiguousarray(frames[part].transpose(0, 3, 1, 2))).to(self.device)
                features.append(_called(self.network, values, {"return_features": True}, INCEPTION_WIDTH))
        return finite_features(torch.cat(features), "Inception")


def load_i3d(path: str | Path, *, device: Any = "cpu", batch: int = 4) -> ScriptedI3D:
    """I3D from a local `i3d_torchscript.pt`. Raises HitmarkError for a file that lacks or is no TorchScript."""
    return ScriptedI3D(_loaded(path, device), device, batch)


def load_inception(path: str | Path, *, device: Any = "cpu", batch: int = 16) -> ScriptedInception:
    """Inception from a local `inception-2015-12-05.pt` in TorchScript. Raises HitmarkError as `load_i3d`."""
    return ScriptedInception(_loaded(path, device), device, batch)


def _loaded(path: str | Path, device: Any) -> Any:
    import torch

    if not Path(path).is_file():
        raise HitmarkError(f"{path}: expected a TorchScript file, but there is none.")
    try:
        return torch.jit.load(str(path), map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise HitmarkError(
            f"{path}: expected a TorchScript file, but it cannot be read ({str(error).splitlines()[0]}); a file of "
            "weights alone (state dict) is not enough."
        ) from None


def _called(network: Any, values: Any, flags: dict[str, bool], width: int) -> Any:
    """Features (batch, width). A wrong signature and a failing network both come as RuntimeError from TorchScript."""
    import torch

    try:
        features = network(values, **flags)
    except RuntimeError as error:
        what = next((line for line in reversed(str(error).splitlines()) if line.strip()), "RuntimeError")
        raise HitmarkError(
            f"network: expected one that takes {tuple(values.shape)} and {', '.join(flags)}, but it failed: {what}"
        ) from error
    if not isinstance(features, torch.Tensor) or features.shape[0] != len(values) or features[0].numel() != width:
        shape = tuple(features.shape) if isinstance(features, torch.Tensor) else type(features).__name__
        raise HitmarkError(f"network: expected ({len(values)}, {width}) features, but got {shape}; it is another one.")
    return features.flatten(1)
