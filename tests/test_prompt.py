from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.backbones.tiny import letter_tokenizer
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt

TOKENIZER = letter_tokenizer()


def prompt(text: str) -> Prompt:
    """As the pipeline makes it; every letter is a token."""
    ids = TOKENIZER(text, padding="max_length", max_length=77, truncation=True).input_ids
    return Prompt(text, tuple(ids), lambda words: TOKENIZER(words, add_special_tokens=False).input_ids)


def letters(found: Prompt, positions: tuple[int, ...]) -> str:
    """The characters at token positions."""
    return "".join(TOKENIZER.convert_ids_to_tokens([found.tokens[at] for at in positions])).replace("</w>", " ").strip()


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("a red cat on grass", "cat", "cat"),
        ("a red cat on grass", "red cat", "red cat"),
        ("a red cat on grass", "Red Cat", "red cat"),
        ("a cat and a cat", "cat", "cat cat"),
        ("two cats, and a dog", "cat", "cats"),
        ("a cat and a dog", "cats", "cat"),
        ("three butterflies", "butterfly", "butterflies"),
        ("foxes in snow", "fox", "foxes"),
        ("the dog's red ball", "dog", "dog"),
        ("a cat-like cat", "cat", "cat cat"),
    ],
)
def test_positions_are_those_of_the_words(text: str, phrase: str, expected: str) -> None:
    found = prompt(text)
    assert letters(found, found.positions(phrase)) == expected


def test_the_start_token_is_position_0_and_no_word() -> None:
    assert prompt("cat").positions("cat") == (1, 2, 3)


def test_a_word_within_a_word_is_not_it() -> None:
    """The letters of "cat" begin "caterpillar", but its last one ends no word there."""
    with pytest.raises(HitmarkError, match=r"'cat' is not in the prompt 'a caterpillar'.*a, caterpillar"):
        prompt("a caterpillar").positions("cat")


@pytest.mark.parametrize("phrase", ["dog", "", "  ", "cat red"])
def test_what_is_not_there_is_an_error_that_shows_the_words(phrase: str) -> None:
    with pytest.raises(HitmarkError, match=r"Expected words of it: a, red, cat"):
        prompt("a red cat").positions(phrase)


def test_words_behind_the_last_position_are_an_error() -> None:
    with pytest.raises(HitmarkError, match="behind its 77 tokens"):
        prompt("a " * 80 + "cat").positions("cat")


def test_anywhere_takes_every_token_of_the_phrase_wherever_it_is() -> None:
    """The published rule: the "a" of "a dog" is also that of "a cat"."""
    found = prompt("a cat and a dog")
    assert letters(found, found.anywhere("a dog")) == "a a dog"
    assert letters(found, found.positions("a dog")) == "a dog"


@given(
    before=st.lists(st.sampled_from(["red", "two", "big", "on"]), max_size=4),
    phrase=st.lists(st.sampled_from(["cat", "dog", "kite"]), min_size=1, max_size=3),
    after=st.lists(st.sampled_from(["sand", "sea", "by"]), max_size=4),
)
def test_a_phrase_is_found_where_it_was_put(before: list[str], phrase: list[str], after: list[str]) -> None:
    found = prompt(" ".join([*before, *phrase, *after]))
    start = 1 + sum(map(len, before))
    assert found.positions(" ".join(phrase)) == tuple(range(start, start + sum(map(len, phrase))))


def test_a_word_inside_of_another_is_not_meant() -> None:
    found = prompt("a woman and a man")
    assert found.positions("man") == tuple(range(1 + len("awomananda"), 1 + len("awomanandaman")))
    with pytest.raises(HitmarkError, match="not in the prompt"):
        prompt("a racecar drives").positions("car")


def test_where_words_and_tokens_disagree_the_tokens_count() -> None:
    """A tokenizer with a token for several words, such as a learned embedding."""
    table = {"a": (1,), "<my": (2,), "thing": (3,), ">": (4,), "<": (5,), "my": (6,), "<my thing>": (9,)}

    def encode(words: str) -> tuple[int, ...]:
        return (1, 9) if words == "a <my thing>" else table.get(words, (7,))

    assert Prompt("a <my thing>", (0, 1, 9, 8), encode).positions("<my thing>") == (2,)
