"""LTX-2: `LTX2VideoTransformer3DModel` in diffusers' `LTX2Pipeline` and `LTX2ImageToVideoPipeline`, video with sound.

The video's side is that of LTX-Video; sound has layers of its own and is left to the pipeline. Guidance has up to two
branches more. The pipeline computes with its own latents between the network and the scheduler. A given picture is
latent frame 0, as in LTX-Video.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hitmark.backbones.families import ltx
from hitmark.prompt import Prompt, read_prompts


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """Those of Gemma, the padding before them moved behind them where learned tokens take its place."""
    given = arguments.get("prompt")
    if given is None:
        return None
    texts = [each.strip() for each in ([given] if isinstance(given, str) else given)]
    read = read_prompts(pipe.tokenizer, texts, arguments["max_sequence_length"], padding_is_text=False)
    moved = pipe.connectors.config.video_connector_num_learnable_registers is not None
    return [_words_first(prompt) for prompt in read] if moved else read


def _words_first(prompt: Prompt) -> Prompt:
    places = sorted(range(len(prompt.ids)), key=prompt.shared.__contains__)
    ids, spans = (tuple(values[at] for at in places) for values in (prompt.ids, prompt.spans))
    return replace(prompt, ids=ids, spans=spans, shared=frozenset(range(len(ids) - len(prompt.shared), len(ids))))


def words(pipe: Any, network: Any, encoded: Any) -> dict[str, Any]:
    """Through the connectors, then as LTX-Video where the network projects captions."""
    embedded, _sound, mask = pipe.connectors(*encoded[:2], padding_side=pipe.tokenizer.padding_side)
    return ltx.words(pipe, network, (embedded, mask))


def words_change(config: Any) -> str | None:
    """Of 2.3 and later: every layer shifts and scales the words, most of them by the noise level."""
    if getattr(config, "cross_attn_mod", False) or getattr(config, "audio_cross_attn_mod", False):
        return "the network shifts and scales the words in each layer, as LTX-2.3 and later do"
    return None


OWN: dict[str, Any] = {"tokens": tokens, "words": words, "words_change": words_change, "hold_edited": True}
LTX2 = replace(ltx.LTX, **OWN)
LTX2_IMAGE = replace(ltx.LTX_IMAGE, **OWN, repacks="_pack_latents")
