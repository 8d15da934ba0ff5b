"""From a scene and a picture to a clip: plan it, then make what was planned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hitmark.errors import GenerationError
from hitmark.media.given import as_picture
from hitmark.media.images import parse_color
from hitmark.run.make import OnStep, make
from hitmark.run.model_choice import find_model
from hitmark.run.plan import check_is_scene
from hitmark.run.prepare import prepare

if TYPE_CHECKING:
    from hitmark.control import Control
    from hitmark.reference.signal import MotionSignal
    from hitmark.run.result import Result
    from hitmark.scene.schema import Scene


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
    if isinstance(image, str):
        image = Path(image)
    given = image if image is None or isinstance(image, Path) else as_picture(image)
    scene = find_model(scene, folder)
    planned, picture = prepare(
        scene, given, folder, steps=steps, call=call, pipe=pipe, background=parse_color(background)
    )
    planned.warn()
    return make(planned, picture, pipe, on_step, dtype=dtype, device=device, watch=watch, reference=reference)
