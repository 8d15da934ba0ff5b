"""One adapter per model family, and the explicit table of all of them. Importing this does not import torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.stable_video import StableVideo
    from hitmark.backbones.text_to_video import TextToVideo

# name of the diffusers pipeline class -> (module, class) of its adapter
BACKBONES: dict[str, tuple[str, str]] = {
    "StableVideoDiffusionPipeline": ("hitmark.backbones.stable_video", "StableVideo"),
    "TextToVideoSDPipeline": ("hitmark.backbones.text_to_video", "TextToVideo"),
}


def backbone_for(pipe: Any) -> StableVideo | TextToVideo:
    """The adapter of a pipeline.

    Raises:
        HitmarkError: no adapter for this class of pipeline.
    """
    for pipeline_class in type(pipe).__mro__:
        if pipeline_class.__name__ in BACKBONES:
            module, name = BACKBONES[pipeline_class.__name__]
            return getattr(import_module(module), name)(pipe)
    raise HitmarkError(
        f"hitmark does not know pipelines of class {type(pipe).__name__}. "
        f"Expected one of: {', '.join(BACKBONES)} (diffusers), or a subclass."
    )
