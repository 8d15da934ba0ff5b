"""Query warp, against hooks on the networks' own norms of queries, with places counted one by one."""

from __future__ import annotations

import itertools
import math
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.control import Layout
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.query_warp import QueryWarp, sources
from hitmark.scene.tracks import Track

from .families import pipeline, plain, run, wanted
from .pipelines import traces

WARPED = {
    "wan 2.1": (3, 4, 4),
    "wan 2.1 image": (3, 4, 4),
    "wan 2.2 image": (3, 4, 4),
    "wan ti2v image": (3, 4, 4),
    "cogvideox": (3, 4, 4),
    "ltx": (3, 8, 8),
    "hunyuan video": (3, 4, 4),
    "hunyuan video 1.5": (3, 8, 8),
    "hunyuan video 1.5 image": (3, 8, 8),
}
"""Case -> tokens (frames, rows, columns)."""
FRAME_OF_LATENT = {"ltx": (0, 5, 13)}
"""The frames in the middle of those that a latent frame stands for; else of four after the first."""


def counted(box_of: dict[int, Any], grid: tuple[int, int, int]) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    """Token -> token whose query it asks; (frame, row, column)."""
    first = min(box_of)
    fx0, fy0, fx1, fy1 = box_of[first]
    pairs = {}
    for frame, (x0, y0, x1, y1) in box_of.items():
        for row, column in itertools.product(range(grid[1]), range(grid[2])):
            if not (y0 <= row < y1 and x0 <= column < x1):
                continue
            down = fy0 + math.floor((row + 0.5 - y0) / (y1 - y0) * (fy1 - fy0))
            across = fx0 + math.floor((column + 0.5 - x0) / (x1 - x0) * (fx1 - fx0))
            if 0 <= down < grid[1] and 0 <= across < grid[2]:
                pairs[frame, row, column] = (first, down, across)
    return pairs


def cells(name: str, grid: tuple[int, int, int]) -> dict[int, Any]:
    """The one track's box in tokens, at each latent frame."""
    (track,) = wanted(name)
    frames = FRAME_OF_LATENT.get(name, (0, 3, 7))
    size = np.array([grid[2], grid[1], grid[2], grid[1]])
    return {place: np.floor(track.boxes[frame] * size + 1e-6).astype(int) for place, frame in enumerate(frames)}


@contextmanager
def hooked(name: str, grid: tuple[int, int, int]) -> Any:
    """Every layer's normalized queries moved by a hook of its own."""
    pairs, (_frames, rows, columns) = counted(cells(name, grid), grid), grid
    joint = name.startswith("cog")

    def flat(at: tuple[int, int, int]) -> int:
        return (at[0] * rows + at[1]) * columns + at[2]

    def move(_module: Any, _given: Any, queries: torch.Tensor) -> torch.Tensor:
        moved = queries.clone()
        start = queries.shape[2] - math.prod(grid) if joint else 0
        for to, source in pairs.items():
            if joint:
                moved[:, :, start + flat(to)] = queries[:, :, start + flat(source)]
            else:
                moved[:, flat(to)] = queries[:, flat(source)]
        return moved

    with ExitStack() as stack:
        for network in backbone_for(pipeline(name)).networks():
            for site in backbone_for(pipeline(name)).sites(network):
                if site.scope == "video":
                    norm: Any = site.module
                    stack.callback(norm.norm_q.register_forward_hook(move).remove)
        yield


@pytest.mark.parametrize("name", WARPED)
def test_is_what_hooks_on_the_norms_of_queries_do(name: str) -> None:
    before, clean = plain(name), traces(pipeline(name))
    with attach(pipeline(name), wanted(name), QueryWarp(lowest_noise=0)):
        got = run(name)
    assert traces(pipeline(name)) == clean
    with hooked(name, WARPED[name]):
        expected = run(name)
    assert float((got - expected).abs().max()) < 1e-5 * float(expected.std())
    assert float((got - before).abs().max()) > 1e-2 * float(expected.std())


def test_changes_no_bit_where_only_the_first_frame_shows_the_subject() -> None:
    (track,) = wanted("wan 2.1")
    seen = np.zeros(len(track.boxes), dtype=bool)
    seen[0] = True
    alone = Track(track.name, track.kind, track.phrase, track.depth, track.boxes, seen)
    with attach(pipeline("wan 2.1"), [alone], QueryWarp(lowest_noise=0)):
        assert torch.equal(run("wan 2.1"), plain("wan 2.1"))


