"""What every format gives: a sniffer, a reader and a writer that first says what it would lose."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hitmark.files import output_error, written_whole
from hitmark.scene.formats.source import FormatError, Source
from hitmark.scene.schema import Scene

TRACKS_FIRST = "tracks,frames"
CHOICES = {
    "layout": ("xyxy", "xxyy", "xywh"),
    "units": ("fraction", "pixel"),
    "axes": ("frames,tracks", TRACKS_FIRST),
}  # option -> what it may be
POINT_OPTIONS = ("width", "height", "image", "units", "point_size")  # what every format of pixel points takes
ARRAY_OPTIONS = (*POINT_OPTIONS, "axes", "record")


@dataclass(frozen=True)
class Options:
    """What a file does not say itself. None: not given."""

    width: int | None = None  # of the canvas that pixel coordinates refer to
    height: int | None = None
    frames: int | None = None  # boxes for how many frames
    record: str | int | None = None  # which entry of a file with many: its id, else its position from 0
    layout: str | None = None  # order of box numbers in Peekaboo files: "xyxy", "xxyy" or "xywh"; None: found out
    units: str | None = None  # of coordinates: "pixel" or "fraction" of the canvas; None: pixels, where that can be
    axes: str | None = None  # of arrays of tracks: "frames,tracks" or "tracks,frames"; None: frames first
    point_size: float | None = None  # side of the square box around a point, as a fraction of the width
    visibility: str | None = None  # path of the file with a Wan-Move track's visibility
    image: str | None = None  # path of the first picture, where the format names none
    base: str | None = None  # folder that `Scene.image` is relative to, when writing; None: the output's folder

    @classmethod
    def of(cls, given: dict[str, Any], accepted: tuple[str, ...], name: str) -> Options:
        """Check names and values.

        Raises:
            FormatError: an option that the format `name` does not take, or a value out of range.
        """
        given = {key: value for key, value in given.items() if value is not None}
        for key in given:
            if key not in accepted:
                near = get_close_matches(key, accepted, n=1)
                hint = f"did you mean `{near[0]}`? " if near else ""
                raise FormatError(
                    f"option `{key}`: {name} does not take it; {hint}it takes {', '.join(accepted) or 'no options'}"
                )
        options = cls(**given)
        for key in ("width", "height", "frames"):
            value = getattr(options, key)
            if value is not None and not (type(value) is int and 1 <= value <= 16_384):
                raise FormatError(f"option `{key}`: expected a whole number from 1 to 16384, got {value!r}")
        size = options.point_size
        if size is not None and not (isinstance(size, (int, float)) and 1e-3 <= size <= 1):
            raise FormatError(f"option `point_size`: expected a fraction of the width, 0.001 to 1, got {size!r}")
        for key, choices in CHOICES.items():
            if getattr(options, key) not in (None, *choices):
                raise FormatError(f"option `{key}`: expected {' or '.join(choices)}, got {getattr(options, key)!r}")
        if (options.width is None) != (options.height is None):
            raise FormatError("options `width` and `height` go together; give both")
        return options


OPTION_NAMES = tuple(each.name for each in fields(Options))


@dataclass(frozen=True)
class Encoded:
    """Files ready to be written, and one sentence for each thing that they do not hold."""

    files: dict[str, bytes]  # name -> content; names are relative to `folder`
    folder: Path
    losses: list[str] = field(default_factory=list)
    whole_folder: bool = False  # the folder itself is the product

    @property
    def paths(self) -> list[Path]:
        """Every file that will be written."""
        return [self.folder / name for name in self.files]


@dataclass(frozen=True)
class Format:
    """One foreign format. `sniff` is cheap and never raises for a readable file; `writer` None: it is only read."""

    name: str
    description: str
    extensions: tuple[str, ...]
    sniff: Callable[[Source], bool]
    reader: Callable[[Source, Options], Scene]
    writer: Callable[[Scene, Path, Options], Encoded] | None
    read_options: tuple[str, ...] = ()
    write_options: tuple[str, ...] = ()
    own_canvas: tuple[int, int] | None = None  # width and height that its numbers refer to, whatever the clip's size


def commit(encoded: Encoded) -> None:
    """Write all files; each appears whole or not at all, and a new folder appears with all its files or not at all.

    Raises:
        HitmarkError: whatever the operating system refuses, with the path and the reason.
    """
    if encoded.whole_folder and not encoded.folder.exists():
        _commit_folder(encoded)
        return
    for name, content in encoded.files.items():
        with written_whole(encoded.folder / name) as temporary:
            temporary.write_bytes(content)


def _commit_folder(encoded: Encoded) -> None:
    """Fill a temporary folder beside the target, then give it the target's name."""
    target = encoded.folder
    try:
        with tempfile.TemporaryDirectory(
            prefix=f".{target.name[:40]}.", suffix=".partial", dir=target.parent, ignore_cleanup_errors=True
        ) as temporary:
            made = Path(temporary) / "folder"
            made.mkdir()
            for name, content in encoded.files.items():
                (made / name).write_bytes(content)
            os.rename(made, target)
    except OSError as error:
        raise output_error(target, error) from error
