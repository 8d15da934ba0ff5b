"""Other texts than the prompt: put in where the prompt is read, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.backbones.tiny import tiny_cogvideox, tiny_wan
from hitmark.control import COND, UNCOND, AttentionSite, Control, LayerCall, Layout, Proceed, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.texts import OtherTexts
from hitmark.scene.schema import Scene

SCENE = Scene.from_dict({"subjects": [{"name": "a", "keyframes": [{"time": 0, "box": [0, 0, 0.5, 0.5]}]}]})


@dataclass(frozen=True)
class Reads(Control):
    """Every layer of words reads another text."""

    named: tuple[str, ...] = ("a dog",)

    def texts(self, layout: Layout) -> tuple[str, ...]:
        return self.named

    def attends(self, site: AttentionSite, step: Step) -> bool:
        return site.scope == "words"

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Any:
        return proceed(replace(call, text="a dog"))


def clip(pipe: Any, prompt: str) -> torch.Tensor:
    return pipe(
        prompt,
        height=64,
        width=64,
        num_frames=5,
        num_inference_steps=1,
        guidance_scale=3.0,
        output_type="latent",
        generator=torch.Generator().manual_seed(0),
    ).frames


def test_the_clip_of_another_text_is_the_clip_of_that_prompt() -> None:
    pipe = tiny_wan(layers=1)
    pipe.set_progress_bar_config(disable=True)
    cat, dog = clip(pipe, "a cat"), clip(pipe, "a dog")
    with attach(pipe, SCENE, Reads()):
        assert torch.equal(clip(pipe, "a cat"), dog)
    assert not torch.equal(cat, dog)
    assert torch.equal(clip(pipe, "a cat"), cat)


@pytest.mark.parametrize("named", [(), ("a bird",)])
def test_a_text_that_was_not_named_is_an_error(named: tuple[str, ...]) -> None:
    pipe = tiny_wan(layers=1)
    pipe.set_progress_bar_config(disable=True)
    message = "'a dog', which its `texts` did not name"
    with pytest.raises(HitmarkError, match=message), attach(pipe, SCENE, Reads(named)):
        clip(pipe, "a cat")


def test_only_branches_that_read_the_prompt_read_it_and_a_picture_in_front_stays() -> None:
    pipe = tiny_wan(layers=1)
    texts = OtherTexts(backbone_for(pipe))
    texts.encode(["a dog"], pipe.encode_prompt, (("a cat",), {"max_sequence_length": 512}))
    network, words = pipe.transformer, torch.zeros(4, 3 + 512, 24)
    found = texts.arguments(network, "a dog", {"encoder_hidden_states": words}, (UNCOND, COND))["encoder_hidden_states"]
    own = network.condition_embedder.text_embedder(pipe.encode_prompt("a dog", max_sequence_length=512)[0])
    assert not found[:2].any()
    assert not found[2:, :3].any()
    assert torch.equal(found[2:, 3:], own.expand(2, -1, -1))


def test_words_that_change_from_layer_to_layer_cannot_be_those_of_another_text() -> None:
    pipe = tiny_cogvideox(layers=1)
    with pytest.raises(HitmarkError, match="CogVideoXPipeline looks at cannot be those of another text"):
        backbone_for(pipe).words(pipe.transformer, None)
