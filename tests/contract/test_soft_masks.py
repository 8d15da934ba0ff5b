"""What goes beyond published masks, on a U-Net and on transformers: soft ones, kept spread, windows by noise, parts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.peekaboo import Peekaboo
from hitmark.methods.trail_blazer import TrailBlazer

from . import families, pipelines

UNET = "text to video"
NAMES = (UNET, "wan 2.1", "cogvideox", "hunyuan video 1.5")
"""By frame, cell and words; over the whole clip and the words; words in the same sequence, without and with padding."""


@cache
def unet() -> Any:
    """The U-Net's pipeline; the tests leave it as they found it."""
    return pipelines.make(pipelines.TEXT)


@cache
def final(name: str, *controls: Any) -> torch.Tensor:
    """Final latents of a tiny pipeline, made once for the same controls."""
    if name != UNET:
        with attach(families.pipeline(name), families.wanted(name), list(controls)):
            return families.run(name)
    with attach(unet(), pipelines.SCENE, list(controls)):
        return pipelines.run(unet())


def far(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference, in standard deviations."""
    return float((one - other).abs().max() / other.std())


@pytest.mark.parametrize("name", NAMES)
def test_a_penalty_goes_from_no_mask_to_a_hard_one(name: str) -> None:
    hard, plain = final(name, Peekaboo(2, "paper")), final(name)
    assert far(final(name, Peekaboo(2, "paper", penalty=90.0)), hard) < 1e-3
    assert far(final(name, Peekaboo(2, "paper", penalty=0.0)), plain) < 1e-3
    between = final(name, Peekaboo(2, "paper", penalty=2.0))
    assert min(far(between, plain), far(between, hard)) > 1e-2


def test_a_penalty_that_fades_is_whole_at_the_first_step_and_none_at_the_last() -> None:
    faded = final("wan 2.1", Peekaboo(2, "paper", penalty=90.0, fade=1.0))
    assert far(faded, final("wan 2.1", Peekaboo(1, "paper"))) < 1e-3
    assert far(faded, final("wan 2.1", Peekaboo(2, "paper"))) > 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_kept_spread_is_another_mask(name: str) -> None:
    """What it does to logits is compared with a table of all of them in tests/maths/test_soft_regions.py."""
    kept = final(name, Peekaboo(2, "paper", spread="plain"))
    assert torch.isfinite(kept).all()
    assert far(kept, final(name, Peekaboo(2, "paper"))) > 1e-3


def test_knobs_that_would_do_nothing_are_refused() -> None:
    for knobs, words in (
        ({"penalty": 3.0}, "penalty changes the masks of as_published='paper'"),
        ({"spread": "plain"}, "spread changes the masks of as_published='paper'"),
        ({"as_published": "paper", "fade": 1.0}, "fade=1 says how the penalty ends, but penalty is null"),
    ):
        with pytest.raises(HitmarkError, match=words), attach(unet(), pipelines.SCENE, build("peekaboo", knobs)):
            pipelines.run(unet())


COUNTS = ("masked_steps", "guided_steps", "spatial_steps", "temporal_steps")


@pytest.mark.parametrize("name", ["wan 2.1", UNET])
@pytest.mark.parametrize("control", [Peekaboo(1, "paper"), FreeTraj(1), TrailBlazer(1, 1)])
def test_a_window_by_noise_is_that_many_steps(name: str, control: Any) -> None:
    """No step but the first is noise alone."""
    wider = replace(control, **{count: 2 for count in COUNTS if hasattr(control, count)})
    short = final(name, control)
    assert far(final(name, wider), short) > 1e-4, "the second step counts"
    assert torch.equal(final(name, replace(wider, lowest_noise=1.0)), short)


@pytest.mark.parametrize("name", NAMES[:2])
def test_masks_of_some_kinds_leave_the_others_to_another_method(name: str) -> None:
    """Together they do what neither does alone, and Peekaboo's own parts add up to all of it."""
    words, masks = TrailBlazer(2, 0), Peekaboo(2, "paper", parts="spatial,temporal")
    both, alone = final(name, words, masks), [final(name, words), final(name, masks)]
    assert torch.equal(both, final(name, masks, words)), "layers of their own: the order is of no matter"
    assert min(far(both, each) for each in alone) > 1e-2
    whole = final(name, Peekaboo(2, "paper"))
    assert torch.equal(final(name, masks, Peekaboo(2, "paper", parts="cross")), whole)
    assert far(alone[1], whole) > 1e-2


def test_words_in_the_videos_sequence_can_be_left_to_all() -> None:
    assert (
        far(final("cogvideox", Peekaboo(2, "paper", parts="temporal")), final("cogvideox", Peekaboo(2, "paper"))) > 1e-2
    )
    with pytest.raises(HitmarkError, match=r"has no attention of the kinds in parts='cross' by itself"):
        final("cogvideox", Peekaboo(2, "paper", parts="cross"))
