from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from hitmark.errors import HitmarkError
from hitmark.sprites.optimizers import orthogonalize
from hitmark.sprites.team import ALONE, Team, gathered
from hitmark.sprites.train import train
from hitmark.sprites.training import Schedule, Training
from tests.sprites.test_training import TINY

CLIPS = torch.randn(8, 4, 8, generator=torch.Generator().manual_seed(1))
"""Of four steps of two clips each, which two processes share."""


def _loss(team: Team):
    def loss(network: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        clips, first = team.share(2), team.turn(step) * team.share(2)
        return (network(CLIPS[first : first + clips]) - 1).square().mean()

    return loss


def _training(team: Team, folder: Path) -> Training:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 16), nn.Linear(16, 8))
    return Training("net", folder, network, Schedule(4, 1, 0.5, 0.1), 0.9, 0, team=team)


def _member(team: Team, folder: Path, fails: bool) -> None:
    training = _training(team, folder)
    training.run(_loss(team))
    if fails:
        raise HitmarkError("it went wrong there")
    torch.save(training.network.state_dict(), folder / f"weights-{team.number}.pt")
    noise = torch.randn(3, generator=training.generator)
    matrices = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    torch.save((noise, team.in_parts(orthogonalize, matrices)), folder / f"made-{team.number}.pt")
    torch.distributed.barrier()


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    """From half of the clips each: the same weights as one process that has all of them."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "both").mkdir()
    alone = _training(ALONE, tmp_path / "alone")
    alone.run(_loss(ALONE))
    threads = torch.get_num_threads()
    with gathered(2, _member, tmp_path / "both", False) as team:
        assert team == Team(0, 2)
        _member(team, tmp_path / "both", False)
    assert torch.get_num_threads() == threads
    first, second = (torch.load(tmp_path / "both" / f"weights-{number}.pt", weights_only=True) for number in (0, 1))
    for name, expected in alone.network.state_dict().items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], expected, atol=1e-2, rtol=0)  # an orthogonal update may be in bfloat16
    assert not torch.allclose(
        alone.network[0].weight, _training(ALONE, tmp_path / "other").network[0].weight, atol=5e-2
    )
    made = [torch.load(tmp_path / "both" / f"made-{number}.pt", weights_only=True) for number in (0, 1)]
    assert not torch.equal(made[0][0], made[1][0])  # noise of its own
    matrices = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made[0][1], made[1][1])
    torch.testing.assert_close(made[0][1], orthogonalize(matrices), atol=2e-2, rtol=0)
    assert json.loads((tmp_path / "both" / "net.json").read_text())["step"] == 4


def test_a_process_that_fails_ends_the_training_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(HitmarkError, match="a process of the training failed: it went wrong there"):
        _lead(tmp_path)


def _lead(folder: Path) -> None:
    with gathered(2, _member, folder, True) as team:
        _training(team, folder).run(_loss(team))
        torch.distributed.barrier()


@pytest.mark.parametrize(("processes", "device"), [(0, "cpu"), (10_000, "cpu"), (2, "cuda")])
def test_how_many_processes_there_can_be(tmp_path: Path, processes: int, device: str) -> None:
    with pytest.raises(HitmarkError, match=r"processes: expected 1 .*got"):
        train("sprites-t2v", None, tmp_path / "run", device, processes=processes)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processor cores")
def test_a_model_is_trained_by_two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitmark.sprites.recipes.CODE_CLIPS", 12)  # to which the code is fitted
    path = tmp_path / "tiny.toml"
    tiny = TINY.format(steps=2).replace("photographs = 0", "pictures = 6")
    path.write_text(tiny.replace("heads = [1, 1]", "head_width = 16").replace("short_steps", "picture_steps"))
    folder = train("sprites-t2v", path, tmp_path / "run", "cpu", processes=2)
    assert json.loads((tmp_path / "run" / "unet.json").read_text())["step"] == 2
    assert (folder / "unet").is_dir()
