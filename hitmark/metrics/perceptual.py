"""LPIPS: how different two pictures look to a network (Zhang et al., CVPR 2018, arXiv:1801.03924).

Two parts come from outside: a network that gives the feature maps of pictures (AlexNet and VGG16 in the paper) and the
learned weights of their channels, which the authors publish as one small file per network (version 0.1). Figures of
different networks, or of different picture sizes, do not compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.errors import HitmarkError
from hitmark.metrics.pictures import FrameScores, check_clips, mean_scores

if TYPE_CHECKING:
    from torch import Tensor

FeatureNetwork = Callable[["Tensor"], Sequence["Tensor"]]
"""Pictures float32 (N, 3, H, W) in -1..1 to feature maps (N, channels, h, w), first level first.

The network scales its input itself, as it was trained (LPIPS: minus (-.030, -.088, -.188), over (.458, .448, .450))."""

HEAD = re.compile(r"lin(\d+)\.model\.1\.weight")
SMALLEST_LENGTH = 1e-10  # added to the length of a feature vector, as in the authors' version 0.1


def load_linear_heads(path: Path | str) -> list[np.ndarray]:
    """The learned channel weights of each level, float64 (channels,), from a local .pth or .safetensors file.

    The file has `lin0.model.1.weight`, `lin1.model.1.weight` ... of shape (1, channels, 1, 1); other names in it, such
    as those of the network, are passed over. Raises: HitmarkError for a file that cannot be read or has not these.
    """
    path = Path(path)
    values = _read(path)
    heads: dict[int, np.ndarray] = {}
    for name, value in values.items():
        if not (match := HEAD.fullmatch(name)):
            continue
        weight = np.asarray(value.detach().double().cpu())
        if weight.ndim != 4 or weight.shape != (1, weight.size, 1, 1) or not np.isfinite(weight).all():
            raise HitmarkError(f"{path}: expected {name} finite and (1, channels, 1, 1), but got {weight.shape}.")
        heads[int(match[1])] = weight.reshape(-1)
    if not heads or sorted(heads) != list(range(len(heads))):
        found = ", ".join(list(values)[:4]) or "nothing"
        raise HitmarkError(
            f"{path}: expected lin0.model.1.weight, lin1.model.1.weight ... without gaps, but found {found}; "
            "use the file of the weights of LPIPS version 0.1."
        )
    return [heads[number] for number in range(len(heads))]


def perceptual_distance(
    frames: np.ndarray,
    reference: np.ndarray,
    network: FeatureNetwork,
    heads: Sequence[np.ndarray],
    *,
    batch: int = 8,
    device: Any = "cpu",
) -> FrameScores:
    """LPIPS of every frame against its reference, 0 for equal ones; smaller is more alike (Eq. 1 of the paper).

    In every level the feature vectors are scaled to unit length, their squared difference is weighted by channel and
    averaged over all positions; the levels are summed. The network runs in its own precision, the rest in float64.

    Args:
        frames: uint8 (F, H, W, 3).
        reference: the same shape.
        network: see `FeatureNetwork`; it is called without gradients.
        heads: of `load_linear_heads`, one for every level, of its number of channels.
        batch: pictures that go through the network at once.
        device: where the network is.

    Raises: HitmarkError for other clips, for heads that do not fit the network, for maps that are not finite.
    """
    import torch

    check_clips(frames, reference)
    if batch < 1:
        raise HitmarkError(f"batch: expected at least 1, but got {batch}.")
    distances = []
    with torch.no_grad():
        for start in range(0, len(frames), batch):
            chosen = slice(start, start + batch)
            maps = [network(_as_input(clip[chosen]).to(device)) for clip in (frames, reference)]
            distances.append(_distance(maps[0], maps[1], heads).cpu().numpy())
    scores = np.concatenate(distances)
    if not np.isfinite(scores).all():
        raise HitmarkError("network: expected finite feature maps, but some are not; run it in float32.")
    return mean_scores(scores)


def _distance(one: Sequence[Tensor], other: Sequence[Tensor], heads: Sequence[np.ndarray]) -> Tensor:
    """(N,) float64, summed over levels."""
    import torch

    channels = [len(head) for head in heads]
    if [level.shape[1] for level in one] != channels:
        raise HitmarkError(
            f"heads: expected one for each level of the network, with {[level.shape[1] for level in one]} channels, "
            f"but got {channels}; the file of heads belongs to another network."
        )
    total = torch.zeros(len(one[0]), dtype=torch.float64, device=one[0].device)
    for first, second, head in zip(one, other, heads, strict=True):
        gap = (_unit_length(first) - _unit_length(second)).square()
        weight = torch.from_numpy(np.array(head, dtype=np.float64)).to(gap.device)
        total += torch.einsum("nchw,c->nhw", gap, weight).mean(dim=(1, 2))
    return total


def _unit_length(values: Tensor) -> Tensor:
    values = values.double()
    return values / (values.square().sum(dim=1, keepdim=True).sqrt() + SMALLEST_LENGTH)


def _as_input(frames: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 3) to float32 (N, 3, H, W) in -1..1."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(frames.transpose(0, 3, 1, 2))).float() / 127.5 - 1


def _read(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file by name; nothing in the file is executed."""
    import pickle
    import zipfile

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise HitmarkError(f"{path}: expected a file of LPIPS weights (.pth or .safetensors), but there is none.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile, SafetensorError):
        raise HitmarkError(
            f"{path}: expected a file of tensors by name (.pth or .safetensors), but it cannot be read; get it again."
        ) from None
    if not isinstance(values, Mapping):
        raise HitmarkError(f"{path}: expected tensors by name, but got {type(values).__name__}.")
    return {str(name): value for name, value in values.items() if isinstance(value, torch.Tensor)}
