"""What can be done with a model family, and what a method needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hitmark.control.attention import Scope
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.scene.tracks import Track


@dataclass(frozen=True)
class Abilities:
    """What a model family can do and show.

    Attributes:
        takes_image: whether a clip starts from a given picture.
        reads_words: whether tokens look at the words of a prompt, and it is known which tokens a word has.
        scopes: of the attention that can be edited and read.
        tags: the family's own words for its layers, see `AttentionSite`.
        words_change: why layers that look at words cannot be given those of another text; None: they can.
        still: tags of parts of this network in which no layer looks at other frames, though others of the family have
            some there.
    """

    takes_image: bool
    reads_words: bool
    scopes: frozenset[Scope]
    tags: frozenset[str] = field(default=frozenset())
    words_change: str | None = None
    still: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Needs:
    """What a method cannot do without.

    Attributes:
        image: that the clip starts from a given picture.
        words: that it is known where words of the prompt are looked at.
        subjects: that the scene has a subject.
        phrases: of those that need a subject: with words of the prompt that mean it, where the model reads words.
        boxes: that the scene has a box of any kind, and that each is inside the first image.
        reference: that a crude video of what is wanted is attached, or can be drawn from the scene.
    """

    image: bool = False
    words: bool = False
    subjects: bool = False
    phrases: bool = True
    boxes: bool = False
    reference: bool = False

    @property
    def something_drawn(self) -> bool:
        """Whether a scene without any box is of no use."""
        return self.subjects or self.boxes or self.reference


def check_needs(owner: str, needs: Needs, tracks: Sequence[Track], prompt: str, *, reads_words: bool) -> None:
    """Raise HitmarkError where a method lacks something in a scene, as far as it is known without a tokenizer.

    Args:
        owner: the method's name, for the message.
        needs: of the method.
        tracks: of the scene.
        prompt: of the clip, for the message.
        reads_words: whether the model looks at the words of a prompt.
    """
    if needs.boxes:
        if not tracks:
            raise HitmarkError(f"{owner} needs at least one subject, anchor or camera box; the scene has none.")
        for track in tracks:
            x0, y0, x1, y1 = track.boxes[0]
            if x0 >= 1 or y0 >= 1 or x1 <= 0 or y1 <= 0:
                raise outside_error(owner, track)
    if needs.subjects:
        named = reads_words and needs.phrases
        check_phrases(owner, [track for track in tracks if track.kind == "subject"], prompt if named else None)


def check_phrases(owner: str, subjects: Sequence[Track], prompt: str | None) -> None:
    """Raise HitmarkError unless there is a subject and each has a phrase; `prompt` None: no phrases are needed."""
    if not subjects:
        raise HitmarkError(f"{owner} needs a subject with a box and a phrase of the prompt; the scene has none.")
    for track in subjects:
        if prompt is not None and not track.phrase:
            raise HitmarkError(
                f"Subject {track.name!r} has no phrase. Expected the words that mean it in {prompt!r}: "
                "`--subject WORDS` for a --box, or `phrase` in a scene."
            )


def outside_error(owner: str, track: Track) -> HitmarkError:
    """Of a track that the first image does not show."""
    numbers = ", ".join(f"{value:.3g}" for value in track.boxes[0])
    return HitmarkError(
        f"{owner}: {track.kind} {track.name!r} lies outside the first picture (box {numbers}). "
        "What it looks like is read from the first picture: give it a box inside 0..1 at time 0."
    )
