from __future__ import annotations

import numpy as np
import pytest
import torch

from hitmark.sprites.atlas import load_atlas
from hitmark.sprites.recognition import TOKEN, Recognizer, keep_input, kinds, marked, recognition_loss
from hitmark.sprites.world import SpriteWorld


@pytest.fixture(scope="module")
def drawn():
    """A plan of two things, what they cover and their sides in pixels."""
    world = SpriteWorld(width=96, height=64, frames=3, objects=(2,))
    plan = world.plan(5, measure=False)
    _, covers = world.paint(plan)
    return plan.objects, covers, [thing.size * thing.motion.scale * 64 for thing in plan.objects]


def test_tokens_say_what_covers_them_and_where_its_middle_is(drawn):
    things, covers, sides = drawn
    marks = marked(things, covers, sides)
    assert marks.shape == (3, 4, 6, 4)
    names = list(load_atlas().names)
    seen = set()
    for frame, row, column in np.ndindex(3, 4, 6):
        area = slice(row * TOKEN, (row + 1) * TOKEN), slice(column * TOKEN, (column + 1) * TOKEN)
        shares = [float(cover[frame, *area].mean()) for cover in covers]
        kind, *place = marks[frame, row, column].tolist()
        if max(shares) <= 0.01:
            assert (kind, place) == (0, [0, 0, 0])
        elif max(shares) <= 0.15:
            assert kind == -1
        else:
            which = int(np.argmax(shares))
            seen.add(which)
            assert names[int(kind) - 1] == things[which].name
            x, y = things[which].motion.centers[frame] * [96, 64]
            middle = TOKEN * np.array([column + 0.5 + place[0], row + 0.5 + place[1]])
            assert middle == pytest.approx([x, y], abs=1e-3)
            assert place[2] * TOKEN == pytest.approx(sides[which][frame], abs=1e-3)
    assert seen == {0, 1}


def test_a_photographic_thing_is_a_kind_of_its_own():
    world = SpriteWorld(width=64, height=64, frames=1, objects=(1,), photographs=1.0)
    plan = world.plan(3, measure=False)
    _, covers = world.paint(plan)
    marks = marked(plan.objects, covers, [np.array([20.0])])
    assert marks[..., 0].max() == kinds() - 1 == len(load_atlas().names) + 1


def test_the_loss_is_nothing_where_everything_is_told_and_unclear_tokens_do_not_count(drawn):
    marks = marked(*drawn)[None]

    class Told(Recognizer):
        def forward(self, tokens):
            kind = marks.flatten(1, 3)[..., 0].clamp(min=0).long()
            return 100 * torch.nn.functional.one_hot(kind, kinds()).float(), marks.flatten(1, 3)[..., 1:] + tokens

    told = Told(8)
    assert recognition_loss(told, torch.zeros(()), marks) == pytest.approx(0, abs=1e-6)
    assert recognition_loss(told, torch.tensor(2.0), marks) == pytest.approx(8)  # FINENESS x 2
    unclear = marks.clone()
    unclear[marks[..., 0] == 0] = -1
    assert recognition_loss(told, torch.tensor(2.0), unclear) == pytest.approx(8)


def test_a_tiny_network_learns_to_tell(drawn):
    marks = marked(*drawn)[None]
    torch.manual_seed(0)
    tokens = torch.randn(1, marks[0, ..., 0].numel(), 16)
    recognizer = Recognizer(16)
    optimizer = torch.optim.Adam(recognizer.parameters(), lr=0.02)
    losses = []
    for _ in range(150):
        loss = recognition_loss(recognizer, tokens, marks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("compiled", [False, True])
def test_what_a_block_is_given_is_kept_with_its_gradient(compiled):
    block = torch.nn.Linear(4, 4)
    if compiled:
        block._compiled_call_impl = block._call_impl  # as compile() puts it there
    kept = keep_input(block)
    given = torch.ones(2, 4, requires_grad=True)
    hidden = 2 * given
    assert torch.equal(block(hidden), torch.nn.functional.linear(hidden, block.weight, block.bias))
    kept[0].sum().backward()
    assert len(kept) == 1
    assert torch.equal(given.grad, torch.full((2, 4), 2.0))
