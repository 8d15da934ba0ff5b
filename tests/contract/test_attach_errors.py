"""One clear error for each thing that cannot work, raised before it costs time, and no trace left after it."""

import diffusers
import numpy as np
import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.scene.tracks import Track, evaluate

from .pipelines import FRAMES, SCENE, make, run, traces


@pytest.fixture(scope="module")
def pipe():
    pipe = make()
    run(pipe)
    return pipe


def refuses(pipe, match, scene=SCENE, controls=None, **options):
    clean = traces(pipe)
    with (
        pytest.raises(HitmarkError, match=match),
        attach(pipe, scene, build("sg-i2v") if controls is None else controls),
    ):
        run(pipe, **options)
    assert traces(pipe) == clean


def test_unknown_pipeline():
    with pytest.raises(HitmarkError, match=r"does not know pipelines of class object.*StableVideoDiffusionPipeline"):
        attach(object(), SCENE, build("sg-i2v")).__enter__()


UNSOUND = {
    "HeunDiscreteScheduler": "is a multistep or higher-order scheduler",
    "LMSDiscreteScheduler": "is a multistep or higher-order scheduler",
    "PNDMScheduler": "is a multistep or higher-order scheduler",
    "KDPM2DiscreteScheduler": "is a multistep or higher-order scheduler",
    "DPMSolverSinglestepScheduler": "starts several steps from the same latents",
}


@pytest.mark.parametrize("name", UNSOUND)
def test_schedulers_whose_memory_contradicts_edited_latents(pipe, name, monkeypatch):
    monkeypatch.setattr(pipe, "scheduler", getattr(diffusers, name)())
    refuses(pipe, f"{name} {UNSOUND[name]}.*sg-i2v.*Euler")


def test_a_scheduler_that_nobody_knows(pipe, monkeypatch):
    class Own:
        config = {}  # noqa: RUF012

    monkeypatch.setattr(pipe, "scheduler", Own())
    refuses(pipe, "does not know what the numbers of a Own mean")


@pytest.mark.parametrize(
    "name",
    [
        "EulerAncestralDiscreteScheduler",
        "DDIMScheduler",
        "EDMEulerScheduler",
        "DDPMScheduler",
        "UniPCMultistepScheduler",
        "DPMSolverMultistepScheduler",
    ],
)
def test_other_schedulers_work(name, monkeypatch):
    pipe = make()
    options = {} if name == "EDMEulerScheduler" else {"prediction_type": "v_prediction"}
    monkeypatch.setattr(pipe, "scheduler", getattr(diffusers, name)(**options))
    torch.manual_seed(0)
    plain = run(pipe)
    torch.manual_seed(0)
    with attach(pipe, SCENE, build("sg-i2v", {"step_size": 0.02, "iterations": 2})):
        controlled = run(pipe)
    assert torch.isfinite(controlled).all()
    assert not torch.equal(plain, controlled)


def test_inference_mode(pipe):
    with torch.inference_mode():
        refuses(pipe, "inference_mode")
    clean = traces(pipe)
    with (
        attach(pipe, SCENE, build("sg-i2v")),
        torch.inference_mode(),
        pytest.raises(HitmarkError, match="inference_mode"),
    ):
        run(pipe)
    assert traces(pipe) == clean


def test_two_controls_on_one_pipeline(pipe):
    with attach(pipe, SCENE, build("sg-i2v")):
        refuses(pipe, "already has controls attached")
    run(pipe)


def test_tracks_that_do_not_fit(pipe):
    refuses(pipe, f"has 5 frames, but the pipeline makes {FRAMES}", scene=evaluate(SCENE, 5))
    refuses(pipe, "batch of 1 clip", scene=[SCENE, SCENE])
    refuses(pipe, "Expected a Scene", scene=3)
    refuses(pipe, "Expected a Scene or Tracks, but got int", scene=[[3]])
    refuses(pipe, "at least one subject", scene=[])
    refuses(pipe, "controls must be Control objects", controls=["sg-i2v"])


def test_box_outside_the_first_picture(pipe):
    boxes = np.tile([1.1, 0.1, 1.4, 0.4], (FRAMES, 1))
    boxes[1:] -= [0.5, 0, 0.5, 0]
    outside = Track("ghost", "subject", None, 0, boxes, np.ones(FRAMES, bool))
    refuses(pipe, "subject 'ghost' lies outside the first picture", scene=[outside])


def test_unknown_layers(pipe):
    refuses(pipe, r"no self-attention '7\.1' to read.*1\.0, 1\.1", controls=build("sg-i2v", {"layers": "7.1"}))


def test_scheduler_or_denoiser_replaced_inside(pipe):
    other = make()
    scheduler = pipe.scheduler
    with attach(pipe, SCENE, build("sg-i2v")):
        pipe.scheduler = other.scheduler
        with pytest.raises(HitmarkError, match="was replaced inside"):
            run(pipe)
        pipe.scheduler = scheduler
    run(pipe)


def test_partly_compiled_denoiser():
    pipe = make()
    pipe.unet.mid_block = torch.compile(pipe.unet.mid_block, backend="eager")
    refuses(pipe, r"Part of the denoiser \(mid_block\) is wrapped by torch.compile")


def test_a_denoiser_without_gradients(pipe):
    hook = pipe.unet.conv_in.register_forward_hook(lambda _module, _args, output: output.detach())
    try:
        refuses(pipe, "No gradient reaches the latents")
    finally:
        hook.remove()


def test_weights_that_change_type_between_forward_and_backward():
    pipe = make()
    pipe.unet.enable_layerwise_casting(storage_dtype=torch.bfloat16, compute_dtype=torch.float32)
    run(pipe)
    refuses(pipe, "undo layerwise casting")
