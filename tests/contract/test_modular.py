"""Modular Wan pipelines: controls act as on the stock pipeline of the same components, to the bit."""

from __future__ import annotations

import copy
from typing import Any

import diffusers
import pytest
import torch
from diffusers import LayerSkipConfig, guiders
from diffusers.modular_pipelines import ModularPipelineBlocks

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.reference import reference_of

from .families import METHODS_HERE, PROMPT, SCENE
from .modular import FRAMES, GUIDANCE, SHORT, SIDE, marks, modular, pair, pictured, ran, run, wanted
from .pipelines import picture
from .test_families import Bump, Nothing

TEXT = ("peekaboo paper", "mask-normalization", "temporal-intrinsic", "freetraj", "trailblazer", "region-prompts")
BOTH = [
    *(("2.1", label) for label in (*TEXT, "query-warp")),
    *(("2.2", label) for label in ("peekaboo paper", "temporal-intrinsic", "region-prompts")),
    *(("2.1 image", label) for label in ("sg-i2v", "time-to-move")),
    ("2.2 image", "sg-i2v"),
    ("vace", "peekaboo paper"),
]


def chosen(label: str) -> Any:
    """The controls of a method as it is used on families."""
    return build(*METHODS_HERE[label])


@pytest.mark.parametrize(("kind", "label"), BOTH)
def test_a_method_gives_the_latents_of_the_stock_pipeline(kind: str, label: str) -> None:
    """Of the same components, seed, prompt and settings: equal without control, and equal with it."""
    both = pair(kind)
    given, clean = pictured(both), marks(both.modular)
    before = run(both.modular, **given)
    assert torch.equal(before, run(both.stock, **given))
    reference = reference_of(SCENE, picture(1, SIDE, SIDE), (FRAMES, SIDE, SIDE)) if label == "time-to-move" else None
    stock, got = (ran(pipe, chosen(label), reference, **given) for pipe in (both.stock, both.modular))
    assert torch.equal(got, stock)
    assert not torch.equal(got, before)
    assert marks(both.modular) == clean
    assert torch.equal(run(both.modular, **given), before)


@pytest.mark.parametrize("kind", ["2.1", "2.2", "2.2 image"])
def test_a_control_that_changes_nothing_changes_no_bit_and_leaves_no_trace(kind: str) -> None:
    both = pair(kind)
    pipe, given = both.modular, pictured(both)
    before, clean = run(pipe, **given), marks(pipe)
    with attach(pipe, wanted(), Nothing()):
        assert torch.equal(run(pipe, **given), before)
        twin, blocks = copy.deepcopy(pipe), pipe.blocks
    assert marks(pipe) == clean
    assert type(blocks) is type(twin._blocks) is type(pipe._blocks)
    with attach(pipe, wanted(), chosen("peekaboo paper")):
        assert torch.equal(run(twin, **given), before)


def test_batches_and_several_videos_of_a_prompt() -> None:
    both = pair("2.1")
    many: dict[str, Any] = {"prompt": [PROMPT, "a blue red thing"], "negative_prompt": ["dark", "bright"]}
    for options in (many, {"num_videos_per_prompt": 2}):
        for label in ("temporal-intrinsic", "trailblazer"):
            stock, got = (ran(pipe, chosen(label), **options) for pipe in (both.stock, both.modular))
            assert len(got) == 2
            assert torch.equal(got, stock)


class InLoop(ModularPipelineBlocks):
    """A user's block in the loop; `change` is given the components, the loop's values and the step."""

    model_name = "wan"

    def __init__(self, change: Any) -> None:
        self.change = change
        super().__init__()

    def __call__(self, components: Any, values: Any, i: int, t: Any) -> Any:
        self.change(components, values, i)
        return components, values


def with_block(change: Any) -> Any:
    """The modular pipeline with a user's block at the end of each step."""
    pipe = pair("2.1").modular
    blocks = pipe.blocks
    loop = blocks.sub_blocks["denoise"].sub_blocks["denoise"]
    loop.sub_blocks.insert("mine", InLoop(change), len(loop.sub_blocks))
    return modular(blocks, pipe)


def test_a_users_block_in_the_loop_is_heard_as_a_callback_is() -> None:
    def shrink(_components: Any, values: Any, _step: int) -> None:
        values.latents = values.latents * 0.9

    pipe, stock = with_block(shrink), pair("2.1").stock
    told = {"callback_on_step_end": lambda _pipe, _index, _time, values: {"latents": values["latents"] * 0.9}}
    assert torch.equal(run(pipe), run(stock, **told))
    for control in (Bump(), *chosen("peekaboo paper")):
        assert torch.equal(ran(pipe, control), ran(stock, control, **told))


def test_what_a_users_block_raises_leaves_nothing_behind() -> None:
    def stop(_components: Any, _values: Any, step: int) -> None:
        if step == 1:
            raise KeyboardInterrupt

    pipe = with_block(stop)
    clean = marks(pipe)
    with pytest.raises(KeyboardInterrupt), attach(pipe, wanted(), chosen("trailblazer")):
        run(pipe)
    assert marks(pipe) == clean
    assert torch.equal(run(pair("2.1").modular), run(pair("2.1").stock))


