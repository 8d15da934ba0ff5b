"""What the models of the sprite world that read a prompt have words for, told to people. Needs no tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.prompt import WORD
from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.places import PLACES
from hitmark.sprites.words import SMALL_WORDS
from hitmark.sprites.world import TEXT_NAMES

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard


def notes_on_words(prompt: str, card: ModelCard) -> list[str]:
    """A sentence about the words of a prompt that a model of the sprite world has never seen; none for other models."""
    if not (card.world == "sprites" and card.reads_prompt):
        return []
    names = load_atlas().names if card.takes_picture else TEXT_NAMES
    known = {*names, *COLORS, *PLACES, *SMALL_WORDS}
    strange = [word for word in WORD.findall(prompt.lower()) if word.isalpha() and word not in known]
    if not strange:
        return []
    return [
        f"{card.name} was trained on a small drawn world and does not know: {', '.join(strange)}. "
        f"Subjects: {', '.join(names)}. Colors: {', '.join(COLORS)}. Places: {', '.join(PLACES)}"
    ]
