"""Whether a clip can fit at all: the least memory that any model needs for it, against what this machine has."""

from __future__ import annotations

import psutil

from hitmark.errors import HitmarkError

BYTES_A_PIXEL = 15  # RGB as float32 when it is decoded, and as uint8 beside it: both are whole in memory
FAR_BEYOND = 16  # times the pixels of a model's own clip: from here on it is said to be much


def least_bytes(width: int, height: int, frames: int) -> int:
    """The memory that the finished frames alone take, whatever the model needs besides."""
    return width * height * frames * BYTES_A_PIXEL


def check_room(width: int, height: int, frames: int, total: int | None = None) -> None:
    """Raise `HitmarkError` where the frames alone are more than this machine's memory (`total` bytes)."""
    room = int(psutil.virtual_memory().total) if total is None else total
    least = least_bytes(width, height, frames)
    if least > room:
        raise HitmarkError(
            f"size: {frames} frames of {width}x{height} take {_size(least)} as pictures alone, and this machine has "
            f"{_size(room)} of memory; use fewer frames or a smaller size"
        )


def far_beyond(width: int, height: int, frames: int, own: tuple[int, int, int]) -> str | None:
    """A sentence on a clip that is many times what a model was made for; None for others. `own`: the model's clip."""
    times = width * height * frames / (own[0] * own[1] * own[2])
    if times < FAR_BEYOND:
        return None
    return (
        f"the clip has {times:,.0f} times the pixels that the model is made for, {own[0]} x {own[1]}, {own[2]} frames; "
        "it takes at least as many times as long, and seldom looks right"
    )


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
