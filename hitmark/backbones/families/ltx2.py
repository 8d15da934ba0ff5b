"""LTX-2: `LTX2VideoTransformer3DModel` in `LTX2Pipeline`, `LTX2ImageToVideoPipeline` and `LTX2ConditionPipeline`.

The video's side is that of LTX-Video; sound has layers of its own and is left to the pipeline. Guidance has up to two
branches more. The pipeline computes with its own latents between the network and the scheduler. A given picture is
latent frame 0, as in LTX-Video.

The last of the three is called with conditions or none: pictures and videos, from a latent frame on, that the clip
holds to more or less firmly. Those from frame 0 on are frames of the clip, others are tokens behind all of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hitmark.backbones.families import ltx
from hitmark.errors import HitmarkError
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
    side = getattr(pipe, "tokenizer_padding_side", pipe.tokenizer.padding_side)
    embedded, _sound, mask = pipe.connectors(*encoded[:2], padding_side=side)
    return ltx.words(pipe, network, (embedded, mask))


def words_change(config: Any) -> str | None:
    """Of 2.3 and later: every layer shifts and scales the words, most of them by the noise level."""
    if getattr(config, "cross_attn_mod", False) or getattr(config, "audio_cross_attn_mod", False):
        return "the network shifts and scales the words in each layer, as LTX-2.3 and later do"
    return None


def as_given(picture: Any) -> Any:
    """A picture as a condition that the clip begins with."""
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    return LTX2VideoCondition(picture)


def given_in(pipe: Any, arguments: Mapping[str, Any]) -> int:
    """Latent frames of the conditions; raises HitmarkError for those elsewhere, and for a sound in its own time."""
    if pipe.audio_scheduler is not None:
        raise HitmarkError(
            f"audio_scheduler: expected none, got {type(pipe.audio_scheduler).__name__}; controls look ahead and begin "
            "late by the video's steps alone. Set pipe.audio_scheduler = None, and the sound takes the same steps."
        )
    conditions: Sequence[Any] = arguments["conditions"] or ()
    elsewhere = next((each.index for each in conditions if each.index), 0)
    if elsewhere:
        raise HitmarkError(
            f"conditions: expected index 0, a picture or video that the clip begins with, got {elsewhere}, whose "
            "tokens would be taken for frames. Give that one alone, or call the pipeline without the controls."
        )
    counts = (_frames(each.frames) for each in conditions if each.strength)
    most, stride = arguments["num_frames"], pipe.vae_temporal_compression_ratio
    return max(((min(count, most) - 1) // stride + 1 for count in counts), default=0)


def _frames(given: Any) -> int:
    return len(given) if isinstance(given, list) or getattr(given, "ndim", 0) == 4 else 1


def times(pipe: Any, arguments: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Those of both tracks at a step; each token keeps its share of the noise: given ones none, or a part."""
    before = arguments["sigma"]
    now = pipe.scheduler.timesteps[index].to(before)
    both = {name: now * (arguments[name] / before) for name in ("sigma", "audio_timestep", "audio_sigma")}
    return both | {"timestep": now * (arguments["timestep"] / before[:, None])}


OWN: dict[str, Any] = {"tokens": tokens, "words": words, "words_change": words_change, "hold_edited": True}
LTX2 = replace(ltx.LTX, **OWN)
CONDITION: dict[str, Any] = {"picture": "conditions", "as_given": as_given, "given_in": given_in, "times": times}
LTX2_CONDITION = replace(ltx.LTX_CONDITION, **OWN | CONDITION)
LTX2_IMAGE = replace(ltx.LTX_IMAGE, **OWN, repacks="_pack_latents")
