"""Tokenizers that need no file, of the kinds that text encoders have."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

SIGNS = (",", ".", "'")
SPACE = "\u0120"
"""How byte-level tokenizers write a space."""
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HEADER_SIGNS = ("<|begin_of_text|>", "<|pad|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
CHAT_SIGNS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


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


def chat_tokenizer(instruction: str) -> Any:
    """A Qwen 2 tokenizer with a chat template: bytes, and the words of the template and of an instruction.

    The published one has these as single tokens too, so that the prompt begins where it begins there.
    """
    from transformers import Qwen2Tokenizer

    vocabulary, merges = byte_pairs(CHAT_SIGNS, f"system\n{instruction}\nuser\nassistant\n")
    others: Any = {"additional_special_tokens": list(CHAT_SIGNS[1:]), "chat_template": CHAT}
    return Qwen2Tokenizer(vocab=vocabulary, merges=merges, **others)


def header_tokenizer(template: str) -> Any:
    """A tokenizer of the Llama 3 kind: bytes, and the words of a template, which has as many tokens as by the published
    one.
    """
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast, Qwen2Tokenizer

    vocabulary, merges = byte_pairs(HEADER_SIGNS, re.sub(r"<\|\w+\|>", "\n", template))
    begin = HEADER_SIGNS[0]
    bare: Any = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    bare.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, vocabulary[begin])]
    )
    named: Any = {"bos_token": begin, "pad_token": HEADER_SIGNS[1], "eos_token": HEADER_SIGNS[-1]}
    return PreTrainedTokenizerFast(
        tokenizer_object=bare.backend_tokenizer, additional_special_tokens=list(HEADER_SIGNS[2:-1]), **named
    )


def byte_pairs(signs: Sequence[str], text: str) -> tuple[dict[str, int], list[Any]]:
    """Vocabulary and merges of a byte-level tokenizer of Qwen's kind, to which every word of a text is one token.

    Args:
        signs: special tokens, which come first.
        text: spaces between its words are 1, 2, 4 or 8, and one more before a word.
    """
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    splitting: Any = Qwen2Tokenizer()
    words = [word for word, _place in splitting.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)]
    merges = [(SPACE * half, SPACE * half) for half in (1, 2, 4)]
    for word in words:
        ends = range(1, len(word)) if word.strip(SPACE) else ()
        merges += [(word[:end], word[end]) for end in ends]
    merges = list(dict.fromkeys(merges))
    tokens = [*signs, *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    return {token: place for place, token in enumerate(dict.fromkeys(tokens))}, merges
