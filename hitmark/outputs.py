"""What one run leaves behind: video, plan picture, contact sheet, first picture, run record, and latents if wanted.

All of it lies beside the video under its name: OUT.mp4, OUT.plan.png, OUT.sheet.png, OUT.image.png, OUT.json.
"""

from __future__ import annotations

import datetime
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitmark import record
from hitmark.draw import Found, contact_sheet, plan_picture
from hitmark.errors import HitmarkError
from hitmark.files import OutputError, ensure_writable, output_error, written_whole
from hitmark.video import WRITERS, write_video

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

    from hitmark.generate import Result

BLANK = (128, 128, 128)
BYTES_PER_PIXEL = 4  # more than any of the formats needs for noise


@dataclass(frozen=True)
class Outputs:
    """The files of one run, named after its video."""

    video: Path
    latents: Path | None = None
    from_picture: bool = True
    """Whether the run starts from a first picture, to be kept beside the video."""

    @property
    def plan(self) -> Path:
        """Boxes and paths on the first picture."""
        return self.video.with_suffix(".plan.png")

    @property
    def sheet(self) -> Path:
        """All frames with wanted and found positions."""
        return self.video.with_suffix(".sheet.png")

    @property
    def image(self) -> Path:
        """The first picture, so that the run can be replayed when the original is gone."""
        return self.video.with_suffix(".image.png")

    @property
    def record(self) -> Path:
        """The run record."""
        return self.video.with_suffix(".json")

    def all(self) -> list[Path]:
        """Every file, the video first."""
        files = [self.video, self.plan, self.sheet, self.record]
        files += [self.image] if self.from_picture else []
        return files if self.latents is None else [*files, self.latents]

    def check(self, inputs: Iterable[Path], *, overwrite: bool, pixels: int = 0) -> None:
        """Find out before the long computation whether everything can be written.

        Args:
            inputs: files that the run reads; none of them may be overwritten, whatever `overwrite` says.
            overwrite: whether outputs of an earlier run may be replaced.
            pixels: frames * height * width, for an estimate of the space needed.

        Raises:
            HitmarkError: unknown extension, an output that exists or is an input, a folder that cannot be written.
        """
        if self.video.suffix.lower() not in WRITERS:
            raise HitmarkError(f"{self.video}: the extension must be one of {', '.join(WRITERS)}")
        if self.latents is not None and self.latents.suffix != ".safetensors":
            raise HitmarkError(f"{self.latents}: latents are saved as .safetensors; change the extension")
        for path in self.all():
            for source in inputs:
                if _same(path, source):
                    raise OutputError(
                        f"{path} is an input of this run; choose another output name, e.g. -o out/clip.mp4"
                    )
            if path.is_dir():
                raise output_error(path, IsADirectoryError(errno.EISDIR, ""))
            if path.exists() and not overwrite:
                raise OutputError(f"{path} exists already; choose another output name, or overwrite it with --force")
        for path in {path.parent: path for path in reversed(self.all())}.values():
            ensure_writable(path, needed_bytes=pixels * BYTES_PER_PIXEL)

    def save(self, result: Result, found: Found | None = None, model_folder: Path | None = None) -> record.RunRecord:
        """Write everything; each file appears whole or not at all, the record last.

        Args:
            result: of `hitmark.generate.generate`.
            found: where the objects were found, centres in pixels of the frames.
            model_folder: where the model's files lie, for the record's fingerprint.

        Raises:
            OutputError: the disk refuses.
        """
        run = self.describe(result, model_folder)
        write_video(result.frames, self.video, result.scene.fps)
        if result.picture is not None:
            _save_picture(result.picture, self.image)
        _save_picture(plan_picture(_first_picture(result), result.tracks), self.plan)
        _save_picture(contact_sheet(result.frames, result.tracks, found), self.sheet)
        if self.latents is not None:
            _save_latents(result, self.latents)
        run.save(self.record)
        return run

    def describe(self, result: Result, model_folder: Path | None = None) -> record.RunRecord:
        """Return the run record of a result whose picture is (to be) saved as `self.image`."""
        import torch

        name = str(result.scene.model)
        on_gpu = result.settings.device == "cuda"
        return record.RunRecord(
            hitmark=record.hitmark_version(),
            python=record.python_version(),
            packages=record.package_versions(),
            machine=record.this_machine(
                torch.get_num_threads(), torch.cuda.get_device_name() if on_gpu else result.settings.device
            ),
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            model=record.Model(
                name=name, fingerprint=None if model_folder is None else record.fingerprint(model_folder)
            ),
            image=None
            if result.picture is None
            else record.Picture(path=self.image.name, sha256=record.picture_sha256(np.asarray(result.picture))),
            settings=result.settings,
            output=record.Output(
                video=self.video.name,
                frames_sha256=record.frames_sha256(result.frames),
                seconds=round(result.seconds, 3),
                peak_memory=result.peak_memory,
            ),
            scene=result.scene.replace(image=None if result.picture is None else self.image.name).to_dict(),
        )


def _first_picture(result: Result) -> Image.Image:
    """What the plan is drawn on: the first picture at the clip's size; without one, grey."""
    from PIL import Image

    size = result.frames.shape[2], result.frames.shape[1]
    return Image.new("RGB", size, BLANK) if result.picture is None else result.picture.resize(size)


def _save_picture(picture: Image.Image, path: Path) -> None:
    with written_whole(path) as temporary:
        picture.save(temporary, "PNG")


def _save_latents(result: Result, path: Path) -> None:
    from safetensors.torch import save_file

    with written_whole(path) as temporary:
        save_file({"latents": result.latents.contiguous()}, temporary)


def _same(first: Path, second: Path) -> bool:
    """Whether two paths are one file, also through links."""
    if first.exists() and second.exists():
        return os.path.samefile(first, second)
    return first.absolute() == second.absolute()
