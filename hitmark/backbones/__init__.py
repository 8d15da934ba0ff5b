"""One row per model family, one implementation for all of them. Importing this does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hitmark.backbones.families import FAMILIES, MODULAR_FAMILIES
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.pipeline import PipelineBackbone

__all__ = ["FAMILIES", "backbone_for"]


def backbone_for(pipe: Any) -> PipelineBackbone:
    """A pipeline through its family's row; most modular ones through that of the stock class with their networks.

    Raises:
        HitmarkError: no row for this class of pipeline.
    """
    for pipeline_class in type(pipe).__mro__:
        if pipeline_class.__name__ in FAMILIES:
            from hitmark.backbones.pipeline import PipelineBackbone

            return PipelineBackbone(pipe, FAMILIES[pipeline_class.__name__])
        if pipeline_class.__name__ in MODULAR_FAMILIES:
            from hitmark.backbones.packed import packed_backbone

            return packed_backbone(pipe, MODULAR_FAMILIES[pipeline_class.__name__])
    if hasattr(pipe, "_blocks"):
        from hitmark.backbones.modular import modular_backbone

        return modular_backbone(pipe)
    if hasattr(pipe, "init_pipeline"):
        raise HitmarkError(
            f"pipe: expected a pipeline, got the blocks of one ({type(pipe).__name__}); make it with "
            "pipe = blocks.init_pipeline(...) and pipe.load_components(), and attach to that"
        )
    raise HitmarkError(
        f"hitmark does not know pipelines of class {type(pipe).__name__}. "
        f"Expected one of: {', '.join(FAMILIES)} (diffusers), or a subclass."
    )
