"""Other texts than the prompt, for layers that look at words: encoded before the loop as the prompt is, then projected.

Encoding within the loop would move an offloaded network away while it runs; the projection is the network's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import Branch, Control, Layout
from hitmark.errors import HitmarkError

ALONE: dict[str, Any] = {
    "negative_prompt": None,
    "do_classifier_free_guidance": False,
    "num_videos_per_prompt": 1,
    "num_images_per_prompt": 1,
    "prompt_embeds": None,
    "negative_prompt_embeds": None,
    "prompt_attention_mask": None,
    "negative_prompt_attention_mask": None,
}
"""Arguments of `encode_prompt` that make it encode one text for one clip."""


@dataclass
class OtherTexts:
    """The texts that controls of one loop let tokens look at.

    Attributes:
        backbone: the pipeline.
        encoded: text -> what `encode_prompt` gave.
    """

    backbone: PipelineBackbone
    encoded: dict[str, Any] = field(default_factory=dict)
    _projected: dict[tuple[int, str], dict[str, Tensor]] = field(default_factory=dict)

    def encode(self, texts: Iterable[str], encode: Callable[..., Any], call: tuple[Any, Any]) -> None:
        """Encode texts, with the settings of the call of `encode_prompt` that encoded the prompt."""
        self.encoded, self._projected = {}, {}
        for text in texts:
            named = self.backbone.named("encode_prompt", *call)
            alone = {name: value for name, value in ALONE.items() if name in named}
            self.encoded[text] = encode(**(named | alone | {"prompt": text}))

    def arguments(
        self, network: Any, text: str, named: dict[str, Any], branches: Sequence[Branch]
    ) -> dict[str, Tensor]:
        """The arguments of a layer of words that has this text in the place of the prompt; other branches stay.

        Args:
            network: that has the layer.
            text: one of those that were encoded.
            named: the layer's arguments for one clip.
            branches: in the order of its batch.
        """
        if text not in self.encoded:
            raise HitmarkError(f"A control let tokens look at {text!r}, which its `texts` did not name. Add it there.")
        key = id(network), text
        if key not in self._projected:
            with torch.no_grad():
                self._projected[key] = self.backbone.words(network, self.encoded[text])
        return {name: _replaced(named[name], new, branches) for name, new in self._projected[key].items()}


def other_texts(
    backbone: PipelineBackbone, controls: Sequence[Control], layouts: Sequence[Layout], encoding: Any
) -> OtherTexts:
    """The texts that controls want beside the prompt, each encoded once.

    Args:
        backbone: the pipeline.
        controls: that may name some.
        layouts: of the clips.
        encoding: how the prompt was encoded: `encode_prompt`, and (args, kwargs) of its call.
    """
    wanted = [text for control in controls for layout in layouts for text in control.texts(layout)]
    texts = OtherTexts(backbone)
    if wanted:
        texts.encode(dict.fromkeys(wanted), *encoding)
    return texts


def _replaced(before: Tensor, new: Tensor, branches: Sequence[Branch]) -> Tensor:
    """The last words of the branches that read the prompt are these; what stands before them is of a picture.

    Args:
        before: (branches * rows, words, channels), or a mask (branches * rows, 1, words).
        new: (1, words, channels) or (1, 1, words).
        branches: in the order of the batch.
    """
    parts = []
    for part, branch in zip(before.chunk(len(branches)), branches, strict=True):
        kept = part[:, : part.shape[1] - new.shape[1]]
        words = new.to(part).expand(len(part), *new.shape[1:])
        parts.append(torch.cat([kept, words], dim=1) if branch.prompted else part)
    return torch.cat(parts)
