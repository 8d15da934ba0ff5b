"""HunyuanVideo: which of the tokens that its network attends to stand for a word, read from its own tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE

from hitmark.backbones import backbone_for
from hitmark.backbones.order import Order
from hitmark.backbones.tiny.hunyuan_video_15 import GLYPHS, PICTURE, WORDS
from hitmark.control import AttentionCall, Control, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.prompt import Prompt
from tests.contract.families import pipeline, run, wanted
from tests.contract.pipelines import picture

TEXT, IMAGE = "hunyuan video 1.5", "hunyuan video 1.5 image"
SOURCES = ("words", "glyphs", "picture")


@dataclass(frozen=True)
class Look(Control):
    """Keeps the prompt that controls are given, and how many text tokens stand behind the video's."""

    watches = True
    found: list[tuple[Prompt | None, int]] = field(default_factory=list)

    def attention(self, call: AttentionCall, step: Step) -> Any:
        self.found.append((step.layout.prompt, call.site.text[1]))
        return call.run()


@contextmanager
def marked(pipe: Any) -> Iterator[dict[str, list[Any]]]:
    """Each text token carries its source and its place there through the network's own order; what is seen is kept."""
    network, seen = pipe.transformer, {"order": [], "mask": [], "ids": [], "glyph ids": []}
    width = network.config.num_attention_heads * network.config.attention_head_dim

    def marks(source: int) -> Any:
        def forward(tokens: torch.Tensor, *_others: Any) -> torch.Tensor:
            count = tokens.shape[1]
            values = torch.zeros(len(tokens), count, width)
            values[..., 0], values[..., 1] = source + 1, torch.arange(count)
            return values

        return forward

    def before_block(_block: Any, args: Any) -> None:
        seen["order"].append(args[1][0, :, :2].round().long())
        seen["mask"].append(args[3][0])

    def before_encoder(name: str) -> Any:
        return lambda _module, _args, named: seen[name].append(named["input_ids"][0].tolist())

    embedders = (network.context_embedder, network.context_embedder_2, network.image_embedder)
    weights = network.cond_type_embed.weight.clone()
    handles = [
        network.transformer_blocks[0].register_forward_pre_hook(before_block),
        pipe.text_encoder.register_forward_pre_hook(before_encoder("ids"), with_kwargs=True),
        pipe.text_encoder_2.register_forward_pre_hook(before_encoder("glyph ids"), with_kwargs=True),
    ]
    for source, embedder in enumerate(embedders):
        embedder.forward = marks(source)
    network.cond_type_embed.weight.zero_()
    try:
        yield seen
    finally:
        network.cond_type_embed.weight.copy_(weights)
        for embedder in embedders:
            del embedder.forward
        for handle in handles:
            handle.remove()


def watched(name: str, **options: Any) -> tuple[Prompt, list[tuple[str, int]], dict[str, list[Any]]]:
    """The prompt that controls are given, and (source, place) of every text token that the network attends to."""
    look = Look()
    with marked(pipeline(name)) as seen, attach(pipeline(name), wanted(name), look):
        run(name, **options)
    prompt, count = look.found[0]
    assert prompt is not None
    order = [(SOURCES[source - 1] if source else "hidden", place) for source, place in seen["order"][0].tolist()]
    assert len(order) == len(prompt.ids) == len(prompt.spans) == count
    hidden = [at for at, kept in enumerate(seen["mask"][0].tolist()) if not kept]
    assert set(hidden) <= prompt.shared
    return prompt, order, seen


