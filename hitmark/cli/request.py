"""What `hitmark generate` is asked for: a scene of any kind, and the settings that are no part of a scene."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.backbones.catalog import DEFAULT_PICTURE_MODEL, DEFAULT_TEXT_MODEL
from hitmark.cli.flags import FlagError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.reference.cutouts import Size
    from hitmark.run.record import RunRecord
    from hitmark.scene import Scene


OF_SCENE = ("model", "seed", "frames", "width", "height", "prompt", "negative_prompt", "fit")
"""Options that change fields of the scene."""
OF_RUN = ("steps", "dtype", "device", "background", "reference", "cutouts", "cut_of", "vae_tiling")
"""Those that do not."""


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
    vae_tiling: bool = False
    said: tuple[str, ...] = ()  # options of the command line that a model may have no use for
    reference: tuple[Path, Path | None] | None = None  # a crude video (or folder of one) and its mask
    cutouts: dict[str, Path] = field(default_factory=dict)  # pictures that subjects are cut out with, by name
    cut_of: tuple[Size, Size] | None = None  # the first picture that masks among them are of, before and after it was
    # cut or padded to the clip's shape; None: the one that is read
    replayed: RunRecord | None = None  # the record that all of this comes from, unless an option changed it

    def with_options(self, **options: Any) -> Request:
        """Return the request with the given command-line options on top; those that are None change nothing.

        Args:
            options: model, seed, frames, width, height, prompt, negative_prompt, fit (of the scene), method, knobs,
                preset (a name of `hitmark.run.presets`, or a file), steps, dtype, device, background, call, reference,
                mask, cutouts.

        Raises:
            HitmarkError: a value that a scene cannot have, or no preset.
        """
        from hitmark.scene.parts import PRESETS, MethodChoice

        given = {name: value for name, value in options.items() if value not in (None, {})}
        given = _one_reference(given)
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
        settings = {name: given[name] for name in OF_RUN if name in given}
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

    @property
    def files(self) -> list[Path]:
        """All that is read, and must not be overwritten."""
        given = [] if self.reference is None else [path for path in self.reference if path is not None]
        return [*self.inputs, *given, *self.cutouts.values()]

    def refuse_unused(self, card: ModelCard) -> None:
        """Raise `FlagError` for an option of the command line that this model has no use for."""
        if self.image is not None and not card.takes_picture:
            raise FlagError(
                f"--image: {card.name} makes clips from text and takes no first picture; leave it out, or choose a "
                f"model that starts from one, such as --model {DEFAULT_PICTURE_MODEL}"
            )
        for name in self.said if not card.reads_prompt else ():
            raise FlagError(
                f"--{name.replace('_', '-')}: {card.name} makes clips from a picture and reads no words; leave it out, "
                f"or choose a model that reads them, such as --model {DEFAULT_TEXT_MODEL} (without --image)"
            )


def _one_reference(given: dict[str, Any]) -> dict[str, Any]:
    """The options with a crude video or what one is cut with, in place of what a record says of either."""
    if "mask" in given and "reference" not in given:
        raise FlagError("--mask: the mask of a reference; give --reference too, or leave it out")
    if "cutouts" in given and "reference" in given:
        raise FlagError("--cutout: a --reference is drawn already; leave out one of the two")
    if "cutouts" in given:
        return given | {"reference": None, "cut_of": None}
    if "reference" in given:
        others = {name: value for name, value in given.items() if name != "mask"}
        return others | {"reference": (given["reference"], given.get("mask")), "cutouts": {}}
    return given


def _preset_method(given: dict[str, Any]) -> dict[str, Any]:
    """Method and knobs of a preset, with the given knobs on top."""
    from hitmark.bench.presets import load_preset
    from hitmark.scene.parts import PRESETS

    preset = Path(given["preset"])
    if not preset.exists():
        raise FlagError(f"--preset: expected {', '.join(PRESETS)}, or a file that `hitmark tune` wrote, got {preset}")
    if "method" in given:
        raise FlagError("--preset: the preset names its method; leave out --method, or leave out --preset")
    spec = load_preset(preset).having(given.get("knobs", {}))
    return {"name": spec.name, "knobs": dict(spec.knobs)}
