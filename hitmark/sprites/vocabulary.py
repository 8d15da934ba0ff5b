"""What the embedded text-to-video model has words for, told to people. Needs no tokenizer."""

from __future__ import annotations

from hitmark.prompt import WORD
from hitmark.sprites.atlas import COLORS
from hitmark.sprites.places import PLACES
from hitmark.sprites.words import SMALL_WORDS
from hitmark.sprites.world import TEXT_NAMES


def notes_on_words(prompt: str) -> list[str]:
    """A sentence about the words of a prompt that the model has never seen; none where it knows them all."""
    known = {*TEXT_NAMES, *COLORS, *PLACES, *SMALL_WORDS}
    strange = [word for word in WORD.findall(prompt.lower()) if word.isalpha() and word not in known]
    if not strange:
        return []
    return [
        f"sprites-t2v was trained on a small drawn world and does not know: {', '.join(strange)}. "
        f"Subjects: {', '.join(TEXT_NAMES)}. Colors: {', '.join(COLORS)}. Places: {', '.join(PLACES)}"
    ]