def test_a_call_of_the_network_that_no_guider_asked_for_is_refused() -> None:
    def look(components: Any, values: Any, _step: int) -> None:
        words = {"timestep": torch.ones(1), "encoder_hidden_states": values.prompt_embeds}
        components.transformer(values.latents, **words)

    pipe = with_block(look)
    run(pipe)
    with pytest.raises(HitmarkError, match=r"no guider asked for.*or WanPipeline with these components"):
        ran(pipe, chosen("peekaboo paper"))


def test_another_pipeline_of_the_same_components_is_left_alone() -> None:
    both = pair("2.1")
    other, before = modular(diffusers.WanBlocks(), both.stock), run(both.modular)
    with attach(both.modular, wanted(), chosen("trailblazer")):
        masked = run(both.modular)
        assert torch.equal(run(other), before)
        assert torch.equal(run(copy.copy(both.modular)), before)
        assert torch.equal(run(both.modular), masked)
    assert not torch.equal(masked, before)


def test_embeddings_of_another_pipeline_do_without_words() -> None:
    """The usual way to encode once: noise and masks act as with the prompt; what needs words is refused."""
    pipe = pair("2.1").modular
    blocks = pipe.blocks
    encoder = modular(blocks.sub_blocks.pop("text_encoder"), pipe)
    alone, encoded = modular(blocks, pipe), encoder(prompt=PROMPT, **SHORT)
    names = ("prompt_embeds", "negative_prompt_embeds")
    given = {"prompt": None, "max_sequence_length": None} | {name: encoded.get(name) for name in names}
    assert torch.equal(run(alone, **given), run(pipe))
    assert torch.equal(ran(alone, chosen("temporal-intrinsic"), **given), ran(pipe, chosen("temporal-intrinsic")))
    with pytest.raises(HitmarkError, match="was given prompt_embeds"):
        ran(alone, chosen("trailblazer"), **given)


@pytest.fixture
def pipe() -> Any:
    """A modular pipeline of its own guider, which tests change."""
    return modular(diffusers.WanBlocks(), pair("2.1").stock)


def skipping() -> Any:
    """A guider with a third branch, in which the first block is left out."""
    shares: dict[str, Any] = {"skip_layer_guidance_start": 0.0, "skip_layer_guidance_stop": 1.0}
    return guiders.SkipLayerGuidance(guidance_scale=GUIDANCE, skip_layer_config=LayerSkipConfig([0]), **shares)


def test_the_guider_may_change_between_calls(pipe: Any) -> None:
    stock, label = pair("2.1").stock, "trailblazer"
    with attach(pipe, wanted(), chosen(label)):
        three = run(pipe)
        pipe.update_components(guider=guiders.ClassifierFreeGuidance(guidance_scale=5.0))
        five = run(pipe)
        pipe.update_components(guider=skipping())
        with pytest.raises(HitmarkError, match=r"^guider: SkipLayerGuidance .*pipe\.update_components\(guider="):
            run(pipe)
    assert type(pipe.guider) is guiders.SkipLayerGuidance
    assert torch.equal(three, ran(stock, chosen(label)))
    assert torch.equal(five, ran(stock, chosen(label), guidance_scale=5.0))


@pytest.mark.parametrize("name", ["AdaptiveProjectedGuidance", "ClassifierFreeZeroStarGuidance"])
def test_guiders_that_mix_the_branches_in_another_way_serve_every_method(pipe: Any, name: str) -> None:
    pipe.update_components(guider=getattr(guiders, name)())
    before = run(pipe)
    assert torch.equal(ran(pipe, Nothing()), before)
    for label in ("peekaboo paper", "temporal-intrinsic"):
        got = ran(pipe, chosen(label))
        assert torch.isfinite(got).all()
        assert not torch.equal(got, before)


def test_guiders_that_change_layers_serve_methods_that_edit_no_attention(pipe: Any) -> None:
    """An edit of latents is the same made by a block of the user's, in all three branches."""
    pipe.update_components(guider=skipping())
    before = run(pipe)
    with pytest.raises(HitmarkError, match=r"^guider: SkipLayerGuidance"):
        ran(pipe, chosen("peekaboo paper"))

    def change(components: Any, values: Any, step: int) -> None:
        if step == 0:
            values.latents = values.latents + 0.25
            components.scheduler.last_sample = None

    own = with_block(change)
    own.update_components(guider=skipping())
    got = ran(pipe, Bump())
    assert torch.equal(got, run(own))
    assert not torch.equal(got, before)
    assert torch.equal(run(pipe), before)


class Late(Control):
    """Leaves out the first step."""

    def first_step(self, shares: Any) -> int:
        return 1


def test_a_late_start_is_a_later_step_for_the_guider_too(pipe: Any) -> None:
    """Guidance from the second half of the loop on is that of the step that is left."""
    pipe.update_components(guider=guiders.ClassifierFreeGuidance(guidance_scale=GUIDANCE, start=0.5))
    late = ran(pipe, Late())
    pipe.update_components(guider=guiders.ClassifierFreeGuidance(guidance_scale=GUIDANCE))
    assert torch.equal(late, ran(pipe, Late()))
    assert torch.equal(late, ran(pair("2.1").stock, Late()))
