"""`as_published="code"` of TrailBlazer and FreeTraj: the clips that the released programs make, for the same noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.control import COND, UNCOND, AttentionCall, AttentionSite, Layout, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.free_traj_places import labels_of, places_of, released_noise
from hitmark.methods.released_cells import free_traj_cells, trail_blazer_cells
from hitmark.methods.trail_blazer import TrailBlazer
from hitmark.scene.tracks import Track

from .released_programs import (
    free_traj_edit,
    free_traj_noise,
    released,
    softmax,
    trail_blazer_frames,
    trail_blazer_words,
)

PROMPT = "a red cat on green grass; sharp and clean"
SUBJECT, BEHIND = [2, 3, 4, 5, 6, 7], [7, 8, 9]
"""Positions of "red cat" in letters, and of three tokens after as many as there are words before the ";"."""
CASES = {
    "wide, grows": (6, 10, [(0.1, 0.15, 0.45, 0.7), (0.22, 0.2, 0.7, 0.8), (0.3, 0.3, 0.99, 1.0)]),
    "square, rests": (12, 12, [(0.25, 0.25, 0.75, 0.75)] * 2 + [(0.3, 0.25, 0.8, 0.75)]),
    "tall, thin": (14, 8, [(0.29, 0.05, 0.58, 0.9), (0.4, 0.05, 0.69, 0.9), (0.55, 0.1, 0.84, 0.95), (0.7, 0.1, 1, 1)]),
}
"""Rows and columns of the latents, and a box a frame."""
TEXT_STEPS, STEPS = 2, 3


@pytest.fixture(scope="module")
def pipe() -> Any:
    made = tiny_text_to_video(2, channels=(32, 32, 64), layers=1, vae_channels=(32, 32, 32))
    made.set_progress_bar_config(disable=True)
    return made


def track(boxes: Any) -> Track:
    return Track("cat", "subject", "red cat", 0, np.array(boxes, dtype=np.float64), np.ones(len(boxes), dtype=bool))


def run(pipe: Any, case: str, latents: Any = None) -> torch.Tensor:
    rows, columns, boxes = CASES[case]
    size = {"height": 4 * rows, "width": 4 * columns, "num_frames": len(boxes), "num_inference_steps": STEPS}
    generator = torch.Generator().manual_seed(5)
    return pipe(PROMPT, generator=generator, latents=latents, output_type="latent", guidance_scale=4.0, **size).frames


def check_same(pipe: Any, case: str, method: Any, expected: torch.Tensor) -> None:
    with attach(pipe, [track(CASES[case][2])], method):
        got = run(pipe, case)
    assert float((got - expected).abs().max()) < 1e-3 * float(expected.std())
    assert float((run(pipe, case) - expected).abs().mean()) > 1e-2 * float(expected.std())


@pytest.mark.parametrize("case", CASES)
def test_trail_blazer_makes_the_clip_of_the_released_program(pipe: Any, case: str) -> None:
    """Cross-attention; temporal layers of this size are left alone there."""
    rows, columns, boxes = CASES[case]

    def edit(layer: Any, logits: np.ndarray) -> np.ndarray:
        weights = softmax(logits)
        if layer.kind == "words":
            grid = layer.rows, layer.columns
            weights[1] = trail_blazer_words(weights[1], boxes, grid, sorted({*SUBJECT, *BEHIND}))
        return weights

    with released(pipe, (rows, columns), TEXT_STEPS, edit):
        expected = run(pipe, case)
    control = TrailBlazer(spatial_steps=TEXT_STEPS, temporal_steps=STEPS, trailing=3, as_published="code")
    check_same(pipe, case, control, expected)


@pytest.mark.parametrize("case", CASES)
def test_free_traj_makes_the_clip_of_the_released_program(pipe: Any, case: str) -> None:
    """Noise of the same three draws, then every layer, in both branches."""
    rows, columns, boxes = CASES[case]
    noise = free_traj_noise((4, len(boxes), rows, columns), boxes, torch.Generator().manual_seed(5))
    with released(pipe, (rows, columns), TEXT_STEPS, free_traj_edit(boxes, SUBJECT)):
        expected = run(pipe, case, noise)
    check_same(pipe, case, FreeTraj(guided_steps=TEXT_STEPS, as_published="code"), expected)


@pytest.mark.parametrize("scheduler", ["DPMSolverMultistepScheduler"])
def test_both_act_under_the_scheduler_of_trail_blazer_s_program(pipe: Any, scheduler: str) -> None:
    import diffusers

    before, plain = pipe.scheduler, run(pipe, "square, rests")
    pipe.scheduler = getattr(diffusers, scheduler).from_config(before.config, final_sigmas_type="sigma_min")
    try:
        for method in ("trailblazer", "freetraj"):
            with attach(pipe, [track(CASES["square, rests"][2])], build(method, {"as_published": "code"})):
                assert not torch.allclose(run(pipe, "square, rests"), plain, atol=1e-3)
    finally:
        pipe.scheduler = before


def temporal_call(rows: int, columns: int, heads: int, frames: int) -> AttentionCall:
    site = AttentionSite("transformer_in.attn2", "cell", (frames, rows, columns), tags=frozenset({"in", "second"}))
    generator = torch.Generator().manual_seed(1)
    queries, keys, values = (torch.randn(2, rows * columns, heads, frames, 2, generator=generator) for _ in range(3))
    return AttentionCall(site, queries, keys, values, (UNCOND, COND), lambda one, _two, _three: one)


def step_of(boxes: Any, rows: int, columns: int) -> Step:
    layout = Layout(len(boxes), rows, columns, 8, (track(boxes),), reads_words=False)
    return Step(0, 10, 0.1, 0.9, layout, half_precision=False)


@pytest.mark.parametrize("boxes", [case[2] for case in CASES.values()], ids=list(CASES))
def test_trail_blazer_edits_frames_where_the_program_does(boxes: Any) -> None:
    """64 x 64 cells of 8 heads, the negative prompt's branch alone; any other size stays."""
    call, step, control = temporal_call(64, 64, 8, len(boxes)), step_of(boxes, 64, 64), TrailBlazer(as_published="code")
    assert control.attends(call.site, step)
    queries, keys, values = (each.double().numpy() for each in (call.queries, call.keys, call.values))
    weights = softmax(np.einsum("brhid,brhjd->brhij", queries, keys) * queries.shape[-1] ** -0.5)
    weights[0] = trail_blazer_frames(weights[0], boxes, (64, 64))
    expected = np.einsum("brhij,brhjd->brhid", weights, values)
    assert np.abs(control.attention(call, step).double().numpy() - expected).max() < 1e-3
    smaller = temporal_call(40, 72, 8, len(boxes))
    assert torch.equal(control.attention(smaller, step_of(boxes, 40, 72)), smaller.queries)


