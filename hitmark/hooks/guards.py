"""Checks before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

from hitmark.backbones.base import Backbone
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Control
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.hooks.undo import is_changed
from hitmark.scene.schema import Scene


def chosen_controls(controls: Any) -> tuple[Control, ...]:
    """The controls as a tuple, of one Control or a list of them, in which lists may be nested.

    Raises:
        HitmarkError: anything else.
    """
    if isinstance(controls, Control):
        return (controls,)
    if isinstance(controls, str):
        raise HitmarkError(f"controls must be Control objects, such as build({controls!r}), but got the text.")
    if not isinstance(controls, Sequence):
        raise HitmarkError(
            f"controls must be one Control or a list of them, e.g. build('sg-i2v'), but got {controls!r:.80}; an empty "
            "list leaves the pipeline alone."
        )
    return tuple(control for each in controls for control in chosen_controls(each))


def warn_of_other_size(scene: Any, height: int, width: int) -> None:
    """Warn where a call makes another size than a scene says: boxes are fractions and fit, but probably not the eye.

    `height`, `width`: of the clip, in pixels.
    """
    for each in [scene] if isinstance(scene, Scene) else scene:
        wide, high = (each.width or width, each.height or height) if isinstance(each, Scene) else (width, height)
        if (wide, high) != (width, height):
            warnings.warn(
                f"the scene is for {wide}x{high} and this call makes {width}x{height}; give the call "
                f"width={wide}, height={high}, or leave both out of the scene",
                HitmarkWarning,
                stacklevel=2,
            )
            return


def check_pictured(controls: Sequence[Control], backbone: Backbone) -> None:
    """Raise HitmarkError for a control that needs a given picture, where this call of the pipeline left it out."""
    name = next((control.method for control in controls if control.needs.image), None)
    if name is not None and backbone.family.given_in is not None and not backbone.geometry.given:
        raise HitmarkError(
            f"{name} reads what things look like from a given picture, and this call of {backbone.name} "
            f"gave none. Give it {backbone.family.picture}=..., or choose a text-to-video method."
        )


def check_free(owners: Iterable[Any]) -> None:
    """Raise HitmarkError where controls already hang on one of these objects."""
    if any(is_changed(owner) for owner in owners):
        raise HitmarkError(
            "This pipeline, or its scheduler or denoiser, already has controls attached. Leave the other "
            "`with attach(...)` block first, or attach all controls at once: attach(pipe, scene, [a, b])."
        )


def check_not_cached(network: Any, controls: Sequence[Control], name: str) -> None:
    """Raise HitmarkError for controls of attention on a network that leaves layers out, by what it kept of a step.

    `name`: the pipeline's attribute that has it.
    """
    if getattr(network, "is_cache_enabled", False) and any(control.edits_attention for control in controls):
        raise HitmarkError(
            "A cache of the denoiser leaves attention layers out, and controls would act on those that are left only. "
            f"Call pipe.{name}.disable_cache() first."
        )


def checked_call(backbone: PipelineBackbone, name: str) -> Callable[..., Any]:
    """What stands around a method of the pipeline, whose arguments its family checks; see `Family.checks`."""

    def call(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        backbone.family.checks[name](backbone.named(name, args, kwargs))
        return original(*args, **kwargs)

    return call


def check_gradients_possible(network: nn.Module) -> None:
    """Raise HitmarkError under torch.inference_mode, which forbids gradients for good."""
    if torch.is_inference_mode_enabled() or any(weight.is_inference() for weight in network.parameters()):
        raise HitmarkError(
            "Controls need gradients, but torch.inference_mode() is on (or the weights were loaded under it). "
            "Load and call the pipeline without inference_mode; it switches gradients off by itself."
        )


def check_not_compiled_inside(network: nn.Module, name: str) -> None:
    """Raise HitmarkError when parts of the network are wrapped by torch.compile: layers in them cannot be read.

    `name`: the pipeline's attribute that has it.
    """
    for part, module in network.named_modules():
        if part and hasattr(module, "_orig_mod"):
            raise HitmarkError(
                f"Part of the denoiser ({part}) is wrapped by torch.compile, so its layers cannot be read. "
                f"Compile it, or the whole denoiser, in its place (pipe.{name}.compile()), or none."
            )
