"""Region prompts, against one dense attention over all texts, tables of positions and masks written out by loops."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.control import Layout
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods.gathering import gathering
from hitmark.methods.region_prompts import RegionPrompts
from hitmark.prompt import Prompt
from hitmark.scene.tracks import Track

from .families import CASES, PROMPT, pipeline, plain, run
from .pipelines import traces

GRID = (3, 4, 4)
PATHS = {
    "grows": [[0.0, 0.0, 0.5, 0.6], [0.2, 0.0, 1.0, 0.8], [0.3, 0.3, 1.0, 1.0]],
    "moves": [[0.0, 0.0, 0.75, 0.75], [0.25, 0.0, 1.0, 0.75], [0.25, 0.25, 1.0, 1.0]],
}
"""Boxes at the last frame of each latent frame, x0, y0, x1, y1."""


def track(path: list[list[float]], frames: int = 9, name: str = "thing", depth: int = 0) -> Track:
    """With a box's value from the frame after a latent frame's last to the next one's."""
    boxes = np.array([path[0], *[path[1]] * 4, *[path[2]] * 4])[:frames]
    return Track(name, "subject", "red thing", depth, boxes, np.ones(frames, dtype=bool))


def by_hand(path: list[list[float]], trimmed: int) -> tuple[list[int], list[int], list[int]]:
    """Whether each of the 48 tokens is in its box, where it stands, and whether it is displaced."""
    inside, stands, displaced = [0] * 48, list(range(48)), [0] * 48
    corners = [[int(value * 4) for value in box] for box in path]
    sizes = [(x1 - x0 - trimmed) * (y1 - y0 - trimmed) for x0, y0, x1, y1 in corners]
    rx0, ry0, rx1, ry1 = corners[sizes.index(min(sizes))]

    def spread(low: int, high: int, count: int) -> list[int]:
        steps = torch.linspace(0, high - low - 1, count).round().long().tolist()
        return [low + step for step in steps]

    for frame, (x0, y0, x1, y1) in enumerate(corners):
        for row, column in itertools.product(range(y0, y1), range(x0, x1)):
            inside[frame * 16 + row * 4 + column] = 1
        rows = spread(ry0, ry1 - trimmed, y1 - y0 - trimmed)
        columns = spread(rx0, rx1 - trimmed, x1 - x0 - trimmed)
        for (down, row), (right, column) in itertools.product(enumerate(rows), enumerate(columns)):
            stands[frame * 16 + (y0 + down) * 4 + x0 + right] = frame * 16 + row * 4 + column
    for token in range(48):
        others = [stands[other] for other in range(48) if other != token]
        displaced[token] = int(not inside[token] and stands[token] in others)
    return inside, stands, displaced


@contextmanager
def dense(name: str, path: list[list[float]], trimmed: int) -> Iterator[None]:
    """The whole method in the first of two steps, and its texts in the second, on the modules themselves."""
    pipe = pipeline(name)
    inside, stands, displaced = (torch.tensor(each) for each in by_hand(path, trimmed))
    texts = [pipe.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=512)[0] for text in
             ("on grass", "red thing")]  # fmt: skip
    apart = (displaced[:, None] & inside[None]) | (inside[:, None] & displaced[None])
    seen = {"calls": 0}

    def table(original: Any, hidden: Any) -> Any:
        seen["calls"] += 1
        tables = original(hidden)
        return tuple(each[:, stands] for each in tables) if seen["calls"] <= 2 else tables

    def video(original: Any, hidden: Any, words: Any, mask: Any, rotary: Any) -> Any:
        return original(hidden, words, (apart == 0)[None, None] if seen["calls"] <= 2 else mask, rotary)

    def reads(network: Any, original: Any, hidden: Any, words: Any, mask: Any, rotary: Any) -> Any:
        if seen["calls"] % 2 == 0:  # the negative prompt
            return original(hidden, words, mask, rotary)
        both = [network.condition_embedder.text_embedder(text) for text in texts]
        own = torch.stack([1 - inside, inside], 1).repeat_interleave(512, 1).bool()
        return original(hidden, torch.cat([words[:, : words.shape[1] - 512], *both], 1), own[None, None], rotary)

    with ExitStack() as stack:

        def put(module: Any, change: Any) -> None:
            original = module.forward
            vars(module)["forward"] = lambda *args: change(original, *args)
            stack.callback(vars(module).pop, "forward")

        for network in backbone_for(pipe).networks():
            put(network.rope, table)
            for block in network.blocks:
                put(block.attn1, video)
                put(block.attn2, lambda *args, network=network: reads(network, *args))
        yield


