"""What one run leaves behind: video, plan picture, contact sheet, first picture, run record, and latents if wanted.

All of it lies beside the video under its name: OUT.mp4, OUT.plan.png, OUT.sheet.png, OUT.image.png, OUT.json.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError
from hitmark.files import OutputError, claimed, ensure_writable, output_error, written_whole
from hitmark.media.video import WRITERS, write_video
from hitmark.run import record
from hitmark.run.describe import KEPT_PIXELS, MOST_KEPT, describe, kept_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL import Image

    from hitmark.run.result import Result

BYTES_PER_PIXEL = 4  # more than any of the formats needs for noise
BYTES_PER_LATENT = 4  # a pixel's share of float32 latents of 4 channels at half of the clip's sides
DRAWINGS = 4_000_000  # bytes of plan, contact sheet and record, rather too many
Shape = tuple[int, int, int]
"""Frames, height, width."""


@dataclass(frozen=True)
class Outputs:
    """The files of one run, named after its video."""

    video: Path
    latents: Path | None = None
    from_picture: bool = True
    """Whether the run starts from a first picture, to be kept beside the video."""
    record_suffix: str = ".json"

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
        return self.video.with_suffix(self.record_suffix)

    def beside(self, inputs: Iterable[Path]) -> Outputs:
        """The same, with a record OUT.run.json where OUT.json is an input: scene.json may become scene.mp4.

        Raises:
            HitmarkError: as `check_names`.
        """
        self.check_names()
        taken = any(_same(self.record, path) for path in inputs)
        return replace(self, record_suffix=".run.json") if taken else self

    def all(self) -> list[Path]:
        """Every file, the video first."""
        files = [self.video, self.plan, self.sheet, self.record]
        files += [self.image] if self.from_picture else []
        return files if self.latents is None else [*files, self.latents]

    def check_names(self) -> None:
        """Raise HitmarkError for names that cannot be those of a video and of latents."""
        for path in [self.video, *([] if self.latents is None else [self.latents])]:
            if not path.name:
                raise HitmarkError(f"output: expected the name of a file, such as out.mp4, got {str(path)!r}")
        if self.video.suffix.lower() not in WRITERS:
            raise HitmarkError(f"{self.video}: the extension must be one of {', '.join(WRITERS)}")
        if self.latents is not None and self.latents.suffix != ".safetensors":
            raise HitmarkError(f"{self.latents}: latents are saved as .safetensors; change the extension")

    def check(self, inputs: Iterable[Path], *, overwrite: bool, shape: Shape = (0, 0, 0)) -> None:
        """Find out before the long computation whether everything can be written.

        Args:
            inputs: files that the run reads; none of them may be overwritten, whatever `overwrite` says.
            overwrite: whether outputs of an earlier run may be replaced.
            shape: frames, height and width of the clip, for an estimate of the space that all files need.

        Raises:
            HitmarkError: unknown extension, an output that exists or is an input, a folder that cannot be written.
        """
        self.check_names()
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
            ensure_writable(path, needed_bytes=self.bytes_needed(shape))

    def bytes_needed(self, shape: Shape) -> int:
        """A rough size, rather too large, of all files of a clip of (frames, height, width)."""
        frames, height, width = shape
        video = frames * height * width * BYTES_PER_PIXEL
        picture = 3 * max(MOST_KEPT * height * width, KEPT_PIXELS) if self.from_picture else 0
        latents = 0 if self.latents is None else frames * height * width * BYTES_PER_LATENT
        return video + picture + latents + DRAWINGS

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other runs from making the same files while the block lasts.

        Raises:
            OutputError: another run is making them, or the folder cannot be written.
        """
        ensure_writable(self.record)
        with ExitStack() as held:
            held.enter_context(claimed(self.record))  # of the same name whatever the video's extension
            if self.latents is not None:
                ensure_writable(self.latents)
                held.enter_context(claimed(self.latents))
            yield

    def save(
        self,
        result: Result,
        model_folder: Path | None = None,
        reference: record.CrudeVideo | record.Cutouts | None = None,
    ) -> record.RunRecord:
        """Write video, first picture, run record and latents; each file appears whole or not at all.

        Record and picture are written first and get their names last: no full disk leaves a video without them.

        Args:
            result: of `hitmark.run.generate.generate`.
            model_folder: where the model's files lie, for the record's fingerprint.
            reference: the crude reference that was given, or what one was cut with; its paths relative to the present
                folder.

        Raises:
            OutputError: the disk refuses. The frames are then kept in the system's folder for temporary files, if
                that has room, and the message says where.
        """
        run = describe(result, self.video, self.image, model_folder)
        if reference is not None:
            kind = "cutouts" if isinstance(reference, record.Cutouts) else "reference"
            run = run.model_copy(update={kind: reference.beside(self.record.parent)})
        try:
            with ExitStack() as drafts:
                run.save(drafts.enter_context(written_whole(self.record)))
                kept = kept_picture(result)
                if kept is not None:
                    save_picture(kept, drafts.enter_context(written_whole(self.image)))
                write_video(result.frames, self.video, result.scene.fps)
        except OutputError as error:
            raise _with_rescue(error, result, self.video) from error
        if self.latents is not None:
            _save_latents(result, self.latents)
        return run


def _with_rescue(error: OutputError, result: Result, video: Path) -> OutputError:
    """The error, and where the frames went instead of being lost."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="hitmark-"))
        place = write_video(result.frames, folder / f"{video.stem}.mkv", result.scene.fps)
    except (OSError, HitmarkError):
        return error
    return OutputError(f"{error}. The frames were kept, without a run record, in {place}")


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a PNG, whole or not at all. Raises `OutputError`."""
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
