"""The settings of a method by name: `paper` has those of its paper, `tuned` those that were found for the model.

`fast` is `tuned` with fewer passes of the network, for the methods that make any beside those of the model.

The command line, `generate` and the studio take `tuned` unless told otherwise; `build` takes `paper`, or `tuned` where
it is told the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.errors import HitmarkError
from hitmark.methods import build as build_method
from hitmark.methods import fast_knobs, knob_table, parts_of, spelled
from hitmark.scene.parts import PRESETS, Preset

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control


def build(
    name: str,
    knobs: Mapping[str, Any] | None = None,
    *,
    preset: str | None = None,
    model: Any = None,
) -> list[Control]:
    """The controls of a method by name, or of several joined with "+", for `attach`.

    `build("sg-i2v")` has the settings of the paper; `build("sg-i2v", model=pipe)` has those that the command line and
    `hitmark.generate` use for that model.

    Args:
        name: a key of METHODS, or several: "peekaboo+mask-normalization".
        knobs: knob name -> value, on top of the preset's. Of several methods that have a knob of the same name,
            "peekaboo.masked_steps" says whose it is.
        preset: "paper", "tuned" or "fast"; None: "tuned" where a model is given, else "paper".
        model: what "tuned" and "fast" settings are for: a name, a folder, or a loaded pipeline.

    Returns:
        What `attach` takes; empty for "none".

    Raises:
        HitmarkError: unknown method, knob, preset or model, a value out of range, or one but "paper" without a model.
    """
    chosen = check_preset(preset or ("paper" if model is None else "tuned"))
    if chosen != "paper":
        if model is None:
            raise HitmarkError(
                f'preset: "{chosen}" settings are those of a model; say which, as in model="svd" or model=pipe'
            )
        knobs = preset_knobs(_card(model), name, knob_table(knobs), chosen)
    return build_method(name, knobs)


def preset_knobs(card: ModelCard, method: str, given: Mapping[str, Any], preset: str = "tuned") -> dict[str, Any]:
    """The knobs that a preset sets for a method on a model, with the given ones on top."""
    if check_preset(preset) == "paper":
        return dict(given)
    parts = parts_of(method)
    tables = [dict(card.knobs.get(part, {})) for part in parts]
    if preset == "fast":
        tables = [table | fast_knobs(part) for table, part in zip(tables, parts, strict=True)]
    return spelled(method, tables) | dict(given)


def check_preset(preset: str) -> Preset:
    """Return the preset. Raises `HitmarkError` for an unknown one."""
    found: Preset | None = next((each for each in PRESETS if each == preset), None)
    if found is None:
        raise HitmarkError(f"preset: expected one of {', '.join(PRESETS)}, got {preset!r}; choose one of them")
    return found


def describe(card: ModelCard, method: str, preset: str, knobs: Mapping[str, Any]) -> str:
    """One sentence: the method, its preset, and the settings that differ from the paper's."""
    if method == "none":
        return "method none: no control"
    tuned = preset_knobs(card, method, {}, preset)
    own = {name: value for name, value in knobs.items() if name not in tuned or tuned[name] != value}
    if preset == "paper":
        told = "preset paper: the settings of its paper"
    elif tuned:
        told = f"preset {preset}: the settings for {card.name} ({_listed(tuned)}); --preset paper has the paper's"
    else:
        told = f"preset {preset}: {card.name} has none of its own, so those of its paper"
    if preset == "fast" and not any(fast_knobs(part) for part in parts_of(method)):
        told += "; there is no faster way of this method"
    return f"method {method}, {told}" + (f"; given: {_listed(own)}" if own else "")


def _listed(knobs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in knobs.items())


def _card(model: Any) -> ModelCard:
    from hitmark.backbones.catalog import model_card
    from hitmark.run.model_choice import card_of_pipeline

    return model_card(model) if isinstance(model, (str, Path)) else card_of_pipeline(model)
