from __future__ import annotations

import pytest
import torch

from hitmark.maths.moving_frame import read_boxes, write_boxes


def _ramp(frames: int = 2) -> torch.Tensor:
    """x and y of each cell's middle, in 0..1: bilinear reading of it is exact inside."""
    y, x = torch.meshgrid((torch.arange(10) + 0.5) / 10, (torch.arange(20) + 0.5) / 20, indexing="ij")
    return torch.stack([x, y]).expand(frames, -1, -1, -1).contiguous()


BOXES = torch.tensor([[0.2, 0.3, 0.6, 0.7], [0.31, 0.22, 0.73, 0.9]])


def test_reading_samples_the_middles_of_the_box_s_cells() -> None:
    read = read_boxes(_ramp(), BOXES, 4, 8)
    for frame, (x0, y0, x1, y1) in enumerate(BOXES.tolist()):
        for row in range(4):
            for column in range(8):
                x, y = x0 + (x1 - x0) * (column + 0.5) / 8, y0 + (y1 - y0) * (row + 0.5) / 4
                assert torch.allclose(read[frame, :, row, column], torch.tensor([x, y]), atol=1e-5)


def test_a_box_of_whole_cells_is_read_and_written_exactly() -> None:
    values = torch.randn(1, 3, 10, 20, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[0.2, 0.3, 0.6, 0.7]])
    read = read_boxes(values, boxes, 4, 8)
    assert torch.allclose(read, values[:, :, 3:7, 4:12], atol=1e-5)
    written = write_boxes(read, boxes, 10, 20)
    assert torch.allclose(written[:, :, 3:7, 4:12], read, atol=1e-5)
    outside = torch.ones(10, 20, dtype=torch.bool)
    outside[3:7, 4:12] = False
    assert (written[:, :, outside] == 0).all()


def test_boxes_that_reach_outside_change_what_is_inside_only() -> None:
    boxes = torch.tensor([[-0.2, 0.5, 0.2, 1.3]])
    written = write_boxes(torch.ones(1, 1, 3, 3), boxes, 10, 20)
    assert torch.allclose(written[0, 0, 5:, :4], torch.ones(5, 4))
    assert written.sum() == pytest.approx(5 * 4)
    assert torch.isfinite(read_boxes(_ramp(1), boxes, 3, 3)).all()
