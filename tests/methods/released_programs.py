"""What the released programs of TrailBlazer and FreeTraj do, written slowly and by itself: loops, in float64.

`Slow` stands in for every attention module of a text-to-video U-Net; `edit` says what becomes of a layer's weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layer:
    """Where weights are of: the module's path, "words", "frame" or "cell", and the cells' rows and columns."""

    name: str
    kind: str
    rows: int
    columns: int


Edit = Callable[[Layer, np.ndarray], np.ndarray]
"""Logits (branches, rows, heads, length, keys) of a layer to weights; rows are frames, or the cells of "cell"."""


class Slow:
    """A diffusers attention processor."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self.clock = name, clock

    def __call__(self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, **_others: Any) -> Any:
        words = encoder_hidden_states
        temporal = "temp_attentions" in self.name or self.name.startswith("transformer_in")
        kind = "cell" if temporal else "frame" if words is None else "words"
        cells = len(hidden_states) // 2 if temporal else hidden_states.shape[1]
        rows = next(n for n in range(1, cells + 1) if n * self.clock.columns_of(n) == cells)
        layer = Layer(self.name, kind, rows, cells // rows)
        other = hidden_states if words is None else words
        queries, keys, values = (
            project(tokens).double().reshape(2, -1, tokens.shape[1], attn.heads, attn.to_q.out_features // attn.heads)
            for project, tokens in ((attn.to_q, hidden_states), (attn.to_k, other), (attn.to_v, other))
        )
        logits = torch.einsum("brihd,brjhd->brhij", queries, keys) * queries.shape[-1] ** -0.5
        weights = torch.from_numpy(self.clock.weights(layer, logits.numpy()))
        result = torch.einsum("brhij,brjhd->brihd", weights, values).flatten(3).flatten(0, 1)
        return attn.to_out[0](result.to(hidden_states.dtype))


class Clock:
    """Counts the steps, and edits the first of them."""

    def __init__(self, height: int, width: int, steps: int, edit: Edit) -> None:
        self.height, self.width, self.steps, self.edit, self.step = height, width, steps, edit, -1

    def columns_of(self, rows: int) -> int:
        height, width = self.height, self.width
        while height > rows:
            height, width = -(-height // 2), -(-width // 2)
        return width if height == rows else 0

    def weights(self, layer: Layer, logits: np.ndarray) -> np.ndarray:
        return self.edit(layer, logits) if self.step < self.steps else softmax(logits)


@contextmanager
def released(pipe: Any, size: tuple[int, int], steps: int, edit: Edit) -> Iterator[None]:
    """Within this the pipeline's first `steps` steps are the program's; `size`: rows and columns of the latents."""
    clock = Clock(*size, steps, edit)
    before = pipe.unet.attn_processors

    def count(*_: Any) -> None:
        clock.step += 1

    pipe.unet.set_attn_processor({name: Slow(name.removesuffix(".processor"), clock) for name in before})
    handle = pipe.unet.register_forward_pre_hook(count)
    try:
        yield
    finally:
        handle.remove()
        pipe.unet.set_attn_processor(before)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def half(value: float) -> float:
    """As float16 holds it."""
    return float(np.float16(value))


def bump(side: int, place: int) -> float:
    """Of one side before both sides are scaled: numbers from 0 to `side`, `side` of them; middle without fraction."""
    at = 0.0 if side == 1 else side * place / (side - 1)
    return math.exp(-((at - side // 2) ** 2) / (2 * (side / 3) ** 2))


def bumps(height: int, width: int) -> list[list[float]]:
    """Of a box of cells, the largest 1, in float16."""
    table = [[bump(height, row) * bump(width, column) for column in range(width)] for row in range(height)]
    largest = max(max(row) for row in table)
    return [[half(value / largest) for value in row] for row in table]


def trail_blazer_corners(box: Box, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    x0, y0, x1, y1 = box
    return int((x0 + 0.01) * columns), int((y0 + 0.01) * rows), int((x1 - 0.01) * columns), int((y1 - 0.01) * rows)


def trail_blazer_words(weights: np.ndarray, boxes: list[Box], grid: tuple[int, int], words: list[int]) -> np.ndarray:
    """Of the prompt's branch (frames, heads, cells, words): 0.1 is added at most, and 0.001 left outside."""
    rows, columns = grid
    result, largest = weights.copy(), weights.max()
    for frame, box in enumerate(boxes):
        left, top, right, bottom = trail_blazer_corners(box, rows, columns)
        patch = bumps(max(bottom - top, 1), max(right - left, 1))
        for cell in range(rows * columns):
            row, column = cell // columns, cell % columns
            own = weights[frame, :, cell][:, words]
            if top <= row < bottom and left <= column < right:
                more = half(0.1 * half(patch[row - top][column - left] * largest))
                result[frame, :, cell, words] = (own + more).T
            else:
                result[frame, :, cell, words] = (own * half(0.001)).T
    return result


def trail_blazer_frames(weights: np.ndarray, boxes: list[Box], grid: tuple[int, int]) -> np.ndarray:
    """Of the negative prompt's branch (cells, heads, frames, frames)."""
    rows, columns = grid
    result, largest, count = weights.copy(), half(weights.max()), len(boxes)
    corners = [trail_blazer_corners(box, rows, columns) for box in boxes]
    patches = [bumps(bottom - top, right - left) for left, top, right, bottom in corners]
    for one in range(count):
        for other in range(count):
            apart = abs(one - other) / count
            for cell in range(rows * columns):
                row, column, more = cell // columns, cell % columns, 0.0
                for frame in (one, other):  # the second has the last word
                    left, top, right, bottom = corners[frame]
                    if top <= row < bottom and left <= column < right:
                        high = half(patches[frame][row - top][column - left] * largest)
                        more = half(half(half(high - largest) * apart) + half(high * (1 - apart)))
                own = weights[cell, :, one, other]
                factor = 1 if more else half(0.001)
                result[cell, :, one, other] = abs(own * factor + half(0.1 * more))
    return result


def free_traj_inside(boxes: list[Box], frame: int, rows: int, columns: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom: the size of the first box, at the first corner of this one."""
    high, wide = int((boxes[0][3] - boxes[0][1]) * rows), int((boxes[0][2] - boxes[0][0]) * columns)
    left, top = int(boxes[frame][0] * columns), int(boxes[frame][1] * rows)
    return left, top, left + wide, top + high


def free_traj_mask(boxes: list[Box], rows: int, columns: int) -> np.ndarray:
    """Bool (frames, cells)."""
    mask = np.zeros((len(boxes), rows, columns), dtype=bool)
    for frame in range(len(boxes)):
        left, top, right, bottom = free_traj_inside(boxes, frame, rows, columns)
        mask[frame, top:bottom, left:right] = True
    return mask.reshape(len(boxes), -1)


def free_traj_edit(boxes: list[Box], words: list[int]) -> Edit:
    """Of every layer, in both branches."""

    def edit(layer: Layer, logits: np.ndarray) -> np.ndarray:
        mask = free_traj_mask(boxes, layer.rows, layer.columns)
        if layer.kind != "words":
            own = mask if layer.kind == "frame" else mask.T
            same = own[:, :, None] == own[:, None, :]
            return softmax(logits * np.where(same, 1.0, 0.01)[None, :, None])
        weights = np.zeros_like(logits)
        background = [word for word in range(logits.shape[-1]) if word not in words]
        weights[..., background] = softmax(logits[..., background])
        area = (boxes[0][3] - boxes[0][1]) * (boxes[0][2] - boxes[0][0])
        for frame in range(len(boxes)):
            left, top, right, bottom = free_traj_inside(boxes, frame, layer.rows, layer.columns)
            patch = bumps(bottom - top, right - left) if right > left and bottom > top else []
            for cell in np.flatnonzero(mask[frame]):
                weights[:, frame, :, cell] = 1 / logits.shape[-1]
                more = half(
                    patch[cell // layer.columns - top][cell % layer.columns - left] * (0.25 / area / len(words))
                )
                for word in words:
                    weights[:, frame, :, cell, word] += more
        return weights

    return edit


def free_traj_noise(shape: tuple[int, int, int, int], boxes: list[Box], generator: torch.Generator) -> torch.Tensor:
    """Start noise (1, channels, frames, height, width): three draws, and a filter over time and space."""
    channels, frames, height, width = shape
    start = torch.randn(1, *shape, generator=generator)
    left, top, right, bottom = free_traj_inside(boxes, 0, height, width)
    patch = torch.randn(1, channels, bottom - top, right - left, generator=generator)
    for frame in range(frames):
        left, top, right, bottom = free_traj_inside(boxes, frame, height, width)
        start[:, :, frame, top:bottom, left:right] = patch
    fresh = torch.randn(1, *shape, generator=generator)
    low = np.zeros((frames, height, width))
    for place in np.ndindex(frames, height, width):
        time, down, across = (2 * at / count - 1 for at, count in zip(place, low.shape, strict=True))
        low[place] = 1 / (1 + (((0.25 / 0.1 * time) ** 2 + down**2 + across**2) / 0.25**2) ** 4)
    axes = (-3, -2, -1)
    spectra = [np.fft.fftshift(np.fft.fftn(each.double().numpy(), axes=axes), axes=axes) for each in (start, fresh)]
    mixed = spectra[0] * low + spectra[1] * (1 - low)
    return torch.from_numpy(np.fft.ifftn(np.fft.ifftshift(mixed, axes=axes), axes=axes).real).float()
