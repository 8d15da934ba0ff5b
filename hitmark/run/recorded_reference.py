"""What a run record says of the crude reference of a clip: a video that was given, or pictures that it was cut with.

One that is drawn from the scene and its first picture alone needs no record.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a run record."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CrudeVideo(Part):
    """The crude reference that was given, by content."""

    path: str = Field(description="of the video or the folder, relative to the record's folder")
    mask: str | None = Field(None, description="of the mask, likewise; None: the folder's own")
    sha256: str = Field(description="of the frames and the mask, see `hitmark.run.record.signal_sha256`")

    def beside(self, folder: Path) -> CrudeVideo:
        """With paths relative to a folder; now they are relative to the present one."""
        mask = None if self.mask is None else os.path.relpath(self.mask, folder)
        return self.model_copy(update={"path": os.path.relpath(self.path, folder), "mask": mask})

    def files(self, folder: Path) -> tuple[Path, Path | None]:
        """Where the video and the mask are, of a record in a folder."""
        return folder / self.path, None if self.mask is None else folder / self.mask


class Cutouts(Part):
    """The pictures that subjects were cut out with, and what came of it by content."""

    paths: dict[str, str] = Field(description="by the subject's name, relative to the record's folder")
    of: tuple[int, int] = Field(description="width and height of the first picture as it was given, for masks of it")
    into: tuple[int, int] = Field(description="the same once it was cut or padded to the clip's shape")
    sha256: str = Field(description="of the reference's frames and mask, see `hitmark.run.record.signal_sha256`")

    def beside(self, folder: Path) -> Cutouts:
        """With paths relative to a folder; now they are relative to the present one."""
        paths = {name: os.path.relpath(path, folder) for name, path in self.paths.items()}
        return self.model_copy(update={"paths": paths})

    def files(self, folder: Path) -> dict[str, Path]:
        """Where the pictures are, of a record in a folder."""
        return {name: folder / path for name, path in self.paths.items()}
