"""Options for the files of other tools: what a file does not say itself, the same in every command that takes one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hitmark.cli.flags import FlagError

if TYPE_CHECKING:
    from hitmark.scene import Scene

PANEL = "Files of other tools"
Canvas = Annotated[
    str | None,
    typer.Option(metavar="WxH", help="Width and height that pixel coordinates refer to.", rich_help_panel=PANEL),
]
Units = Annotated[
    Literal["pixel", "fraction"] | None, typer.Option(help="Of coordinates. Default: pixels.", rich_help_panel=PANEL)
]
Axes = Annotated[
    Literal["frames,tracks", "tracks,frames"] | None,
    typer.Option(help="Order of the first two axes of an array of tracks.", rich_help_panel=PANEL),
]
Record = Annotated[
    str | None, typer.Option(help="Of a list: its id, else its position from 0 (or FILE#ID).", rich_help_panel=PANEL)
]
PointSize = Annotated[
    float | None,
    typer.Option(
        help="Side of the box around a point, as a fraction of the width. Default: 0.15.", rich_help_panel=PANEL
    ),
]


@dataclass(frozen=True)
class Reading:
    """What the command line says of a file of another tool; None: nothing."""

    canvas: str | None = None
    units: str | None = None
    axes: str | None = None
    record: str | None = None
    point_size: float | None = None

    def options(self) -> dict[str, Any]:
        """Those that are given, as `hitmark.scene.formats.read` takes them. Raises `FlagError`: no canvas."""
        given = {"units": self.units, "axes": self.axes, "record": self.record, "point_size": self.point_size}
        width, height = (None, None) if self.canvas is None else parse_canvas(self.canvas)
        return {
            name: value for name, value in (given | {"width": width, "height": height}).items() if value is not None
        }

    def read(self, source: str, format: str) -> Scene:
        """Read a scene of a format with these options. Raises HitmarkError: an option that the format does not take."""
        from hitmark.scene.formats import FORMATS, read

        given = self.options()
        for name in given:
            if name not in FORMATS[format].read_options:
                flag = "--canvas" if name in ("width", "height") else "--" + name.replace("_", "-")
                raise FlagError(f"{flag}: reading {format} files does not use it; leave it out")
        return read(source, format, **given)


def parse_canvas(text: str) -> tuple[int, int]:
    """Read "832x480" as width and height in pixels. Raises `FlagError`."""
    found = re.fullmatch(r"\s*(\d{1,5})\s*[xX×,]\s*(\d{1,5})\s*", text)
    if found is None or "0" in (found[1].strip("0") or "0", found[2].strip("0") or "0"):
        raise FlagError(f"--canvas: expected WIDTHxHEIGHT in pixels, e.g. --canvas 832x480, got {text!r}")
    return int(found[1]), int(found[2])
