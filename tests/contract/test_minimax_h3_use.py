"""MiniMax-H3 as it is called: workflows, parts of a pipeline, what ends early, and what is refused."""

from __future__ import annotations

import copy
from typing import Any

import diffusers
import pytest
import torch
from diffusers.modular_pipelines.minimax_h3.before_denoise import MiniMaxH3PrepareLatentsStep
from diffusers.modular_pipelines.minimax_h3.encoders import MiniMaxH3TextEncoderStep
from diffusers.modular_pipelines.minimax_h3.modular_blocks_minimax_h3 import MiniMaxH3FL2VACoreDenoiseStep

from hitmark.backbones.families.minimax_h3 import check_rows
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.undo import before_call
from hitmark.methods import build

from .families import METHODS_HERE, PROMPT
from .minimax_h3 import SIDE, TEXT, Made, in_loop, of_blocks, pipeline, plain, ran, run, same, wanted, whole
from .modular import marks, modular
from .test_families import Nothing
from .test_modular import Late

REFUSED = {
    "peekaboo": "masks the middle and up blocks",
    "region-prompts": "stand in one sequence",
    "sg-i2v": "takes none",
    "time-to-move": "takes none",
}


@pytest.mark.parametrize("label", REFUSED)
def test_what_cannot_act_says_why(label: str) -> None:
    with pytest.raises(HitmarkError, match=REFUSED[label]):
        ran(pipeline(), build(*METHODS_HERE[label]))


def test_all_workflows_in_one_pipeline() -> None:
    """As `ModularPipeline.from_pretrained` makes it; a call from words is that of the workflow alone."""
    every, control, pipe = modular(diffusers.MiniMaxH3Blocks(), whole()), build("trailblazer"), pipeline()
    before = plain()  # not within the block
    every._blocks.sub_blocks.pop("decode")
    every.set_progress_bar_config(disable=True)
    with attach(pipe, wanted(), control):
        controlled = run(pipe)
        assert same(run(every), before)  # another pipeline of the same components
        assert same(run(copy.copy(pipe)), before)
    assert same(ran(every, control), controlled)
    assert not same(controlled, before)


def test_what_a_users_block_raises_leaves_nothing_behind() -> None:
    def stop(_components: Any, _values: Any, step: int) -> None:
        if step == 1:
            raise KeyboardInterrupt

    pipe = in_loop(stop)
    clean = marks(pipe)
    with pytest.raises(KeyboardInterrupt):
        ran(pipe, build("trailblazer"))
    assert marks(pipe) == clean
    assert same(run(pipeline()), plain())


def test_embeddings_of_another_pipeline_do_without_words() -> None:
    alone, pipe = of_blocks(lambda blocks: blocks.pop("text_encoder")), pipeline()
    encoded = pipe(prompt=PROMPT, height=SIDE, width=SIDE, num_inference_steps=2)
    given = {name: encoded.get(name) for name in ("prompt_embeds", "text_token_tags")}

    def clip(controls: Any) -> Made:
        return ran(alone, controls, **given)

    assert same(clip(Nothing()), plain())
    assert same(clip(build("temporal-intrinsic")), ran(pipe, build("temporal-intrinsic")))
    with pytest.raises(HitmarkError, match="was given prompt_embeds"):
        clip(build("trailblazer"))


def test_a_second_call_of_the_network_in_a_step_is_refused() -> None:
    kept: dict[str, Any] = {}

    def again(components: Any, _values: Any, _step: int) -> None:
        components.transformer(**kept)

    pipe = in_loop(again)
    with before_call(pipe.transformer, lambda _module, _args, named: kept.update(named)):
        run(pipe)
    with pytest.raises(HitmarkError, match="calls the denoiser once more in a step"):
        ran(pipe, Nothing())


def test_a_loop_whose_start_noise_no_block_prepared_is_refused() -> None:
    pipe = of_blocks(lambda blocks: blocks.pop("denoise.prepare_latents"))
    with pytest.raises(HitmarkError, match="MiniMaxH3PrepareLatentsStep, or a subclass of yours, before"):
        ran(pipe, Nothing())


