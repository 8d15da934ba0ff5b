"""Modular pipelines in which controls cannot act: refused by name, with what to do."""

from __future__ import annotations

import copy
from typing import Any

import diffusers
import pytest
from diffusers.modular_pipelines import ModularPipelineBlocks

import hitmark
from hitmark.backbones import backbone_for
from hitmark.errors import HitmarkError
from hitmark.run.presets import build
from tests.contract.families import PROMPT
from tests.contract.modular import SHORT, modular, pair, run, wanted


def refused(pipe: Any, told: str) -> None:
    with pytest.raises(HitmarkError, match=told), hitmark.attach(pipe, wanted(), hitmark.build("temporal-intrinsic")):
        run(pipe)


def test_blocks_of_another_model() -> None:
    refused(diffusers.LTXModularPipeline(), r"modular pipelines of class LTXModularPipeline\. .*LTXPipeline")


def test_a_network_of_another_class() -> None:
    pipe = modular(diffusers.WanBlocks(), pair("2.1").modular)
    pipe.update_components(transformer=pair("2.1").stock.vae)
    refused(pipe, r"WanModularPipeline with a AutoencoderKLWan\. Expected a WanModularPipeline .*WanTransformer3DModel")


def test_components_that_are_not_loaded() -> None:
    refused(diffusers.WanBlocks().init_pipeline(), r"^scheduler, transformer: .*pipe\.load_components\(\)")


def test_blocks_that_are_no_pipeline_yet() -> None:
    refused(diffusers.WanBlocks(), r"^pipe: .* blocks of one \(WanBlocks\).*blocks\.init_pipeline")


def test_the_loop_apart_is_told_where_words_come_from() -> None:
    """A prompt that is given to blocks without a text encoder is left out by diffusers."""
    blocks = pair("2.1").modular.blocks
    encoder = modular(blocks.sub_blocks.pop("text_encoder"), pair("2.1").stock)
    pipe, encoded = modular(blocks, pair("2.1").stock), encoder(prompt=PROMPT, **SHORT)
    given = {name: encoded.get(name) for name in ("prompt_embeds", "negative_prompt_embeds")}
    with pytest.raises(HitmarkError, match=r"given prompt_embeds.*with the block of its text encoder in it"):  # noqa: SIM117
        with hitmark.attach(pipe, wanted(), hitmark.build("trailblazer")):
            run(pipe, prompt=None, max_sequence_length=None, **given)


def test_blocks_that_prepare_no_latents() -> None:
    blocks = pair("2.1").modular.blocks
    blocks.sub_blocks["denoise"].sub_blocks.pop("prepare_latents")
    refused(modular(blocks, pair("2.1").stock), r"no block of it prepared.*prepare_latents\(components, .*WanPipeline")


class Again(ModularPipelineBlocks):
    """Sets the timesteps of another loop."""

    model_name = "wan"

    def __call__(self, components: Any, state: Any) -> Any:
        components.scheduler.set_timesteps(2)
        return components, state


def test_a_second_loop_that_goes_on_with_the_latents_of_the_first() -> None:
    blocks = pair("2.1").modular.blocks
    inner = blocks.sub_blocks["denoise"].sub_blocks
    for name, block in (("again", Again()), ("second", copy.deepcopy(inner["denoise"]))):
        inner.insert(name, block, len(inner))
    pipe = modular(blocks, pair("2.1").stock)
    run(pipe)
    refused(pipe, r"no block of it prepared")


def test_generate_calls_stock_pipelines_alone() -> None:
    scene = hitmark.Scene.from_dict({"prompt": "a thing", "width": 64, "height": 64, "frames": 5, "subjects": []})
    with pytest.raises(HitmarkError, match=r"^pipe: .*got a WanModularPipeline; .*hitmark\.attach"):
        hitmark.generate(scene.replace(method={"name": "none"}), None, pair("2.1").modular, steps=2)


def test_settings_are_those_of_the_stock_pipeline() -> None:
    both = pair("2.1")
    assert build("ivg-da", model=both.modular) == build("ivg-da", model=both.stock)
    assert backbone_for(both.modular).family == backbone_for(both.stock).family
