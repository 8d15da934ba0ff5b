"""Time-to-Move against the published loop written out, and what its parameters do."""

from __future__ import annotations

from typing import Any

import diffusers
import numpy as np
import pytest
import torch

from hitmark.backbones import tiny
from hitmark.control import Reference
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.levels import Levels
from hitmark.methods.time_to_move import TimeToMove, nearest_step
from hitmark.reference import MotionSignal
from tests.contract.pipelines import picture

from .published_time_to_move import encoded, published

SIDE, STEPS = 64, 8
MAKE = {
    "wan": lambda: tiny.tiny_wan("2.2", image=True),
    "cogvideox": lambda: tiny.tiny_cogvideox(image=True),
    "svd": lambda: tiny.tiny_svd(1, channels=(32, 64), layers=1, frames=9, vae_channels=(32, 32, 32, 32)),
}
WORDS = {
    "wan": {"prompt": "a red thing on grass", "guidance_scale": 3.0},
    "cogvideox": {"prompt": "a red thing on grass", "guidance_scale": 3.0, "max_sequence_length": 32},
    "svd": {},
}


@pytest.fixture(scope="module")
def pipes():
    made: dict[str, Any] = {}

    def get(family: str, scheduler: str | None, settings: dict[str, Any]) -> Any:
        if family not in made:
            made[family] = MAKE[family]()
            made[family].set_progress_bar_config(disable=True)
            made[family].own = made[family].scheduler
        pipe = made[family]
        pipe.scheduler = pipe.own if scheduler is None else getattr(diffusers, scheduler)(**settings)
        return pipe

    return get


def call(family: str, **options: Any) -> dict[str, Any]:
    settings = {"image": picture(0, SIDE, SIDE), "height": SIDE, "width": SIDE, "num_frames": 9}
    settings |= {"num_inference_steps": STEPS, "output_type": "latent", "return_dict": True}
    return settings | WORDS[family] | {"generator": torch.Generator().manual_seed(5)} | options


def signal(frames: int = 9, side: int = SIDE) -> MotionSignal:
    rng = np.random.default_rng(3)
    mask = np.zeros((frames, side, side), bool)
    for frame in range(frames):
        mask[frame, 8:40, 3 * frame : 3 * frame + 24] = True
    return MotionSignal(rng.integers(0, 256, (frames, side, side, 3), dtype=np.uint8), mask)


def ours(pipe: Any, family: str, method: TimeToMove, given: MotionSignal | None = None, **options: Any) -> torch.Tensor:
    with attach(pipe, [], method, reference=given or signal()):
        return pipe(**call(family, **options)).frames


def shares(pipe: Any, steps: int = STEPS) -> list[float]:
    pipe.scheduler.set_timesteps(steps)
    levels = Levels(pipe.scheduler)
    return [levels[index].noise_share for index in range(len(levels))]


FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
V = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
CASES = [
    ("wan", "UniPCMultistepScheduler", FLOW),
    ("wan", "FlowMatchEulerDiscreteScheduler", {"shift": 3.0}),
    ("cogvideox", "CogVideoXDDIMScheduler", V),
    ("cogvideox", "CogVideoXDPMScheduler", V),
    ("svd", None, {}),
]


@pytest.mark.parametrize(("family", "scheduler", "settings"), CASES)
@pytest.mark.parametrize(("weak", "strong"), [(2, 5), (-1, 3)])
def test_published_is_the_published_loop(pipes, family, scheduler, settings, weak, strong):
    if family == "svd" and weak < 0:
        weak = 0
    pipe = pipes(family, scheduler, settings)
    at = shares(pipe)
    method = TimeToMove(None if weak < 0 else at[weak], at[strong], compat="published")
    given = signal(11, 48)  # another size and length than the clip's
    video = torch.from_numpy(given.frames[:9]).permute(0, 3, 1, 2).float() / 255
    expected = published(pipe, call(family), video, torch.from_numpy(given.mask[:9]).float(), weak, strong)
    made = ours(pipe, family, method, given)
    assert (made - expected).abs().max() < 1e-4 * max(1.0, float(expected.std()))


def test_the_published_loop_is_hit_by_its_own_steps_and_no_others(pipes):
    pipe = pipes("svd", None, {})
    at = shares(pipe)
    made = [ours(pipe, "svd", TimeToMove(at[2], at[strong])) for strong in (5, 6)]
    assert (made[0] - made[1]).abs().max() > 1e-2


@pytest.mark.parametrize(("compat", "depends"), [("guarded", False), ("published", True)])
def test_a_solver_that_forgets_starts_from_what_was_put_there(pipes, compat, depends):
    """With everything meant, what came before the last step that is put back cannot matter."""
    pipe = pipes("wan", "UniPCMultistepScheduler", FLOW)
    at, everything = shares(pipe), MotionSignal(signal().frames, np.ones((9, SIDE, SIDE), bool))
    early, late = (ours(pipe, "wan", TimeToMove(at[weak], at[5], compat=compat), everything) for weak in (0, 3))
    assert ((early - late).abs().max() > 1e-3) == depends


