"""FreeTraj and TrailBlazer against slow loops over cells, words and frames, in float64, on one layer of each kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.control import COND, UNCOND, AttentionCall, AttentionSite, Layout, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.maths.frequency import merge_video_frequencies
from hitmark.methods import build
from hitmark.methods.free_traj import FreeTraj
from hitmark.methods.trail_blazer import TrailBlazer
from hitmark.prompt import Prompt
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

FRAMES, HEIGHT, WIDTH, HEADS, WORDS = 3, 4, 6, 2, 9
NAMES = ["<s>", "a", "red", "cat", "and", "dog", "</s>", "</s>", "</s>"]
BOXES = {"red cat": [[0, 0, 0.5, 0.5], [0.34, 0.25, 0.84, 0.75]], "dog": [[0.5, 0.5, 1, 1], [0.5, 0.5, 1, 1]]}
SCENE = Scene.from_dict(
    {
        "subjects": [
            {
                "name": name,
                "phrase": name,
                "keyframes": [{"time": 0, "box": start}, {"time": 1, "box": end}],
            }
            for name, (start, end) in BOXES.items()
        ]
    }
)
TEXT = "a red cat and dog"
SPANS = ((0, 0), (0, 1), (2, 5), (6, 9), (10, 13), (14, 17), (0, 0), (0, 0), (0, 0))
PROMPT = Prompt(TEXT, tuple(range(WORDS)), SPANS)
LAYOUT = Layout(FRAMES, HEIGHT, WIDTH, 8, tuple(evaluate(SCENE, FRAMES)), PROMPT)
POSITIONS = {"red cat": [2, 3], "dog": [5]}


SCOPES: Any = {"spatial": "frame", "temporal": "cell", "cross": "words"}


def _call(kind: str, stage: str = "middle", second: bool = True) -> AttentionCall:
    tags = frozenset({stage, *(["second"] if second else [])})
    site = AttentionSite("x", SCOPES[kind], (FRAMES, HEIGHT, WIDTH), tags=tags)
    generator = torch.Generator().manual_seed(0)
    rows, length = (HEIGHT * WIDTH, FRAMES) if kind == "temporal" else (FRAMES, HEIGHT * WIDTH)
    queries = torch.randn(2, rows, HEADS, length, 4, generator=generator)
    keys, values = (
        torch.randn(2, rows, HEADS, WORDS if kind == "cross" else length, 4, generator=generator) for _ in range(2)
    )
    return AttentionCall(site, queries, keys, values, (UNCOND, COND), lambda one, _two, _three: one)


def _inside(name: str, frame: int, cell: int, by_middle: bool = True) -> bool:
    """Cells whose middle is in the box; or the layout's, from the definition: edges cut to cells."""
    x0, y0, x1, y1 = _box(name, frame)
    if by_middle:
        return x0 < (cell % WIDTH + 0.5) / WIDTH < x1 and y0 < (cell // WIDTH + 0.5) / HEIGHT < y1
    left, top, right, bottom = (
        math.floor(value * side + 1e-9) for value, side in zip((x0, y0, x1, y1), (WIDTH, HEIGHT) * 2, strict=True)
    )
    return left <= cell % WIDTH < right and top <= cell // WIDTH < bottom


def _box(name: str, frame: int) -> np.ndarray:
    start, end = (np.array(box, dtype=np.float64) for box in BOXES[name])
    return start + (end - start) * frame / (FRAMES - 1)


def _bump(name: str, frame: int, cell: int, spread: float, by_middle: bool = True) -> float:
    if not _inside(name, frame, cell, by_middle):
        return 0.0
    x, y = (cell % WIDTH + 0.5) / WIDTH, (cell // WIDTH + 0.5) / HEIGHT
    x0, y0, x1, y1 = _box(name, frame)
    across, down = (x - (x0 + x1) / 2) / (x1 - x0), (y - (y0 + y1) / 2) / (y1 - y0)
    return math.exp(-(across**2 + down**2) / (2 * spread**2))


def _owner(frame: int, cell: int) -> int:
    from hitmark.scene.grid import region_labels

    tracks = [track for track in LAYOUT.tracks if track.kind == "subject"]
    return int(region_labels(tracks, FRAMES, HEIGHT, WIDTH)[frame].reshape(-1)[cell])


def _slow(call: AttentionCall, weights_of: Any) -> torch.Tensor:
    """`weights_of(branch, row, place, logits)` gives the weights of one query in one head, in float64."""
    queries, keys, values = (each.double() for each in (call.queries, call.keys, call.values))
    result = torch.zeros_like(queries)
    for branch in range(2):
        for row in range(queries.shape[1]):
            for head in range(HEADS):
                for place in range(queries.shape[3]):
                    logits = keys[branch, row, head] @ queries[branch, row, head, place] / math.sqrt(queries.shape[-1])
                    weights = weights_of(branch, row, place, logits)
                    result[branch, row, head, place] = weights @ values[branch, row, head]
    return result


def _step(index: int = 0) -> Step:
    return Step(index, 10, 0.1, 0.9, LAYOUT, half_precision=False)


def _got(control: Any, call: AttentionCall) -> torch.Tensor:
    return control.attention(call, _step()).double()


@pytest.mark.parametrize("kind", ["spatial", "temporal"])
def test_free_traj_shortens_logits_across_borders(kind: str) -> None:
    def weights(_branch: int, row: int, place: int, logits: torch.Tensor) -> torch.Tensor:
        own = _owner(row, place) if kind == "spatial" else _owner(place, row)
        others = [_owner(row, key) if kind == "spatial" else _owner(key, row) for key in range(len(logits))]
        factor = torch.tensor([1.0 if other == own else 0.01 for other in others], dtype=torch.float64)
        return (logits * factor).softmax(0)

    call = _call(kind)
    assert torch.allclose(_got(FreeTraj(), call), _slow(call, weights), atol=1e-5)


def test_free_traj_in_a_layer_of_the_whole_clip_without_words() -> None:
    """No token of the video is taken for a word."""
    site, tokens = AttentionSite("x", "video", (FRAMES, HEIGHT, WIDTH)), FRAMES * HEIGHT * WIDTH
    generator = torch.Generator().manual_seed(0)
    queries, keys, values = (
        torch.randn(2, 1, HEADS, tokens, 4, generator=generator, dtype=torch.float64) for _ in range(3)
    )
    call = AttentionCall(site, queries, keys, values, (UNCOND, COND), lambda one, _two, _three: one)
    owners = torch.tensor([_owner(frame, cell) for frame in range(FRAMES) for cell in range(HEIGHT * WIDTH)])

    def weights(_branch: int, _row: int, place: int, logits: torch.Tensor) -> torch.Tensor:
        return (logits + math.log(0.01) * (owners != owners[place])).softmax(0)

    assert torch.allclose(_got(FreeTraj(), call), _slow(call, weights), atol=1e-6)


def test_free_traj_gives_words_to_boxes() -> None:
    def weights(_branch: int, row: int, place: int, logits: torch.Tensor) -> torch.Tensor:
        named = [2, 3, 5]
        if any(_inside(name, row, place, by_middle=False) for name in BOXES):
            result = torch.full((WORDS,), 1 / WORDS, dtype=torch.float64)
        else:
            result = logits.index_fill(0, torch.tensor(named), -math.inf).softmax(0)
        for name, positions in POSITIONS.items():
            x0, y0, x1, y1 = _box(name, row)
            area = (x1 - x0) * (y1 - y0)
            for position in positions:
                result[position] += 0.25 / area / len(positions) * _bump(name, row, place, 1 / 3, by_middle=False)
        return result

    call = _call("cross")
    assert torch.allclose(_got(FreeTraj(), call), _slow(call, weights), atol=1e-5)


def test_trail_blazer_edits_weights_of_words() -> None:
    def weights(branch: int, row: int, place: int, logits: torch.Tensor) -> torch.Tensor:
        result = logits.softmax(0)
        if branch == 0:
            return result
        for name, positions in POSITIONS.items():
            for position in [*positions, 6, 7]:
                result[position] *= 1 if _inside(name, row, place) else 0.001
        for name, positions in POSITIONS.items():
            for position in [*positions, 6, 7]:
                result[position] += 0.1 * _bump(name, row, place, 0.5)
        return result

    call = _call("cross")
    assert torch.allclose(_got(TrailBlazer(trailing=2), call), _slow(call, weights), atol=1e-5)


def test_trail_blazer_edits_weights_of_frames() -> None:
    def weights(branch: int, row: int, place: int, logits: torch.Tensor) -> torch.Tensor:
        result = logits.softmax(0)
        if branch == 0:
            return result
        for name in BOXES:
            result = result * (1 if _inside(name, place, row) else 0.001)
        for name in BOXES:
            apart = torch.tensor([abs(place - other) / FRAMES for other in range(FRAMES)], dtype=torch.float64)
            result = result + 0.1 * (1 - 2 * apart) * _bump(name, place, row, 0.5)
        return result

    call = _call("temporal")
    assert torch.allclose(_got(TrailBlazer(), call), _slow(call, weights), atol=1e-5)


def test_where_they_act() -> None:
    for step, expected in ((0, True), (4, True), (5, False)):
        assert TrailBlazer().attends(_call("cross", "down").site, _step(step)) is expected
    assert TrailBlazer().attends(_call("temporal").site, _step())
    assert not TrailBlazer().attends(_call("temporal", second=False).site, _step())
    assert not TrailBlazer().attends(_call("temporal", "up").site, _step())
    assert not TrailBlazer().attends(_call("spatial").site, _step())
    assert FreeTraj().attends(_call("temporal", "in").site, _step(5))
    assert not FreeTraj().attends(_call("temporal", "in").site, _step(6))
    assert not FreeTraj(parts="noise,cross").attends(_call("spatial").site, _step())


def test_merged_videos_are_low_of_one_and_high_of_the_other() -> None:
    """Against the filter in numpy, written out frequency by frequency."""
    generator = torch.Generator().manual_seed(0)
    low, high = (torch.randn(1, 4, 2, 6, 8, generator=generator) for _ in range(2))
    table = np.zeros((4, 6, 8))
    for t in range(4):
        for u in range(6):
            for v in range(8):
                square = (2.5 * (2 * t / 4 - 1)) ** 2 + (2 * u / 6 - 1) ** 2 + (2 * v / 8 - 1) ** 2
                table[t, u, v] = 1 / (1 + (square / 0.25**2) ** 4)
    for channel in range(2):
        first, second = (np.fft.fftshift(np.fft.fftn(each[0, :, channel].double().numpy())) for each in (low, high))
        wanted = np.fft.ifftn(np.fft.ifftshift(first * table + second * (1 - table))).real
        got = merge_video_frequencies(low, high, 0.25, 0.1)[0, :, channel]
        assert np.allclose(got.numpy(), wanted, atol=1e-5)


@pytest.fixture(scope="module")
def pipe() -> Any:
    made = tiny_text_to_video(2, channels=(32, 64), layers=1, vae_channels=(32, 32))
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.parametrize("method", ["freetraj", "trailblazer"])
def test_needs_a_phrase_of_the_prompt(pipe: Any, method: str) -> None:
    with attach(pipe, SCENE, build(method)), pytest.raises(HitmarkError, match="'dog' is not in the prompt"):
        pipe("a red cat", height=24, width=32, num_frames=FRAMES, num_inference_steps=2, output_type="latent")


def test_parts_of_free_traj_are_separable(pipe: Any) -> None:
    outputs = {}
    for parts in ("", "noise", "spatial", "temporal", "cross", "noise,spatial,temporal,cross"):
        with attach(pipe, SCENE, build("freetraj", {"parts": parts})):
            call = {"height": 24, "width": 32, "num_frames": FRAMES, "num_inference_steps": 3, "output_type": "latent"}
            outputs[parts] = pipe("a red cat, a dog", generator=torch.Generator().manual_seed(0), **call).frames
    names = list(outputs)
    for index, name in enumerate(names):
        for other in names[:index]:
            assert not torch.allclose(outputs[name], outputs[other], atol=1e-4), (name, other)


@pytest.mark.parametrize(
    ("control", "knobs", "expected"),
    [
        (FreeTraj, {"parts": "noise,words"}, "parts must be some of"),
        (FreeTraj, {"guided_steps": 1.5}, "guided_steps"),
        (FreeTraj, {"cutoff": 0}, "cutoff"),
        (FreeTraj, {"across": -1}, "across"),
        (TrailBlazer, {"weaken": 2}, "weaken"),
        (TrailBlazer, {"trailing": "all"}, "trailing"),
    ],
)
def test_wrong_knobs(control: Any, knobs: dict[str, Any], expected: str) -> None:
    with pytest.raises(HitmarkError, match=expected):
        control(**knobs)
