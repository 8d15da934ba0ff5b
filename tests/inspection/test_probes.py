"""The probes: what they measure is what a slow reference says, and they change nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.hooks import attach
from hitmark.inspection.gap import GapProbe, along_path
from hitmark.inspection.run import _word_probes
from hitmark.inspection.shift import ShiftProbe, averaged, shift
from hitmark.methods import build
from hitmark.run.plan import plan
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import Track, evaluate

KEYS = [{"time": 0, "box": [0.0, 0.0, 0.5, 0.5]}, {"time": 1, "box": [0.5, 0.5, 1.0, 1.0]}]
SCENE = Scene.from_dict({"subjects": [{"name": "cat", "phrase": "cat", "keyframes": KEYS}]})


def _clip(controls: list[Any]) -> torch.Tensor:
    pipe: Any = tiny_text_to_video(channels=(32, 64), layers=1, vae_channels=(32, 32))
    pipe.set_progress_bar_config(disable=True)
    with attach(pipe, SCENE, controls):
        return pipe(
            "a cat on grass",
            height=32,
            width=32,
            num_frames=3,
            num_inference_steps=4,
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
        ).frames


def test_words_are_looked_for_where_the_model_reads_them_and_the_prompt_has_them() -> None:
    """A clip from a picture needs no prompt, and one may say nothing of the subjects."""
    scene = SCENE.replace(frames=9, method={"name": "peekaboo"})

    def probes(model: str, prompt: str) -> tuple[bool, bool]:
        planned = plan(scene.replace(model=model, prompt=prompt), picture=True)
        gap, shifted = _word_probes(planned)
        return gap is not None, shifted is not None

    assert probes("wan2.1-i2v-14b", "a Cat on grass") == (True, True)
    assert probes("wan2.1-i2v-14b", "a dog") == (False, False)
    assert probes("wan2.1-t2v-1.3b", "a dog") == (True, True)
    assert probes("svd", "a cat") == (False, False)
    assert probes("cogvideox-5b-i2v", "a cat") == (False, False), "its words have no layers of their own"


def test_shift_of_known_sets() -> None:
    generator = torch.Generator().manual_seed(0)
    plain = torch.randn(400, 3, generator=generator) * torch.tensor([1.0, 5.0, 0.1])
    assert shift(plain, plain) == pytest.approx((0, 1, 0), abs=1e-6)
    spread = plain.std(dim=0, correction=0)
    mean, deviation, distance = shift(plain + 2 * spread, plain)
    assert (mean, deviation, distance) == pytest.approx((2, 1, 2), rel=1e-4)
    center = plain.mean(dim=0)
    mean, deviation, distance = shift((plain - center) * 3 + center, plain)
    assert (mean, deviation) == pytest.approx((0, 3), abs=1e-3)
    assert distance == pytest.approx(2 * float(((plain - center).abs().mean(dim=0) / spread).mean()), rel=1e-3)
    shuffled = plain[torch.randperm(400, generator=generator)]
    assert shift(shuffled, plain)[2] == pytest.approx(0, abs=1e-6)


def test_probes_change_nothing_and_see_only_what_is_edited() -> None:
    edits = build("peekaboo", {"masked_steps": 2})
    probe, gap = ShiftProbe(), GapProbe()
    assert torch.equal(_clip([*edits, probe, gap]), _clip(edits))
    assert {row.step for row in probe.rows} == {0, 1}
    assert {row.kind for row in probe.rows} == {"spatial", "temporal", "cross"}
    assert all("down" not in row.layer for row in probe.rows)
    assert all(row.distance >= 0 and row.deviation >= 0 for row in probe.rows)
    assert max(row.distance for row in probe.rows) > 0.05
    assert sorted(gap.attention_maps) == sorted(gap.inside) == sorted(gap.along) == [0, 1, 2, 3]
    assert set(averaged(probe.rows)) == {
        (kind, region) for kind in ("spatial", "temporal", "cross") for region in ("subjects", "background")
    }


def test_normalization_removes_the_difference_of_deviations() -> None:
    """What the normalization says it does, seen by a probe that does not share its code."""
    before, after = ShiftProbe(), ShiftProbe()
    knobs = {"masked_steps": 2, "as_published": "paper"}
    _clip([*build("peekaboo", knobs), before])
    _clip([*build("peekaboo+mask-normalization", knobs | {"regions": "own", "kinds": "spatial,temporal,cross"}), after])
    first = [abs(math.log(row.deviation)) for row in before.rows if row.step == 0]
    second = [abs(math.log(row.deviation)) for row in after.rows if row.step == 0]
    assert max(first) > 0.05
    assert max(second) < 1e-3


def test_attention_maps_are_the_share_of_the_words() -> None:
    """One layer, by hand: softmax over all words, the subject's summed, mean over heads."""
    gap, seen = GapProbe(), []

    class Reading(GapProbe):
        method = "reading"

        def attention(self, call: Any, step: Any) -> Any:
            if step.index == 0:
                queries, keys = call.queries, call.keys
                for frame in range(call.site.grid[0]):
                    weights = [
                        torch.softmax(
                            queries[1, frame, head] @ keys[1, frame, head].T / queries.shape[-1] ** 0.5, dim=-1
                        )
                        for head in range(queries.shape[2])
                    ]
                    positions = list(step.layout.prompt.positions("cat"))
                    share = torch.stack(weights)[..., positions].sum(-1).mean(0)
                    seen.append((call.site.grid[1:], frame, share))
            return call.run()

    _clip([gap, Reading()])
    for grid, values in gap.attention_maps[0].items():
        for frame in range(3):
            wanted = torch.stack([share for size, at, share in seen if (size, at) == (grid, frame)]).sum(0)
            torch.testing.assert_close(values[frame].flatten(), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("frames", [2, 5])
def test_content_that_rides_along_correlates_and_content_that_stays_does_not(frames: int) -> None:
    generator = torch.Generator().manual_seed(1)
    track: Track = evaluate(SCENE, frames)[0]
    riding = torch.zeros(frames, 4, 16, 16)
    patch = torch.nn.functional.interpolate(torch.randn(1, 4, 3, 3, generator=generator), size=8, mode="bilinear")[0]
    for frame, (x0, y0, _, _) in enumerate((track.boxes * 16).round().astype(int)):
        riding[frame, :, y0 : y0 + 8, x0 : x0 + 8] = patch
    boxes_on_cells = np.abs(track.boxes * 16 - (track.boxes * 16).round()).max() < 1e-6
    assert boxes_on_cells
    assert along_path(riding, track) > 0.9
    alone = torch.randn(frames, 4, 16, 16, generator=generator)
    assert abs(along_path(alone, track)) < 0.5
    hidden = Track(**{**track.__dict__, "visible": np.arange(frames) == 0})
    assert math.isnan(along_path(riding, hidden))
