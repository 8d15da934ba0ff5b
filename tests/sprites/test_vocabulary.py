from __future__ import annotations

from dataclasses import replace

import pytest

from hitmark.backbones.catalog import model_card
from hitmark.sprites.vocabulary import notes_on_words


def test_words_that_the_model_has_never_seen_are_named() -> None:
    card = model_card("sprites-t2v")
    assert notes_on_words("a red car and an umbrella on grass", card) == []
    [note] = notes_on_words("a shiny dragon on grass", card)
    assert note.startswith(
        "sprites-t2v was trained on a small drawn world and does not know: shiny, dragon. Subjects: "
    )


def test_from_a_picture_all_drawings_are_known() -> None:
    both = replace(model_card("wan2.2-ti2v-5b"), world="sprites")
    assert notes_on_words("a whale on grass", both) != []
    assert notes_on_words("a whale on grass", both.starting(picture=True)) == []


@pytest.mark.parametrize("name", ["sprites-i2v", "svd", "zeroscope"])
def test_of_other_models_nothing_is_said(name: str) -> None:
    assert notes_on_words("a purple dragon", model_card(name)) == []
