"""Calls a pipeline for one clip, and tells of each step."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hitmark.backbones.order import Order
from hitmark.control import Grid
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.base import Backbone


def run_order(backbone: Backbone, order: Order) -> np.ndarray:
    """Call the pipeline; frames float32 (frames, height, width, 3) in 0..1.

    Raises:
        HitmarkError: a model that starts from a picture, and none was given.
    """
    own: dict[str, Any] = {}
    if backbone.abilities.takes_image and (order.picture is not None or backbone.family.given_in is None):
        if order.picture is None:
            raise HitmarkError("image: this model starts from a picture, but none was given; add one")
        own |= backbone.family.pictured(order.picture.resize((order.width, order.height)))
    if "prompt" in inspect.signature(type(backbone.pipe).__call__).parameters:
        own |= {"prompt": order.prompt, "negative_prompt": order.negative_prompt or None}
    time, rows, columns = backbone.geometry.stride
    frames = (order.frames - 1) // time + 1 if backbone.geometry.causal else order.frames
    sizes = frames + backbone.geometry.padded(frames), order.height // rows, order.width // columns
    own |= _told_after_step(backbone, order, sizes)
    with _of_size(backbone, order) as size, _told_by_scheduler(backbone, order, sizes):
        return backbone.pipe(
            **size,
            num_frames=order.frames,
            num_inference_steps=order.steps,
            generator=order.generator,
            output_type="np",
            **own,
            **order.arguments,
        ).frames[0]


@contextmanager
def _of_size(backbone: Backbone, order: Order) -> Iterator[dict[str, int]]:
    """What the pipeline's call is told of the clip's size, within which it makes clips of it."""
    if backbone.family.of_size is None:
        yield {"width": order.width, "height": order.height}
        return
    with backbone.family.of_size(backbone.pipe, order.width, order.height):
        yield {}


@contextmanager
def _told_by_scheduler(backbone: Backbone, order: Order, sizes: Grid) -> Iterator[None]:
    """Tell the order of each step of a pipeline that tells nobody, from what its scheduler gives."""
    if backbone.family.callback is not None:
        yield
        return
    scheduler, done = backbone.pipe.scheduler, itertools.count()
    before, original = vars(scheduler).get("step"), scheduler.step

    def step(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        sample = result[0] if isinstance(result, tuple) else result.prev_sample
        order.after_step(next(done), backbone.canonical(sample, sizes))
        return result

    vars(scheduler)["step"] = step
    try:
        yield
    finally:
        if before is None:
            del vars(scheduler)["step"]
        else:
            vars(scheduler)["step"] = before


def _told_after_step(backbone: Backbone, order: Order, sizes: Grid) -> dict[str, Any]:
    """The argument of the pipeline's call that tells the order of each step."""
    if backbone.family.callback == "callback":
        return {"callback": lambda index, _time, now: order.after_step(index, backbone.canonical(now, sizes))}

    def on_step_end(_pipe: Any, index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        order.after_step(index, backbone.canonical(values["latents"], sizes))
        return {}

    return {} if backbone.family.callback is None else {"callback_on_step_end": on_step_end}
