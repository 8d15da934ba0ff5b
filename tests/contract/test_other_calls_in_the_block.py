"""What runs inside of the block and is no call of the pipeline, or one that failed, leaves the next call alone."""

import diffusers
import pytest
import torch

from hitmark.hooks import attach
from hitmark.methods import build

from . import families
from .families import crude, pipeline, wanted
from .families import run as run_family
from .pipelines import FRAMES, HEIGHT, PROMPT, SCENE, TEXT, WIDTH, make, run

OTHER = "the green grass under a thing"


class StoppedError(Exception):
    pass


def stop(*_args):
    raise StoppedError


@pytest.fixture(scope="module")
def pipe():
    return make(TEXT)


def passed(pipe):
    """What the denoiser gives by itself."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(1, 4, FRAMES, HEIGHT // 2, WIDTH // 2, generator=generator)
    words = torch.randn(1, 77, 32, generator=generator)
    with torch.no_grad():
        return pipe.unet(latents, 500, words).sample


def by_hand(pipe):
    pipe.encode_prompt(PROMPT, "cpu", 1, True)


def failed(pipe):
    """As many generators as no batch has: refused after the prompt was encoded, before the loop."""
    with pytest.raises(ValueError, match="list of generators"):
        run(pipe, PROMPT, generator=[torch.Generator(), torch.Generator()])


@pytest.mark.parametrize("before", [by_hand, failed])
def test_a_call_is_controlled_by_its_own_words(pipe, before):
    with attach(pipe, SCENE, build("peekaboo")):
        want, others = run(pipe, OTHER), run(pipe, PROMPT)
        before(pipe)
        assert torch.equal(run(pipe, OTHER), want)
    assert not torch.equal(want, others)


def test_embeddings_are_refused_also_where_they_were_encoded_in_the_block(pipe):
    with attach(pipe, SCENE, build("peekaboo")):
        given, negative = pipe.encode_prompt(PROMPT, "cpu", 1, True)
        with pytest.raises(Exception, match="Call it with prompt="):
            pipe(prompt_embeds=given, negative_prompt_embeds=negative, num_inference_steps=1, height=16, width=16)


def test_the_denoiser_called_by_hand_after_a_loop_is_left_alone(pipe):
    want = passed(pipe)
    with attach(pipe, SCENE, build("peekaboo")):
        run(pipe)
        assert torch.equal(passed(pipe), want)


@pytest.mark.parametrize("ends", [True, False])
def test_another_pipeline_of_the_same_parts_is_left_alone(pipe, ends):
    other = diffusers.TextToVideoSDPipeline(**pipe.components)
    other.set_progress_bar_config(disable=True)
    want = run(other, num_inference_steps=5)
    with attach(pipe, SCENE, build("peekaboo")):
        if ends:
            run(pipe)
        else:
            with pytest.raises(StoppedError):
                run(pipe, callback=stop, callback_steps=1)
        assert torch.equal(run(other, num_inference_steps=5), want)


@pytest.mark.parametrize("name", ["ltx image", "ltx-2.3 image"])
def test_another_pipeline_of_the_same_scheduler_has_all_its_steps(name):
    """A control lets the loop of its own pipeline begin late, in the sound's scheduler too."""
    shared = pipeline(name)
    other, steps = type(shared)(**shared.components), []
    other.set_progress_bar_config(disable=True)

    def count(_pipe, index, _timestep, _values):
        steps.append(index)
        return {}

    late = build("time-to-move", {"weak": 0.8, "strong": 0.5})
    call = {"num_inference_steps": 8, "callback_on_step_end": count}
    with attach(shared, wanted(name), late, reference=crude(name)), pytest.MonkeyPatch.context() as patch:
        for each, complete in ((other, True), (shared, False), (other, True)):
            patch.setattr(families, "pipeline", lambda _name, each=each: each)
            steps.clear()
            run_family(name, **call)
            assert (len(steps) == 8) == complete
