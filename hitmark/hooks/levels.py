"""What a diffusers scheduler's numbers mean, class by class: noise levels, clean estimates, and what it remembers.

Every noisy latent is z = alpha * x0 + sigma * eps in the scheduler's own units. The classes differ in these two
numbers, in what the network's output stands for, in the scale of the network's input, and in what they remember of
earlier steps; all of that is written down here, and a class that is not in the table is refused by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from hitmark.control import Control
from hitmark.errors import HitmarkError

Kind = Literal["exploding", "preserving", "flow", "dataward", "edm", "solver"]
"""exploding: alpha = 1, as k-diffusion counts. preserving: alpha^2 + sigma^2 = 1 by timestep. flow: alpha = 1 - sigma.
dataward: the same, of which the network says the negative.
edm: Karras et al. (arXiv:2206.00364) with preconditioning. solver: any of them, asked of the scheduler."""
Memory = Literal["nothing", "clean", "sample", "start", "order"]
"""What the scheduler remembers. clean: clean estimates of earlier steps. sample: also the latents of the last step,
from which it starts again. start: the latents of a group of steps. order: several calls of the network make up one
step, or directions are remembered."""

SCHEDULERS: dict[str, tuple[Kind, Memory]] = {
    "EulerDiscreteScheduler": ("exploding", "nothing"),
    "EulerAncestralDiscreteScheduler": ("exploding", "nothing"),
    "HeunDiscreteScheduler": ("exploding", "order"),
    "KDPM2DiscreteScheduler": ("exploding", "order"),
    "KDPM2AncestralDiscreteScheduler": ("exploding", "order"),
    "LMSDiscreteScheduler": ("exploding", "order"),
    "DDIMScheduler": ("preserving", "nothing"),
    "DDPMScheduler": ("preserving", "nothing"),
    "LCMScheduler": ("preserving", "nothing"),
    "TCDScheduler": ("preserving", "nothing"),
    "CogVideoXDDIMScheduler": ("preserving", "nothing"),
    "CogVideoXDPMScheduler": ("preserving", "clean"),
    "PNDMScheduler": ("preserving", "order"),
    "FlowMatchEulerDiscreteScheduler": ("flow", "nothing"),
    "FlowMatchLCMScheduler": ("flow", "nothing"),
    "LTXEulerAncestralRFScheduler": ("flow", "nothing"),
    "FlowMatchHeunDiscreteScheduler": ("flow", "order"),
    "MiniMaxH3Scheduler": ("dataward", "nothing"),
    "EDMEulerScheduler": ("edm", "nothing"),
    "EDMDPMSolverMultistepScheduler": ("edm", "clean"),
    "DPMSolverMultistepScheduler": ("solver", "clean"),
    "DEISMultistepScheduler": ("solver", "clean"),
    "DPMSolverSinglestepScheduler": ("solver", "start"),
    "UniPCMultistepScheduler": ("solver", "sample"),
    "SASolverScheduler": ("solver", "sample"),
}
"""Class of the scheduler -> how it counts noise, and what it remembers."""

SUGGESTION = "Use e.g. pipe.scheduler = {}.from_config(pipe.scheduler.config)."


@dataclass(frozen=True)
class Level:
    """Where one step stands: z = alpha * x0 + sigma * eps; the network is fed z / norm."""

    alpha: float
    sigma: float
    norm: float = 1.0

    @property
    def noise_share(self) -> float:
        """Sigma / (alpha + sigma), 0..1: the sigma of the equivalent flow, which compares between families."""
        return self.sigma / (self.alpha + self.sigma)


class Levels:
    """The noise levels of one scheduler object, and what its network's output means at each.

    Raises:
        HitmarkError: a scheduler of a class that is not in the table.
    """

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.kind, self.memory = _row(scheduler)

    def __len__(self) -> int:
        return len(self.scheduler.timesteps)

    def __getitem__(self, index: int) -> Level:
        """The level of step `index` of the loop, counted from 0."""
        scheduler = self.scheduler
        if self.kind == "preserving":
            kept = float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])])
            return Level(kept**0.5, (1 - kept) ** 0.5)
        sigma = float(scheduler.sigmas[index])
        if self.kind == "exploding":
            return Level(1.0, sigma, (sigma**2 + 1) ** 0.5)
        if self.kind == "edm":
            return Level(1.0, sigma, (sigma**2 + scheduler.config.sigma_data**2) ** 0.5)
        if self.kind in ("flow", "dataward"):
            return Level(1 - sigma, sigma)
        alpha, own = scheduler._sigma_to_alpha_sigma_t(scheduler.sigmas[index].double())
        return Level(float(alpha), float(own))

    def index(self, timestep: Any) -> int:
        """Which step of the loop the scheduler stands at. Raises HitmarkError for a timestep that is none of its."""
        index = getattr(self.scheduler, "step_index", None)
        if index is None:
            found = (self.scheduler.timesteps == timestep).nonzero()
            if not len(found):
                raise HitmarkError(f"Timestep {timestep} is none of the scheduler's; call the pipeline as usual.")
            index = int(found[0])
        return index

    def clean(self, output: Tensor, sample: Tensor, level: Level) -> Tensor:
        """The clean latents x0 that an output of the network, after guidance, stands for."""
        if self.kind == "dataward":
            return sample + level.sigma * output
        kind, alpha, sigma = self._meaning(), level.alpha, level.sigma
        if kind == "sample":
            return output
        if self.kind == "edm":
            data = self.scheduler.config.sigma_data
            norm = sigma**2 + data**2
            sign = -1.0 if kind == "v_prediction" else 1.0
            return data**2 / norm * sample + sign * sigma * data / norm**0.5 * output
        if kind == "flow_prediction":
            return sample - sigma * output
        if kind == "epsilon":
            return (sample - sigma * output) / alpha
        norm = (alpha**2 + sigma**2) ** 0.5
        return alpha / norm**2 * sample - sigma / norm * output

    def output(self, clean: Tensor, sample: Tensor, level: Level) -> Tensor:
        """The network's output that stands for clean latents: the inverse of `clean`, which is affine in the output."""
        zero = sample.new_zeros(())
        slope = float(self.clean(zero.double() + 1, zero.double(), level))
        return (self.clean(zero, sample, level) - clean) / -slope

    def forget(self) -> None:
        """Let the coming step start from the latents that it is given, which were edited."""
        if self.memory == "sample":
            self.scheduler.last_sample = None

    def drop(self, count: int) -> None:
        """Let the loop begin so many steps later: timesteps and noise levels before that one are gone."""
        scheduler = self.scheduler
        scheduler.timesteps = scheduler.timesteps[count:]
        if getattr(scheduler, "sigmas", None) is not None:
            scheduler.sigmas = scheduler.sigmas[count:]

    def _meaning(self) -> str:
        if self.kind == "flow":
            return "flow_prediction"
        kind = str(self.scheduler.config.prediction_type)
        known = {"epsilon", "v_prediction", "sample", "original_sample", "flow_prediction"}
        if self.kind == "edm":
            known = {"epsilon", "v_prediction"}
        if kind not in known:
            raise HitmarkError(
                f"{type(self.scheduler).__name__} has prediction_type {kind!r}. Expected one of: "
                f"{', '.join(sorted(known))}."
            )
        return "sample" if kind == "original_sample" else kind


