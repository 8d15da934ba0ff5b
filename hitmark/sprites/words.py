"""A small CLIP tokenizer for the captions of the sprite world: each of their words is one token.

Made here, from the atlas's and the places' names. Other words are read letter by letter, so any English prompt can be
encoded, though the model has learned nothing about it.
"""

from __future__ import annotations

import string
from typing import Any

from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.places import PLACES

LENGTH = 24
"""Positions of a prompt, start and end included."""
SMALL_WORDS = ("a", "an", "and", "on", "in", "at")


def vocabulary() -> tuple[str, ...]:
    """The words of the captions, sorted."""
    return tuple(sorted({*load_atlas().names, *COLORS, *PLACES, *SMALL_WORDS}))


def build_tokenizer() -> Any:
    """A `CLIPTokenizer` of LENGTH positions in which every word of `vocabulary` is one token."""
    from tokenizers import AddedToken
    from transformers import CLIPTokenizer

    symbols = [*string.ascii_lowercase, *string.digits, *",.'-!?"]
    names = [*symbols, *(f"{symbol}</w>" for symbol in symbols), "<|startoftext|>", "<|endoftext|>"]
    table = {name: place for place, name in enumerate(names)}
    tokenizer = CLIPTokenizer(vocab=table, merges=[], model_max_length=LENGTH)
    words: Any = [AddedToken(word, single_word=True, normalized=True) for word in vocabulary()]
    tokenizer.add_tokens(words)
    return tokenizer


def encode(tokenizer: Any, captions: list[str]) -> Any:
    """Token ids, int64 (captions, LENGTH)."""
    settings = {"padding": "max_length", "max_length": LENGTH, "truncation": True, "return_tensors": "pt"}
    return tokenizer(captions, **settings).input_ids