def test_nothing_meant_and_no_weak_level_is_the_pipeline_itself(pipes):
    pipe = pipes("wan", "UniPCMultistepScheduler", FLOW)
    before = pipe(**call("wan")).frames
    nothing = MotionSignal(signal().frames, np.zeros((9, SIDE, SIDE), bool))
    assert torch.equal(ours(pipe, "wan", TimeToMove(None), nothing), before)
    ours(pipe, "wan", TimeToMove())
    assert torch.equal(pipe(**call("wan")).frames, before)  # and nothing is left behind


def test_everything_meant_to_the_last_step_is_the_reference(pipes):
    pipe = pipes("svd", None, {})
    everything, seen = MotionSignal(signal().frames, np.ones((9, SIDE, SIDE), bool)), []
    step = call("svd", callback_on_step_end=lambda _p, _i, _t, values: seen.append(values["latents"]) or {})
    with attach(pipe, [], TimeToMove(1.0, 0.0), reference=everything):
        pipe(**step)
    assert len(seen) == STEPS
    rest = pipe.scheduler.sigmas[STEPS - 1]  # 0.002: what the last step can still change
    video = torch.from_numpy(everything.frames).permute(0, 3, 1, 2).float() / 255
    assert (seen[-1] - encoded(pipe, video, SIDE, SIDE)).abs().max() < 50 * rest


@pytest.mark.parametrize("scheduler", [None, "FlowMatchEulerDiscreteScheduler"])
def test_a_given_first_frame_stays_given(scheduler):
    pipe = tiny.tiny_wan("ti2v", image=True)
    pipe.set_progress_bar_config(disable=True)
    if scheduler is not None:
        pipe.scheduler = getattr(diffusers, scheduler)(shift=3.0)
    settings = call("wan", image=picture(0, 128, 128), height=128, width=128, num_inference_steps=3)
    before = pipe(**settings).frames
    with attach(pipe, [], TimeToMove(0.9, 0.5), reference=signal()):
        after = pipe(**settings | {"generator": torch.Generator().manual_seed(5)}).frames
    assert torch.equal(before[:, :, 0], after[:, :, 0])
    assert (before[:, :, 1:] - after[:, :, 1:]).abs().max() > 1e-2


@pytest.mark.parametrize(
    ("at", "steps"),
    [
        ([1, 0.968, 0.926, 0.871, 0.791, 0.671, 0.463, 0.024], (0, 1)),  # 8 steps, shift 5
        ([1, 0.910, 0.717, 0.024], (0, 1)),  # 4 steps, shift 5
        ([0.9986, 0.9965, 0.9904, 0.9687, 0.8792, 0.5387, 0.0887, 0.002], (2, 3)),  # 8 steps of SVD
        ([1, 0.993, 0.986, 0.979, 0.972, 0.964, 0.957, 0.949, 0.941], (3, 7)),  # the first of 50, shift 3
    ],
)
def test_windows_are_told_by_noise_not_by_index(at, steps):
    method = TimeToMove()
    assert (method.first_step(at), nearest_step(at, method.strong)) == steps
    assert TimeToMove(None).first_step(at) == 0


@pytest.mark.parametrize("pooling", ["first", "mid", "last", "any"])
def test_the_mask_of_a_latent_frame_is_of_the_frame_asked_for(pooling):
    rng = np.random.default_rng(0)
    meant, groups = rng.random((9, 3, 4)) < 0.5, (range(0, 1), range(1, 5), range(5, 9))
    reference = Reference(torch.zeros(1, 3, 2, 3, 4), torch.zeros(1, 3, 2, 3, 4), meant, groups)
    place = {"first": [0, 1, 5], "mid": [0, 3, 7], "last": [0, 4, 8]}.get(pooling)
    expected = [meant[[*group]].any(axis=0) for group in groups] if place is None else meant[place]
    assert (reference.mask(pooling)[0, :, 0].numpy() == np.array(expected)).all()


def test_parameters_out_of_range_are_refused():
    for given, words in (
        ({"weak": 0.5, "strong": 0.8}, "strong must not be above weak"),
        ({"weak": 1.5}, "weak must be a number from 0 to 1"),
        ({"strong": -0.1}, "strong must be a number from 0 to 1"),
        ({"pooling": "best"}, "pooling must be 'first' or"),
        ({"compat": "official"}, "compat must be"),
    ):
        with pytest.raises(HitmarkError, match=words):
            TimeToMove(**given)


def test_what_cannot_be_is_refused_before_the_first_step(pipes):
    pipe = pipes("svd", None, {})
    with (
        pytest.raises(HitmarkError, match="needs a crude reference video, but got NoneType"),
        attach(pipe, [], TimeToMove()),
    ):
        pass
    with pytest.raises(HitmarkError, match=r"at least 9 frames.*got 5"):
        ours(pipe, "svd", TimeToMove(), signal(5))
    with (
        pytest.raises(HitmarkError, match=r"batch of 1 clip.*2 references"),
        attach(pipe, [], TimeToMove(), reference=[signal(), signal()]),
    ):
        pipe(**call("svd"))
    heun = pipes("svd", "HeunDiscreteScheduler", {"prediction_type": "v_prediction"})
    with (
        pytest.raises(HitmarkError, match="multistep or higher-order"),
        attach(heun, [], TimeToMove(), reference=signal()),
    ):
        pass
