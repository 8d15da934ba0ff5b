"""The least time of a clip, and what would shorten it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hitmark.backbones import tiny
from hitmark.errors import GenerationError
from hitmark.run.plan import Plan
from hitmark.run.rehearsal import Estimate, check_time, duration, multiplications_a_second
from hitmark.run.rehearsal.estimate import Work
from tests.run.rehearsal.test_rehearse import planned

RATE = 1e9


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("svd")
    tiny.tiny_svd(channels=(32, 32), layers=1, frames=4, vae_channels=(32, 32)).save_pretrained(folder)
    return folder


def estimate(steps: float, guidance: float = 0, decoding: float = 0) -> Estimate:
    """Of parts that take so many minutes."""
    given = {"steps": steps, "guidance": guidance, "decoding": decoding}
    return Estimate(parts={name: Work(products=60 * RATE * minutes) for name, minutes in given.items()})


def shortened(plan: Plan, found: Estimate, minutes: float) -> str:
    with pytest.raises(GenerationError, match="nothing was started") as refused:
        check_time(plan, found, minutes, RATE)
    return str(refused.value)


def test_what_fits_is_not_refused(svd: Path) -> None:
    check_time(planned(svd, 4, "none")[0], estimate(3, decoding=1), 4, RATE)


def test_one_gradient_a_step_is_named_where_it_is_enough(svd: Path) -> None:
    plan, _ = planned(svd, 4, "sg-i2v", start=0, stop=1, iterations=5)
    found = estimate(3, guidance=10)
    told = shortened(plan, found, 6)
    assert "at least 13.0 min here (0.78 e12 multiplications, at most 1 e9 in a second), and 6 min were given" in told
    assert "--set gradient_every=5" in told
    assert "gradient_every" not in shortened(plan, found, 4)


def test_fewer_steps_are_named_by_what_steps_take(svd: Path) -> None:
    plan, _ = planned(svd, 4, "none")  # of 3 steps
    assert "--steps" not in shortened(plan, estimate(30, decoding=1), 25), "too few to be any good"
    plan = replace(plan, steps=30)
    assert "--steps 24 would" in shortened(plan, estimate(30, decoding=1), 25)
    assert "smaller size" in shortened(plan, estimate(30, decoding=26), 25)


def test_times_are_said_in_their_units() -> None:
    assert [duration(seconds) for seconds in (1.26, 119, 121, 7199, 9000)] == [
        "1.3 s",
        "119.0 s",
        "2.0 min",
        "120.0 min",
        "2.5 h",
    ]


def test_the_pace_is_that_of_a_processor() -> None:
    assert 1e7 < multiplications_a_second(seconds=0.01) < 1e14
