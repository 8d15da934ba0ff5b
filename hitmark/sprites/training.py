"""The loop that both trainings share: schedule, average, checkpoints that survive a kill, a log, progress with ETA."""

from __future__ import annotations

import copy
import json
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.files import make_folder, written_whole
from hitmark.sprites.optimizers import build_optimizers
from hitmark.sprites.team import ALONE, Team

StepLoss = Callable[[Any, int, torch.Generator], Tensor]
"""(network, step, generator) to a scalar."""
SAVE_EVERY = 180.0
"""Seconds between checkpoints."""


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, constant, linear decay to zero over the last `decay` share of `steps`."""

    steps: int
    warmup: int
    decay: float
    learning_rate: float

    def rate(self, step: int, begun: int = 0) -> float:
        """Learning rate of optimization step `step`, counted from 0, of a run that warmed up from `begun` on."""
        left = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * min(1.0, (step - begun + 1) / self.warmup, left)


class Training:
    """State of one run in `folder`: weights, average, optimizers, random generator, losses. Resumes by itself."""

    def __init__(
        self,
        name: str,
        folder: Path,
        network: nn.Module,
        schedule: Schedule,
        average: float,
        seed: int,
        matrix_rate: float = 1.0,
        team: Team = ALONE,
    ) -> None:
        self.team = team
        self.name, self.folder, self.schedule, self.decay = name, folder, schedule, average
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.optimizers = build_optimizers(network, schedule.learning_rate, team)
        self.relative_rates = (matrix_rate, 1.0)
        self.generator = torch.Generator().manual_seed(seed)
        self.step = self.begun = 0
        self.seconds = 0.0
        self.losses: list[float] = []
        make_folder(folder)
        if self.checkpoint.exists():
            self._load()
        if team.number:
            self.generator.manual_seed(team.turn(self.step) + seed)  # noise of its own

    @property
    def checkpoint(self) -> Path:
        """The file that a killed run continues from."""
        return self.folder / f"{self.name}.pt"

    def run(self, loss_of_step: StepLoss, report: Any = None) -> None:
        """Optimizes until the schedule's end. `loss_of_step(network, step, generator)` gives the scalar loss.

        Ctrl-C saves the finished steps first. `report(training)` is called after every checkpoint.
        """
        try:
            self._run(loss_of_step, report)
        except KeyboardInterrupt:
            self.save()
            raise

    def _run(self, loss_of_step: StepLoss, report: Any) -> None:
        saved = time.monotonic()
        for step in self._progress():
            started = time.monotonic()
            rate = self.schedule.rate(step, self.begun)
            for optimizer, relative in zip(self.optimizers, self.relative_rates, strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = rate * relative
            loss = loss_of_step(self.network, step, self.generator)
            if not torch.isfinite(loss):
                raise HitmarkError(f"{self.name}: the loss is {loss.item()} at step {step}; lower learning_rate")
            loss.backward()
            self.team.average(self.network)
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            for optimizer in self.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            self._update_average(step)
            self.step = step + 1
            self.losses.append(loss.item())
            self.seconds += time.monotonic() - started
            if time.monotonic() - saved > SAVE_EVERY or self.step == self.schedule.steps:
                self.save()
                saved = time.monotonic()
                if report is not None:
                    report(self)

    def begin(self, step: int) -> None:
        """Write the checkpoint of a run that begins at this step with the weights that `network` has now."""
        self.averaged.load_state_dict(self.network.state_dict())
        self.step = self.begun = step
        self.save()

    def save(self) -> None:
        """Writes the checkpoint (to a temporary name of its own, then renamed) and the log, once for a team."""
        if self.team.number:
            return
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "generator": self.generator.get_state(),
            "step": self.step,
            "begun": self.begun,
            "seconds": self.seconds,
            "losses": self.losses,
        }
        with written_whole(self.checkpoint) as temporary:
            torch.save(state, temporary)
        log = {"step": self.step, "seconds": round(self.seconds), "loss": self.recent_loss()}
        (self.folder / f"{self.name}.json").write_text(json.dumps(log) + "\n", encoding="utf-8")

    def recent_loss(self, steps: int = 200) -> float:
        """Mean loss of the last steps."""
        recent = self.losses[-steps:]
        return sum(recent) / max(1, len(recent))

    def _load(self) -> None:
        try:
            state = torch.load(self.checkpoint, map_location=next(self.network.parameters()).device, weights_only=True)
        except (RuntimeError, OSError, pickle.UnpicklingError) as error:
            raise HitmarkError(
                f"{self.checkpoint}: expected a checkpoint of this run, and it cannot be read ({error}); delete it to "
                "begin this part anew, or give another output folder"
            ) from error
        try:
            self.network.load_state_dict(state["network"])
        except RuntimeError as error:
            raise HitmarkError(
                f"{self.checkpoint}: was written by a run with other sizes; give another output folder or delete it"
            ) from error
        self.averaged.load_state_dict(state["averaged"])
        kept = state["optimizers" if "optimizers" in state else "optimisers"]  # the second: an earlier version's word
        for optimizer, saved in zip(self.optimizers, kept, strict=True):
            optimizer.load_state_dict(saved)
        self.generator.set_state(state["generator"].cpu())
        self.step, self.seconds, self.losses = state["step"], state["seconds"], state["losses"]
        self.begun = state.get("begun", 0)

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        decay = min(self.decay, (step + 1) / (step + 10))
        for old, new in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            old.lerp_(new, 1 - decay)

    def _progress(self) -> Iterator[int]:
        from tqdm import tqdm

        steps = range(self.step, self.schedule.steps)
        quiet = self.team.number > 0
        bar = tqdm(steps, self.name, self.schedule.steps, initial=self.step, mininterval=5, disable=quiet)
        for step in bar:
            yield step
            bar.set_postfix(loss=f"{self.recent_loss():.4f}", refresh=False)
