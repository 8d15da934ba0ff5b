"""The text tokens of HunyuanVideo 1.5: those of a picture, of glyphs, and of the prompt within its chat template.

The network puts those that it looks at first: of the picture (SigLIP), of glyphs (byT5, of what stands in quotation
marks), of the prompt (Qwen); then those that a mask hides, in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hitmark.prompt import Prompt, read_prompts, within_template

QUOTED = re.compile(r"\"(.*?)\"|\u201c(.*?)\u201d")
"""What the pipeline takes for glyphs."""
Span = tuple[int, int]
NOWHERE = (0, 0)
FOREIGN = -1
"""In place of the id of a token that is none of the prompt's tokenizer."""


class Token(NamedTuple):
    """One token of the text.

    Attributes:
        id: of it. span: the characters of the prompt that it stands for.
        seen: whether the network looks at it. shared: whether it belongs to no words.
    """

    id: int
    span: Span
    seen: bool
    shared: bool


def tokens(pipe: Any, arguments: Mapping[str, Any]) -> list[Prompt] | None:
    """A picture's, those of byT5, and those of Qwen behind its template, each with its padding at the end of all."""
    given = arguments.get("prompt")
    if given is None:
        return None
    texts, masks = [given] if isinstance(given, str) else given, arguments.get("prompt_embeds_mask_2")
    shown = [None] * len(texts) if masks is None else [[bool(kept) for kept in mask] for mask in masks]
    return [_joined(pipe, text, each) for text, each in zip(texts, shown, strict=True)]


def _joined(pipe: Any, text: str, shown: list[bool] | None) -> Prompt:
    """One prompt, in the network's order; `shown`: see `_glyphs`."""
    read = _read(pipe, text)
    places = range(len(read.ids))
    words = [Token(read.ids[at], read.spans[at], at not in read.shared, at in read.shared) for at in places]
    every = sorted([*_picture(pipe), *_glyphs(pipe, read.text, shown), *words], key=lambda token: not token.seen)
    shared = frozenset(at for at, token in enumerate(every) if token.shared)
    ids, spans = tuple(token.id for token in every), tuple(token.span for token in every)
    return replace(read, ids=ids, spans=spans, shared=shared)


def _read(pipe: Any, text: str) -> Prompt:
    """The tokens of Qwen that the pipeline keeps."""
    from diffusers.pipelines.hunyuan_video1_5.pipeline_hunyuan_video1_5 import format_text_input

    def written(prompt: str) -> str:
        chat = format_text_input([prompt], pipe.system_message)[0]
        return pipe.tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)

    crop = pipe.prompt_template_encode_start_idx
    length, special = pipe.tokenizer_max_length + crop, {"add_special_tokens": False}
    read = read_prompts(pipe.tokenizer, written(text), length, padding_is_text=False, **special)[0]
    return within_template(read, text, written, crop)


def _picture(pipe: Any) -> list[Token]:
    """Of a picture, where one is given; everybody's, since they are of all of it."""
    encoder = getattr(pipe, "image_encoder", None)
    count = pipe.vision_num_semantic_tokens
    if encoder is not None:
        count = (encoder.config.image_size // encoder.config.patch_size) ** 2
    return [Token(FOREIGN, NOWHERE, encoder is not None, True)] * count


def _glyphs(pipe: Any, text: str, shown: list[bool] | None) -> list[Token]:
    """Of what stands in quotation marks; `shown`: which of them the network looks at, where their embeddings are given.

    A text that stands in the prompt more than once is taken for its first occurrence.
    """
    seen, spans = _read_glyphs(pipe, text) if shown is None else (shown, [])
    spans = [*spans, *[NOWHERE] * (len(seen) - len(spans))]
    return [Token(FOREIGN, *each, not each[1]) for each in zip(spans, seen, strict=True)]


def _read_glyphs(pipe: Any, text: str) -> tuple[list[bool], Sequence[Span]]:
    """Which of their tokens the network looks at, and the characters that the first of them stand for: a byte each."""
    from diffusers.pipelines.hunyuan_video1_5.pipeline_hunyuan_video1_5 import extract_glyph_texts

    length = pipe.tokenizer_2_max_length
    glyphs: Any = extract_glyph_texts(text)
    if glyphs is None:
        return [False] * length, []
    read = pipe.tokenizer_2(glyphs, padding="max_length", max_length=length, truncation=True)
    seen = [bool(kept) for kept in read.attention_mask]
    return seen, _spans_of_bytes(text, glyphs)[: sum(seen) - 1]


def _spans_of_bytes(text: str, glyphs: str) -> list[Span]:
    """For each byte of the text of glyphs the character of the prompt that it is of."""
    places: list[Span] = [NOWHERE] * len(glyphs)
    for match in reversed(list(QUOTED.finditer(text))):
        start, stop = match.span(match.lastindex or 0)
        place = glyphs.find(f'Text "{text[start:stop]}". ') + len('Text "')
        places[place : place + stop - start] = [(at, at + 1) for at in range(start, stop)]
    return [place for letter, place in zip(glyphs, places, strict=True) for _ in letter.encode()]
