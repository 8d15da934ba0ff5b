"""Can a method act on a model and a scene? What is known of it before the model's weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hitmark.backbones.families import FAMILIES
from hitmark.control import KINDS, Abilities, Control, Scope, check_needs, listed_in
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
    check_tracks(controls, scene, tracks, reads_words=FAMILIES[card.pipeline].abilities.reads_words)


def check_family(controls: Sequence[Control], card: ModelCard) -> None:
    """`check_acting_points` by the row of the model's family."""
    check_acting_points(controls, card.name, FAMILIES[card.pipeline].abilities)


def check_acting_points(controls: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError for a control that acts where this model cannot be acted upon.

    Args:
        controls: in their order.
        model: what the message calls it.
        abilities: of its family.
    """
    for place, control in enumerate(controls):
        name = control.method or type(control).__name__
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
        refusal = control.refusal(abilities, model)
        if refusal is not None:
            raise HitmarkError(refusal)


def _check_something_to_refine(control: Control, before: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError where none of the controls before it edits a kind of attention that a control refines."""
    name = control.method or type(control).__name__
    edited = [
        (each.method or type(each).__name__, each.edited_scopes(abilities)) for each in before if not each.watches
    ]
    if not any(scopes for _, scopes in edited):
        raise HitmarkError(
            f"{name} corrects what another method does to attention, and none is named before it. "
            f"Write, for instance, peekaboo+{name}."
        )
    refined = control.edited_scopes(abilities)
    if any(scopes & refined for _, scopes in edited):
        return
    kinds = sorted({KINDS[scope] for _, scopes in edited for scope in scopes})
    own = sorted(KINDS[scope] for scope in refined)
    raise HitmarkError(
        f"{name} would change nothing: in {model} it corrects {' and '.join(own) or 'no'} attention, and "
        f"{'+'.join(method for method, scopes in edited if scopes)} edits {' and '.join(kinds)} attention "
        f"alone. Leave it out, or put it behind a method that edits more, such as peekaboo+{name}."
    )


def _check_nothing_lost(control: Control, before: Sequence[Control], model: str, abilities: Abilities) -> None:
    """Raise HitmarkError where a control would do away with what one before it does to the same attention."""
    for each in before:
        shared = each.edited_scopes(abilities) & control.edited_scopes(abilities)
        if not shared or each.watches or not each.implements("attention"):
            continue
        names = [owner.method or type(owner).__name__ for owner in (each, control)]
        kinds = " and ".join(sorted(KINDS[scope] for scope in shared))
        rest = {name: _rest(owner, shared, abilities) for name, owner in zip(names, (each, control), strict=True)}
        several = all("parts" in owner.knobs() for owner in (each, control))
        ways = [
            f"leave {name} the rest: --set {f'{name}.' if several else ''}parts={parts}"
            for name, parts in rest.items()
            if parts
        ]
        raise HitmarkError(
            f"{names[0]} and {names[1]} both edit {kinds} attention in {model}, where what {names[0]} does would be "
            f"lost. {', or '.join(['Use one of them', *ways[:1]])}."
        )


def _rest(control: Control, shared: frozenset[Scope], abilities: Abilities) -> str:
    """Of the parts of a control that has any, those that are about other attention than that."""
    whole = {"spatial", "temporal"} if "words" in abilities.scopes else {"spatial", "temporal", "cross"}
    taken = set().union(*(whole if scope == "video" else {KINDS[scope]} for scope in shared))
    return ",".join(part for part in listed_in(control.knobs().get("parts", "")) if part not in taken)


def check_tracks(
    controls: Sequence[Control], scene: Scene, tracks: Sequence[Track], *, reads_words: bool = True
) -> None:
    """Raise HitmarkError where a control cannot serve these tracks, as far as that is known without a tokenizer."""
    for control in controls:
        name = control.method or type(control).__name__
        check_needs(name, control.needs, tracks, scene.prompt, reads_words=reads_words)
