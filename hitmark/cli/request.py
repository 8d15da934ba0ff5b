"""What `hitmark generate` is asked for: a scene of any kind, and the settings that are no part of a scene."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hitmark.cli.flags import FlagError, parse_box, scene_from_flags
from hitmark.cli.reading import Reading

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.run.record import RunRecord
    from hitmark.scene import Scene


OF_SCENE = ("model", "seed", "frames", "width", "height", "prompt", "negative_prompt", "fit")
"""Options that change fields of the scene."""
PRESETS = ("tuned", "paper")
"""Presets by name, see `hitmark.run.presets`; anything else is a file."""


@dataclass(frozen=True)
class Request:
    """One run to be made."""

    scene: Scene
    folder: Path  # the scene's picture is relative to it
    inputs: list[Path] = field(default_factory=list)  # files that must not be overwritten
    image: Path | None = None  # a picture to use in place of the scene's
    steps: int | None = None
    dtype: str = "auto"
    device: str = "auto"
    call: dict[str, Any] = field(default_factory=dict)
    background: str = "white"  # what transparent parts of the picture are laid on
    said: tuple[str, ...] = ()  # options of the command line that a model may have no use for
    reference: tuple[Path, Path | None] | None = None  # a crude video (or folder of one) and its mask
    replayed: RunRecord | None = None  # the record that all of this comes from, unless an option changed it

    def with_options(self, **options: Any) -> Request:
        """Return the request with the given command-line options on top; those that are None change nothing.

        Args:
            options: model, seed, frames, width, height, prompt, negative_prompt, fit (of the scene), method, knobs,
                preset (a name of `hitmark.run.presets`, or a file), steps, dtype, device, background, call, reference,
                mask.

        Raises:
            HitmarkError: a value that a scene cannot have, or no preset.
        """
        from hitmark.scene import MethodChoice

        given = {name: value for name, value in options.items() if value not in (None, {})}
        if given.get("mask") is not None and "reference" not in given:
            raise FlagError("--mask: the mask of a reference; give --reference too, or leave it out")
        if "reference" in given:
            given["reference"] = (given["reference"], given.pop("mask", None))
        scene, given = self._same_model(given)
        changed = {name: given[name] for name in OF_SCENE if name in given}
        method = self.scene.method
        if "model" in given and self.replayed is not None:  # the recorded knobs are the other model's
            method = MethodChoice(name=method.name)
            changed["method"] = method
        if "method" in given and given["method"] != method.name:
            changed["method"] = {"name": given["method"], "knobs": given.get("knobs", {})}
        elif "knobs" in given:
            changed["method"] = {"name": method.name, "preset": method.preset, "knobs": method.knobs | given["knobs"]}
        if given.get("preset") in PRESETS:
            recorded = {} if self.replayed is not None else method.knobs  # those of a record are all of its preset
            now = changed.get("method", {"name": method.name, "knobs": recorded | given.get("knobs", {})})
            changed["method"] = dict(now) | {"preset": given["preset"]}
        elif "preset" in given:
            changed["method"] = _preset_method(given)
        settings = {
            name: given[name] for name in ("steps", "dtype", "device", "background", "reference") if name in given
        }
        if "model" in changed:  # its own defaults, not those of the recorded model
            settings = {"steps": None, "call": {}} | settings
        call = settings.pop("call", self.call) | given.get("call", {})
        record = None if given or self.image is not None else self.replayed
        said = tuple(name for name in ("prompt", "negative_prompt") if name in given)
        scene = scene.replace(**changed) if changed else scene
        return replace(self, scene=scene, call=call, replayed=record, said=said, **settings)

    def _same_model(self, given: dict[str, Any]) -> tuple[Scene, dict[str, Any]]:
        """The scene and the options, where --model only says the present place of the weights of a record."""
        if "model" not in given or self.replayed is None or self.replayed.model.fingerprint is None:
            return self.scene, given
        from hitmark.backbones.catalog import model_card
        from hitmark.run.model_choice import model_folder
        from hitmark.run.record import fingerprint

        folder = model_folder(model_card(given["model"]))
        if folder is None or fingerprint(folder) != self.replayed.model.fingerprint:
            return self.scene, given
        others = {name: value for name, value in given.items() if name != "model"}
        return self.scene.replace(model=os.path.abspath(folder)), others

    def refuse_unused(self, card: ModelCard) -> None:
        """Raise `FlagError` for an option of the command line that this model has no use for."""
        if self.image is not None and not card.takes_picture:
            raise FlagError(
                f"--image: {card.name} makes clips from text and takes no first picture; leave it out, or choose a "
                "model that starts from one, such as --model sprites-i2v"
            )
        for name in self.said if not card.reads_prompt else ():
            raise FlagError(
                f"--{name.replace('_', '-')}: {card.name} makes clips from a picture and reads no words; leave it out, "
                "or choose a model that reads them, such as --model sprites-t2v (without --image)"
            )


def _preset_method(given: dict[str, Any]) -> dict[str, Any]:
    """Method and knobs of a preset, with the given knobs on top."""
    from hitmark.bench.presets import load_preset

    preset = Path(given["preset"])
    if not preset.exists():
        raise FlagError(f"--preset: expected {' or '.join(PRESETS)}, or a file that `hitmark tune` wrote, got {preset}")
    if "method" in given:
        raise FlagError("--preset: the preset names its method; leave out --method, or leave out --preset")
    spec = load_preset(preset).having(given.get("knobs", {}))
    return {"name": spec.name, "knobs": dict(spec.knobs)}


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
            raise FlagError(
                "expected a SCENE, or --image or --prompt with --box and --path; see hitmark generate --help"
            )
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
        reference=None
        if record.reference is None
        else (
            path.parent / record.reference.path,
            None if record.reference.mask is None else path.parent / record.reference.mask,
        ),
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
    from hitmark.backbones.catalog import model_card
    from hitmark.run.model_choice import DEFAULT_MODEL, find_model
    from hitmark.scene.formats import base_folder, read, remarks, sniff

    format = sniff(source)
    if format == "sg-i2v" and (Path(source) / "img.png").is_file() and target.reading == Reading():
        # the published cells depend on the size of the clip
        card = model_card(target.model or DEFAULT_MODEL)
        scene = read(source, "sg-i2v", width=target.width or card.width, height=target.height or card.height)
    else:
        scene = target.reading.read(source, format)
    for remark in remarks(scene):
        typer.echo(f"note: {remark}", err=True)
    folder = base_folder(source)
    scene = find_model(scene, folder)
    picture = scene.image_path(folder)
    return Request(scene, folder, [Path(source), *([] if picture is None else [picture])])
