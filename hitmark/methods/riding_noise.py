"""Start noise in which one patch rides along with a subject's box."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hitmark.control import Layout
from hitmark.scene.tracks import Track


def riding_noise(noise: Tensor, layout: Layout, track: Track, generator: torch.Generator | None) -> Tensor:
    """White noise (1, frames, channels, height, width) in which one patch moves with a track's box.

    The patch is as large as the largest box and moves by whole cells, so that each frame's values stay independent; and
    by whole tokens, since a token of the same values shifted by a part of itself is another token to the network.
    """
    cells = torch.from_numpy(_whole_tokens(layout.cells(track), layout))
    height, width = (int((cells[:, 3] - cells[:, 1]).max()), int((cells[:, 2] - cells[:, 0]).max()))
    device = noise.device if generator is None else generator.device
    patch = torch.randn(noise.shape[2], height, width, generator=generator, device=device).to(noise)
    result = noise.clone()
    _time, tall, wide = layout.patch
    for frame, (x0, y0, x1, y1) in enumerate(cells.tolist()):
        if not track.visible[frame]:
            continue
        left, top = (width - (x1 - x0)) // 2 // wide * wide, (height - (y1 - y0)) // 2 // tall * tall
        low_x, low_y = max(x0, 0), max(y0, 0)
        high_x, high_y = min(x1, layout.width), min(y1, layout.height)
        if low_x < high_x and low_y < high_y:
            part = patch[:, top + low_y - y0 : top + high_y - y0, left + low_x - x0 : left + high_x - x0]
            result[0, frame, :, low_y:high_y, low_x:high_x] = part
    return result


def _whole_tokens(cells: np.ndarray, layout: Layout) -> np.ndarray:
    """Boxes in cells (frames, 4) made as large as the tokens that they touch."""
    size = np.array([layout.patch[2], layout.patch[1]])
    low, high = cells[:, :2] // size * size, -(-cells[:, 2:] // size) * size
    return np.concatenate([low, high], axis=1)
