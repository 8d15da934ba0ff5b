"""A finished clip put into words for its run record, and the first picture that is kept beside it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitmark.run import record
from hitmark.run.model_choice import portable_name

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.run.result import Result

MOST_KEPT = 4
"""A first picture of more than so many times the clip's pixels is kept at the clip's size,"""
KEPT_PIXELS = 512 * 512
"""unless it has no more than these."""


def describe(result: Result, video: Path, image: Path, model_folder: Path | None = None) -> record.RunRecord:
    """Return the run record of a result.

    Args:
        result: the clip.
        video: the file that it is (to be) saved as; the record lies in its folder.
        image: the file that its first picture is (to be) saved as, in the same folder.
        model_folder: where the model's files lie, for their fingerprint.
    """
    import torch

    on_gpu = result.settings.device == "cuda"
    processor = torch.cuda.get_device_name() if on_gpu else result.settings.device
    name = portable_name(str(result.scene.model), video.parent)
    picture = kept_picture(result)
    return record.RunRecord(
        hitmark=record.hitmark_version(),
        python=record.python_version(),
        packages=record.package_versions(),
        machine=record.this_machine(torch.get_num_threads(), processor),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        model=record.Model(name=name, fingerprint=None if model_folder is None else record.fingerprint(model_folder)),
        image=None
        if picture is None
        else record.Picture(path=image.name, sha256=record.picture_sha256(np.asarray(picture))),
        settings=result.settings,
        output=record.Output(
            video=video.name,
            frames_sha256=record.frames_sha256(result.frames),
            seconds=round(result.seconds, 3),
            peak_memory=result.peak_memory,
        ),
        notes=list(result.notes),
        scene=result.scene.replace(image=None if picture is None else image.name, model=name).to_dict(),
    )


def kept_picture(result: Result) -> Image.Image | None:
    """What lies beside the clip as its first picture: as given, a much larger one at the clip's size.

    The model is given the picture at the clip's size, so that a replay from the reduced one makes the same frames.
    """
    picture = result.picture
    height, width = result.frames.shape[1:3]
    if picture is None or picture.width * picture.height <= max(MOST_KEPT * width * height, KEPT_PIXELS):
        return picture
    return picture.resize((width, height))
