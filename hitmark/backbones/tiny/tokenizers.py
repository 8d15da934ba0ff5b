"""Tokenizers that need no file, of the kinds that text encoders have."""

from __future__ import annotations

import string
from typing import Any

SIGNS = (",", ".", "'")


def letter_tokenizer() -> Any:
    """A CLIP tokenizer whose subwords are single letters, of 77 positions."""
    from transformers import CLIPTokenizer

    symbols = [*string.ascii_lowercase, *string.digits, *SIGNS]
    names = [*symbols, *(f"{symbol}</w>" for symbol in symbols), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={name: place for place, name in enumerate(names)}, merges=[], model_max_length=77)


def piece_tokenizer() -> Any:
    """A tokenizer of the T5 kind: pieces that begin with a space where a word does; some words, and every letter."""
    from transformers import T5Tokenizer

    letters = [*string.ascii_letters, *string.digits, *SIGNS]
    words = ("a", "red", "cat", "dog", "thing", "on", "grass")
    pieces = ["\u2581", *letters, *(f"\u2581{word}" for word in words)]
    scores = [-3.0 if len(piece) == 1 else -1.5 for piece in pieces]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0)]
    vocabulary: Any = [*special, *zip(pieces, scores, strict=True)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)
