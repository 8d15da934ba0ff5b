"""Whether a clip can fit in the memory of this machine, by a low estimate: what it refuses would surely be killed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError
from hitmark.run.model_choice import model_folder

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard

EMBEDDED_BYTES = {"sprites-i2v": 2_000, "sprites-t2v": 2_000}
"""What a run of an embedded U-Net has at its peak for each pixel of each frame, at least. Measured on a CPU in float32,
as the peak of 8 frames of 128x128 above the loaded model: 3,976 for sprites-i2v, 6,855 with sg-i2v; half is taken."""
LEAST_BYTES = 60
"""The same of any other model: frames as float32 and as bytes, and a few maps of features over latents of 8x8x4 pixels
a cell. Real models have many times that; nothing was measured."""
BYTES_A_PIXEL = 15
"""Of the finished frames alone: RGB as float32 when they are decoded, and as uint8 beside it."""
CGROUP = Path("/sys/fs/cgroup")


def check_memory(card: ModelCard, shape: tuple[int, int, int], device: str = "auto") -> None:
    """Raise HitmarkError where a clip of this size cannot fit; nothing is loaded for it.

    Args:
        card: of the model, for the size of its files where these are on this machine.
        shape: frames, height and width of the clip.
        device: that will compute it; "auto": a GPU where there is one.
    """
    import torch

    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    frames, height, width = shape
    each = EMBEDDED_BYTES.get(card.name, LEAST_BYTES)
    needed = frames * width * height * (each // 2 if on_gpu else each) + (0 if on_gpu else weight_bytes(card))
    free = free_on_gpu(device) if on_gpu else free_bytes()
    if free is None or needed <= free:
        return
    sizes = f"{frames} frames of {width}x{height}"
    fitting = f"--frames {card.frames or 8} --width {card.width} --height {card.height}"
    raise HitmarkError(
        f"memory: {sizes} need about {needed / 1e9:.0f} GB and this machine has {free / 1e9:.1f} GB free; nothing was "
        "started.",
        hint=f"{card.name} was made for {fitting}",
    )


def check_frames(shape: tuple[int, int, int], total: int | None = None) -> None:
    """Raise HitmarkError where the finished frames alone are more than this machine's memory, whatever the model.

    Needs neither a model nor torch, unlike `check_memory`.

    Args:
        shape: frames, height and width of the clip.
        total: bytes of memory; None: this machine's.
    """
    import psutil

    frames, height, width = shape
    room = int(psutil.virtual_memory().total) if total is None else total
    least = frames * height * width * BYTES_A_PIXEL
    if least > room:
        raise HitmarkError(
            f"size: {frames} frames of {width}x{height} take {_size(least)} as pictures alone, and this machine has "
            f"{_size(room)} of memory; use fewer frames or a smaller size"
        )


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def weight_bytes(card: ModelCard) -> int:
    """Return the size of the model's weight files on this machine, 0 where they are not there."""
    folder = model_folder(card)
    if folder is None:
        return 0
    try:
        return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    except OSError:
        return 0


def free_on_gpu(device: str) -> int | None:
    """Return how much memory of a CUDA device is free; None where it does not say."""
    import torch

    try:
        return torch.cuda.mem_get_info(None if device == "auto" else device)[0]
    except (RuntimeError, AssertionError, ValueError):
        return None


def free_bytes() -> int | None:
    """Return how much memory this process may still take: of the machine, swap included, or of its container."""
    import psutil

    try:
        free = psutil.virtual_memory().available + psutil.swap_memory().free
    except (OSError, RuntimeError):
        return None
    allowed = _of_container()
    return free if allowed is None else min(free, allowed)


def _of_container() -> int | None:
    """What a memory limit of the container leaves: the limit minus what is used, file caches apart (Linux)."""
    for limit, used, statistics, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        try:
            most = int((CGROUP / limit).read_text())
            taken = int((CGROUP / used).read_text())
            lines = dict(line.split() for line in (CGROUP / statistics).read_text().splitlines())
            return max(0, most - taken + int(lines.get(cache, 0)))
        except (OSError, ValueError):  # another system, no limit ("max"), or no such file
            continue
    return None
