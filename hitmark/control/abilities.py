"""What can be done with a model family, and what a method needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitmark.control.attention import Scope


@dataclass(frozen=True)
class Abilities:
    """What a model family can do and show.

    Attributes:
        takes_image: whether a clip starts from a given picture.
        reads_words: whether tokens look at the words of a prompt, and it is known which tokens a word has.
        scopes: of the attention that can be edited and read.
        tags: the family's own words for its layers, see `AttentionSite`.
    """

    takes_image: bool
    reads_words: bool
    scopes: frozenset[Scope]
    tags: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Needs:
    """What a method cannot do without.

    Attributes:
        image: that the clip starts from a given picture.
        words: that it is known where words of the prompt are looked at.
        subjects: that the scene has a subject.
    """

    image: bool = False
    words: bool = False
    subjects: bool = False
