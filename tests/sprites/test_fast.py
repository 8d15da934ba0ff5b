from __future__ import annotations

import threading

import pytest
import torch
from torch.nn import functional

from hitmark.sprites import fast as fast_module
from hitmark.sprites.fast import Ahead, attention_by_products, half_precision


@pytest.mark.parametrize("mask", ["none", "bool", "added"])
def test_attention_by_products_is_attention_and_so_is_its_gradient(mask: str) -> None:
    generator = torch.Generator().manual_seed(0)
    states = [torch.randn(2, 3, 7, 4, generator=generator, dtype=torch.float64) for _ in range(3)]
    drawn = torch.randn(2, 1, 7, 7, generator=generator, dtype=torch.float64)
    masks = {"none": None, "bool": drawn > -1, "added": drawn}
    gradients = []
    for fast in (False, True):
        query, key, value = (state.clone().requires_grad_() for state in states)
        if fast:
            with attention_by_products():
                result = functional.scaled_dot_product_attention(query, key, value, attn_mask=masks[mask])
        else:
            result = functional.scaled_dot_product_attention(query, key, value, attn_mask=masks[mask])
        result.square().sum().backward()
        gradients.append([result.detach(), query.grad, key.grad, value.grad])
    for plain, fast in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-9, atol=1e-9)


def test_attention_by_products_refuses_what_it_would_leave_out_and_ends_with_its_block() -> None:
    states = torch.zeros(1, 1, 2, 2)
    fused = functional.scaled_dot_product_attention
    with attention_by_products(), pytest.raises(ValueError, match="dropout"):
        functional.scaled_dot_product_attention(states, states, states, is_causal=True)
    assert functional.scaled_dot_product_attention is fused


def test_ahead_gives_what_was_asked_for_also_after_a_jump_and_works_elsewhere() -> None:
    threads: set[int] = set()

    def make(step: int) -> int:
        threads.add(threading.get_ident())
        return step * step

    ahead = Ahead(make)
    assert [ahead.take(step) for step in (3, 4, 5, 9, 10, 2)] == [9, 16, 25, 81, 100, 4]
    assert threads
    assert threading.get_ident() not in threads


def test_ahead_raises_the_error_of_the_step_that_failed() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise RuntimeError("step 2")
        return step

    ahead = Ahead(make)
    assert ahead.take(1) == 1
    with pytest.raises(RuntimeError, match="step 2"):
        ahead.take(2)


def test_half_precision_is_left_out_where_the_processor_has_no_units_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for units, wanted, computed in ((True, True, True), (True, False, False), (False, True, False)):
        monkeypatch.setattr(fast_module, "half_is_fast", lambda device, units=units: units)
        with half_precision("cpu", wanted):
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype is (torch.bfloat16 if computed else torch.float32)
