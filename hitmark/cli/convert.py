"""`hitmark convert IN OUT`: scenes between hitmark and the files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hitmark.cli.flags import FlagError
from hitmark.cli.reading import Axes, Canvas, PointSize, Reading, Record, Units


def convert(
    input: Annotated[
        str, typer.Argument(metavar="IN", help="File or folder of any known format; FILE.json#ID picks a record.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; a folder for sg-i2v.")],
    *,
    from_format: Annotated[
        str | None, typer.Option("--from", help="Format of IN. Default: found out from its content.")
    ] = None,
    to_format: Annotated[
        str | None, typer.Option("--to", help="Format of OUT. Default: by its extension; .json is hitmark's own.")
    ] = None,
    frames: Annotated[int | None, typer.Option(help="Boxes for how many frames. Default: as in IN.")] = None,
    width: Annotated[int | None, typer.Option(help="Width in pixels that pixel coordinates refer to.")] = None,
    height: Annotated[int | None, typer.Option(help="Height in pixels that pixel coordinates refer to.")] = None,
    canvas: Canvas = None,
    units: Units = None,
    axes: Axes = None,
    record: Record = None,
    point_size: PointSize = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if OUT could not hold everything.")] = False,
) -> None:
    """Convert a scene from or to the files of another tool.

    Formats: hitmark, sg-i2v (folder), peekaboo, freetraj, tora, trailblazer, wan-move, ati, comfy-coordinates,
    comfy-tracks; run records (OUT.json beside a clip) are read too.
    What OUT cannot hold, or only in another form, is told as a warning for each thing; nothing is dropped in silence.

    For example: `hitmark convert examples/107 scene.json`, `hitmark convert imc_inputs.json#1100 scene.json`,
    `hitmark convert scene.json cat_tracks.npy --width 832 --height 480`.
    """
    from hitmark.scene.formats import FORMATS, base_folder, commit, encode, format_for_output, read, remarks, sniff

    if canvas is not None and (width is not None or height is not None):
        raise FlagError("--canvas: it is the same as --width and --height; give one of them")
    sizes = {"frames": frames, "width": width, "height": height}
    options = {name: value for name, value in sizes.items() if value is not None}
    options |= Reading(canvas, units, axes, record, point_size).options()
    source_format = from_format or sniff(input)
    target_format = to_format or format_for_output(output)
    reading, writing = _shared_out(options, source_format, target_format)
    scene = read(input, source_format, **reading)
    if "base" in FORMATS[target_format].write_options:
        writing["base"] = str(base_folder(input))
    encoded = encode(scene, output, target_format, **writing)
    _check_overwriting(encoded.paths, force)
    for sentence in remarks(scene) if source_format != "hitmark" else ():
        typer.echo(f"note: {sentence}", err=True)
    if strict and encoded.losses:
        _refuse(output, target_format, encoded.losses)
    for sentence in encoded.losses:
        typer.echo(f"warning: {sentence}", err=True)
    commit(encoded)
    typer.echo(f"wrote {output} ({target_format})")
    beside = [path for path in encoded.paths if path != output and output not in path.parents]
    for path in beside:
        typer.echo(f"      {path} (belongs to it)")


def _shared_out(options: dict[str, Any], source: str, target: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give each option to the reader, the writer, or both; one that neither takes is an error."""
    from hitmark.scene.formats import FORMATS, FormatError

    if source not in FORMATS or target not in FORMATS:
        unknown = source if source not in FORMATS else target
        raise FormatError(f"format {unknown!r}: unknown; the formats are {', '.join(FORMATS)}")
    takes = FORMATS[source].read_options, FORMATS[target].write_options
    for name in options:
        if name not in takes[0] + takes[1]:
            flag = "--" + name.replace("_", "-")
            raise FormatError(f"{flag}: neither reading {source} nor writing {target} uses it; leave it out")
    reading, writing = ({name: value for name, value in options.items() if name in names} for names in takes)
    return reading, writing


def _check_overwriting(paths: list[Path], force: bool) -> None:
    from hitmark.scene.formats import FormatError

    present = [str(path) for path in paths if path.exists()]
    if present and not force:
        raise FormatError(f"{', '.join(present)}: already there; choose another name, or replace it with --force")


def _refuse(output: Path, target: str, losses: list[str]) -> None:
    from hitmark.scene.formats import FormatError

    listed = "\n".join(f"  {sentence}" for sentence in losses)
    raise FormatError(f"{output}: not written (--strict), because {target} cannot hold the scene as it is:\n{listed}")