CELLS = [("code", 1), ("whole", 0)]


@pytest.mark.parametrize(("cells", "trimmed"), CELLS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["wan 2.1", "wan 2.2", "wan 2.2 image"])
def test_is_one_dense_attention_over_all_texts_with_a_table_written_out(
    name: str, path: str, cells: str, trimmed: int
) -> None:
    before, clean = plain(name), traces(pipeline(name))
    with attach(pipeline(name), [track(PATHS[path])], RegionPrompts(1.0, 0.5, box_cells=cells), pooling="last"):
        got = run(name)
    assert traces(pipeline(name)) == clean
    with dense(name, PATHS[path], trimmed):
        expected = run(name)
    assert float((got - expected).abs().max()) < 1e-4 * float(expected.std())
    assert float((got - before).abs().max()) > 1e-2 * float(expected.std())


def test_changes_no_bit_where_a_box_rests_and_every_text_is_the_prompt() -> None:
    still = track([PATHS["moves"][0]] * 3)
    with attach(pipeline("wan 2.1"), [still], RegionPrompts(0.0, 1.0)):
        assert torch.equal(run("wan 2.1"), plain("wan 2.1"))
    with attach(pipeline("wan 2.1"), [track(PATHS["moves"])], RegionPrompts(1.0, 0.0, PROMPT, PROMPT)):
        assert torch.equal(run("wan 2.1"), plain("wan 2.1"))


@pytest.mark.parametrize("name", ["wan 2.1", "ltx"])
def test_without_guidance_and_in_a_batch_each_clip_is_the_one_made_alone(name: str) -> None:
    """LTX has both branches in one call, and hides the padding of every text."""
    method, frames = RegionPrompts(1.0, 0.0), CASES[name].frames
    boxes = np.linspace([0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], frames)
    seen = np.ones(frames, dtype=bool)
    tracks = [Track("thing", "subject", words, 0, boxes, seen) for words in ("red thing", "grass")]
    generators = [torch.Generator().manual_seed(5) for _ in tracks]
    for options in ({}, {"guidance_scale": 1.0}):
        with attach(pipeline(name), [[each] for each in tracks], method):
            both = run(name, prompt=[PROMPT] * 2, generator=list(generators), **options)
        generators = [torch.Generator().manual_seed(5) for _ in tracks]
        for place, each in enumerate(tracks):
            with attach(pipeline(name), [each], method):
                assert torch.allclose(both[place : place + 1], run(name, **options), atol=1e-4)
        assert not torch.allclose(both[0], both[1], atol=1e-3)


def test_the_texts_are_those_of_the_prompt_unless_they_are_written() -> None:
    prompt = Prompt("a red thing and the blue ball, on grass.", tuple(range(9)), tuple((n, n + 40) for n in range(9)))
    tracks = [track(PATHS["moves"]), Track("ball", "subject", "blue ball", 0, np.zeros((9, 4)), np.ones(9, bool))]
    layout = Layout(9, 4, 4, 8, tuple(tracks), prompt)
    assert RegionPrompts().texts(layout) == ["and , on grass", "red thing", "blue ball"]
    written = RegionPrompts(subject="a close {phrase} | a ball", background="grass")
    assert written.texts(layout) == ["grass", "a close red thing", "a ball"]
    with pytest.raises(HitmarkError, match="one for each of the 2 subjects"):
        RegionPrompts(subject="one|two|three").check(layout)
    alone = Prompt("A red thing.", (1,), ((0, 12),))
    with pytest.raises(HitmarkError, match=r"nothing of the prompt .* --set background=TEXT"):
        RegionPrompts().check(Layout(9, 4, 4, 8, (tracks[0],), alone))


def test_two_subjects_are_apart_only_from_the_background_that_each_displaces() -> None:
    steps = [[0, 0, 2, 2], [2, 0, 4, 2], [2, 0, 4, 2]], [[0, 2, 2, 4], [2, 2, 4, 4], [2, 2, 4, 4]]
    tracks = [
        Track(name, "subject", None, 0, np.array(path) / 4, np.ones(3, bool))
        for name, path in zip(("one", "two"), steps, strict=True)
    ]
    found = gathering(Layout(3, 4, 4, 8, tuple(tracks)), GRID, as_in_code=False)
    assert (found.displaced[0] == 0).all()
    assert found.displaced[1].tolist() == [[1, 1, 0, 0]] * 2 + [[2, 2, 0, 0]] * 2
    assert found.places[1, :, 2:].tolist() == found.places[1, :, :2].tolist()
    assert found.moves
