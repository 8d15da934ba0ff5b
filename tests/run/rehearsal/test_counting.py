from __future__ import annotations

import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.nn import functional

from hitmark.run.rehearsal.counting import Counted, moved, tensors_of

MB = 1_000_000


def fakes(*shapes: tuple[int, ...]) -> tuple[FakeTensorMode, list[torch.Tensor]]:
    fake = FakeTensorMode()
    return fake, [fake.from_tensor(torch.zeros(shape)) for shape in shapes]


def test_what_is_freed_is_no_longer_counted() -> None:
    fake, (one,) = fakes((250, 1000))
    with fake, Counted() as count:
        two = one + 1
        three = two * 2
        view = three.view(-1)
        assert (count.now, count.peak) == (2 * MB, 2 * MB)
        del two, three
        assert (count.now, count.peak) == (1 * MB, 2 * MB), "a view keeps what it shows"
        del view
        assert (count.now, count.peak) == (0, 2 * MB)


def test_a_pass_with_gradients_keeps_what_its_backward_pass_wants() -> None:
    fake, (one,) = fakes((250, 1000))
    with fake, Counted() as count:
        variable = one.requires_grad_(True)
        kept = variable.exp()
        loss = kept.exp().sum()
        del kept
        assert count.now == 2 * MB + 4
        loss.backward()
        assert count.peak >= 3 * MB


@pytest.mark.parametrize("gradient", [False, True])
def test_products_of_matrices_and_of_attention(gradient: bool) -> None:
    fake, (left, right, heads) = fakes((30, 40), (40, 50), (1, 2, 64, 16))
    with fake, Counted() as count:
        left.requires_grad_(gradient)
        heads.requires_grad_(gradient)
        product = left @ right
        seen = functional.scaled_dot_product_attention(heads, heads, heads)
        assert count.products == 30 * 40 * 50 + 2 * (2 * 64 * 64 * 16)
        assert count.now < 4 * (30 * 50 + 3 * heads.numel()), "no table of queries and keys"
        if gradient:
            (product.sum() + seen.sum()).backward()
            assert count.products > 2 * 30 * 40 * 50 + 4 * (2 * 64 * 64 * 16)


@pytest.mark.parametrize("frames", [80, 81], ids=["small", "large"])
def test_convolutions_copy_or_write_out_their_windows(frames: int) -> None:
    """With one thread, as in tests; 20,480 rows over channels and frames are the most that torch calls small."""
    fake, (video, two, wide, thin) = fakes(
        *((n, 16, frames, 16, 16) for n in (1, 2)), (16, 16, 3, 3, 3), (16, 16, 3, 1, 1)
    )
    with fake, Counted() as count:
        made = functional.conv3d(video, wide, padding=1)
    given, result = 4 * video.numel(), 4 * made.numel()
    assert count.peak == result + (27 * given if frames == 80 else given)
    with fake, Counted() as count:
        functional.conv3d(video, thin, padding=(1, 0, 0))
    assert count.peak == result + 3 * given
    with fake, Counted() as count:
        functional.conv3d(two, wide, padding=1)
    assert count.peak == 2 * (result + given), "small ones are copied in a batch"


MEASURED = {
    "AVX512": {(8, 8): 127, (8, 3): 126, (4, 4): 127, (24, 24): 318, (64, 4): 605, (4, 64): 510, (20, 40): 380},
    "AVX2": {(8, 8): 64, (8, 3): 103, (4, 4): 63, (24, 24): 190, (64, 4): 542, (4, 64): 508, (20, 40): 317},
}
"""Kind of processor -> channels read and written -> MiB beside the result: `scripts/measure_convolutions.py`, 3x3."""


@pytest.mark.parametrize("kind", MEASURED)
def test_channels_are_copied_in_full_blocks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: kind)
    for (given, made), expected in MEASURED[kind].items():
        fake, (values, weight) = fakes((51, given, 160, 256), (made, given, 3, 3))
        with fake, Counted() as count:
            result = functional.conv2d(values, weight, padding=1)
        beside = count.peak - result.numel() * result.element_size()
        assert beside / 2**20 == pytest.approx(expected, rel=0.03), (given, made)


def test_a_value_that_is_asked_for_is_zero() -> None:
    fake, (one,) = fakes((3,))
    with fake, Counted():
        assert one[0].item() == 0
        assert not (one > 1).all()


def test_what_a_mask_chooses_is_all_and_what_its_negation_chooses_nothing() -> None:
    fake, (one, two) = fakes((3, 5), (3, 5, 2))
    with fake, Counted():
        mask = one > 0
        assert two[mask].shape == (15, 2)
        assert two[~mask].shape == (0, 2)
        assert two[:, ~(one[0] > 0)].shape == (3, 0, 2)
        assert two[torch.arange(2)].shape == (2, 5, 2)


def test_containers_keep_their_form() -> None:
    tree = {"a": (torch.ones(1), 3), "b": [torch.ones(2)]}
    assert [len(tensor) for tensor in tensors_of(tree)] == [1, 2]
    changed = moved(tree, lambda tensor: tensor + 1)
    assert changed["a"][1] == 3
    assert changed["b"][0].tolist() == [2, 2]
