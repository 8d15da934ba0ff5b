"""SG-I2V example folders: `img.png` and `traj.npy` (Namekata et al. 2024, arXiv:2411.04989).

`traj.npy`, shape (boxes, 2 + frames, 2), x before y, in pixels of `img.png` as it is on disk: rows 0 and 1 are the
top-left and bottom-right corner of the box in the first frame, the others the center in each frame. Only displacement
counts: the box of frame f is the first box moved by center_f - center_0, so its size is constant, and the first center
need not be the middle of the box (in the published examples it is rounded down).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hitmark.scene.boxes import centers
from hitmark.scene.formats.arrays import check_numbers, npy_bytes, parse_npy
from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import default_name, frame_fields, parked, sample, subject_fields
from hitmark.scene.formats.pictures import picture_size, png_copy, scene_picture
from hitmark.scene.formats.source import FormatError, Source, check_count
from hitmark.scene.grid import SNAP_PIXELS
from hitmark.scene.schema import Scene

NAME = "sg-i2v"
PICTURE, TRACKS = "img.png", "traj.npy"
HOLDS = Holds(
    image=True,
    stretched=True,
    visibility="baked: its box lies left of the picture in the other frames, which SG-I2V then skips",
)
USUAL_FRAMES = 14
PUBLISHED_SIZE = (1024, 576)  # width, height that the published code resizes every picture to
CELL = 8  # pixels a latent cell


def sniff(source: Source) -> bool:
    """A folder with traj.npy, or that traj.npy itself."""
    return (source.path / TRACKS).is_file() if source.is_folder else source.path.name == TRACKS


def read(source: Source, options: Options) -> Scene:
    """Read a folder: one subject a box, one keyframe a frame, in float64; the picture is stretched, as by that code.

    Options width and height: of the clip to be made, see `like_published`; without a picture in the folder, of the
    picture that the boxes were drawn on.
    """
    tracks_path, picture = source.folder / TRACKS, source.folder / PICTURE
    if not tracks_path.is_file():
        raise FormatError(f"{source.folder}: expected {TRACKS} in this folder, found none; is this an SG-I2V example?")
    data = Source(tracks_path).data
    image = PICTURE if picture.is_file() else None
    clip_size = PUBLISHED_SIZE if options.width is None or options.height is None else (options.width, options.height)
    if image is not None:
        width, height = picture_size(picture)
    elif options.width is not None and options.height is not None:
        width, height = options.width, options.height
    else:
        raise FormatError(
            f"{source.folder}: expected the first frame as {PICTURE} (boxes are in its pixels), found none; put it "
            f"there, or say its size once: hitmark convert {source.folder} scene.json --width 1024 --height 576"
        )
    array = check_array(parse_npy(data, str(tracks_path)), tracks_path)
    boxes = like_published(array, (width, height), clip_size) / np.array([width, height, width, height])
    subjects = [
        subject_fields(default_name(index), box, f"{tracks_path}: box {index}") for index, box in enumerate(boxes)
    ]
    fields = {"image": image, "fit": "stretch", "subjects": subjects, **frame_fields(boxes.shape[1])}
    return Scene.from_dict(fields, source=str(tracks_path))


def check_array(array: np.ndarray, path: Path) -> np.ndarray:
    """Return the file's array as float64 (boxes, 2 + frames, 2).

    Raises:
        FormatError: another shape or dtype, NaN.
    """
    if array.ndim != 3 or array.shape[2] != 2 or array.shape[0] < 1 or array.shape[1] < 3:
        raise FormatError(
            f"{path}: expected shape [boxes, 2 + frames, 2] (two corners, then a center for each frame; x before y), "
            f"got {list(array.shape)}; transpose or add what is missing"
        )
    check_count(path, array.shape[0] * (array.shape[1] - 2))
    return check_numbers(array, str(path), "pixel coordinates")


def pixel_boxes(array: np.ndarray) -> np.ndarray:
    """Turn corners and centers (boxes, 2 + frames, 2) into xyxy boxes (boxes, frames, 4), in the array's precision."""
    shift = array[:, 2:] - array[:, 2:3]
    return np.concatenate([array[:, 0:1] + shift, array[:, 1:2] + shift], axis=2)


def like_published(array: np.ndarray, picture: tuple[int, int], clip: tuple[int, int] = PUBLISHED_SIZE) -> np.ndarray:
    """As `pixel_boxes`, with corners on the edge of a latent cell put on the side where the published code sees them.

    That code works in float32, in pixels of the clip. A corner that should lie exactly on a cell's edge, frequent with
    whole pixels and pictures of 1280 x 720, may come out just below it and lose the cell (about 1 % of the corners
    there). These are moved by at most 0.0005 px, so that the cells of a clip of that size are the published ones.

    Args:
        array: float64 (boxes, 2 + frames, 2), in pixels of the picture.
        picture: its width and height.
        clip: width and height of the clip to be made.

    Returns:
        float64 (boxes, frames, 4), in pixels of the picture.
    """
    single = array.astype(np.float32)
    for axis, (size, target) in enumerate(zip(picture, clip, strict=True)):
        single[..., axis] = single[..., axis] * target / size
    theirs = np.floor_divide(pixel_boxes(single), CELL).astype(np.float64)
    scale = np.tile(np.divide(clip, picture), 2)
    boxes = pixel_boxes(array)
    pixels = boxes * scale
    ours = np.floor(np.where(np.abs(pixels - np.rint(pixels)) <= SNAP_PIXELS, np.rint(pixels), pixels) / CELL)
    edge = np.maximum(ours, theirs) * CELL - np.where(theirs < ours, 2 * SNAP_PIXELS, 0)
    return np.where((ours != theirs) & (np.abs(edge - pixels) < 5 * SNAP_PIXELS), edge / scale, boxes)


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write a folder; anchors and camera boxes become ordinary boxes, as in the published examples."""
    if scene.image is None:
        raise FormatError(f"{path}: an SG-I2V folder needs the first frame, and the scene names none; set its `image`")
    picture = scene_picture(scene, options, path.parent)
    width, height = picture_size(picture)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    report = losses(scene, sampled, HOLDS, NAME)
    late = [track.name for track in sampled.tracks if not track.visible[0]]
    tracks = [track for track in sampled.tracks if track.name not in late]
    if late:
        names = ", ".join(map(repr, late))
        report.append(f"left out, because SG-I2V needs every box in the first frame: {names}")
    if not tracks:
        raise FormatError(f"{path}: expected a subject visible in the first frame, got none; SG-I2V starts there")
    boxes = np.stack([parked(track) for track in tracks]) * np.array([width, height, width, height])
    corners = boxes[:, 0].reshape(-1, 2, 2)
    array = np.concatenate([corners, centers(boxes)], axis=1)
    files = {PICTURE: png_copy(picture), TRACKS: npy_bytes(array)}
    return Encoded(files, path, report, whole_folder=True)


FORMAT = Format(
    NAME,
    f"SG-I2V example folder ({PICTURE} + {TRACKS})",
    ("",),
    sniff,
    read,
    write,
    read_options=("width", "height"),
    write_options=("frames", "base"),
)
