"""From a plan to a clip: load the model, attach the method, call the stock pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hitmark.backbones import backbone_for
from hitmark.backbones.loading import load_pipeline
from hitmark.errors import GenerationError
from hitmark.hooks import attach
from hitmark.methods import resolved
from hitmark.reference.choice import chosen_reference
from hitmark.run.fit import check_fit, check_size, check_stock
from hitmark.run.memory_fit import check_memory
from hitmark.run.ordering import order_of
from hitmark.run.peak_memory import PeakMemory
from hitmark.run.record import Settings
from hitmark.run.rehearsal import check_room
from hitmark.run.result import Result
from hitmark.run.tiling import tiled

if TYPE_CHECKING:
    from PIL import Image

    from hitmark.control import Control
    from hitmark.reference.signal import MotionSignal
    from hitmark.run.plan import Plan

OnStep = Callable[[int, int], None]  # steps done, steps in all


def make(
    planned: Plan,
    picture: Image.Image | None,
    pipe: Any = None,
    on_step: OnStep | None = None,
    *,
    dtype: str = "auto",
    device: str = "auto",
    watch: Sequence[Control] = (),
    reference: MotionSignal | None = None,
) -> Result:
    """Make the clip of a plan: nothing is decided a second time.

    Args:
        planned: what `hitmark.run.prepare.prepare` returns.
        picture: likewise: the first picture in the shape of the clip; None for a model that takes none.
        pipe: a loaded pipeline of the plan's model; None = load it, after all that can be checked without it.
        on_step: as for `generate`.
        dtype: as for `generate`.
        device: as for `generate`.
        watch: as for `generate`.
        reference: as for `generate`.

    Raises:
        HitmarkError: a size that the pipeline cannot make, a method that cannot act on it, not enough memory.
    """
    crude = chosen_reference(planned.scene, planned.shape, picture, reference, planned.controls)
    if pipe is None:
        check_fit(planned, device)
        check_room(planned, picture, dtype, device)
        pipe = load_pipeline(planned.model, dtype=dtype, device=device, picture=planned.card.takes_picture)
    else:
        check_stock(pipe)
        check_memory(planned.card, planned.shape, str(device_of(pipe)))
    check_size(planned, pipe)
    with (
        PeakMemory(device_of(pipe)) as memory,
        _readable_memory_error(planned),
        _quiet(pipe),
        tiled(pipe, planned.vae_tiling),
    ):
        frames, latents = _run(planned, picture, pipe, on_step, watch, crude)
    return Result(
        frames=frames,
        latents=latents,
        tracks=planned.tracks,
        scene=planned.scene,
        picture=picture,
        settings=_settings(planned, pipe),
        seconds=memory.seconds,
        peak_memory=memory.peak,
        notes=planned.notes,
    )


def _run(
    planned: Plan,
    picture: Image.Image | None,
    pipe: Any,
    on_step: OnStep | None,
    watch: Sequence[Control],
    reference: MotionSignal | None,
) -> tuple[np.ndarray, torch.Tensor]:
    """Call the pipeline inside `attach`; the last step's latents come from its own callback."""
    latents: list[torch.Tensor] = []

    def after_step(index: int, now: torch.Tensor) -> None:
        latents[:] = [now]
        if on_step is not None:
            left_out = max(0, planned.steps - len(pipe.scheduler.timesteps))
            on_step(index + 1 + left_out, planned.steps)

    if on_step is not None:
        on_step(0, planned.steps)
    with attach(pipe, planned.tracks, [*planned.controls, *watch], reference=reference):
        made = backbone_for(pipe).run(order_of(planned, picture, after_step))
    if not np.isfinite(made).all():
        raise GenerationError(
            "the model made numbers that are not finite; use --dtype float32 or bfloat16, or smaller step sizes"
        )
    np.multiply(made, 255, out=made)
    return np.rint(made, out=made).astype(np.uint8), latents[0].float().cpu()


def _settings(planned: Plan, pipe: Any) -> Settings:
    knobs = resolved(planned.scene.method.name, planned.scene.method.knobs)
    dtype = str(backbone_for(pipe).network.dtype).removeprefix("torch.")
    return Settings(
        steps=planned.steps,
        dtype=dtype,
        device=device_of(pipe).type,
        call=planned.call,
        preset=planned.scene.method.preset,
        knobs=_plain(knobs),
        vae_tiling=planned.vae_tiling,
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def device_of(pipe: Any) -> torch.device:
    """Return the device that a pipeline computes on."""
    return torch.device(getattr(pipe, "_execution_device", pipe.device))


@contextmanager
def _quiet(pipe: Any) -> Iterator[None]:
    """Switch the pipeline's own progress bar off; afterwards it is as it was."""
    before = getattr(pipe, "_progress_bar_config", None)
    pipe.set_progress_bar_config(**(before or {}) | {"disable": True})
    try:
        yield
    finally:
        if before is None:
            del pipe._progress_bar_config
        else:
            pipe._progress_bar_config = before


@contextmanager
def _readable_memory_error(planned: Plan) -> Iterator[None]:
    """Turn running out of memory into an error that says which settings need less."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        full = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
        if not full:
            raise
        raise GenerationError(
            f"not enough memory for {planned.frames} frames of {planned.width}x{planned.height}.",
            hint="What needs less: a smaller width and height, fewer frames, the call argument decode_chunk_size=1, "
            "float16 (on a GPU), --vae-tiling, and for sg-i2v the knob memory_budget=0 (slower); --memory GIB chooses",
        ) from error
