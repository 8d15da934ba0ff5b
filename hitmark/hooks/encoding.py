"""Which words a call of the pipeline is of, and how they were encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.prompt import Prompt


class Encoding:
    """The calls of `encode_prompt` within one call of a pipeline.

    A user may encode by hand inside of the block, and a call may fail after it encoded and before its loop: neither is
    part of the next call, which would else be controlled by the words of another prompt. A pipeline that is given
    embeddings of the prompt may encode the negative prompt alone, which is not taken for the prompt.

    Attributes:
        prompts: of the clips; None where embeddings were given, or no words are read.
        how: `encode_prompt` and (args, kwargs) of its first call, that of the prompt.
    """

    def __init__(self, backbone: PipelineBackbone) -> None:
        self.backbone = backbone
        self.prompts: list[Prompt] | None = None
        self.how: Any = None
        self._encoded: list[Any] = []
        self._given = True

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A call of the pipeline begins, with a call of `check_inputs`."""
        self.prompts, self.how, self._encoded = None, None, []
        self._given = self.backbone.named("check_inputs", args, kwargs).get("prompt") is not None

    def __call__(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around `encode_prompt`; a pipeline that encodes in several calls begins with the prompt."""
        encoded = original(*args, **kwargs)
        if not self._encoded:
            self.prompts = self.backbone.prompts(args, kwargs) if self._given else None
            self.how = original, (args, kwargs)
        self._encoded.append(encoded)
        return encoded

    def taken(self) -> list[Any]:
        """What the calls gave, for the loop that begins now."""
        encoded, self._encoded = self._encoded, []
        return encoded