def test_a_control_that_begins_late_is_refused() -> None:
    with pytest.raises(HitmarkError, match="Late begins at a later step, and the sound of MiniMaxH3ModularPipeline"):
        ran(pipeline(), Late())


def test_clips_from_pictures_and_references_and_other_sequences_are_refused() -> None:
    pipe = modular(MiniMaxH3FL2VACoreDenoiseStep(), whole())
    given: dict[str, Any] = {
        "prompt_embeds": torch.zeros(1, TEXT, 16),
        "text_token_tags": torch.ones(TEXT, dtype=torch.long),
    }
    given |= {
        "keyframe_anchors": ("first",),
        "condition_latents": [torch.zeros(1, 24, 1, 2, 2)],
        "height": 32,
        "width": 32,
    }
    with pytest.raises(HitmarkError, match="from words alone, got one from image, last_image or references"):
        ran(pipe, Nothing(), **given)
    rows = {
        "text_indices": torch.tensor([0, 1]),
        "audio_indices": torch.tensor([4]),
        "video_indices": torch.arange(2, 4),
    }
    with pytest.raises(HitmarkError, match="text, sound and video in this order"):
        check_rows(rows | {"num_condition_video_rows": 0, "num_condition_audio_rows": 0})
    for wrong, came in ((torch.zeros(1, 4, 37, 6, 8), 444), (torch.zeros(2, 4, 37, 8, 8), 1184)):
        shape = r"of shape \(1, channels, 37, 8, 8\), which are 592 rows"
        with pytest.raises(HitmarkError, match=rf"^latents: expected .* {shape}, got {came} rows"):
            ran(pipeline(), Nothing(), latents=wrong)
    other = diffusers.MiniMaxH3Blocks().get_workflow("ref2va").init_pipeline()
    with pytest.raises(HitmarkError, match=r"without a `transformer`\. Make it of MiniMaxH3Blocks"):
        ran(other, Nothing())
    with pytest.raises(HitmarkError, match=r"^scheduler, transformer: this MiniMaxH3ModularPipeline has none"):
        ran(diffusers.MiniMaxH3Blocks().get_workflow("t2va").init_pipeline(), Nothing())


def test_pictures_and_references_are_refused_by_name_before_they_are_encoded() -> None:
    every = modular(diffusers.MiniMaxH3Blocks(), whole())
    for name in ("image", "last_image", "references"):
        with pytest.raises(HitmarkError, match=rf"^{name}: MiniMaxH3ModularPipeline is controlled in clips from words"):
            ran(every, Nothing(), **{name: []})


class Twice(MiniMaxH3PrepareLatentsStep):
    """A user's, who changes the noise after diffusers' own block has handed it over."""

    def __call__(self, components: Any, state: Any) -> Any:
        components, state = super().__call__(components, state)
        values: Any = self.get_block_state(state)
        values.latents = values.latents.flip(0)
        self.set_block_state(state, values)
        return components, state


class Longer(MiniMaxH3TextEncoderStep):
    """A user's, which puts more in front of the text than the prompt."""

    def __call__(self, components: Any, state: Any) -> Any:
        components, state = super().__call__(components, state)
        state.set("prompt_embeds", state.get("prompt_embeds").repeat(1, 2, 1))
        state.set("text_token_tags", state.get("text_token_tags").repeat(2))
        return components, state


def test_noise_that_is_handed_over_twice_is_refused() -> None:
    """Controls would put their noise into it twice."""
    pipe = of_blocks(lambda blocks: blocks.update({"denoise.prepare_latents": Twice()}))
    with pytest.raises(HitmarkError, match="start noise was handed over twice before a loop"):
        ran(pipe, build("freetraj"))


def test_words_are_not_looked_for_in_text_that_is_not_the_prompt_alone() -> None:
    """The third row would not be the third token."""
    pipe = of_blocks(lambda blocks: blocks.update({"text_encoder": Longer()}))
    assert same(ran(pipe, Nothing()), run(pipe))
    with pytest.raises(HitmarkError, match="or a block of it changed them"):
        ran(pipe, build("trailblazer"))


def test_settings_are_those_of_joint_attention() -> None:
    from hitmark.run.presets import build

    assert build("ivg-da", model=pipeline()) == build("ivg-da", model="hunyuanvideo-1.5")
