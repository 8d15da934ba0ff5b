"""What runs inside of the block and is no call of the pipeline, or one that failed, leaves the next call alone."""

import diffusers
import pytest
import torch

from hitmark.hooks import attach
from hitmark.methods import build

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
