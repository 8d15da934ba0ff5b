"""From a scene and a picture to a clip: fill in the model's defaults, attach the method, call the stock pipeline."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.backbones.loading import load_pipeline
from hitmark.backbones.order import Order
from hitmark.control import Control
from hitmark.errors import HitmarkWarning
from hitmark.hooks import attach
from hitmark.media.given import as_picture
from hitmark.media.images import parse_color
from hitmark.methods import resolved
from hitmark.reference.choice import chosen_reference
from hitmark.reference.signal import MotionSignal
from hitmark.run.memory_fit import check_memory
from hitmark.run.model_choice import find_model
from hitmark.run.peak_memory import PeakMemory
from hitmark.run.prepare import (
    GenerationError,
    Plan,
    check_fit,
    check_is_scene,
    check_size,
    first_picture,
    open_picture,
    plan,
    prepare,
)
from hitmark.run.record import Settings
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track

__all__ = [
    "GenerationError",
    "OnStep",
    "Plan",
    "Result",
    "check_fit",
    "check_size",
    "first_picture",
    "generate",
    "make",
    "open_picture",
    "plan",
]

OnStep = Callable[[int, int], None]  # steps done, steps in all


@dataclass(frozen=True, eq=False)
class Result:
    """A finished clip.

    Attributes:
        frames: uint8 (frames, height, width, 3), RGB.
        latents: float32 (1, frames, channels, height / factor, width / factor): the final latents, before decoding.
        tracks: what was wanted, for these frames.
        scene: as given, with size, frames, model and method filled in.
        picture: the first picture as RGB, cut or padded to the clip's shape, before it was resized; None for a model
            that reads text.
        settings: steps, dtype, device, call arguments and knobs, all defaults filled in.
        seconds: wall-clock time from the first picture to the decoded frames, without loading the model.
        peak_memory: bytes, see `hitmark.run.peak_memory`.
        notes: sentences on what was decided, and what was given but not used.
    """

    frames: np.ndarray
    latents: torch.Tensor
    tracks: list[Track]
    scene: Scene
    picture: Image.Image | None
    settings: Settings
    seconds: float
    peak_memory: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """What it is, without its thousands of numbers."""
        frames, height, width, _ = self.frames.shape
        made = f"{self.scene.model}, {self.scene.method.name}, {self.settings.steps} steps, seed {self.scene.seed}"
        return f"<Result: {frames} frames of {width}x{height} by {made}, {self.seconds:.1f} s>"


def generate(
    scene: Scene,
    image: Image.Image | np.ndarray | Path | str | None = None,
    pipe: Any = None,
    on_step: OnStep | None = None,
    *,
    folder: Path | str = ".",
    steps: int | None = None,
    dtype: str = "auto",
    device: str = "auto",
    call: dict[str, Any] | None = None,
    watch: Sequence[Control] = (),
    background: str = "white",
    reference: MotionSignal | None = None,
) -> Result:
    """Make the clip of a scene.

    What was decided on the way, and what is given but not used, is in the result's `notes`, and a `HitmarkWarning`.

    Args:
        scene: what moves where; fields left None take the model's defaults.
        image: the first picture: Pillow, an array, or a path; None = the scene's own, relative to `folder`. It is
            brought to the clip's shape as `scene.fit` says, and resized. A model that makes clips from text takes none.
        pipe: a loaded pipeline, used as it is (device, dtype, scheduler, offload); None = load `scene.model`.
        on_step: called with the steps done and the steps in all: at the start, and after every denoising step.
        folder: where the scene's picture is looked for.
        steps: of denoising; None = the model's default.
        dtype: "auto" (float32 on the CPU, float16 on a GPU), "float32", "float16" or "bfloat16"; for loading only.
        device: "auto" (a GPU when there is one), "cpu", "cuda", ...; for loading only.
        call: further arguments of the pipeline's call, such as motion_bucket_id.
        watch: controls after the method's own, such as the probes of `hitmark.inspection`; they are not recorded.
        background: color that transparent parts of the picture are laid on, such as "white" or "#336699".
        reference: a crude video of what is wanted, for time-to-move; None = drawn from the scene and the first picture.

    Raises:
        HitmarkError: anything wrong with the inputs, or not enough memory; before the long part wherever possible.
    """
    check_is_scene(scene)
    if on_step is not None and not callable(on_step):
        raise GenerationError(f"on_step: expected a function of (steps done, steps in all), got {on_step!r:.80}")
    image = None if image is None else as_picture(image)
    scene = find_model(scene, folder)
    planned, picture = prepare(
        scene, image, folder, steps=steps, call=call, pipe=pipe, background=parse_color(background)
    )
    crude = chosen_reference(planned.scene, picture, reference, planned.controls)
    for note in planned.notes:
        warnings.warn(note, HitmarkWarning, stacklevel=2)
    if pipe is None:
        check_fit(planned, device)
        pipe = load_pipeline(planned.model, dtype=dtype, device=device, picture=planned.card.takes_picture)
    else:
        check_memory(planned.card, planned.scene, str(_device(pipe)))
    return make(planned, picture, pipe, on_step, watch=watch, reference=crude)


def make(
    planned: Plan,
    picture: Image.Image | None,
    pipe: Any,
    on_step: OnStep | None = None,
    *,
    watch: Sequence[Control] = (),
    reference: MotionSignal | None = None,
) -> Result:
    """Make the clip of a plan: nothing is decided a second time.

    Args:
        planned: what `hitmark.run.prepare.prepare` returns, with
        picture: the first picture in the shape of the clip; None for a model that takes none.
        pipe: a loaded pipeline of the plan's model.
        on_step: as for `generate`.
        watch: as for `generate`.
        reference: as for `generate`.

    Raises:
        HitmarkError: a size that the pipeline cannot make, a method that cannot act on it, not enough memory.
    """
    check_size(planned.scene, pipe)
    crude = chosen_reference(planned.scene, picture, reference, planned.controls)
    with PeakMemory(_device(pipe)) as memory, _readable_memory_error(planned), _quiet(pipe):
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
    scene = planned.scene
    latents: list[torch.Tensor] = []

    def after_step(index: int, now: torch.Tensor) -> None:
        latents[:] = [now]
        if on_step is not None:
            left_out = max(0, planned.steps - len(pipe.scheduler.timesteps))
            on_step(index + 1 + left_out, planned.steps)

    if on_step is not None:
        on_step(0, planned.steps)
    order = Order(
        picture=picture,
        prompt=scene.prompt,
        negative_prompt=scene.negative_prompt,
        width=planned.width,
        height=planned.height,
        frames=planned.frames,
        steps=planned.steps,
        generator=torch.Generator("cpu").manual_seed(scene.seed),
        arguments=planned.call,
        after_step=after_step,
    )
    with attach(pipe, planned.tracks, [*planned.controls, *watch], reference=reference):
        made = backbone_for(pipe).run(order)
    if not np.isfinite(made).all():
        raise GenerationError(
            "the model made numbers that are not finite; use --dtype float32 or bfloat16, or smaller step sizes"
        )
    return (made * 255).round().astype(np.uint8), latents[0].float().cpu()


def _settings(planned: Plan, pipe: Any) -> Settings:
    knobs = resolved(planned.scene.method.name, planned.scene.method.knobs)
    dtype = str(backbone_for(pipe).network.dtype).removeprefix("torch.")
    return Settings(
        steps=planned.steps,
        dtype=dtype,
        device=_device(pipe).type,
        call=planned.call,
        preset=planned.scene.method.preset,
        knobs=_plain(knobs),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _device(pipe: Any) -> torch.device:
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
        scene = planned.scene
        raise GenerationError(
            f"not enough memory for {scene.frames} frames of {scene.width}x{scene.height}.",
            hint="What needs less: a smaller width and height, fewer frames, the call argument decode_chunk_size=1, "
            "float16 (on a GPU), and for sg-i2v the knob memory_budget=0 (slower)",
        ) from error