def test_where_trail_blazer_s_program_acts() -> None:
    code, step = TrailBlazer(as_published="code"), step_of([(0.2, 0.2, 0.6, 0.6)] * 3, 8, 8)
    for tags, expected in (({"in", "second"}, True), ({"up", "second"}, True), ({"middle"}, False)):
        assert code.attends(AttentionSite("x", "cell", (3, 8, 8), tags=frozenset(tags)), step) is expected
    assert not code.attends(AttentionSite("x", "frame", (3, 8, 8)), step)


def test_boxes_outside_the_picture_have_the_cells_that_are_in_it() -> None:
    """Of which the programs know none; a box thinner than a cell has none at all in TrailBlazer's rule."""
    wide = track([(-0.25, 0.5, 0.25, 1.25), (0.75, 0.5, 1.25, 1.25)])
    assert trail_blazer_cells(wide, 8, 8).tolist() == [[-2, 4, 1, 9], [6, 4, 9, 9]]
    layout = Layout(2, 8, 8, 8, (wide,), reads_words=False)
    (place,) = places_of(layout, (2, 8, 8), in_code=True)
    assert place.inside.sum(dim=(1, 2)).tolist() == [8, 8]
    assert (place.bump > 0).equal(place.inside)
    noise = torch.zeros(1, 2, 4, 8, 8)
    assert (released_noise(noise, layout, wide, torch.Generator().manual_seed(0)) != 0)[0, :, 0].equal(place.inside)
    thin = trail_blazer_cells(track([(0.5, 0.5, 0.515, 0.9)] * 2), 64, 64)
    assert (thin[:, 2] <= thin[:, 0]).all()


def test_one_definition_of_cells_in_every_part_of_free_traj() -> None:
    """Self-attention, words and noise of a level agree, and so in "code" do levels with the size of the first box."""
    boxes = [(0.1, 0.1, 0.55, 0.5), (0.3, 0.2, 0.9, 0.9), (0.42, 0.45, 0.87, 0.85)]
    layout = Layout(3, 16, 24, 8, (track(boxes),), reads_words=False)
    for in_code in (False, True):
        for grid in ((3, 16, 24), (3, 8, 12), (3, 4, 6)):
            (place,) = places_of(layout, grid, in_code)
            assert place.inside.equal(labels_of(layout, grid, in_code) > 0)
            assert (place.bump > 0).equal(place.inside)
    cells = free_traj_cells(track(boxes), 16, 24)
    assert (cells[:, 2:] - cells[:, :2]).tolist() == [[10, 6]] * 3


@pytest.mark.parametrize("method", ["trailblazer", "freetraj"])
def test_code_is_refused_where_there_is_no_u_net(method: str) -> None:
    from hitmark.backbones.families import FAMILIES
    from hitmark.method_fit import check_acting_points

    wan = FAMILIES["WanPipeline"].abilities
    check_acting_points(build(method), "a Wan model", wan)
    with pytest.raises(HitmarkError, match=r"as_published='code' edits the layers of a U-Net.*as_published=paper"):
        check_acting_points(build(method, {"as_published": "code"}), "a Wan model", wan)
    with pytest.raises(HitmarkError, match="as_published must be 'paper' or 'code'"):
        build(method, {"as_published": "both"})
