"""Can a method act on a model and a scene? What is known of it before the model's weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hitmark.control import KINDS, Abilities, Control, Scope, check_needs, kinds_of, listed_in
from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.scene.schema import Scene
    from hitmark.scene.tracks import Track


def check_method(controls: Sequence[Control], card: ModelCard, scene: Scene, tracks: Sequence[Track]) -> None:
    """Raise HitmarkError for a method that cannot act on this family of models, or has nothing to act on in the scene.

    `scene`: with size and frames filled in. What a tokenizer or the grid of latents decides is left to `attach`.
    """
    check_family(controls, card)
    check_tracks(controls, scene, tracks, reads_words=card.abilities.reads_words)


def check_family(controls: Sequence[Control], card: ModelCard) -> None:
    """`check_acting_points` by the row of the model's family and its task."""
    check_acting_points(controls, card.name, card.abilities)


def check_acting_points(controls: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError for a control that acts where this model cannot be acted upon.

    Args:
        controls: in their order.
        model: what the message calls it.
        abilities: of its family.
    """
    _check_noise_of_one(controls)
    for place, control in enumerate(controls):
        name = _name(control)
        if control.refines:
            _check_something_to_refine(control, controls[:place], model, abilities)
        if control.replaces:
            _check_nothing_lost(control, controls[:place], model, abilities)
        if control.needs.words and not abilities.reads_words:
            why = f"which {model} does not read. Use it with a text-to-video model, or choose sg-i2v."
            if not abilities.takes_image:  # it is made from words all the same
                why = f"and where {model} looks at them is not known. Use it with another model, or choose ivg-da."
            raise HitmarkError(f"{name} edits attention by the words of a prompt, {why}")
        if control.needs.image and not abilities.takes_image:
            raise HitmarkError(
                f"{name} reads what things look like from a given picture, and {model} takes none. "
                "Use it with an image-to-video model, or choose a text-to-video method."
            )
        if control.implements("texts") and abilities.words_change is not None:
            raise HitmarkError(
                f"{name} gives regions another text, and in {model} {abilities.words_change}. Use it with a Wan or "
                "LTX-Video model, or choose ivg-da."
            )
        refusal = control.refusal(abilities, model)
        if refusal is not None:
            raise HitmarkError(refusal)


def _check_something_to_refine(control: Control, before: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError where none of the controls before it edits a kind of attention that a control refines."""
    name = _name(control)
    edits = [each for each in before if each.edits_attention and not each.watches]
    if not edits:
        raise HitmarkError(
            f"{name} corrects what another method does to attention, and none is named before it. "
            f"Write, for instance, peekaboo+{name}."
        )
    refined = control.edited_scopes(abilities)
    edited = frozenset[Scope]().union(*(each.edited_scopes(abilities) for each in edits))
    if edited and not edited & refined:  # methods that are told to edit no step leave nothing to correct, as told
        raise HitmarkError(
            f"{name} would change nothing: in {model} it corrects {_kinds(refined) or 'no'} attention, and "
            f"{'+'.join(map(_name, edits))} edits {_kinds(edited)} attention alone. Leave it out, or put it behind a "
            f"method that edits more, such as peekaboo+{name}."
        )


def _check_nothing_lost(control: Control, before: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError where a control would do away with what one before it does to the same attention."""
    for each in before:
        shared = each.edited_scopes(abilities) & control.edited_scopes(abilities)
        if shared and each.implements("attention") and not each.watches:
            raise HitmarkError(
                f"{_name(each)} and {_name(control)} both edit {_kinds(shared)} attention in {model}, where what "
                f"{_name(each)} does would be lost. Use one of them{_other_way((each, control), shared, abilities)}."
            )


def _check_noise_of_one(controls: Sequence[Control]) -> None:
    """Raise HitmarkError where a control would put other start noise in the place of that of one before it."""
    noisy = [(_name(each), each.without_noise) for each in controls if each.without_noise]
    if len(noisy) > 1:
        (first, first_without), (name, without) = noisy[:2]
        raise HitmarkError(
            f"{first} and {name} both put noise that moves with the boxes into the start noise, where what {first} "
            f"does would be lost. Use one of them, or leave the noise to one: --set {without} or --set {first_without}."
        )


def _other_way(pair: Sequence[Control], shared: frozenset[Scope], abilities: Abilities) -> str:
    """How one of two can be left other kinds of attention, if one has parts of other kinds."""
    joint = "words" not in abilities.scopes
    taken = frozenset[str]().union(*(kinds_of(scope, joint=joint) for scope in shared))
    owners = [each for each in pair if "parts" in each.knobs()]
    for owner in owners:
        rest = ",".join(part for part in listed_in(owner.knobs()["parts"]) if part not in taken)
        if rest:
            whose = f"{_name(owner)}." if len(owners) > 1 else ""
            return f", or leave {_name(owner)} the rest: --set {whose}parts={rest}"
    return ""


def _name(control: Control) -> str:
    return control.method or type(control).__name__


def _kinds(scopes: frozenset[Scope]) -> str:
    """Such as "cross, spatial and temporal"."""
    *most, last = sorted(KINDS[scope] for scope in scopes) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def check_tracks(
    controls: Sequence[Control], scene: Scene, tracks: Sequence[Track], *, reads_words: bool = True
) -> None:
    """Raise HitmarkError where a control cannot serve these tracks, as far as that is known without a tokenizer."""
    for control in controls:
        name = _name(control)
        check_needs(name, control.needs, tracks, scene.prompt, reads_words=reads_words)
