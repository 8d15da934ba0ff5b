"""Modular Wan pipelines as they are used: blocks exchanged in the block, parts run apart, blocks of the user's own."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import diffusers
import pytest
import torch
from diffusers import guiders
from diffusers.modular_pipelines import ModularPipelineBlocks
from diffusers.modular_pipelines.wan.before_denoise import WanPrepareLatentsStep

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach

from .families import PROMPT, SCENE
from .modular import FRAMES, GUIDANCE, SHORT, SIDE, SIZED, modular, pair, ran, run, wanted
from .modular_blocks import Alone, Later, Otherwise, Seeded, Together
from .pipelines import picture
from .test_families import Nothing
from .test_modular import chosen, with_block

MASKS = "peekaboo paper"


def exchanged(name: str, block: Any) -> Any:
    """The modular pipeline with another block in the place of one from before the loop or, "denoiser", in it."""
    blocks = pair("2.1").modular.blocks
    inner = blocks.sub_blocks["denoise"].sub_blocks
    (inner["denoise"].sub_blocks if name == "denoiser" else inner)[name] = block
    pipe = modular(blocks, pair("2.1").stock)
    pipe.register_components(guider=guiders.ClassifierFreeGuidance(guidance_scale=GUIDANCE))
    return pipe


def usual() -> torch.Tensor:
    """What the modular pipeline of diffusers' own blocks gives with masks."""
    return ran(pair("2.1").modular, chosen(MASKS))


def test_blocks_that_are_set_inside_are_run_and_stay() -> None:
    pipe = modular(diffusers.WanBlocks(), pair("2.1").stock)
    with attach(pipe, wanted(), chosen(MASKS)):
        rest = {name: block for name, block in pipe._blocks.sub_blocks.items() if name != "decode"}
        pipe._blocks.sub_blocks = type(pipe._blocks.sub_blocks)(rest)
        state = pipe(**SIZED, **SHORT, prompt=PROMPT)
    assert state.get("videos") is None
    assert list(pipe._blocks.sub_blocks) == list(rest)


def test_a_text_encoder_that_is_inserted_inside_says_the_words() -> None:
    both = pair("2.1")
    pipe = modular(diffusers.WanBlocks(), both.stock)
    encoder = pipe._blocks.sub_blocks.pop("text_encoder")
    with attach(pipe, wanted(), chosen("trailblazer")):
        pipe._blocks.sub_blocks.insert("text_encoder", encoder, 0)
        inside = run(pipe)
    assert torch.equal(inside, ran(both.modular, chosen("trailblazer")))


def test_what_is_made_of_the_blocks_inside_is_none_of_them() -> None:
    pipe = pair("2.1").modular
    with attach(pipe, wanted(), chosen(MASKS)):
        blocks: Any = pipe._blocks
        kept = {"denoise": blocks.sub_blocks["denoise"]}
        made, shallow = blocks.from_blocks_dict(kept), copy.copy(blocks)
        stored = pickle.dumps(blocks)
        assert type(shallow) is type(pickle.loads(stored)) is type(copy.deepcopy(blocks)) is diffusers.WanBlocks
        encoded = modular(blocks.sub_blocks["text_encoder"], pipe)(prompt=PROMPT, **SHORT)
        latents = modular(made, pipe)(state=encoded, **SIZED, generator=torch.Generator().manual_seed(5)).get("latents")
    assert torch.equal(latents, run(pipe))


def test_both_branches_in_one_call_are_refused_since_their_order_is_not_known() -> None:
    pipe = exchanged("denoiser", Together())
    run(pipe)
    with pytest.raises(HitmarkError, match=r"2 rows in one call, where the batch has 1.*one call for each branch"):
        ran(pipe, chosen("trailblazer"))


def test_a_guider_of_the_users_may_name_its_branches_elsewhere() -> None:
    pipe = modular(diffusers.WanBlocks(), pair("2.1").stock)
    pipe.update_components(guider=Otherwise(guidance_scale=GUIDANCE))
    assert torch.equal(ran(pipe, chosen(MASKS)), usual())


def test_a_guider_may_be_told_the_step_before_the_loop() -> None:
    class Told(WanPrepareLatentsStep):
        def __call__(self, components: Any, state: Any) -> Any:
            components.guider.set_state(step=0, num_inference_steps=2, timestep=None)
            return super().__call__(components, state)

    class Both(ModularPipelineBlocks):
        model_name = "wan"

        def __call__(self, components: Any, values: Any, i: int, t: Any) -> Any:
            components.guider.set_state(step=i, num_inference_steps=2, timestep=t)
            return components, values

    pipe = exchanged("prepare_latents", Told())
    pipe._blocks.sub_blocks["denoise"].sub_blocks["denoise"].sub_blocks.insert("told", Both(), 0)
    assert torch.equal(ran(pipe, chosen(MASKS)), usual())


