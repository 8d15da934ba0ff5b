"""The words of a prompt and the text tokens that stand for them: which tokens mean a subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hitmark.errors import HitmarkError

WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", re.IGNORECASE)
"""How CLIP's tokenizer splits text before it looks at subwords."""


@dataclass(frozen=True)
class Prompt:
    """One prompt as the text encoder sees it.

    Attributes:
        text: as written.
        tokens: ids of all positions, the start token first, padding included.
        encode: ids of some words, without start and end tokens.
    """

    text: str
    tokens: tuple[int, ...]
    encode: Callable[[str], Sequence[int]]

    def positions(self, phrase: str) -> tuple[int, ...]:
        """Positions of every occurrence of a phrase, in any number of words and subwords; 0 is the start token.

        Words may be in the plural where the phrase has the singular and the other way round ("cat" finds "cats").

        Raises:
            HitmarkError: the phrase is not in the prompt, or behind the last position that the text encoder reads.
        """
        words_are_known = sum(len(self.encode(word)) for word in self.words()) == len(self.encode(self.text))
        found = [] if words_are_known else self._by_tokens(phrase)
        found = found or self._by_words(phrase)
        if not found:
            raise HitmarkError(
                f"The phrase {phrase!r} is not in the prompt {self.text!r}, or behind its {len(self.tokens)} tokens. "
                f"Expected words of it: {', '.join(WORD.findall(self.text)) or '(none)'}."
            )
        return tuple(sorted(set(found)))

    def words(self) -> list[str]:
        """The words and signs of the text, in its order."""
        return WORD.findall(self.text)

    def anywhere(self, phrase: str) -> tuple[int, ...]:
        """Positions of every token of the prompt that also is one of the phrase: the published Peekaboo code's rule.

        Raises:
            HitmarkError: the phrase is not in the prompt.
        """
        self.positions(phrase)
        ids = set(self.encode(phrase))
        return tuple(position for position, token in enumerate(self.tokens) if position and token in ids)

    def _by_tokens(self, phrase: str) -> list[int]:
        """Where the phrase's tokens stand, in whatever words: for texts whose words have tokens in common."""
        wanted, body = tuple(self.encode(phrase)), self.tokens[1:]
        return [
            1 + start + offset
            for start in range(len(body) - len(wanted) + 1)
            if wanted and body[start : start + len(wanted)] == wanted
            for offset in range(len(wanted))
        ]

    def _by_words(self, phrase: str) -> list[int]:
        spans, start = [], 1
        for word in self.words():
            length = len(self.encode(word))
            spans.append((_stem(word), start, start + length))
            start += length
        wanted = [_stem(word) for word in WORD.findall(phrase)]
        stems = [stem for stem, _, _ in spans]
        found: list[int] = []
        for first in range(len(stems) - len(wanted) + 1):
            if wanted and stems[first : first + len(wanted)] == wanted:
                found += range(spans[first][1], spans[first + len(wanted) - 1][2])
        return [position for position in found if position < len(self.tokens)]


def _stem(word: str) -> str:
    """A word without a regular plural ending, in lower case."""
    word = word.lower()
    for ending, singular in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss"), ("oes", "o")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + singular
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