@pytest.mark.parametrize("name", [TEXT, IMAGE])
@pytest.mark.parametrize(
    ("text", "phrase", "written"),
    [
        ("a red thing on grass", "red thing", ""),
        ("  grass, and on it a red thing", "thing", ""),
        ('a red thing with "STOP" on grass', "red thing", ""),
        ('a "GO" thing by "n\u00e9" and "GO" cars', 'thing by "n\u00e9"', "n\u00e9"),
        ("a \u201cGO\u201d thing on grass", "GO", "GO"),
    ],
)
def test_positions_are_those_of_the_words(name: str, text: str, phrase: str, written: str) -> None:
    """By the ids that the encoders are given and the order in which the network has their tokens."""
    pipe = pipeline(name)
    prompt, order, seen = watched(name, prompt=text)
    found = [order[at] for at in prompt.positions(phrase)]
    ids, crop = seen["ids"][0], pipe.prompt_template_encode_start_idx
    assert pipe.tokenizer.decode(ids[:crop]).endswith("<|im_start|>user\n")
    words = [place for source, place in found if source == "words"]
    assert pipe.tokenizer.decode([ids[crop + place] for place in words]).strip() == phrase
    assert words == list(range(words[0], words[0] + len(words)))
    assert [prompt.ids[at] for at in prompt.positions(phrase)][-len(words) :] == [ids[crop + place] for place in words]
    glyphs = [place for source, place in found if source == "glyphs"]
    assert bytes(seen["glyph ids"][0][place] - 3 for place in glyphs).decode() == written if written else not glyphs
    assert len(found) == len(words) + len(glyphs)
    assert ("picture", 0) not in found
    assert all((order[at][0] == "picture") <= (at in prompt.shared) for at in range(len(order)))
    assert order[0][0] == ("picture" if name == IMAGE else "glyphs" if '"' in text or "\u201c" in text else "words")


FIRST = "hunyuan video"
"""The pipeline of the first HunyuanVideo."""


