"""What features look like, frame by frame: principal components as colors (SG-I2V, arXiv:2411.04989, Fig. 2).

Where a thing has the same color in every frame, features of frames can be compared: that of the aligned self-attention
(every frame with keys and values of the first) is what SG-I2V's loss is made of; of a network whose tokens have
positions there it is read with all of them at one place too, as SG-I2V does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from hitmark.backbones import backbone_for
from hitmark.backbones.base import Site
from hitmark.control import AttentionSite, Branch, Control, LayerCall, Layers, Layout, Proceed, SelfAttention, Step
from hitmark.hooks.features import feature_sites
from hitmark.maths.attention import attend
from hitmark.maths.components import principal_components

KINDS = {
    "block": "output of the block",
    "self": "self-attention",
    "aligned": "self-attention with the first frame's keys and values",
    "placeless": "the same with all tokens at one place",
}
USUAL = 0.25
"""Share of the steps after which features are looked at: within SG-I2V's window."""
BUDGET = 4.0
"""GiB of activations above which gradient checkpointing is used, as SG-I2V's default."""
FAINTEST = 0.01
"""Share of the values at either end that are cut off when colors are made."""


@dataclass(frozen=True)
class FeatureProbe(Control):
    """Reads the features of some self-attention layers at one step; the prompt's branch of the first clip.

    Attributes:
        at: share of the steps after which it looks.
        layers: see `SGI2V.layers`.
        maps: key of KINDS -> for each layer (frames, channels, rows, columns), float32 on the CPU.
        names: of the layers, in their order.
        layouts: of the clips that were watched.
        now: what it is about: the step it looked at, the branches of the layer that runs, whether tokens are placed.
    """

    method: ClassVar[str] = "feature-probe"
    watches: ClassVar[bool] = True

    at: float = USUAL
    layers: Layers = None
    maps: dict[str, list[Tensor]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    now: dict[str, Any] = field(default_factory=dict)

    def check(self, layout: Layout) -> None:
        """Remember the layout."""
        self.layouts.append(layout)

    @property
    def step(self) -> int | None:
        """The step that was looked at."""
        return self.now.get("step")

    def latents(self, latents: Tensor, step: Step) -> Tensor:
        """Read self-attention once, on the latents as they are."""
        if self.step is None and (step.within(self.at, 2) or step.index == step.count - 1):
            self.now["step"] = step.index
            read = partial(step.self_attention, latents, self.layers, memory_budget=BUDGET)
            layers = read(first_frame_keys=False)
            self.names.extend(layer.name for layer in layers)
            self._keep("self", layers)
            self._keep("aligned", [replace(each, keys=each.keys[:1], values=each.values[:1]) for each in layers])
            if self.now.get("placed"):
                self._keep("placeless", read(first_frame_keys=True, positions="same-place"))
        return latents

    @torch.no_grad()
    def _keep(self, kind: str, layers: Sequence[SelfAttention]) -> None:
        for layer in layers:
            read = attend(layer.queries, layer.keys, layer.values)
            grid = read.transpose(1, 2).unflatten(-1, (layer.height, layer.width))
            self.maps.setdefault(kind, []).append(grid.float().cpu())

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """At the step that is looked at, to know the branches."""
        return self.step == step.index and site.name in self.now.get("sites", ())

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """As it is."""
        self.now["branches"], self.now["grid"] = call.branches, call.site.grid
        return proceed(call)

    @contextmanager
    def on_blocks(self, pipe: Any) -> Iterator[None]:
        """While this lasts, what the blocks around the layers give is read as well."""
        backbone = backbone_for(pipe)
        with ExitStack() as stack:
            sites = feature_sites(backbone, backbone.network, self.layers)
            self.now["sites"] = {site.name for site in sites}
            self.now["placed"] = any(site.scope == "video" for site in sites)
            for site in sites:
                hook = partial(self._block, site, set())
                stack.callback(site.block.register_forward_hook(hook).remove)
            yield

    def _block(self, site: Site, done: set[str], _module: Any, _args: Any, output: Any) -> None:
        """Keep the first output of a block in the prompt's branch at that step."""
        branches: tuple[Branch, ...] = self.now.pop("branches", ())
        prompted = [place for place, branch in enumerate(branches) if branch.prompted]
        if site.name in done or not prompted:
            return
        done.add(site.name)
        found = _first(output).detach()
        own = found.unflatten(0, (len(branches), -1))[prompted[-1]]
        frames, rows, columns = self.now["grid"]
        if own.ndim == 3:  # one row of all tokens of the video
            own = own.flatten(0, 1).unflatten(0, (frames, rows, columns)).movedim(-1, 1)
        self.maps.setdefault("block", []).append(own.float().cpu())


def component_colors(maps: Sequence[Tensor]) -> Tensor:
    """Three principal components of features as colors, one scale for all frames.

    Args:
        maps: one a layer, (frames, channels, rows, columns); brought to the largest grid and joined.

    Returns:
        (frames, rows, columns, 3) in 0..1.
    """
    rows, columns = (max(each.shape[axis] for each in maps) for axis in (-2, -1))
    joined = torch.cat(
        [functional.interpolate(each, size=(rows, columns), mode="bilinear", align_corners=False) for each in maps],
        dim=1,
    )
    flat = joined.movedim(1, -1).reshape(-1, joined.shape[1])
    found = principal_components(flat)
    ends = torch.tensor([FAINTEST, 1 - FAINTEST])
    low, high = found.quantile(ends, dim=0)
    scaled = ((found - low) / (high - low).clamp(min=1e-12)).clamp(0, 1)
    return scaled.reshape(len(joined), rows, columns, 3)


def _first(output: Any) -> Tensor:
    """The tensor of a block's output: the video's, where there is text beside it."""
    if isinstance(output, Tensor):
        return output
    return _first(output[0])
