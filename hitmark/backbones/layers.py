"""Attention layers of a denoiser that controls may edit, and a diffusers `Attention` as `control.Projections`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from hitmark.errors import HitmarkError

Kind = Literal["spatial", "temporal", "cross"]
Stage = Literal["in", "down", "mid", "up"]
STAGES: dict[str, Stage] = {"transformer_in": "in", "down_blocks": "down", "mid_block": "mid", "up_blocks": "up"}


@dataclass(frozen=True)
class AttentionLayer:
    """One attention layer: what `control.AttentionSite` says of it, and its modules.

    Attributes:
        name: path of the module in the network.
        attention: a diffusers `Attention`.
        norm: the layer norm before it.
    """

    name: str
    kind: Kind
    stage: Stage
    second: bool
    attention: Any
    norm: nn.Module


def attention_layers(network: nn.Module) -> Iterator[AttentionLayer]:
    """The attention layers of a `UNet3DConditionModel`, in the order of its modules.

    A transformer block has `attn1` and `attn2`; in `temp_attentions` and `transformer_in` both are temporal
    self-attention, elsewhere the first looks within the frame and the second at the words.
    """
    for name, block in network.named_modules():
        if not all(hasattr(block, part) for part in ("attn1", "attn2", "norm1", "norm2")):
            continue
        stage = STAGES[name.split(".", 1)[0]]
        temporal = "temp_attentions" in name or stage == "in"
        parts: Any = block
        first: Kind = "temporal" if temporal else "spatial"
        second: Kind = "temporal" if temporal else "cross"
        yield AttentionLayer(f"{name}.attn1", first, stage, False, parts.attn1, parts.norm1)
        yield AttentionLayer(f"{name}.attn2", second, stage, temporal, parts.attn2, parts.norm2)


class DiffusersProjections:
    """The projections of a diffusers `Attention`, as `control.Projections`."""

    def __init__(self, layer: AttentionLayer) -> None:
        attention = layer.attention
        extras = [name for name in ("spatial_norm", "group_norm", "norm_cross") if getattr(attention, name, None)]
        if extras or attention.residual_connection or attention.only_cross_attention:
            raise HitmarkError(
                f"{layer.name} is an attention layer of a kind that controls cannot edit (it has "
                f"{', '.join(extras) or 'its own residual connection'}). Expected one like those of ModelScope."
            )
        self.attention, self.norm = attention, layer.norm

    def queries(self, tokens: Tensor) -> Tensor:
        """(..., length, channels) to (..., heads, length, head_width)."""
        return self._split(self.attention.to_q(tokens), self.attention.norm_q)

    def keys(self, context: Tensor) -> Tensor:
        """As `queries`."""
        return self._split(self.attention.to_k(context), self.attention.norm_k)

    def values(self, context: Tensor) -> Tensor:
        """As `queries`."""
        return self._split(self.attention.to_v(context), None)

    def output(self, heads: Tensor) -> Tensor:
        """(..., heads, length, head_width) to (..., length, channels)."""
        joined = heads.transpose(-2, -3).flatten(-2)
        return self.attention.to_out[1](self.attention.to_out[0](joined)) / self.attention.rescale_output_factor

    def blank(self) -> Tensor:
        """The layer norm of a zero token: (channels,)."""
        weight: Any = self.attention.to_q.weight
        return self.norm(weight.new_zeros(weight.shape[1]))

    def _split(self, projected: Tensor, norm: nn.Module | None) -> Tensor:
        heads = projected.unflatten(-1, (self.attention.heads, -1)).transpose(-2, -3)
        return heads if norm is None else norm(heads)
