"""What a user may do inside of the block: copy, replace processors, compile, sample with noise."""

import copy
import gc
import weakref

import diffusers
import pytest
import torch

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build

from .pipelines import IMAGE, SCENE, TEXT, make, run, traces


@pytest.fixture(scope="module")
def pipe():
    return make(TEXT)


class Nothing(Control):
    def latents(self, latents, step):
        return latents

    def attention(self, call, step):
        return call.run()


def test_noise_of_the_sampler_stays_that_of_the_given_generator(pipe):
    """The pipeline looks at the signature of `step` for `eta` and `generator`: DDIM with eta draws noise each step."""
    before = run(pipe, eta=1.0)
    with attach(pipe, SCENE, Nothing()):
        torch.manual_seed(1)
        inside = run(pipe, eta=1.0)
    assert torch.equal(inside, before)
    assert not torch.equal(before, run(pipe))


def test_a_deep_copy_made_inside_the_block_is_free(pipe):
    before = run(pipe)
    with attach(pipe, SCENE, build("peekaboo")):
        twin = copy.deepcopy(pipe)
        scheduler = copy.deepcopy(pipe.scheduler)
    assert torch.equal(run(twin), before)
    twin.scheduler = scheduler
    with attach(twin, SCENE, build("peekaboo")):
        masked = run(twin)
    assert not torch.equal(masked, before)
    assert torch.equal(run(pipe), before)
    assert vars(scheduler)["step"].__self__ is scheduler


def test_processors_replaced_inside_the_block_keep_the_controls(pipe):
    from diffusers.models.attention_processor import AttnProcessor2_0

    with attach(pipe, SCENE, build("peekaboo")):
        want = run(pipe)
        before = dict(pipe.unet.attn_processors)
        pipe.unet.set_attn_processor(AttnProcessor2_0())
        assert torch.equal(run(pipe), want)
        pipe.unet.set_attn_processor(before)


def test_attention_that_runs_past_the_controls_is_an_error(pipe):
    clean = traces(pipe)
    before = dict(pipe.unet.attn_processors)
    with attach(pipe, SCENE, build("peekaboo")):
        pipe.enable_attention_slicing(1)
        with pytest.raises(HitmarkError, match=r"attn1 ran past the controls.*SlicedAttnProcessor.*disable_attention"):
            run(pipe)
        pipe.unet.set_attn_processor(before)
    assert traces(pipe) == clean


def test_what_is_told_of_attention_that_runs_past_the_controls_helps(pipe):
    """What diffusers calls a U-Net's default processor is not the one that it is loaded with."""
    from diffusers.models.attention_processor import AttnProcessor2_0

    before = dict(pipe.unet.attn_processors)
    with attach(pipe, SCENE, build("peekaboo")):
        want = run(pipe)
        pipe.unet.set_default_attn_processor()
        with pytest.raises(HitmarkError, match=r"\(AttnProcessor\).*set_attn_processor\(AttnProcessor2_0\(\)\)"):
            run(pipe)
        pipe.unet.set_attn_processor(AttnProcessor2_0())
        assert torch.equal(run(pipe), want)
    pipe.unet.set_attn_processor(before)


@pytest.mark.parametrize("how", ["torch.compile", "module.compile"])
def test_controls_of_attention_act_in_compiled_denoisers(how):
    """One level: what is compiled costs by the number of different layers, and the middle one has attention."""
    compiled = make(TEXT, channels=(32,))
    plain = run(compiled)
    with attach(compiled, SCENE, build("peekaboo")):
        want = run(compiled)
    assert not torch.allclose(want, plain, atol=1e-2 * want.std().item())
    if how == "torch.compile":
        compiled.unet = torch.compile(compiled.unet, backend="eager")
    else:
        compiled.unet.compile(backend="eager")
    with attach(compiled, SCENE, build("peekaboo")):
        assert torch.allclose(run(compiled), want, atol=1e-4 * want.std().item())


def test_layers_are_given_no_estimator(pipe):
    """Running the network inside of itself would switch the other controls off."""
    steps = []

    class Look(Control):
        watches = True

        def latents(self, latents, step):
            steps.append(step.estimator is not None)
            return latents

        def attention(self, call, step):
            steps.append(step.estimator is None and step.reader is None)
            return call.run()

    with attach(pipe, SCENE, Look()):
        run(pipe)
    assert len(steps) > 10
    assert all(steps)


def test_an_estimate_leaves_the_other_layers_edited(pipe):
    """The clock of the layers stands after an estimate where it stood before."""

    class Ask(Control):
        watches = True

        def latents(self, latents, step):
            step.estimator(latents, step.index, 1.0)
            return latents

    with attach(pipe, SCENE, build("peekaboo")):
        want = run(pipe)
    with attach(pipe, SCENE, [*build("peekaboo"), Ask()]):
        assert torch.equal(run(pipe), want)


def test_nothing_keeps_a_pipeline_alive():
    pipe = make(TEXT)
    with attach(pipe, SCENE, build("ivg-da")):
        run(pipe)
    gone = weakref.ref(pipe)
    del pipe
    gc.collect()
    assert gone() is None


def test_solvers_with_memory_serve_methods_that_never_touch_latents(pipe, monkeypatch):
    for name in ("UniPCMultistepScheduler", "DPMSolverMultistepScheduler", "HeunDiscreteScheduler"):
        monkeypatch.setattr(pipe, "scheduler", getattr(diffusers, name).from_config(pipe.scheduler.config))
        before = run(pipe)
        with attach(pipe, SCENE, build("peekaboo")):
            assert not torch.equal(run(pipe), before)
        assert torch.equal(run(pipe), before)


def test_controls_may_be_nested_lists():
    image = make(IMAGE)
    with attach(image, SCENE, [[build("sg-i2v", {"iterations": 0})], [Nothing()]]) as session:
        assert [type(each).__name__ for each in session.controls] == ["SGI2V", "Nothing"]
