"""One clip's part of a call of the denoiser."""

from __future__ import annotations

from typing import Any

import torch

from hitmark.backbones.call import DenoiserCall
from hitmark.control import COND, UNCOND

FRAMES, CLIPS = 3, 2


def test_a_part_has_the_rows_of_its_clip() -> None:
    """One for each clip and branch, in containers too; one for each of its frames; what is all clips' own stays."""
    rows = torch.arange(2 * CLIPS)
    arguments: dict[str, Any] = {
        "sample": rows,
        "words": (10 * rows[:, None] + torch.arange(FRAMES)).flatten(),
        "added": {"pictures": [rows, None], "sizes": (rows,)},
        "places": rows,
        "timestep": torch.tensor(7),
    }
    call = DenoiserCall(None, arguments, (UNCOND, COND), CLIPS, frozenset({"places"}), frozenset({"words"}))
    both, prompt = call.of_clip(1), call.of_prompt(1)
    assert both.arguments["sample"].tolist() == [1, 3]
    assert both.arguments["words"].tolist() == [10, 11, 12, 30, 31, 32]
    assert both.arguments["added"]["pictures"][0].tolist() == both.arguments["added"]["sizes"][0].tolist() == [1, 3]
    assert prompt.arguments["words"].tolist() == [30, 31, 32]
    assert (prompt.clips, prompt.branches) == (1, (COND,))
    for part in (both, prompt):
        assert torch.equal(part.arguments["places"], rows)
        assert int(part.arguments["timestep"]) == 7
