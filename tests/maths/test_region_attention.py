import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitmark.errors import HitmarkError
from hitmark.maths.region_attention import region_attention


def slow(queries, keys, values, query_regions, key_regions, may_see):
    """One query at a time, in float64."""
    queries, keys, values = (each.double().numpy() for each in (queries, keys, values))
    branches, rows, heads, length, width = queries.shape
    output = np.zeros((branches, rows, heads, length, values.shape[-1]))
    for branch in range(branches):
        for row in range(rows):
            key_row = row if keys.shape[1] > 1 else 0
            regions = key_regions[row if len(key_regions) > 1 else 0]
            for head in range(heads):
                for query in range(length):
                    own = int(query_regions[row, query])
                    seen = [key for key in range(keys.shape[3]) if may_see(own, int(regions[key]))]
                    logits = keys[branch, key_row, head, seen] @ queries[branch, row, head, query] / np.sqrt(width)
                    weights = np.exp(logits - logits.max())
                    output[branch, row, head, query] = weights / weights.sum() @ values[branch, key_row, head, seen]
    return output


def tensors(branches, rows, heads, length, keys, seed, shared=False):
    generator = torch.Generator().manual_seed(seed)
    key_rows = 1 if shared else rows
    shapes = [
        (branches, rows, heads, length, 4),
        (branches, key_rows, heads, keys, 4),
        (branches, key_rows, heads, keys, 4),
    ]
    return [torch.randn(shape, generator=generator) for shape in shapes]


@given(
    rows=st.integers(1, 3),
    length=st.integers(1, 9),
    count=st.integers(1, 3),
    seed=st.integers(0, 10_000),
    long=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_equals_the_slow_reference(rows, length, count, seed, long):
    """Same region sees same region; with more keys than a mask is built for, and with fewer."""
    generator = torch.Generator().manual_seed(seed)
    length = length + 70 if long else length
    regions = torch.randint(0, count, (rows, length), generator=generator)
    queries, keys, values = tensors(2, rows, 2, length, length, seed)
    got = region_attention(queries, keys, values, regions, regions, lambda a, b: a == b)
    assert np.allclose(got.numpy(), slow(queries, keys, values, regions, regions, lambda a, b: a == b), atol=1e-5)


@pytest.mark.parametrize("words", [7, 77])
def test_words_are_shared_by_all_rows(words):
    generator = torch.Generator().manual_seed(3)
    regions = torch.randint(0, 2, (3, 12), generator=generator)
    word_regions = torch.randint(0, 2, (1, words), generator=generator)
    word_regions[0, :2] = torch.tensor([0, 1])
    queries, keys, values = tensors(2, 3, 2, 12, words, 5, shared=True)
    got = region_attention(queries, keys, values, regions, word_regions, lambda a, b: a == b)
    expected = slow(queries, keys, values, regions, word_regions, lambda a, b: a == b)
    assert np.allclose(got.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("hidden", [1, 40])
def test_few_hidden_keys_and_many(hidden):
    """Both ways in which keys of one long row are left out."""
    regions = (torch.arange(20) % 3 > 0).long()[None]
    word_regions = torch.full((1, 100), 2)
    word_regions[0, :hidden] = torch.arange(hidden) % 2
    queries, keys, values = (each.double() for each in tensors(2, 1, 2, 20, 100, 7))
    may_see = lambda a, b: b in (a, 2)  # noqa: E731
    got = region_attention(queries, keys, values, regions, word_regions, may_see)
    assert np.allclose(got.numpy(), slow(queries, keys, values, regions, word_regions, may_see), atol=1e-12)


@pytest.mark.parametrize("length", [6, 80])
def test_a_relation_that_is_no_partition(length):
    """Regions as sets of subjects: seen are those that share one, or none at all."""
    generator = torch.Generator().manual_seed(4)
    regions = torch.randint(0, 4, (2, length), generator=generator)
    queries, keys, values = tensors(1, 2, 1, length, length, 6)

    def may_see(a, b):
        return bool(a & b) or a == b == 0

    got = region_attention(queries, keys, values, regions, regions, may_see)
    assert np.allclose(got.numpy(), slow(queries, keys, values, regions, regions, may_see), atol=1e-5)


@pytest.mark.parametrize("length", [6, 80])
def test_numbers_of_regions_may_be_large(length):
    """Sets of many subjects are numbers up to 2 ** subjects; there is no table of that size."""
    generator = torch.Generator().manual_seed(5)
    small = torch.randint(0, 4, (2, length), generator=generator)
    large = torch.tensor([0, 1, 2**40, 2**40 + 1])
    queries, keys, values = tensors(1, 2, 1, length, length, 6)

    def may_see(a, b):
        return bool(a & b) or a == b == 0

    got = region_attention(queries, keys, values, large[small], large[small], may_see)
    assert np.allclose(got.numpy(), slow(queries, keys, values, large[small], large[small], may_see), atol=1e-5)
    assert torch.equal(got, region_attention(queries, keys, values, small, small, may_see))


@pytest.mark.parametrize("length", [6, 80])
def test_all_in_one_region_is_the_plain_attention_bit_by_bit(length):
    queries, keys, values = tensors(2, 3, 2, length, length, 7)
    regions = torch.ones(3, length, dtype=torch.int64)
    got = region_attention(queries, keys, values, regions, regions, lambda a, b: a == b)
    flat = [each.flatten(0, 1) for each in (queries, keys, values)]
    assert torch.equal(got, torch.nn.functional.scaled_dot_product_attention(*flat).unflatten(0, (2, 3)))


@pytest.mark.parametrize("keys", [5, 90])
def test_a_query_with_nothing_to_see_is_an_error(keys):
    queries, key, value = tensors(1, 2, 1, 4, keys, 8)
    regions = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]])
    with pytest.raises(HitmarkError, match="without anything to look at"):
        region_attention(queries, key, value, regions, torch.zeros(2, keys, dtype=torch.int64), lambda a, b: a == b)
