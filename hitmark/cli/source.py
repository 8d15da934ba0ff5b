"""What a clip is asked for by: a scene file of any kind, a run record, or options that tell a scene."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hitmark.cli.flags import FlagError, parse_box, scene_from_flags
from hitmark.cli.reading import Reading
from hitmark.cli.request import Request

if TYPE_CHECKING:
    from hitmark.run.record import RunRecord
    from hitmark.scene import Scene


@dataclass(frozen=True)
class Target:
    """What the command line says of the clip to be made, and of the file; None = the model's, the default model."""

    model: str | None = None
    width: int | None = None
    height: int | None = None
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class Flags:
    """A scene told by options: see `scene_from_flags`."""

    prompt: str | None
    subjects: list[str]
    boxes: list[str]
    paths: list[str]
    smooth: bool
    box_format: str = "xyxy"
    from_reference: bool = False  # a crude video says what moves, so that boxes can be left out


def read_request(scene: str | None, image: Path | None, flags: Flags, target: Target) -> Request:
    """Read SCENE, or build it from --image or --prompt, --subject, --box and --path.

    Raises:
        HitmarkError: neither or both are given, or what is given cannot be understood.
    """
    pictures = [] if image is None else [image]
    if scene is None:
        if image is None and not flags.prompt:
            raise FlagError("expected a SCENE, or --image or --prompt with --box and --path; --help says how")
        if target.reading != Reading():
            raise FlagError("--canvas, --units, --axes, --record and --point-size are for a SCENE file; leave them out")
        from hitmark.scene import Scene

        boxes = [parse_box(text, flags.box_format) for text in flags.boxes]
        bare = flags.from_reference and not (boxes or flags.paths or flags.prompt)
        told = (boxes, flags.paths, flags.smooth, flags.prompt or "", flags.subjects)
        made = Scene() if bare else scene_from_flags(*told)
        return Request(made, Path(), pictures, image)
    if flags.boxes or flags.paths or flags.smooth:
        raise FlagError("--box, --path and --smooth make a scene of their own; leave out SCENE, or edit the scene file")
    from hitmark.run.record import is_record

    found = _from_record(Path(scene), target) if is_record(scene) else _from_scene(scene, target)
    if flags.subjects:
        found = replace(found, scene=_worded(found.scene, flags.subjects), replayed=None)
    return replace(found, image=image, inputs=[*found.inputs, *pictures])


def _worded(scene: Scene, phrases: list[str]) -> Scene:
    """The scene with the n-th words for its n-th subject: many tools' files have paths and no words."""
    subjects = scene.subjects
    if len(phrases) > len(subjects):
        raise FlagError(
            f"--subject: {len(phrases)} given for the scene's {len(subjects)} subjects; give each its words once, in "
            "the scene's order"
        )
    words = [*phrases, *(subject.phrase for subject in subjects[len(phrases) :])]
    changed = [subject.model_copy(update={"phrase": phrase}) for subject, phrase in zip(subjects, words, strict=True)]
    return scene.replace(subjects=[subject.model_dump() for subject in changed])


def _from_record(path: Path, target: Target) -> Request:
    from hitmark.run.record import RunRecord

    record = RunRecord.load(path)
    scene = _with_weights(record.to_scene(path), path, record, target)
    method = {"name": scene.method.name, "preset": record.settings.preset, "knobs": record.settings.knobs}
    return Request(
        scene=scene.replace(method=method),
        folder=path.parent,
        inputs=[path, *([path.parent / record.image.path] if record.image else [])],
        steps=record.settings.steps,
        dtype=record.settings.dtype,
        device=record.settings.device,
        call=record.settings.call,
        vae_tiling=record.settings.vae_tiling,
        reference=None if record.reference is None else record.reference.files(path.parent),
        cutouts={} if record.cutouts is None else record.cutouts.files(path.parent),
        cut_of=None if record.cutouts is None else (record.cutouts.of, record.cutouts.into),
        replayed=record,
    )


def _with_weights(scene: Scene, path: Path, record: RunRecord, target: Target) -> Scene:
    """The record's scene with a model that is there. Raises `FlagError` where it is gone and no other is given."""
    from hitmark.backbones.catalog import MODELS
    from hitmark.run.model_choice import catalog_name, find_model

    found = find_model(scene, path.parent)
    name = catalog_name(str(found.model))
    if name in MODELS or Path(name).is_dir() or target.model is not None:
        return found if target.model is not None else found.replace(model=name)
    told = "" if record.model.fingerprint is None else f" (fingerprint {record.model.fingerprint[:12]}…)"
    raise FlagError(
        f"{path}: model: expected the folder {scene.model}, relative to the record's, with the weights it was made "
        f"with{told}, found none; put it there, or say where it is with --model FOLDER"
    )


def _from_scene(source: str, target: Target) -> Request:
    from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL, model_card
    from hitmark.run.model_choice import find_model
    from hitmark.scene.formats import base_folder, read, remarks, sniff

    format = sniff(source)
    if format == "sg-i2v" and (Path(source) / "img.png").is_file() and target.reading == Reading():
        # the published cells depend on the size of the clip
        card = model_card(target.model or DEFAULT_PICTURE_MODEL)
        scene = read(source, "sg-i2v", width=target.width or card.width, height=target.height or card.height)
    else:
        scene = target.reading.read(source, format)
    for remark in remarks(scene):
        typer.echo(f"note: {remark}", err=True)
    folder = base_folder(source)
    scene = find_model(scene, folder)
    picture = scene.image_path(folder)
    return Request(scene, folder, [Path(source), *([] if picture is None else [picture])])
