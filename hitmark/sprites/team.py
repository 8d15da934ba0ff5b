"""Several processes that train one network together: each has a part of every step's clips, all have the same weights.

What it brought on two cores stands in the card of sprites-wan (docs/models/sprites-wan.md, "Going on").
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from torch import Tensor, nn

from hitmark.errors import HitmarkError


@dataclass(frozen=True)
class Team:
    """Who this process is: `number` of `count`; number 0 writes checkpoints and tells what happens."""

    number: int = 0
    count: int = 1

    def share(self, batch: int) -> int:
        """Clips of a step's batch that this process has, rounded up."""
        return -(-batch // self.count)

    def turn(self, step: int) -> int:
        """Of the parts of all steps, the number of this process's part of a step: what its seeds follow."""
        return step * self.count + self.number

    def average(self, network: nn.Module) -> None:
        """Replaces gradients by their mean over all processes; one that is missing counts as zeros."""
        if self.count == 1:
            return
        parameters = [each for each in network.parameters() if each.requires_grad]
        for each in parameters:
            each.grad = torch.zeros_like(each) if each.grad is None else each.grad
        gradients = [each.grad for each in parameters if each.grad is not None]
        together = torch.cat([each.flatten() for each in gradients])
        torch.distributed.all_reduce(together)
        together /= self.count
        for gradient, mean in zip(gradients, together.split([each.numel() for each in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def in_parts(self, compute: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
        """`compute(values)`, which keeps the shape and treats rows by themselves; each process computes some rows."""
        if self.count == 1 or len(values) < self.count:
            return compute(values)
        rows = self.share(len(values))
        mine = values.new_zeros(rows, *values.shape[1:])
        part = values[self.number * rows : (self.number + 1) * rows]
        if len(part):
            mine[: len(part)] = compute(part)
        parts = [torch.empty_like(mine) for _ in range(self.count)]
        torch.distributed.all_gather(parts, mine)
        return torch.cat(parts)[: len(values)]


ALONE = Team()


@contextmanager
def gathered(count: int, member: Callable[..., None], *arguments: Any) -> Iterator[Team]:
    """Makes this process the first of `count`; the others run `member(team, *arguments)` and end with the block.

    Raises:
        HitmarkError: another process failed, with what it said.
    """
    if count == 1:
        yield ALONE
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, _threads_shared(count):
        others = [
            context.Process(target=_join, args=(folder, Team(number, count), member, arguments), daemon=True)
            for number in range(1, count)
        ]
        for each in others:
            each.start()
        try:
            _meet(folder, Team(0, count))
            yield Team(0, count)
        except RuntimeError as error:
            said = [path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("failed-*"))]
            if not said:
                raise
            raise HitmarkError(f"a process of the training failed: {said[0]}") from error
        finally:
            with suppress(ValueError, AssertionError):  # they never met
                torch.distributed.destroy_process_group()
            for each in others:
                each.terminate()
                each.join()


def _meet(folder: str, team: Team) -> None:
    where = (Path(folder) / "meeting").as_uri()
    torch.distributed.init_process_group("gloo", init_method=where, rank=team.number, world_size=team.count)


def _join(folder: str, team: Team, member: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What another process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first one saves, then ends this one
    try:
        with _threads_shared(team.count):
            _meet(folder, team)
            member(team, *arguments)
    except Exception as error:
        Path(folder, f"failed-{team.number}").write_text(str(error), encoding="utf-8")
        raise SystemExit(1) from error


@contextmanager
def _threads_shared(count: int) -> Iterator[None]:
    """Each process takes its part of the threads that torch would take."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(before, (os.cpu_count() or 1) // count)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
