"""Principal components of features, for looking at them."""

from __future__ import annotations

import torch
from torch import Tensor


def principal_components(features: Tensor, count: int = 3) -> Tensor:
    """The coordinates of vectors along the directions in which they differ most, the most first.

    Args:
        features: (vectors, channels); their mean is taken off.
        count: of directions; where there are fewer channels, the rest are zero.

    Returns:
        (vectors, count) float32. A direction's sign is that of its largest entry made positive.
    """
    centered = features.double() - features.double().mean(dim=0)
    _values, directions = torch.linalg.eigh(centered.T @ centered)  # the largest last
    chosen = directions.flip(-1)[:, :count]
    largest = chosen.gather(0, chosen.abs().argmax(dim=0, keepdim=True))
    chosen = chosen * torch.where(largest < 0, -1.0, 1.0)
    found = (centered @ chosen).float()
    return torch.nn.functional.pad(found, (0, count - found.shape[1]))
