from __future__ import annotations

from pathlib import Path

import pytest

from hitmark.sprites.words import LENGTH, build_tokenizer, encode, vocabulary
from hitmark.sprites.world import SpriteWorld


def test_every_word_of_a_caption_is_one_token(tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    built = build_tokenizer()
    built.save_pretrained(tmp_path)
    world = SpriteWorld()
    captions = [world.plan(seed, measure=False).caption for seed in range(60)]
    for tokenizer in (built, CLIPTokenizer.from_pretrained(tmp_path)):
        rows = encode(tokenizer, captions)
        assert rows.shape == (60, LENGTH)
        for caption, row in zip(captions, rows, strict=True):
            words = caption.split()
            assert row[0] == tokenizer.bos_token_id
            assert row[1 + len(words)] == tokenizer.eos_token_id
            assert [tokenizer.decode([token]).strip() for token in row[1 : 1 + len(words)]] == words
            assert len({row[1 + words.index(word)].item() for word in set(words)}) == len(set(words))


def test_no_caption_is_longer_than_the_encoder_reads() -> None:
    world = SpriteWorld(objects=(3,))
    assert max(len(world.plan(seed, measure=False).caption.split()) for seed in range(200)) + 2 <= LENGTH


@pytest.mark.parametrize("text", ["a submarine, deep down", "A CAR!", "two cats at 5 o'clock"])
def test_other_text_can_be_encoded(text: str) -> None:
    tokenizer = build_tokenizer()
    row = encode(tokenizer, [text])[0]
    assert tokenizer.unk_token_id not in row[1 : row.tolist().index(tokenizer.eos_token_id)]


def test_words_are_sorted_and_single() -> None:
    assert list(vocabulary()) == sorted(set(vocabulary()))
    assert all(word.isalpha() and word.islower() for word in vocabulary())