@contextmanager
def marked_words(pipe: Any) -> Iterator[dict[str, Any]]:
    """As `marked`, for the one text that the network of the first HunyuanVideo has; in its second kind of blocks."""
    network, seen = pipe.transformer, {}

    def mark(tokens: torch.Tensor, *_others: Any) -> torch.Tensor:
        places = torch.arange(tokens.shape[1], dtype=torch.float32)
        return places[None, :, None].expand(len(tokens), -1, 32).clone()

    def passed_on(_video: Any, text: torch.Tensor, *_others: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return _video, text

    def before_block(_block: Any, args: Any) -> None:
        seen.setdefault("order", args[1][0, :, 0].round().long().tolist())
        seen.setdefault("mask", args[3][0, 0, 0, -args[1].shape[1] :].tolist())

    def before_encoder(_module: Any, _args: Any, named: Any) -> None:
        seen.setdefault("ids", named["input_ids"][0].tolist())

    handles = [
        network.single_transformer_blocks[0].register_forward_pre_hook(before_block),
        pipe.text_encoder.register_forward_pre_hook(before_encoder, with_kwargs=True),
    ]
    network.context_embedder.forward, network.transformer_blocks[0].forward = mark, passed_on
    try:
        yield seen
    finally:
        del network.context_embedder.forward, network.transformer_blocks[0].forward
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize(
    ("text", "phrase", "template"),
    [
        ("a red thing on grass", "red thing", DEFAULT_PROMPT_TEMPLATE),
        ("  grass, and on it a red thing", "thing", DEFAULT_PROMPT_TEMPLATE),
        ("a red thing", "red thing", {"template": "<|eot_id|>the video: {}<|eot_id|>", "crop_start": 3}),
    ],
)
def test_positions_of_the_first_are_those_of_the_words(text: str, phrase: str, template: dict[str, Any]) -> None:
    pipe, look = pipeline(FIRST), Look()
    with marked_words(pipe) as seen, attach(pipe, wanted(FIRST), look):
        run(FIRST, prompt=text, prompt_template=template, num_inference_steps=1)
    prompt, count = look.found[0]
    assert prompt is not None
    ids = seen["ids"][template["crop_start"] :]
    assert seen["order"] == list(range(count))
    assert list(prompt.ids) == ids
    places = prompt.positions(phrase)
    assert pipe.tokenizer.decode([ids[at] for at in places]).strip() == phrase
    assert places == tuple(range(places[0], places[0] + len(places)))
    assert {at for at, kept in enumerate(seen["mask"]) if not kept} == set(prompt.shared)
    assert pipe.tokenizer.decode(ids[prompt.end : count - len(prompt.shared)]) == "<|eot_id|>"


def test_a_template_that_does_not_say_what_to_leave_out_is_cut_as_the_pipeline_cuts_it() -> None:
    pipe, template = pipeline(FIRST), {"template": "the video: {}<|eot_id|>"}
    (prompt,) = backbone_for(pipe).prompts((), {"prompt": "a red thing", "prompt_template": template}) or []
    embedded, _pooled, _mask = pipe.encode_prompt("a red thing", prompt_template=template)
    assert len(prompt.ids) == embedded.shape[1]
    assert pipe.tokenizer.decode([prompt.ids[at] for at in prompt.positions("red thing")]).strip() == "red thing"


def test_what_follows_the_prompt_in_the_template_is_nobodys_word() -> None:
    prompt, order, seen = watched(TEXT, prompt="a red thing")
    pipe = pipeline(TEXT)
    behind = [
        pipe.tokenizer.decode([prompt.ids[at]]) for at in range(prompt.end, len(order)) if at not in prompt.shared
    ]
    assert "".join(behind) == "<|im_end|>\n<|im_start|>assistant\n"
    assert len(seen["mask"][0]) == WORDS + GLYPHS + PICTURE
    assert int(seen["mask"][0].sum()) == prompt.end + len(behind)


def test_glyphs_that_are_given_as_embeddings_are_counted_by_their_mask() -> None:
    mask = torch.zeros(1, 6, dtype=torch.int64)
    mask[:, :4] = 1
    given = {"prompt_embeds_2": torch.randn(1, 6, 32), "prompt_embeds_mask_2": mask}
    prompt, order, _seen = watched(TEXT, prompt='a "GO" thing', **given)
    assert order[:4] == [("glyphs", place) for place in range(4)]
    found = [order[at] for at in prompt.positions("GO")]
    assert {source for source, _place in found} == {"words"}
    assert len(order) == WORDS + 6 + PICTURE


def test_a_word_behind_the_last_token_is_not_found() -> None:
    prompt, _order, _seen = watched(TEXT, prompt=f"{'grass ' * 30} and a red thing")
    with pytest.raises(HitmarkError, match=r"not in the prompt.*or behind its 32 tokens"):
        prompt.positions("red thing")


def test_many_glyphs_are_cut_as_the_tokenizer_cuts_them() -> None:
    prompt, order, seen = watched(TEXT, prompt=f'a "{"GO" * 15}" thing')
    assert [source for source, _place in order[: GLYPHS + 1]] == ["glyphs"] * GLYPHS + ["words"]
    glyphs = [place for source, place in (order[at] for at in prompt.positions("GO" * 15)) if source == "glyphs"]
    assert bytes(seen["glyph ids"][0][place] - 3 for place in glyphs) == b"GO" * 8 + b"G"


def test_a_crude_video_is_encoded_as_the_pipeline_encodes_a_picture() -> None:
    pipe, first = pipeline(IMAGE), picture(3, 32, 32)
    with torch.no_grad():
        own = pipe._get_image_latents(pipe.vae, pipe.video_processor, first, 32, 32, torch.device("cpu"))
        video = torch.from_numpy(np.array(first)).float()[None] / 127.5 - 1
        made = backbone_for(pipe).family.encode(pipe, video)
    assert torch.allclose(made, own.transpose(1, 2), atol=1e-6)


def test_a_clip_from_a_picture_has_the_size_that_was_asked_for() -> None:
    """Of the pipeline's own list the nearest to this shape is another."""
    pipe, seen = pipeline(IMAGE), []
    order = Order(
        picture=picture(0, 80, 48),
        prompt="a red thing",
        negative_prompt="",
        width=48,
        height=80,
        frames=5,
        steps=1,
        generator=torch.Generator().manual_seed(0),
        arguments={},
        after_step=lambda index, latents: seen.append((index, tuple(latents.shape))),
    )
    assert pipe.video_processor.calculate_default_height_width(80, 48, pipe.target_size) != (80, 48)
    assert backbone_for(pipe).run(order).shape == (5, 80, 48, 3)
    assert seen == [(0, (1, 2, 4, 20, 12))]
    assert pipe.video_processor.calculate_default_height_width(32, 32, pipe.target_size) == (32, 32)
