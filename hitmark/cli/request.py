"""What `hitmark generate` is asked for: a scene of any kind, and the settings that are no part of a scene."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hitmark.cli.flags import FlagError, scene_from_flags

if TYPE_CHECKING:
    from hitmark.record import RunRecord
    from hitmark.scene import Scene


OF_SCENE = ("model", "seed", "frames", "width", "height", "prompt", "negative_prompt")
"""Options that change fields of the scene."""


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
    replayed: RunRecord | None = None  # the record that all of this comes from, unless an option changed it

    def with_options(self, **options: Any) -> Request:
        """Return the request with the given command-line options on top; those that are None change nothing.

        Args:
            options: model, seed, frames, width, height, prompt, negative_prompt (of the scene), method, knobs, preset
                (file), steps, dtype, device, call.

        Raises:
            HitmarkError: a value that a scene cannot have, or no preset.
        """
        from hitmark.scene import MethodChoice

        given = {name: value for name, value in options.items() if value not in (None, {})}
        changed = {name: given[name] for name in OF_SCENE if name in given}
        method = self.scene.method
        if "model" in given and self.replayed is not None:  # the recorded knobs are the other model's
            method = MethodChoice(name=method.name)
            changed["method"] = method
        if "method" in given and given["method"] != method.name:
            changed["method"] = {"name": given["method"], "knobs": given.get("knobs", {})}
        elif "knobs" in given:
            changed["method"] = {"name": method.name, "knobs": method.knobs | given["knobs"]}
        if "preset" in given:
            changed["method"] = _preset_method(given)
        settings = {name: given[name] for name in ("steps", "dtype", "device") if name in given}
        if "model" in changed:  # its own defaults, not those of the recorded model
            settings = {"steps": None, "call": {}} | settings
        call = settings.pop("call", self.call) | given.get("call", {})
        record = None if given or self.image is not None else self.replayed
        scene = self.scene.replace(**changed) if changed else self.scene
        return replace(self, scene=scene, call=call, replayed=record, **settings)


def _preset_method(given: dict[str, Any]) -> dict[str, Any]:
    """Method and knobs of a preset, with the given knobs on top."""
    from hitmark.bench.presets import load_preset

    if "method" in given:
        raise FlagError("--preset: the preset names its method; leave out --method, or leave out --preset")
    method, knobs = load_preset(given["preset"])
    return {"name": method, "knobs": knobs | given.get("knobs", {})}


@dataclass(frozen=True)
class Target:
    """What the command line says of the clip to be made; None = the model's, the default model."""

    model: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Flags:
    """A scene told by options: see `scene_from_flags`."""

    prompt: str | None
    subjects: list[str]
    boxes: list[str]
    paths: list[str]
    smooth: bool


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
        made = scene_from_flags(flags.boxes, flags.paths, flags.smooth, flags.prompt or "", flags.subjects)
        return Request(made, Path(), pictures, image)
    if flags.boxes or flags.paths or flags.smooth:
        raise FlagError("--box, --path and --smooth make a scene of their own; leave out SCENE, or edit the scene file")
    from hitmark.record import is_record

    found = _from_record(Path(scene)) if is_record(scene) else _from_scene(scene, target)
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


def _from_record(path: Path) -> Request:
    from hitmark.record import RunRecord

    record = RunRecord.load(path)
    scene = record.to_scene(path)
    return Request(
        scene=scene.replace(method={"name": scene.method.name, "knobs": record.settings.knobs}),
        folder=path.parent,
        inputs=[path, *([path.parent / record.image.path] if record.image else [])],
        steps=record.settings.steps,
        dtype=record.settings.dtype,
        device=record.settings.device,
        call=record.settings.call,
        replayed=record,
    )


def _from_scene(source: str, target: Target) -> Request:
    from hitmark.backbones.catalog import model_card
    from hitmark.model_choice import DEFAULT_MODEL
    from hitmark.scene.formats import base_folder, read, remarks, sniff

    if sniff(source) == "sg-i2v" and (Path(source) / "img.png").is_file():
        # the published cells depend on the size of the clip
        card = model_card(target.model or DEFAULT_MODEL)
        scene = read(source, "sg-i2v", width=target.width or card.width, height=target.height or card.height)
    else:
        scene = read(source)
    for remark in remarks(scene):
        typer.echo(f"note: {remark}", err=True)
    folder = base_folder(source)
    picture = scene.image_path(folder)
    return Request(scene, folder, [Path(source), *([] if picture is None else [picture])])