def sign_of_output(named: Mapping[str, Any]) -> float:
    """What the network's output is multiplied with in a call of `step`, by the arguments of that call.

    With a time for each token `FlowMatchEulerDiscreteScheduler` counts the step down from it, not up, and pipelines
    give it the negative of what the network said.
    """
    return 1.0 if named.get("per_token_timesteps") is None else -1.0


def check_history(scheduler: Any, controls: Sequence[Control]) -> None:
    """Raise HitmarkError where what the scheduler remembers of earlier steps would undo what a control edits."""
    _kind, memory = _row(scheduler)
    name = type(scheduler).__name__
    for control in controls:
        if control.watches:
            continue
        latents = control.implements("latents") and (control.edits_every_step or _flows(scheduler))
        clean = control.implements("prediction")
        if memory == "order" and (latents or clean):
            raise HitmarkError(
                f"{name} is a multistep or higher-order scheduler whose memory would contradict what "
                f"{control.method or type(control).__name__} edits between its steps. {_suggestion(scheduler)}"
            )
        if memory == "start" and latents:
            raise HitmarkError(
                f"{name} starts several steps from the same latents, so most of what "
                f"{control.method or type(control).__name__} edits would be lost. {_suggestion(scheduler)}"
            )


def _row(scheduler: Any) -> tuple[Kind, Memory]:
    for scheduler_class in type(scheduler).__mro__:
        if scheduler_class.__name__ in SCHEDULERS:
            return SCHEDULERS[scheduler_class.__name__]
    raise HitmarkError(
        f"hitmark does not know what the numbers of a {type(scheduler).__name__} mean. "
        f"Expected one of: {', '.join(SCHEDULERS)}, or a subclass."
    )


def _suggestion(scheduler: Any) -> str:
    return SUGGESTION.format("FlowMatchEulerDiscreteScheduler" if _flows(scheduler) else "EulerDiscreteScheduler")


def _flows(scheduler: Any) -> bool:
    return _row(scheduler)[0] == "flow" or bool(getattr(scheduler.config, "use_flow_sigmas", False))
