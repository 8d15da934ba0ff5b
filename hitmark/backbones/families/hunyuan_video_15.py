"""HunyuanVideo 1.5: diffusers' `HunyuanVideo15Pipeline` and `HunyuanVideo15ImageToVideoPipeline`.

Video and text stand in one sequence, the text last, as `hunyuan_words` says. The pipeline that starts from a picture
takes no size: it brings the picture to the nearest shape of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones.base import Family, Site
from hitmark.backbones.families.hunyuan_words import tokens
from hitmark.backbones.families.transformer import block_sites, decode_scaled, encode_scaled, middle_blocks
from hitmark.control.abilities import Abilities

if TYPE_CHECKING:
    pass


def sites(network: Any) -> Iterator[Site]:
    """Joint attention."""
    return block_sites(network, "transformer_blocks", "attn", None)


def negative(encoded: Sequence[Any]) -> dict[str, Any]:
    """`encode_prompt` is called once for the prompt, and with guidance once more."""
    names = ("encoder_hidden_states", "encoder_attention_mask", "encoder_hidden_states_2", "encoder_attention_mask_2")
    return {} if len(encoded) < 2 else dict(zip(names, encoded[1], strict=True))


@contextmanager
def of_size(pipe: Any, width: int, height: int) -> Iterator[None]:
    """The pipeline's list has this shape alone."""
    own = vars(pipe.video_processor)
    own["calculate_default_height_width"] = lambda **_shape: (height, width)
    try:
        yield
    finally:
        del own["calculate_default_height_width"]


HUNYUAN_VIDEO_15 = Family(
    abilities=Abilities(False, True, frozenset({"video"})),
    sites=sites,
    decode=decode_scaled,
    tokens=tokens,
    default_features=middle_blocks,
    stride=(4, 16, 16),
    negative=negative,
    encode=encode_scaled,
    callback=None,
)
HUNYUAN_VIDEO_15_IMAGE = replace(
    HUNYUAN_VIDEO_15, abilities=replace(HUNYUAN_VIDEO_15.abilities, takes_image=True), of_size=of_size
)
