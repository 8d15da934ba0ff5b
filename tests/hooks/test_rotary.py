"""Rotary embeddings of other places: gathered along the axis of the tokens, in whatever shape a family has them."""

from __future__ import annotations

import pytest
import torch

from hitmark.errors import HitmarkError
from hitmark.hooks.rotary import placed

PLACES = torch.tensor([0, 1, 2, 0, 1, 2])


def test_every_token_gets_the_row_of_its_place() -> None:
    table = torch.arange(6.0)
    pair = (table.reshape(1, 6, 1, 1).expand(1, 6, 1, 4), table.reshape(1, 6, 1, 1) + 10)
    found = placed({"rotary_emb": pair, "image_rotary_emb": None, "hidden_states": table}, PLACES, "layer")
    assert set(found) == {"rotary_emb"}
    assert [each.shape for each in found["rotary_emb"]] == [each.shape for each in pair]
    assert found["rotary_emb"][0][0, :, 0, 3].tolist() == [0, 1, 2, 0, 1, 2]
    assert found["rotary_emb"][1].flatten().tolist() == [10, 11, 12, 10, 11, 12]


def test_a_layer_without_a_table_of_the_video_says_so() -> None:
    with pytest.raises(HitmarkError, match=r"blocks\.0 is given no rotary embeddings"):
        placed({"rotary_emb": None}, PLACES, "blocks.0")
    with pytest.raises(HitmarkError, match=r"shape \(5, 4\), and no axis of 6 tokens"):
        placed({"rotary_emb": torch.zeros(5, 4)}, PLACES, "blocks.0")
