"""Can a method act on a model and a scene? What is known of it before the model's weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hitmark.control import Control, Layout
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.scene.schema import Scene
    from hitmark.scene.tracks import Track


def check_method(controls: Sequence[Control], card: ModelCard, scene: Scene, tracks: Sequence[Track]) -> None:
    """Raise HitmarkError for a method that cannot act on this family of models, or has nothing to act on in the scene.

    `scene`: with size and frames filled in. What a tokenizer or the grid of latents decides is left to `attach`.
    """
    check_family(controls, card)
    if not (card.takes_picture and any(track.kind == "subject" for track in tracks)):
        check_tracks(controls, scene, tracks)


def check_family(controls: Sequence[Control], card: ModelCard) -> None:
    """`check_acting_points` by what the card says of the model's family."""
    check_acting_points(controls, card.name, reads_words=not card.takes_picture, shows_features=card.takes_picture)


def check_acting_points(controls: Sequence[Control], model: str, *, reads_words: bool, shows_features: bool) -> None:
    """Raise HitmarkError for a control that acts where this model cannot be acted upon.

    Args:
        controls: in their order.
        model: what the message calls it.
        reads_words: whether attention to the words of a prompt can be edited.
        shows_features: whether its self-attention features can be read.
    """
    for place, control in enumerate(controls):
        name = control.method or type(control).__name__
        if control.refines and not any(before.implements("attention") for before in controls[:place]):
            raise HitmarkError(
                f"{name} corrects what another method does to attention, and none is named before it. "
                f"Write, for instance, peekaboo+{name}."
            )
        if control.implements("attention") and not reads_words:
            raise HitmarkError(
                f"{name} edits attention by the words of a prompt, which {model} does not read. "
                "Use it with a text-to-video model, or choose sg-i2v."
            )
        if hasattr(control, "layers") and not shows_features:
            raise HitmarkError(
                f"{name} reads features that only image-to-video models show, and {model} is none. "
                "Use it with Stable Video Diffusion, or choose a text-to-video method."
            )


def check_tracks(controls: Sequence[Control], scene: Scene, tracks: Sequence[Track]) -> None:
    """Raise HitmarkError where a control cannot serve these tracks, as far as that is known without a tokenizer."""
    layout = Layout(
        frames=int(scene.frames or 0),
        height=int(scene.height or 0),
        width=int(scene.width or 0),
        factor=1,
        tracks=tuple(tracks),
        prompt=_AnyPhrase(scene.prompt, (), lambda words: (0,) * len(words)),
    )
    for control in controls:
        control.check(layout)


class _AnyPhrase(Prompt):
    """A prompt in which every phrase is found: which words it has is the tokenizer's to say."""

    def positions(self, phrase: str) -> tuple[int, ...]:
        """As if the phrase were the first word."""
        return (1,)

    def anywhere(self, phrase: str) -> tuple[int, ...]:
        """As `positions`."""
        return (1,)
