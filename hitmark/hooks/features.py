"""Reads queries, keys and values of chosen layers from one forward pass, and ends the pass there.

What a layer hands to scaled_dot_product_attention is kept as it is, so any LoRA, norm or rotary embedding is in it, and
no operation is added to the network: gradient checkpointing, which runs parts of the forward again, sees the same
operations. Where a layer is to be read with other rotary embeddings than it was run with, its *arguments* are kept, and
afterwards the stock module projects them once more; its own attention is not run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.base import Site
from hitmark.backbones.call import DenoiserCall
from hitmark.backbones.memory import parts_of, parts_to_repeat
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.control import AttentionSite, Control, Grid, Layers, Layout, Positions, SelfAttention
from hitmark.errors import HitmarkError
from hitmark.hooks.intercept import Attend, projected, run_seen
from hitmark.hooks.leaving import one_at_a_time, parts_to_visit
from hitmark.hooks.one_sequence import is_whole, whole_places
from hitmark.hooks.rotary import ROTARY, placed
from hitmark.hooks.sparing import kept_sparingly, running_again, without_own_checkpoints
from hitmark.hooks.undo import around


class _EverythingRead(Exception):  # noqa: N818 - not an error
    """Ends a forward pass."""


def read_features(
    backbone: PipelineBackbone,
    call: DenoiserCall,
    latents: Tensor,
    norm: float,
    layers: Layers,
    *,
    first_frame_keys: bool,
    memory_budget: float | None,
    positions: Positions,
) -> list[SelfAttention]:
    """Self-attention of one branch of one clip on other latents, differentiable; see `Step.self_attention`.

    Args:
        backbone: the pipeline.
        call: of one branch of one clip.
        latents: (1, frames, channels, height, width).
        norm: what the pipeline divides them by.
        layers: names of layers; None: those of the family.
        first_frame_keys: see `Step.self_attention`.
        memory_budget: see there.
        positions: see there.
    """
    sites = feature_sites(backbone, call.module, layers)
    family, sizes = backbone.family, (latents.shape[1], latents.shape[3], latents.shape[4])
    arguments = {**call.arguments, family.argument: backbone.with_latents(call, latents, norm)}
    visited = parts_to_visit(
        [part.module for part in parts_of(backbone, call, sites, sizes) if part.module is not None],
        [site.module for site in sites],
    )
    repeated = [part for part in parts_to_repeat(backbone, call, sites, sizes, memory_budget) if part not in visited]
    with ExitStack() as stack:
        for each in (
            kept_sparingly(call.module),
            without_own_checkpoints(call.module if repeated or visited else None),
            one_at_a_time(call.module, visited),
            running_again(repeated),
            torch.enable_grad(),
        ):
            stack.enter_context(each)
        found = _pass(lambda: call.module(**arguments), sites, positions, _name_of(backbone, call))
        return [_read(backbone, site, found[site.name], sizes, first_frame_keys, positions) for site in sites]


def feature_sites(backbone: PipelineBackbone, network: Any, layers: Layers = None) -> list[Site]:
    """The layers by name, in the order in which the network runs them.

    Raises:
        HitmarkError: a name that the network does not have.
    """
    present = {site.feature: site for site in backbone.sites(network) if site.feature is not None}
    wanted = list(backbone.family.default_features(list(present))) if layers is None else _names(layers)
    unknown = [name for name in wanted if name not in present]
    if unknown or not wanted:
        raise HitmarkError(
            f"layers: this network has no self-attention {', '.join(map(repr, unknown)) or 'in that list'} to read. "
            f"Expected some of: {', '.join(present) or '(none)'}."
        )
    return [site for name, site in present.items() if name in wanted]


def check_layouts(backbone: PipelineBackbone, controls: Sequence[Control], layouts: Sequence[Layout]) -> None:
    """Raise HitmarkError for a control that names layers which cannot be read, or that cannot serve a clip."""
    for control in controls:
        if getattr(control, "layers", None) is not None:
            feature_sites(backbone, backbone.network, getattr(control, "layers", None))
        for layout in layouts:
            control.check(layout)


@dataclass
class _Found:
    """What was kept of a layer: its arguments, and its queries, keys and values where it is not to run once more."""

    named: dict[str, Any]
    heads: list[Tensor] = field(default_factory=list)


def _name_of(backbone: PipelineBackbone, call: DenoiserCall) -> str:
    """The pipeline's attribute that has the network of a call."""
    names = [name for name, network in backbone.named_networks().items() if network is call.module]
    return names[0] if names else backbone.family.denoisers[0]


