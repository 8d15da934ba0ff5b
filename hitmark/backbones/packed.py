"""Modular pipelines of one packed sequence, without guiders, and with blocks that hand over what they made.

Their blocks have no methods for the prompt and for the start noise: a whole block does either, and says what it made
when it is done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from hitmark.backbones.base import Family, Site
from hitmark.backbones.geometry import token_grid
from hitmark.backbones.modular import ENCODES, PREPARES, BlockMethod, ModularBackbone, Parts, check_loaded
from hitmark.control import AttentionSite, Grid
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    import torch

    from hitmark.prompt import Prompt


PICTURES = ("image", "last_image", "references")
"""Arguments of the pipeline's call that put more into the sequence than words, sound and video."""


def encode_prompt(_components: Any, prompt: str) -> None:
    """The words of a clip, once they are encoded."""


def prepare_latents(
    _components: Any,
    latents: Tensor,
    num_latent_frames: int,
    latent_height: int,
    latent_width: int,
    generator: torch.Generator | None,
    num_condition_video_rows: int,
    num_condition_audio_rows: int,
    text_indices: Tensor,
    audio_indices: Tensor,
    video_indices: Tensor,
) -> Tensor:
    """The start noise, once it is drawn, (1, tokens, channels), from what the block and those before it said."""
    return latents[None]


def packed_backbone(pipe: Any, family: Family) -> PackedBackbone:
    """Such a pipeline. Raises HitmarkError for other blocks, or components that are not there yet."""
    if "transformer" not in pipe.component_names:
        raise HitmarkError(
            f"{type(pipe).__name__}: expected blocks that make clips from words, got others, without a `transformer`. "
            'Make it of MiniMaxH3Blocks().get_workflow("t2va").'
        )
    check_loaded(pipe)
    return PackedBackbone(pipe, family)


class PackedBackbone(ModularBackbone):
    """One such pipeline and its family, whose rows are (text, other things, video)."""

    handing: ClassVar[Mapping[str, str]] = {
        "MiniMaxH3TextEncoderStep": ENCODES,
        "MiniMaxH3PrepareLatentsStep": PREPARES,
    }
    preparing = "a MiniMaxH3PrepareLatentsStep, or a subclass of yours,"

    def __init__(self, whole: Any, family: Family) -> None:
        functions = {ENCODES: encode_prompt, PREPARES: prepare_latents}
        methods = {name: BlockMethod(whole, function) for name, function in functions.items()}
        super().__init__(Parts(whole, methods), family)

    @property
    def branches(self) -> tuple[str, ...]:
        """Those of its family: no guider is asked."""
        return self.family.branches

    @property
    def unasked(self) -> str:
        """Of a call of a denoiser that is no branch of guidance."""
        return (
            f"{self.name}: a block calls the denoiser once more in a step, so controls cannot tell what it is for. "
            "Expected one call in each step, as in diffusers' own blocks; leave that block out."
        )

    def check_given(self, state: Any) -> None:
        """Raise HitmarkError for pictures and references, before they are encoded."""
        given = [name for name in PICTURES if state.get(name) is not None]
        if given:
            raise HitmarkError(
                f"{', '.join(given)}: {self.name} is controlled in clips from words alone, since rows of pictures and "
                "references stand among those of the video. Expected none; leave them out, or call the pipeline "
                "without the controls."
            )

    def prompts_of(self, read: list[Prompt] | None, args: tuple[Any, ...], kwargs: Any) -> list[Prompt] | None:
        """None where there are more or fewer rows of text than tokens of the prompt: a block put others there."""
        rows = len(self.named(PREPARES, args, kwargs)["text_indices"])
        return read if read is not None and all(len(each.ids) == rows for each in read) else None

    def sizes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Grid:
        """Frames, rows and columns of the latents, from a call of `prepare_latents`."""
        named = self.named(PREPARES, args, kwargs)
        return named["num_latent_frames"], named["latent_height"], named["latent_width"]

    def attention_site(self, site: Site, rows: int, length: int, text: int, sizes: Grid) -> AttentionSite:
        """A layer, called with so many rows and tokens of the whole sequence."""
        others = length - math.prod(token_grid(sizes, self.geometry.patch))
        return super().attention_site(site, rows, length, others, sizes)
