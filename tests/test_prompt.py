from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitmark.backbones.tiny import letter_tokenizer
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt, read_prompts

TOKENIZER = letter_tokenizer()


def prompt(text: str) -> Prompt:
    """As the pipeline makes it; every letter is a token."""
    return read_prompts(TOKENIZER, text, 77, padding_is_text=True)[0]


def letters(found: Prompt, positions: tuple[int, ...]) -> str:
    """The characters at token positions."""
    return "".join(TOKENIZER.convert_ids_to_tokens([found.ids[at] for at in positions])).replace("</w>", " ").strip()


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


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("草地上的红球和红猫", "红球", [(4, 6)]),
        ("草地上的红球", "红", [(4, 5)]),
        ("赤いボールとbox", "ボール", [(2, 5)]),
        ("ลูกบอลสีแดงบนหญ้า", "สีแดง", [(6, 11)]),
        ("a red 球 here", "red 球", [(2, 7)]),
    ],
)
def test_scripts_without_spaces_have_words_anywhere(text: str, phrase: str, expected: list[tuple[int, int]]) -> None:
    """Wan's and CogVideoX's prompts are Chinese as often as not; each character is a token here."""
    spans = tuple((at, at + 1) for at in range(len(text)))
    found = Prompt(text, tuple(range(len(text))), spans)
    wanted = tuple(at for start, stop in expected for at in range(start, stop) if text[at] != " ")
    assert tuple(at for at in found.positions(phrase) if text[at] != " ") == wanted
    with pytest.raises(HitmarkError, match="not in the prompt"):
        found.positions("黑狗")


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


def test_one_token_for_several_words_is_that_token() -> None:
    """A tokenizer with a token for several words, such as a learned embedding."""
    found = Prompt("a <my thing>", (0, 1, 9, 8), ((0, 0), (0, 1), (2, 12), (0, 0)))
    assert found.positions("<my thing>") == (2,)
    assert found.end == 3


def test_a_tokenizer_of_the_t5_kind() -> None:
    """Pieces of words that begin with a space, an end token, padding that means nothing."""
    from hitmark.backbones.tiny import piece_tokenizer

    found = read_prompts(piece_tokenizer(), "two cats, a category and a red  cat", 40, padding_is_text=False)[0]
    assert [found.text[start:end] for start, end in (found.spans[at] for at in found.positions("cat"))] == [
        "cat",
        "s",
        "cat",
    ]
    assert found.positions("red cat")[0] == found.positions("red")[0]
    assert min(found.shared) == found.end + 1  # after the end token
    assert max(found.shared) == 39


def test_a_tokenizer_that_does_not_say_which_characters_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(HitmarkError, match="Load the fast tokenizer"):
        read_prompts(Slow(), "a cat", 8, padding_is_text=True)


@pytest.mark.parametrize(
    ("text", "phrases", "left"),
    [
        ("a red cat on grass", ["red cat"], "on grass"),
        ("Two cats and the dog, in snow.", ["cat", "dog"], "Two and , in snow"),
        ("a cat", ["cat"], ""),
        ("a category of cat", ["cat"], "a category of"),
    ],
)
def test_a_text_without_its_subjects(text: str, phrases: list[str], left: str) -> None:
    """Phrases go with the articles before them; nothing else does."""
    assert prompt(text).without(phrases) == left


def test_a_phrase_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every layer of every step asks."""
    found, asked = prompt("a red cat on grass"), []
    whole = Prompt._occurrences
    monkeypatch.setattr(Prompt, "_occurrences", lambda own, phrase: asked.append(phrase) or whole(own, phrase))
    assert found.positions("cat") == found.positions("cat") != found.positions("grass")
    assert asked == ["cat", "grass"]
    with pytest.raises(HitmarkError, match="not in the prompt"):
        found.positions("dog")
    with pytest.raises(HitmarkError, match="not in the prompt"):
        found.positions("dog")
