"""The descent against AdamW written out by hand."""

import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.maths.optimize import descend


def by_hand(start, gradient_of, iterations, rate, decay):
    z, m, v = start.double().clone(), 0.0, 0.0
    for t in range(1, iterations + 1):
        g = gradient_of(z)
        z = z * (1 - rate * decay)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        z = z - rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return z


@pytest.mark.parametrize("scale", [1.0, 65536.0])
def test_is_adamw(scale):
    start = torch.tensor([3.0, -2.0, 0.5])
    got = descend(start, lambda z: (z**2).sum(), iterations=4, learning_rate=0.21, weight_decay=0.01, loss_scale=scale)
    want = by_hand(start, lambda z: 2 * z, 4, 0.21, 0.01)
    assert torch.allclose(got.double(), want, atol=1e-6)
    assert torch.equal(start, torch.tensor([3.0, -2.0, 0.5]))
    assert not got.requires_grad


@pytest.mark.parametrize(("every", "passes"), [(1, 5), (2, 3), (3, 2), (9, 1)])
def test_steps_between_take_the_last_gradient(every, passes):
    start, asked = torch.tensor([3.0, -2.0, 0.5]), []

    def loss(z):
        asked.append(z.detach().clone())
        return (z**2).sum()

    got = descend(start, loss, iterations=5, learning_rate=0.21, weight_decay=0.01, gradient_every=every)
    seen = []

    def gradient(z):
        seen.append(2 * z if len(seen) % every == 0 else seen[-1])
        return seen[-1]

    assert torch.allclose(got.double(), by_hand(start, gradient, 5, 0.21, 0.01), atol=1e-6)
    assert len(asked) == passes


def test_works_under_no_grad_and_in_half_precision():
    start = torch.tensor([3.0, -2.0], dtype=torch.float16)
    with torch.no_grad():
        got = descend(start, lambda z: (z.half() ** 2).sum().float(), iterations=1, learning_rate=0.1, weight_decay=0.0)
    assert got.dtype == torch.float32
    assert torch.allclose(got, torch.tensor([2.9, -1.9]), atol=1e-3)


def test_an_overflowing_scale_is_lowered():
    start = torch.tensor([1.0])
    loss = lambda z: (z.half() * 3e4).float().square().sum() * 1e-8  # noqa: E731 - gradient overflows float16 when scaled
    got = descend(start, loss, iterations=1, learning_rate=0.1, weight_decay=0.0, loss_scale=2.0**16)
    assert torch.isfinite(got).all()
    assert got.item() == pytest.approx(0.9, abs=1e-3)


def test_says_when_no_gradient_arrives():
    with pytest.raises(HitmarkError, match="No gradient"):
        descend(torch.ones(2), lambda z: z.detach().sum(), iterations=1, learning_rate=0.1, weight_decay=0.0)
    with pytest.raises(HitmarkError, match="not finite"):
        descend(torch.ones(2), lambda z: (z * float("nan")).sum(), iterations=1, learning_rate=0.1, weight_decay=0.0)