def _pass(run: Callable[[], Any], sites: Sequence[Site], positions: Positions, name: str) -> dict[str, _Found]:
    """Run the network until all sites are known; `name`: the pipeline's attribute that has it."""
    found: dict[str, _Found] = {}
    with ExitStack() as stack:
        for site in sites:
            again = positions != "own" and site.scope == "video"
            keep = partial(_keep, site, found, len(sites), again)
            stack.enter_context(around(site.module, "forward", keep))
        with suppress(_EverythingRead):
            run()
    missing = [site.feature for site in sites if site.name not in found]
    if missing:
        raise HitmarkError(
            f"Layer(s) {', '.join(map(str, missing))} were not called. Expected an uncompiled network without caches; "
            f"undo compilation of parts of it, and a cache that pipe.{name}.enable_cache() put there."
        )
    return found


def _keep(
    site: Site,
    found: dict[str, _Found],
    count: int,
    again: bool,
    original: Callable[..., Any],
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Around the `forward` of a layer's module."""
    names = list(inspect.signature(type(site.module).forward).parameters)[1:]
    now = _Found(dict(zip(names, args, strict=False)) | kwargs)
    if again:
        found[site.name] = now
        if len(found) == count:
            raise _EverythingRead
        return original(*args, **kwargs)

    def seen(number: int, queries: Tensor, keys: Tensor, values: Tensor, _mask: Any, attend: Attend) -> Tensor:
        if number == site.attention:
            now.heads[:] = queries, keys, values
            found[site.name] = now
            if len(found) == count:
                raise _EverythingRead
        return attend(queries, keys, values)

    return run_seen(lambda: original(*args, **kwargs), site.module, site.name, seen)


def _read(
    backbone: PipelineBackbone, site: Site, found: _Found, sizes: Grid, first_frame_keys: bool, positions: Positions
) -> SelfAttention:
    named = found.named
    hidden, words = named["hidden_states"], named.get("encoder_hidden_states")
    text = words.shape[1] if words is not None and site.scope == "video" else 0
    where = backbone.attention_site(site, hidden.shape[0], hidden.shape[1], text, sizes)
    heads = tuple(found.heads)
    if not heads:
        moved = _standing(named, where, positions)
        heads = projected(partial(site.module.forward, **(named | moved)), site.module, site.name, site.attention)
    queries, keys, values = (_by_frame(each, where) for each in heads)
    if first_frame_keys:
        keys, values = keys[:1].clone(), values[:1].clone()  # a clone frees the other frames
    _frames, rows, columns = where.grid
    return SelfAttention(str(site.feature), queries, keys, values, rows, columns)


def _by_frame(heads: Tensor, site: AttentionSite) -> Tensor:
    """(batch, heads, length, width) of one clip as (frames, heads, cells, width), without text."""
    if site.scope == "frame":
        return heads
    before, after = site.text
    video = heads[0, :, before : heads.shape[2] - after]
    return video.unflatten(1, (site.grid[0], -1)).transpose(0, 1)


def _standing(named: dict[str, Any], site: AttentionSite, positions: Positions) -> dict[str, Any]:
    """The rotary embeddings of other positions; none where the layer is given none."""
    if all(named.get(name) is None for name in ROTARY):
        return {}
    frames, rows, columns = site.grid
    places = torch.arange(rows * columns).repeat(frames)
    if positions == "same-place":
        places = torch.zeros_like(places)
    return placed(named, whole_places(places, site) if is_whole(named, site) else places, site.name)


def _names(layers: Layers) -> list[str]:
    names = layers.split(",") if isinstance(layers, str) else list(layers or [])
    return [str(name).strip() for name in names]
