from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hitmark.methods.noisy_steps import acts, progress


def steps(shares: list[float]) -> list[Any]:
    return [SimpleNamespace(index=index, noise_share=share) for index, share in enumerate(shares)]


def flow(count: int, shift: float) -> list[float]:
    """Levels of Wan's schedulers: evenly spaced times, shifted."""
    times = [1 - index / count for index in range(count)]
    return [shift * time / (1 + (shift - 1) * time) for time in times]


@pytest.mark.parametrize(("count", "edited"), [(4, 2), (8, 3), (20, 6), (50, 14)])
def test_a_window_by_noise_fits_runs_of_any_length(count: int, edited: int) -> None:
    acting = [acts(step, 100, 0.85) for step in steps(flow(count, 2.0))]
    assert acting == [True] * edited + [False] * (count - edited)


def test_without_it_steps_are_counted() -> None:
    assert [acts(step, 3, 0.0) for step in steps(flow(5, 2.0))] == [True, True, True, False, False]
    assert [acts(step, 0, 0.0) for step in steps(flow(5, 2.0))] == [False] * 5
    assert [acts(step, 2, 0.1) for step in steps(flow(5, 2.0))] == [True, True, False, False, False], "both must hold"


def test_the_first_step_counts_however_little_noise_it_has() -> None:
    assert [acts(step, 4, 1.0) for step in steps([0.6, 0.4, 0.2])] == [True, False, False]
    assert not acts(steps([0.6])[0], 0, 1.0)


def test_progress_is_by_number_or_by_noise_whichever_is_further() -> None:
    assert [progress(step, 3, 0.0) for step in steps([1.0, 0.9, 0.8])] == [0, 0.5, 1]
    by_noise = [progress(step, 100, 0.8) for step in steps([1.0, 0.95, 0.9, 0.8, 0.5])]
    assert by_noise == pytest.approx([0, 0.25, 0.5, 1, 1])
    assert progress(steps([0.7])[0], 1, 1.0) == 0
