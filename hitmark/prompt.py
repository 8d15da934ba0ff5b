"""The words of a prompt and the text tokens that stand for them: which tokens mean a subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hitmark.errors import HitmarkError

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Letters of scripts without spaces between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese), each by itself."""
WORD = re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d|[{UNSPACED}]|[^\W\d_{UNSPACED}]+|\d|[^\s\w{UNSPACED}]+|_+", re.IGNORECASE)
"""Words and signs, as CLIP's tokenizer splits text before it looks at subwords."""

MARK = "\ue000"
"""A letter that no template has."""
ARTICLE = re.compile(r"\b(a|an|the)\s+$", re.IGNORECASE)


@dataclass(frozen=True)
class Prompt:
    """One prompt as the network sees it.

    Attributes:
        text: as the tokenizer read it.
        ids: of all tokens, in the order in which the network has them; start token and padding included. -1 for those
            of another text encoder than the tokenizer's.
        spans: for each of them the characters (start, end) of `text` that it stands for; (0, 0) for those that stand
            for none.
        shared: positions that belong to no words: of padding that the network looks at, but was never taught a meaning
            of, and of a picture.
        tokenizer: for the ids of a phrase by itself.
    """

    text: str
    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    shared: frozenset[int] = frozenset()
    tokenizer: Any = None
    _positions: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def positions(self, phrase: str) -> tuple[int, ...]:
        """Positions of every occurrence of a phrase, in any number of words and subwords, counted from 0.

        Words may be in the plural where the phrase has the singular and the other way round ("cat" finds "cats").

        Raises:
            HitmarkError: the phrase is not in the prompt, or behind the last position that the text encoder reads.
        """
        if phrase not in self._positions:  # every layer asks, and a prompt has hundreds of tokens
            self._positions[phrase] = self._found(phrase)
        return self._positions[phrase]

    def _found(self, phrase: str) -> tuple[int, ...]:
        ranges = self._occurrences(phrase)
        found = [at for at, span in enumerate(self.spans) if any(_overlap(span, each) for each in ranges)]
        if not found:
            raise HitmarkError(
                f"The phrase {phrase!r} is not in the prompt {self.text!r}, or behind its {self._length} tokens. "
                f"Expected words of it: {', '.join(self.words()) or '(none)'}."
            )
        return tuple(found)

    @property
    def _length(self) -> int:
        """Tokens that the text may have, with those around it."""
        return sum(token >= 0 for token in self.ids)

    def words(self) -> list[str]:
        """The words and signs of the text, in its order."""
        return WORD.findall(self.text)

    def anywhere(self, phrase: str) -> tuple[int, ...]:
        """Positions of every token of the prompt that also is one of the phrase: the published Peekaboo code's rule.

        Raises:
            HitmarkError: the phrase is not in the prompt.
        """
        self.positions(phrase)
        own = set(self.tokenizer(phrase, add_special_tokens=False).input_ids)
        return tuple(at for at, token in enumerate(self.ids) if self.spans[at] != (0, 0) and token in own)

    def without(self, phrases: Sequence[str]) -> str:
        """The text without every occurrence of some phrases, and without the articles before them."""
        text = list(self.text)
        for start, stop in (each for phrase in phrases for each in self._occurrences(phrase)):
            article = ARTICLE.search(self.text[:start])
            first = start if article is None else article.start()
            text[first:stop] = " " * (stop - first)
        return " ".join("".join(text).split()).strip(" ,;.")

    @property
    def end(self) -> int:
        """The position after the last token that stands for text."""
        return 1 + max((at for at, span in enumerate(self.spans) if span != (0, 0)), default=-1)

    def _occurrences(self, phrase: str) -> list[tuple[int, int]]:
        """Characters of the text where the words of the phrase stand, one after the other."""
        matches = list(WORD.finditer(self.text))
        stems, wanted = [_stem(each.group()) for each in matches], [_stem(word) for word in WORD.findall(phrase)]
        return [
            (matches[first].start(), matches[first + len(wanted) - 1].end())
            for first in range(len(stems) - len(wanted) + 1)
            if wanted and stems[first : first + len(wanted)] == wanted
        ]


def read_prompts(
    tokenizer: Any, texts: str | Sequence[str], length: int, *, padding_is_text: bool, **options: Any
) -> list[Prompt]:
    """The prompts as a tokenizer reads them, padded or cut to `length` tokens.

    Args:
        tokenizer: of the kind that says which characters a token is of.
        texts: cleaned as the pipeline cleans them.
        length: number of tokens.
        padding_is_text: whether padding has a meaning to the network, as the end token that CLIP repeats.
        options: further arguments of the tokenizer's call, such as another padding.

    Raises:
        HitmarkError: a tokenizer that does not say it.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise HitmarkError(
            f"{type(tokenizer).__name__} does not say which characters its tokens are of. Load the fast tokenizer of "
            "the same folder: pipe.tokenizer = AutoTokenizer.from_pretrained(FOLDER, use_fast=True)."
        )
    texts = [texts] if isinstance(texts, str) else list(texts)
    settings: dict[str, Any] = {"padding": "max_length", "max_length": length, "truncation": True}
    read = tokenizer(texts, return_offsets_mapping=True, return_attention_mask=True, **(settings | options))
    prompts = []
    for text, ids, offsets, mask in zip(texts, read.input_ids, read.offset_mapping, read.attention_mask, strict=True):
        spans = tuple((int(start), int(end)) if end > start else (0, 0) for start, end in offsets)
        shared = () if padding_is_text else (at for at, kept in enumerate(mask) if not kept)
        prompts.append(Prompt(text, tuple(ids), spans, frozenset(shared), tokenizer))
    return prompts


def within_template(read: Prompt, text: str, written: Callable[[str], str], crop: int) -> Prompt:
    """A prompt that a template surrounds: of its characters alone, and of the tokens that a pipeline keeps.

    Args:
        read: the whole as the tokenizer read it.
        text: the prompt.
        written: fills in the template.
        crop: how many of the first tokens are left out.
    """
    start = written(MARK).index(MARK)
    if not read.text.startswith(text, start):
        text = text.strip()  # as some templates do
    spans = tuple(_inside(span, start, start + len(text)) for span in read.spans[crop:])
    shared = frozenset(at - crop for at in read.shared if at >= crop)
    return replace(read, text=text, ids=read.ids[crop:], spans=spans, shared=shared)


def _inside(span: tuple[int, int], start: int, stop: int) -> tuple[int, int]:
    """The part of a span that lies from `start` to `stop`, counted from there."""
    first, last = max(span[0], start), min(span[1], stop)
    return (first - start, last - start) if first < last else (0, 0)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _stem(word: str) -> str:
    """A word without a regular plural ending, in lower case."""
    word = word.lower()
    for ending, singular in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss"), ("oes", "o")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + singular
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
