"""ATI's tracks (ByteDance, arXiv:2505.22944): `.pth`, torch-saved bytes of an .npz with one array `array`.

The array is float32 (tracks, 121, 1, 3): x, y in pixels of the video and visibility, all times 8; its 121 frames stand
for five seconds at 24 frames a second.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.arrays import check_numbers, npz_bytes, parse_npz
from hitmark.scene.formats.base import POINT_OPTIONS, Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import sample
from hitmark.scene.formats.pictures import canvas_to_write
from hitmark.scene.formats.points import points_to_scene, scene_to_points
from hitmark.scene.formats.source import LARGEST_FILE, FormatError, Source
from hitmark.scene.schema import Scene

NAME = "ati"
HOLDS = Holds(visibility="yes", size_change=True)  # sizes are told by the writer: points have none
FRAMES = 121
TIMES = 8  # what the numbers of a file are multiplied by
_SHAPE = f"float32 (tracks, {FRAMES}, 1, 3): x, y and visibility, all times {TIMES}"


def sniff(source: Source) -> bool:
    """A zip file that torch.save wrote."""
    if source.is_folder or source.data[:4] != b"PK\x03\x04":
        return False
    return source.path.suffix.lower() in (".pth", ".pt") or b"/data.pkl" in source.data[:200]


def read(source: Source, options: Options) -> Scene:
    """Read all tracks; `weights_only` loading, so that nothing in the file can run."""
    where = str(source.path)
    array = _array(_loaded(source.data, where), where)
    if array.ndim != 4 or array.shape[2:] != (1, 3) or 0 in array.shape:
        raise FormatError(f"{where}: expected ATI's tracks, {_SHAPE}, got {list(array.shape)}; is this another file?")
    values = check_numbers(array, where, "ATI's tracks")[:, :, 0].transpose(1, 0, 2) / TIMES
    remarks = [] if len(values) == FRAMES else [f"ATI itself takes {FRAMES} frames, and the file has {len(values)}"]
    return points_to_scene(values[..., :2], values[..., 2] > 0.5, source.path, options, NAME, remarks)


def _loaded(data: bytes, where: str) -> Any:
    """What torch saved: only numbers, texts, bytes, tensors and containers of these are ever made."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, OverflowError, NotImplementedError) as error:
        raise FormatError(
            f"{where}: expected a file of torch.save, got a damaged one ({error}); save it again"
        ) from None
    if size > LARGEST_FILE:
        raise FormatError(f"{where}: unpacks to over {LARGEST_FILE >> 20} MB; take fewer tracks")
    import torch

    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged pickle makes the reader stumble over
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise FormatError(
            f"{where}: expected torch-saved bytes or a tensor of tracks, got something else or a damaged file "
            f"({reason}); checkpoints and pickled objects are not read"
        ) from None


def _array(value: Any, where: str) -> np.ndarray:
    import torch

    if isinstance(value, torch.Tensor) and not value.is_sparse and not value.is_quantized:
        return value.detach().to(torch.float32).numpy()
    if not isinstance(value, bytes):
        raise FormatError(f"{where}: expected torch-saved bytes of an .npz with `array`, got {type(value).__name__}")
    arrays = parse_npz(value, where)
    if "array" not in arrays:
        raise FormatError(f"{where}: expected one array `array`, {_SHAPE}, got {', '.join(arrays) or 'none'}")
    return arrays["array"]


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the centers of all boxes at ATI's 121 moments, with their visibility."""
    import torch

    width, height = canvas_to_write(scene, options, path.parent, NAME)
    sampled = sample(scene, options.frames or FRAMES, FRAMES, NAME)
    points, visible, sizes_lost = scene_to_points(sampled, width, height)
    report = losses(scene, sampled, HOLDS, NAME) + sizes_lost
    if sampled.frames != FRAMES:
        report.append(f"ATI itself takes {FRAMES} frames, and {sampled.frames} are written")
    values = np.concatenate([points, visible[..., None]], axis=2).transpose(1, 0, 2)[:, :, None] * TIMES
    stream = io.BytesIO()
    torch.save(npz_bytes(array=values.astype(np.float32)), stream)
    return Encoded({path.name: stream.getvalue()}, path.parent, report)


FORMAT = Format(
    NAME,
    "ATI tracks (.pth, torch-saved bytes)",
    (".pth",),
    sniff,
    read,
    write,
    read_options=POINT_OPTIONS,
    write_options=("frames", "width", "height", "base"),
)
