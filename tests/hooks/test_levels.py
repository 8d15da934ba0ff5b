"""Every row of the scheduler table against what the scheduler itself computes, and the inverse."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks.levels import SCHEDULERS, Level, Levels, check_history

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SOLVERS = [name for name, (kind, _) in SCHEDULERS.items() if kind == "solver"]
FLOWS = [name for name, (kind, _) in SCHEDULERS.items() if kind == "flow"]
EDMS = [name for name, (kind, _) in SCHEDULERS.items() if kind == "edm"]
OTHERS = [name for name, (kind, _) in SCHEDULERS.items() if kind in ("exploding", "preserving")]
TYPES = ("epsilon", "v_prediction")
CASES = [
    *(
        (name, BETAS | {"prediction_type": kind})
        for name in [*OTHERS, *SOLVERS]
        for kind in ("epsilon", "v_prediction")
    ),
    *((name, {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}) for name in SOLVERS),
    *((name, {"prediction_type": kind}) for name in EDMS for kind in TYPES),
    *((name, {}) for name in FLOWS),
]


def _made(name: str, options: dict[str, Any]) -> Any:
    if name in ("DDIMScheduler", "DDPMScheduler", "LCMScheduler"):
        options = options | {"clip_sample": False}
    scheduler = getattr(diffusers, name)(**options)
    if name == "LCMScheduler":
        scheduler.set_timesteps(6, original_inference_steps=50)
    else:
        scheduler.set_timesteps(6)
    return scheduler


def _own_clean(scheduler: Any, output: torch.Tensor, sample: torch.Tensor, index: int) -> torch.Tensor | None:
    """What the scheduler's own code takes for the clean latents, where it says so."""
    timestep, name = scheduler.timesteps[index], type(scheduler).__name__
    if hasattr(scheduler, "_begin_index"):
        scheduler._step_index = index
    if name == "CogVideoXDPMScheduler":
        return scheduler.step(output, None, timestep, None, sample)[1]
    if name == "FlowMatchEulerDiscreteScheduler":  # one step to sigma 0
        kept = scheduler.sigmas
        scheduler.sigmas = torch.cat([kept[: index + 1], torch.zeros_like(kept[index + 1 :])])
        own = scheduler.step(output, timestep, sample, return_dict=False)[0]
        scheduler.sigmas = kept
        return own
    if hasattr(scheduler, "convert_model_output") and name != "LMSDiscreteScheduler":
        if scheduler.config.get("algorithm_type") == "deis":
            return None  # its own form is the noise
        return scheduler.convert_model_output(output, sample=sample)
    result = scheduler.step(output, timestep, sample)
    own = getattr(result, "pred_original_sample", None)
    return getattr(result, "denoised", None) if own is None and name != "LCMScheduler" else own


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{name} {o.get('prediction_type')}" for name, o in CASES])
def test_the_table_says_what_the_scheduler_computes(name: str, options: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    scheduler = _made(name, options)
    levels = Levels(scheduler)
    assert len(levels) == len(scheduler.timesteps)
    for index in range(1 if levels.memory == "order" else 4):  # those of higher order have states between steps
        level = levels[index]
        clean, noise, output = (torch.randn(1, 4, 2, 4, 4, generator=generator) for _ in range(3))
        sample = level.alpha * clean + level.sigma * noise
        mine = levels.clean(output.double(), sample.double(), level)
        if hasattr(scheduler, "scale_model_input"):
            if hasattr(scheduler, "_begin_index"):
                scheduler._step_index = index
            scaled = scheduler.scale_model_input(sample, scheduler.timesteps[index])
            torch.testing.assert_close(scaled, (sample / level.norm).to(scaled.dtype), rtol=1e-5, atol=1e-6)
        own = _own_clean(scheduler, output, sample, index)
        if own is not None:
            assert float((mine - own).abs().max()) < 1e-5 * float(own.abs().max())
        back = levels.output(mine, sample.double(), level)
        assert float((back - output).abs().max()) < 1e-9
        assert 0 < level.noise_share <= 1


def test_the_clean_estimate_of_edm_is_preconditioned() -> None:
    """c_skip z + c_out F (Karras et al., Table 1), which the formulas of epsilon and v are not."""
    scheduler = _made("EDMEulerScheduler", {"prediction_type": "epsilon"})
    levels, data = Levels(scheduler), scheduler.config.sigma_data
    sigma, sample, output = levels[2].sigma, torch.full((1,), 2.0), torch.full((1,), 0.5)
    wanted = data**2 / (sigma**2 + data**2) * 2 + sigma * data / (sigma**2 + data**2) ** 0.5 * 0.5
    assert float(levels.clean(output, sample, levels[2])) == pytest.approx(wanted, rel=1e-5)


def test_noise_share_is_the_sigma_of_the_equivalent_flow() -> None:
    """Scaled by 1 / (alpha + sigma), any z becomes (1 - s) x0 + s eps."""
    for level in (Level(1.0, 3.0), Level(0.6, 0.8), Level(0.25, 0.75)):
        factor = 1 / (level.alpha + level.sigma)
        assert level.noise_share == pytest.approx(level.sigma * factor)
        assert 1 - level.noise_share == pytest.approx(level.alpha * factor)


def test_an_unknown_scheduler_is_refused_by_name_and_a_subclass_is_not() -> None:
    class Own(diffusers.DDIMScheduler):
        pass

    class Strange:
        pass

    assert Levels(Own()).kind == "preserving"
    with pytest.raises(HitmarkError, match=r"what the numbers of a Strange mean.*DDIMScheduler"):
        Levels(Strange())


class _Latents(Control):
    method = "moves"

    def latents(self, latents: Any, step: Any) -> Any:
        return latents + 1


class _Start(_Latents):
    edits_every_step = False


class _Probe(_Latents):
    watches = True

    def prediction(self, clean: Any, step: Any) -> Any:
        return clean


class _Clean(Control):
    def prediction(self, clean: Any, step: Any) -> Any:
        return clean


@pytest.mark.parametrize("name", SCHEDULERS)
def test_only_what_the_memory_would_undo_is_refused(name: str) -> None:
    scheduler, (kind, memory) = getattr(diffusers, name)(), SCHEDULERS[name]
    refused = {"order": {_Latents, _Clean}, "start": {_Latents}}.get(memory, set())
    refused |= {_Start} if kind == "flow" and _Latents in refused else set()  # whose first step has nothing to edit
    for control in (Control, _Latents, _Start, _Probe, _Clean):
        if control in refused:
            with pytest.raises(HitmarkError, match=rf"{name} .*from_config"):
                check_history(scheduler, [control()])
        else:
            check_history(scheduler, [control()])


def test_of_a_flow_model_no_step_is_the_first_that_may_be_edited() -> None:
    diffusers_own = diffusers.DPMSolverSinglestepScheduler()
    check_history(diffusers_own, [_Start()])
    flow = diffusers.DPMSolverSinglestepScheduler(use_flow_sigmas=True, prediction_type="flow_prediction")
    with pytest.raises(HitmarkError, match="DPMSolverSinglestepScheduler starts several steps from the same latents"):
        check_history(flow, [_Start()])


def _walk(name: str, options: dict[str, Any], *, edited: bool) -> torch.Tensor:
    """Ten steps of a solver whose every clean estimate is 0; before step 5 the latents are moved by one."""
    scheduler = getattr(diffusers, name)(**options)
    scheduler.set_timesteps(10)
    levels, sample = Levels(scheduler), torch.ones(1, 1, 1, 1, 1)
    for index, timestep in enumerate(scheduler.timesteps[:6]):
        if edited and index == 5:
            sample = sample + 1
            levels.forget()
        output = levels.output(torch.zeros_like(sample), sample, levels[index])
        sample = scheduler.step(output, timestep, sample, return_dict=False)[0]
    return sample


@pytest.mark.parametrize("name", ["UniPCMultistepScheduler", "DPMSolverMultistepScheduler"])
def test_edited_latents_are_not_lost(name: str) -> None:
    """With a clean estimate of 0 a step multiplies the latents by sigma' / sigma, whatever came before."""
    options = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
    scheduler = getattr(diffusers, name)(**options)
    scheduler.set_timesteps(10)
    moved = float(_walk(name, options, edited=True) - _walk(name, options, edited=False))
    assert moved == pytest.approx(float(scheduler.sigmas[6] / scheduler.sigmas[5]), rel=1e-3)
