"""Kandinsky beside what all families are tested for: its words, its branches, and the frames that it aligns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.control import AttentionCall, Control, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo

from .families import PROMPT, pipeline, plain, run, wanted

NAME, IMAGE = "kandinsky", "kandinsky image"
LONG = f"{PROMPT} beside many other things that stand about"


@dataclass(frozen=True)
class Watch(Control):
    """Writes down branches, and how many words each layer of words sees; changes nothing."""

    branches: list[str] = field(default_factory=list)
    words: set[tuple[str, int]] = field(default_factory=set)

    def latents(self, latents: Any, step: Step) -> Any:
        self.branches.append("step")
        return latents

    def attention(self, call: AttentionCall, step: Step) -> Any:
        if call.site.name == "visual_transformer_blocks.0.cross_attention":
            self.branches.extend(branch.name for branch in call.branches)
            self.words.add((call.branches[0].name, call.keys.shape[3]))
            prompt = step.layout.prompt
            assert prompt is not None
            assert call.branches[0].name == "uncond" or call.keys.shape[3] == len(prompt.ids)
        return call.run()


@pytest.mark.parametrize(("options", "names"), [({}, ["cond", "uncond"]), ({"guidance_scale": 1.0}, ["cond"])])
def test_branches_are_known_by_the_order_of_the_calls(options: dict[str, Any], names: list[str]) -> None:
    """The pipeline names none of them."""
    watch = Watch()
    with attach(pipeline(NAME), wanted(NAME), watch):
        run(NAME, **options)
        run(NAME, **options)  # counted anew
    assert watch.branches == ["step", *names] * 4


def kept(pipe: Any, text: str, most: int) -> list[str]:
    """What the pipeline's own code keeps of a prompt, token by token."""
    seen: list[Any] = []
    original = pipe.text_encoder.forward

    def keep(*args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["input_ids"])
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipe.text_encoder, "forward", keep)
        encoded = pipe.encode_prompt([text], max_sequence_length=most)
    ids = seen[0][0, pipe.prompt_template_encode_start_idx :]
    assert len(ids) == encoded[0].shape[1]
    return [pipe.tokenizer.decode([each]) for each in ids.tolist()]


@pytest.mark.parametrize(("first", "meant"), [(128, "red thing"), (124, "red thing"), (135, "ing")])
@pytest.mark.parametrize(("text", "most"), [(PROMPT, 512), (LONG, 512), (LONG, 24), ("  a red   thing", 512)])
def test_tokens_are_those_that_the_pipeline_keeps(
    text: str, most: int, first: int, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a prompt is cut, where tokens of the template are left before it, and where some of its own go."""
    pipe = pipeline(NAME)
    monkeypatch.setattr(pipe, "prompt_template_encode_start_idx", first)
    expected = kept(pipe, text, most)
    prompts = backbone_for(pipe).prompts((), {"prompt": [text], "max_sequence_length": most})
    assert prompts is not None
    (prompt,) = prompts
    assert [pipe.tokenizer.decode([each]) for each in prompt.ids] == expected
    assert "".join(expected[at] for at in prompt.positions("red thing")).strip() == meant
    assert prompt.text == " ".join(text.split())
    assert not prompt.shared


def test_padding_of_a_batch_is_everybodys() -> None:
    prompts = backbone_for(pipeline(NAME)).prompts((), {"prompt": [PROMPT, LONG]})
    assert prompts is not None
    short, long = prompts
    assert len(short.ids) == len(long.ids)
    assert short.shared == frozenset(range(short.end + 1, len(short.ids)))  # behind the token that ends it
    assert not long.shared


def test_clips_of_a_batch_are_controlled_as_if_alone() -> None:
    """Three clips of three latent frames: what they share is as long as the batch."""
    generators = [torch.Generator().manual_seed(seed) for seed in (5, 6, 7)]
    controls = [Peekaboo(1, "paper"), *build("temporal-intrinsic", {"preview_steps": 1})]
    with attach(pipeline(NAME), wanted(NAME), controls):
        both = run(NAME, prompt=[PROMPT] * 3, generator=generators)
        alone = run(NAME)
    far = float((both[1] - both[0]).abs().max())
    assert (
        float((both[:1] - alone).abs().max()) < 1e-3 * far
    )  # rotary embeddings are rounded to bfloat16 by the network
    assert far > float(alone.std())


def test_a_negative_prompt_is_not_taken_for_the_prompt_whose_embeddings_are_given() -> None:
    """The pipeline encodes it alone then."""
    words, whole, ends = pipeline(NAME).encode_prompt([PROMPT])
    given = {"prompt_embeds_qwen": words, "prompt_embeds_clip": whole, "prompt_cu_seqlens": ends}
    with (
        attach(pipeline(NAME), wanted(NAME), build("ivg-da")),
        pytest.raises(HitmarkError, match="Call it with prompt="),
    ):
        run(NAME, prompt=None, negative_prompt=PROMPT, **given)


def test_a_clip_is_decoded_as_the_pipeline_decodes_it() -> None:
    """Its first latent frames are brought to the mean and spread of the others first."""
    pipe, last = pipeline(IMAGE), []

    def keep(_pipe: Any, _index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        last.append(backbone_for(pipe).canonical(values["latents"], (5, 8, 8)).clone())
        return {}

    clip = run(IMAGE, output_type="pt", callback_on_step_end=keep)[0].movedim(1, -1)
    assert not torch.equal(last[-1], backbone_for(pipe).canonical(plain(IMAGE), (5, 8, 8)))
    assert torch.allclose(backbone_for(pipe).decode(last[-1]), clip, atol=1e-5)
    assert torch.isfinite(backbone_for(pipe).decode(last[-1][:, :1])).all()


def test_what_a_control_was_shown_stays_though_the_pipeline_writes_into_its_latents() -> None:
    shown: list[tuple[Any, Any]] = []

    class Keep(Control):
        watches = True

        def latents(self, latents: Any, step: Step) -> Any:
            shown.append((latents, latents.clone()))
            return latents

    with attach(pipeline(NAME), wanted(NAME), Keep()):
        run(NAME)
    assert len(shown) == 2
    assert all(torch.equal(held, copied) for held, copied in shown)
