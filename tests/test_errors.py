"""Errors for people: the sentence, and what may help."""

from __future__ import annotations

import pickle

import pytest

from hitmark.cli.flags import FlagError
from hitmark.errors import HitmarkError
from hitmark.files import OutputError


@pytest.mark.parametrize("kind", [HitmarkError, FlagError, OutputError])
def test_a_hint_ends_the_text_and_stands_by_itself(kind: type[HitmarkError]) -> None:
    error = kind("the clip is too large.", hint="Make it smaller")
    assert (error.sentence, error.hint) == ("the clip is too large.", "Make it smaller")
    assert str(error) == "the clip is too large. Make it smaller"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.hint) == (kind, str(error), error.hint)


def test_without_a_hint_the_sentence_is_all() -> None:
    error = HitmarkError("steps: expected 1, got 2")
    assert (str(error), error.sentence, error.hint) == ("steps: expected 1, got 2", "steps: expected 1, got 2", None)
