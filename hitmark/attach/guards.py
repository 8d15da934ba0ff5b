"""Checks before anything runs, and changes to the pipeline's objects that undo themselves."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from hitmark.control import Control
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, evaluate

Wanted = Scene | Sequence[Track] | Sequence[Scene] | Sequence[Sequence[Track]]
MISSING: Any = object()


def tracks_per_clip(scene: Wanted, batch: int, frames: int) -> list[tuple[Track, ...]]:
    """The tracks of each clip of a batch.

    Args:
        scene: a Scene or list of Tracks, which then serves every clip; or a list with one of either for each clip.
        batch: number of clips.
        frames: number of frames that the pipeline makes.

    Raises:
        HitmarkError: the wrong number of scenes or of frames, or something that is no track.
    """
    single = isinstance(scene, Scene) or all(isinstance(each, Track) for each in scene)
    scenes: list[Any] = [scene] * batch if single else list(scene)
    if len(scenes) != batch:
        raise HitmarkError(
            f"The pipeline makes a batch of {batch} clip(s), but {len(scenes)} scenes are attached. "
            "Expected one scene for all clips, or a list with one for each."
        )
    clips = [tuple(evaluate(each, frames) if isinstance(each, Scene) else each) for each in scenes]
    for track in (track for clip in clips for track in clip):
        if not isinstance(track, Track):
            raise HitmarkError(f"Expected a Scene or Tracks, but got {type(track).__name__}: {track!r}.")
        if len(track.boxes) != frames:
            raise HitmarkError(
                f"Track {track.name!r} has {len(track.boxes)} frames, but the pipeline makes {frames}. "
                f"Evaluate the scene for {frames} frames, or call the pipeline with num_frames={len(track.boxes)}."
            )
    return clips


def check_scene(scene: Any) -> None:
    """Raise HitmarkError for something that is neither a Scene nor a list of Tracks, Scenes or lists."""
    if isinstance(scene, Scene):
        return
    if not isinstance(scene, Sequence) or isinstance(scene, str):
        raise HitmarkError(
            f"Expected a Scene, a list of Tracks, or a list with one of either for each clip, but got {scene!r}."
        )


def chosen_controls(controls: Any) -> tuple[Control, ...]:
    """The controls as a tuple. Raises HitmarkError for anything else than one Control or a list of them."""
    if isinstance(controls, Control):
        return (controls,)
    if isinstance(controls, str):
        raise HitmarkError(f"controls must be Control objects, such as build({controls!r}), but got the text.")
    if not isinstance(controls, Sequence):
        raise HitmarkError(
            f"controls must be one Control or a list of them, e.g. build('sg-i2v'), but got {controls!r:.80}; an empty "
            "list leaves the pipeline alone."
        )
    return tuple(controls)


def warn_of_other_size(scene: Any, height: int, width: int) -> None:
    """Warn where a call makes another size than a scene says: boxes are fractions and fit, but probably not the eye.

    `height`, `width`: of the clip, in pixels.
    """
    for each in [scene] if isinstance(scene, Scene) else scene:
        if isinstance(each, Scene) and (each.width or width, each.height or height) != (width, height):
            warnings.warn(
                f"the scene is for {each.width}x{each.height} and this call makes {width}x{height}; give the call "
                f"width={each.width}, height={each.height}, or leave both out of the scene",
                HitmarkWarning,
                stacklevel=2,
            )
            return


def check_gradients_possible(network: nn.Module) -> None:
    """Raise HitmarkError under torch.inference_mode, which forbids gradients for good."""
    if torch.is_inference_mode_enabled() or any(weight.is_inference() for weight in network.parameters()):
        raise HitmarkError(
            "Controls need gradients, but torch.inference_mode() is on (or the weights were loaded under it). "
            "Load and call the pipeline without inference_mode; it switches gradients off by itself."
        )


def check_not_compiled_inside(network: nn.Module) -> None:
    """Raise HitmarkError when parts of the network are wrapped by torch.compile: layers in them cannot be read."""
    for name, module in network.named_modules():
        if name and hasattr(module, "_orig_mod"):
            raise HitmarkError(
                f"Part of the denoiser ({name}) is wrapped by torch.compile, so its layers cannot be read. "
                "Compile the whole denoiser (torch.compile(pipe.unet)), or use module.compile(), or none."
            )


def check_not_compiled(denoiser: nn.Module) -> None:
    """Raise HitmarkError for a compiled denoiser, whose attention layers run past any processor."""
    if hasattr(denoiser, "_orig_mod") or vars(denoiser).get("_compiled_call_impl") is not None:
        raise HitmarkError(
            "Methods that edit attention need the denoiser uncompiled, but it is wrapped by torch.compile. "
            "Attach them to the pipeline before compiling, or use pipe.unet._orig_mod."
        )


@contextmanager
def attribute(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute of this one object; afterwards it is as before, also when there was none of its own."""
    before = vars(owner).get(name, MISSING)
    vars(owner)[name] = value
    try:
        yield
    finally:
        if before is MISSING:
            vars(owner).pop(name, None)
        else:
            vars(owner)[name] = before


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradients for weights; flags come back by name, since offloading replaces parameter objects."""
    trainable = {name for name, weight in network.named_parameters() if weight.requires_grad}
    for weight in network.parameters():
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for name, weight in network.named_parameters():
            if name in trainable:
                weight.requires_grad_(True)


@contextmanager
def uncompiled(network: nn.Module) -> Iterator[None]:
    """Modules compiled in place (module.compile()) run eagerly, so that hooks in them fire; afterwards as before."""
    compiled = [
        (module, vars(module)["_compiled_call_impl"])
        for module in network.modules()
        if vars(module).get("_compiled_call_impl") is not None
    ]
    for module, _ in compiled:
        vars(module)["_compiled_call_impl"] = None
    try:
        yield
    finally:
        for module, call in compiled:
            vars(module)["_compiled_call_impl"] = call
