"""A bias by more channels is the bias written out."""

import pytest
import torch

from hitmark.maths.biased_attention import biased_attention
from hitmark.maths.region_attention import scaled_attention


@pytest.mark.parametrize("width", [4, 12, 16])
@pytest.mark.parametrize("terms", [1, 3])
def test_equals_a_dense_bias(width, terms):
    generator = torch.Generator().manual_seed(0)
    queries, keys, values = (torch.randn(2, 1, 3, length, width, generator=generator) for length in (9, 11, 11))
    asking, asked = torch.randn(2, 1, 9, terms, generator=generator), torch.randn(1, 1, 11, terms, generator=generator)
    hidden = torch.arange(11) < 9
    bias = asking.double() @ asked.double().transpose(-1, -2)
    logits = queries.double() @ keys.double().transpose(-1, -2) / width**0.5 + bias[:, :, None]
    for mask in (None, hidden.expand(1, 1, 1, 11)):
        kept = logits if mask is None else logits.masked_fill(~hidden, -torch.inf)
        wanted = kept.softmax(-1) @ values.double()
        got = biased_attention(queries, keys, values, asking, asked, mask)
        assert torch.allclose(got.double(), wanted, atol=1e-5)


def test_queries_of_each_region_are_attended_once(monkeypatch):
    """Scaled attention costs one attention, however many regions there are."""
    from hitmark.maths import region_attention

    asked = []
    original = region_attention.scaled_dot_product_attention

    def count(queries, *rest, **more):
        asked.append(queries.shape[0] * queries.shape[2])
        return original(queries, *rest, **more)

    monkeypatch.setattr(region_attention, "scaled_dot_product_attention", count)
    generator = torch.Generator().manual_seed(0)
    queries, keys, values = (torch.randn(1, 2, 1, 12, 4, generator=generator) for _ in range(3))
    labels = torch.randint(0, 4, (2, 12), generator=generator)
    got = scaled_attention(queries, keys, values, labels, labels, 0.1)
    assert sum(asked) == 2 * 12
    same = labels[:, :, None] == labels[:, None, :]
    logits = queries @ keys.transpose(-1, -2) / 2 * torch.where(same, 1.0, 0.1)[None, :, None]
    assert torch.allclose(got, logits.softmax(-1) @ values, atol=1e-5)
