"""Whether a plan can be carried out: by its model, its method, and the memory of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hitmark.backbones import backbone_for
from hitmark.backbones.geometry import check_positions
from hitmark.errors import GenerationError
from hitmark.method_fit import check_acting_points, check_method
from hitmark.run.memory_fit import check_memory
from hitmark.run.model_choice import configured_grid, network_config

if TYPE_CHECKING:
    from hitmark.backbones.catalog import ModelCard
    from hitmark.control import Control
    from hitmark.run.plan import Plan


def check_fit(planned: Plan, device: str = "auto") -> None:
    """Raise HitmarkError for a size or length that the model cannot make, a method that cannot act on it or on the
    scene, and a clip that this machine's memory cannot hold.

    By the configuration in the model's files, where these are on this machine; no weights are loaded.
    """
    grid = configured_grid(planned.card)
    if grid is not None:
        check_sides(planned, grid[0], planned.card.name)
    check_positions(network_config(planned.card), planned.card.family.positions, planned.frames)
    check_method(planned.controls, planned.card, planned.scene, planned.tracks)
    check_network(planned.controls, planned.card)
    check_memory(planned.card, planned.shape, device)


def check_network(controls: Sequence[Control], card: ModelCard) -> None:
    """Raise HitmarkError where controls cannot act on this network of the family, by the configuration in its files."""
    config, check = network_config(card), card.family.network_check
    if config is None:
        return
    if check is not None and any(control.edits_attention or hasattr(control, "layers") for control in controls):
        check(config)
    abilities = replace(card.family.abilities_of(config), takes_image=card.takes_picture)
    check_acting_points(controls, card.name, abilities)


def check_stock(pipe: Any) -> None:
    """Raise `GenerationError` for a modular pipeline, whose call has other arguments and results."""
    if hasattr(pipe, "_blocks"):
        raise GenerationError(
            f"pipe: expected a stock pipeline, got a {type(pipe).__name__}; call it yourself inside of "
            "`with hitmark.attach(pipe, scene, controls)`, or make a stock pipeline of its components"
        )


def check_size(planned: Plan, pipe: Any) -> None:
    """Raise `GenerationError` with the nearest sizes that fit unless the model can make this width and height."""
    check_sides(planned, size_unit(pipe), "this model")


def check_sides(planned: Plan, unit: int, model: str) -> None:
    """Raise `GenerationError` with the nearest sizes unless width and height are multiples of `unit`; names `model`."""
    for name, value in (("width", planned.width), ("height", planned.height)):
        if value % unit or value < unit:
            below, above = value // unit * unit, (value // unit + 1) * unit
            near = f"{below} or {above}" if below else f"{above}"
            raise GenerationError(f"{name}: {model} makes multiples of {unit} px, got {value}; use {near}")


def size_unit(pipe: Any) -> int:
    """Return the number of pixels that both sides must be multiples of."""
    return backbone_for(pipe).size_unit