class Ahead(Control):
    """Estimates with two strengths of guidance at each step."""

    def __init__(self) -> None:
        self.same: list[bool] = []

    def latents(self, latents: torch.Tensor, step: Any) -> torch.Tensor:
        one, three = (step.estimator(latents, step.index, strength) for strength in (1.0, 3.0))
        self.same.append(torch.equal(one, three))
        return latents


def test_where_the_guider_stops_an_estimate_has_no_guidance_either() -> None:
    pipe = modular(diffusers.WanBlocks(), pair("2.1").stock)
    pipe.update_components(guider=guiders.ClassifierFreeGuidance(guidance_scale=GUIDANCE, stop=0.5))
    looking = Ahead()
    ran(pipe, looking)
    assert looking.same == [False, True]


def test_a_block_with_arguments_of_its_own_may_be_set_inside() -> None:
    pipe = exchanged("prepare_latents", WanPrepareLatentsStep())
    with attach(pipe, wanted(), chosen(MASKS)):
        pipe._blocks.sub_blocks["denoise"].sub_blocks["prepare_latents"] = Seeded()
        inside = run(pipe)
    assert torch.equal(inside, usual())


def test_start_noise_of_a_method_without_the_pipeline_is_refused() -> None:
    pipe = exchanged("prepare_latents", Alone())
    run(pipe)
    with pytest.raises(HitmarkError, match=r"no block of it prepared.*prepare_latents\(components, \.\.\.\)"):
        ran(pipe, Nothing())


def test_after_a_call_that_was_stopped_the_network_is_the_users_again() -> None:
    def stop(_components: Any, _values: Any, _step: int) -> None:
        raise KeyboardInterrupt

    pipe = with_block(stop)
    given = {"timestep": torch.ones(1), "encoder_hidden_states": torch.zeros(1, 4, pipe.transformer.config.text_dim)}
    latents = torch.zeros(1, 16, 2, 6, 6)
    before = pipe.transformer(latents, **given).sample
    with attach(pipe, wanted(), chosen(MASKS)):
        with pytest.raises(KeyboardInterrupt):
            run(pipe)
        assert torch.equal(pipe.transformer(latents, **given).sample, before)


def test_pictures_that_another_pipeline_encoded_as_frames_are_refused() -> None:
    blocks, parts = diffusers.Wan22VaceBlocks(), pair("vace").stock
    loop = modular(blocks.sub_blocks["denoise"], parts)
    for name in ("denoise", "decode"):
        blocks.sub_blocks.pop(name)
    sized = {name: value for name, value in SIZED.items() if name != "num_inference_steps"}
    encoder = modular(blocks, parts)
    encoder.transformer = parts.transformer  # its number of layers is that of the scales
    state = encoder(prompt=PROMPT, reference_images=picture(0, SIDE, SIDE), **sized, **SHORT)
    call = {"num_frames": FRAMES, "num_inference_steps": 2}
    loop(state=state, **call)
    with pytest.raises(HitmarkError, match=r"^num_reference_images: expected none, got 1\."):  # noqa: SIM117
        with attach(loop, SCENE, chosen("temporal-intrinsic")):
            loop(state=state, **call)


def test_a_loop_over_a_part_of_the_timesteps_is_refused_since_its_noise_is_another() -> None:
    blocks, parts = pair("2.1").modular.blocks, pair("2.1").stock
    inner = blocks.sub_blocks["denoise"].sub_blocks
    inner.insert("later", Later(), list(inner).index("set_timesteps") + 1)
    pipe = modular(blocks, parts)
    pipe.update_components(scheduler=diffusers.FlowMatchEulerDiscreteScheduler())
    run(pipe, num_inference_steps=3)
    with pytest.raises(HitmarkError, match=r"step 1 of the loop is at timestep .* another step.*sigmas="):
        ran(pipe, Nothing(), num_inference_steps=3)


def test_one_network_may_be_both_experts() -> None:
    pipe = modular(diffusers.Wan22Blocks(), pair("2.2").stock)
    pipe.update_components(transformer_2=pipe.transformer)
    before = run(pipe)
    assert torch.equal(ran(pipe, Nothing()), before)
    assert not torch.equal(ran(pipe, chosen(MASKS)), before)