def test_clips_of_a_batch_have_their_own_paths() -> None:
    """Each clip of a batch is the clip that is made alone."""
    (track,) = wanted("wan 2.1")
    still = Track("still", "subject", "red thing", 0, track.boxes[:1].repeat(len(track.boxes), 0), track.visible)
    options = {"prompt": ["a red thing on grass"] * 2}
    generators = [torch.Generator().manual_seed(5) for _ in range(2)]
    with attach(pipeline("wan 2.1"), [[track], [still]], QueryWarp()):
        both = run("wan 2.1", generator=generators, **options)
    for place, each in enumerate((track, still)):
        with attach(pipeline("wan 2.1"), [each], QueryWarp()):
            assert torch.allclose(both[place : place + 1], run("wan 2.1"), atol=1e-5)


def layout(*tracks: Track) -> Layout:
    """On a grid of 3 frames of 4 x 6."""
    return Layout(3, 4, 6, 8, tracks)


def moving(*boxes: Any, name: str = "one", depth: int = 0, seen: tuple[bool, ...] = (True, True, True)) -> Track:
    return Track(name, "subject", None, depth, np.array(boxes, dtype=float), np.array(seen))


def test_sources_of_boxes_that_grow_leave_the_picture_and_cross() -> None:
    unit = np.array([1 / 6, 1 / 4, 1 / 6, 1 / 4])
    growing = moving(*(np.array(box) * unit for box in ([0, 0, 1, 1], [2, 1, 4, 3], [5, 3, 7, 5])))
    found, own = sources(layout(growing), (3, 4, 6)), np.arange(72).reshape(3, 4, 6)
    assert (found[1, 1:3, 2:4] == 0).all()  # one cell serves all of a larger box
    assert found[2, 3, 5] == 0
    outside = np.ones((3, 4, 6), dtype=bool)
    outside[0, 0, 0] = outside[2, 3, 5] = False
    outside[1, 1:3, 2:4] = False
    assert (found == own)[outside].all()
    near = moving(*[np.array([0, 0, 2, 2]) * unit] * 3, name="near", depth=1)
    far = moving(*(np.array(box) * unit for box in ([3, 0, 5, 2], [1, 0, 3, 2], [0, 0, 2, 2])), name="far")
    found = sources(layout(near, far), (3, 4, 6))
    assert found[2, 0, 0] == 0  # the nearer subject's own cell, though the farther was named later
    assert found[1, 0, 2] == own[0, 0, 4]


def test_a_subject_that_enters_late_asks_what_it_asked_when_it_entered() -> None:
    boxes = [[0, 0, 1 / 6, 1 / 4], [1 / 6, 0, 2 / 6, 1 / 4], [2 / 6, 0, 3 / 6, 1 / 4]]
    found = sources(layout(moving(*boxes, seen=(False, True, True))), (3, 4, 6))
    assert found[2, 0, 2] == 24 + 1
    assert found[1, 0, 1] == 24 + 1


def test_a_subject_without_words_will_do_and_none_will_not() -> None:
    """Nothing is asked of the words of a prompt."""
    QueryWarp().check(layout(moving([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1])))
    with pytest.raises(HitmarkError, match="query-warp needs a subject"):
        QueryWarp().check(layout())


def test_acts_in_its_window_and_layers() -> None:
    taken = build("query-warp", {"lowest_noise": 1.0, "first_layer": 1.0})
    with attach(pipeline("wan 2.1"), wanted("wan 2.1"), taken):
        got = run("wan 2.1")
    assert not torch.equal(got, plain("wan 2.1"))  # the first step, the last layer
    with attach(pipeline("wan 2.1"), wanted("wan 2.1"), build("query-warp", {"lowest_noise": 0.0})):
        assert not torch.equal(run("wan 2.1"), got)
    with pytest.raises(HitmarkError, match="must not be deeper"):
        QueryWarp(first_layer=0.7, last_layer=0.2)
    with pytest.raises(HitmarkError, match="lowest_noise must be a number from 0 to 1"):
        QueryWarp(lowest_noise=2)
