"""The one implementation of `Backbone`: a pipeline object seen through its family's row."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hitmark.backbones.axes import CHANNEL_AXIS, FRAME_AXIS, from_canonical, to_canonical
from hitmark.backbones.base import Axes, Family, Site
from hitmark.backbones.call import DenoiserCall, by_name
from hitmark.backbones.geometry import branches_of, check_positions, geometry_of, grid_of, size_unit, token_grid
from hitmark.backbones.order import Order
from hitmark.backbones.ordering import run_order
from hitmark.control import UNCOND, Abilities, AttentionSite, Grid
from hitmark.errors import HitmarkError
from hitmark.prompt import Prompt


class PipelineBackbone:
    """One pipeline object and its family."""

    def __init__(self, pipe: Any, family: Family) -> None:
        self.pipe, self.family = pipe, family
        self.geometry = geometry_of(pipe, family, self.network.config)

    @property
    def abilities(self) -> Abilities:
        """What can be done with it."""
        return self.family.abilities_of(self.network.config)

    @property
    def name(self) -> str:
        """What messages call the pipeline."""
        return type(self.pipe).__name__

    @property
    def branches(self) -> tuple[str, ...]:
        """See `Family.branches`."""
        return self.family.branches

    def denoisers(self) -> list[Any]:
        """The modules as the pipeline calls them, possibly compiled."""
        return [module for name in self.family.denoisers if (module := getattr(self.pipe, name, None)) is not None]

    @property
    def network(self) -> Any:
        """The uncompiled first denoiser."""
        return uncompiled_module(self.denoisers()[0])

    def networks(self) -> list[Any]:
        """The uncompiled denoisers."""
        return list(self.named_networks().values())

    def named_networks(self) -> dict[str, Any]:
        """The uncompiled denoisers by the pipeline's attributes that have them."""
        found = {name: getattr(self.pipe, name, None) for name in self.family.denoisers}
        return {name: uncompiled_module(module) for name, module in found.items() if module is not None}

    def expert(self, timestep: Tensor) -> Any:
        """Which of the networks runs at a timestep: below the boundary the second one."""
        networks, boundary = self.networks(), self.pipe.config.get("boundary_ratio")
        if len(networks) == 1 or boundary is None:
            return networks[0]
        noisy = float(timestep) >= boundary * self.pipe.scheduler.config.num_train_timesteps
        return networks[0 if noisy else 1]

    @property
    def factor(self) -> int:
        """Pixels per latent cell."""
        return self.geometry.stride[1]

    @property
    def size_unit(self) -> int:
        """Pixels that both sides must be multiples of."""
        levels = len(getattr(self.network.config, "down_block_types", ("",))) if self.family.halvings else 1
        return size_unit(self.family.unit, self.factor, self.geometry.patch[1], levels)

    def sizes(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Grid:
        """Frames, rows and columns of the latents, from a call of `prepare_latents`."""
        named = self.named("prepare_latents", args, kwargs)
        begun = named.get("latents")
        if begun is not None and begun.ndim == 5:  # of another clip, whose size counts, as in LTX-2's second stage
            _clips, _channels, frames, height, width = begun.shape
            return frames, height, width
        (time, rows, columns), causal = self.geometry.stride, self.geometry.causal
        frames = (named["num_frames"] - 1) // time + 1 if causal else named["num_frames"]
        return frames, named["height"] // rows, named["width"] // columns

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A call of `prepare_latents`, which says how many first frames are given where calls differ in that.

        Raises HitmarkError for more frames than the network has positions for.
        """
        named = self.named("prepare_latents", args, kwargs)
        check_positions(self.network.config, self.family.positions, named.get("num_frames") or 0)
        if self.family.given_in is not None:
            given = self.family.given_in(self.pipe, named)
            self.geometry = replace(self.geometry, given=given)

    def canonical(self, latents: Tensor, sizes: Grid) -> Tensor:
        """Latents as the pipeline holds them, as (clips, frames, channels, height, width), without conditions."""
        return to_canonical(self._alone(latents), self.family.latents, sizes, self.geometry.patch)

    def native(self, canonical: Tensor) -> Tensor:
        """The inverse of `canonical`, but for conditions."""
        return from_canonical(canonical, self.family.latents, self.geometry.patch)

    def held(self, canonical: Tensor, before: Tensor) -> Tensor:
        """Canonical latents as the pipeline holds them, with the conditions that it has behind its own (`before`)."""
        fed, axis = self.native(canonical).to(before.dtype), CHANNEL_AXIS[self.family.latents]
        conditions = before.shape[axis] - fed.shape[axis]
        return torch.cat([fed, before.narrow(axis, fed.shape[axis], conditions)], dim=axis) if conditions else fed

    def from_step(self, sample: Tensor, before: Tensor) -> Tensor:
        """What the scheduler's `step` takes or gives, canonical; `before` has the frames that it may lack."""
        if self.family.at_step == "frames in the batch":
            return sample.unflatten(0, (before.shape[0], -1))
        sizes = before.shape[1], before.shape[3], before.shape[4]
        if self.family.at_step == "without clips":
            return self.canonical(sample[None], sizes)
        if self.family.at_step == "without given frames":
            given = before[:, : self.geometry.given].to(sample.dtype)
            return torch.cat([given, to_canonical(sample, self._unpacked, sizes)], dim=1)
        return self.canonical(sample, sizes)

    def to_step(self, canonical: Tensor) -> Tensor:
        """The inverse of `from_step`."""
        if self.family.at_step == "frames in the batch":
            return canonical.flatten(0, 1)
        if self.family.at_step == "without clips":
            return self.native(canonical)[0]
        if self.family.at_step == "without given frames":
            return from_canonical(canonical[:, self.geometry.given :], self._unpacked)
        return self.native(canonical)

    @property
    def _unpacked(self) -> Axes:
        return "bcfhw" if self.family.latents == "packed" else self.family.latents

    def bind(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], context: str | None, clips: int
    ) -> DenoiserCall:
        """Name the arguments of a call of a denoiser, and its branches."""
        network = uncompiled_module(module)
        arguments = by_name(type(network).forward, args, kwargs)
        family, copies = self.family, arguments[self.family.argument].shape[0] // clips
        return DenoiserCall(network, arguments, branches_of(copies, context), clips, family.shared, family.by_frame)

    def latents_of(self, call: DenoiserCall, norm: float, sizes: Grid) -> Tensor:
        """The canonical latents that a call was fed."""
        return self.canonical(call.arguments[self.family.argument][: call.clips] * norm, sizes)

    def _alone(self, latents: Tensor) -> Tensor:
        """Without conditions: as many channels as the network gives."""
        config, axis = self.network.config, CHANNEL_AXIS[self.family.latents]
        out = getattr(config, "out_channels", None) or getattr(config, "out_visual_dim", None) or latents.shape[axis]
        return latents.narrow(axis, 0, int(out)) if latents.shape[axis] > out else latents

    def with_latents(self, call: DenoiserCall, canonical: Tensor, norm: float) -> Tensor:
        """What the pipeline makes of canonical latents as this call's input; given frames stay as the call has them."""
        before: Tensor = call.arguments[self.family.argument]
        made = (canonical / norm if norm != 1 else canonical).to(before.dtype)
        copies = len(call.branches)
        fed = self.held(torch.cat([made] * copies) if copies > 1 else made, before)
        axis = FRAME_AXIS[self.family.latents]
        given = fed.shape[axis] // canonical.shape[1] * self.geometry.given  # tokens, where they are packed
        if not given:
            return fed
        return torch.cat([before.narrow(axis, 0, given), fed.narrow(axis, given, fed.shape[axis] - given)], dim=axis)

    def output(self, output: Tensor, sizes: Grid) -> Tensor:
        """What the denoiser returns, canonical."""
        return self.canonical(output, sizes)

    def sites(self, network: Any) -> list[Site]:
        """The attention layers of a network, in running order; HitmarkError where controls cannot act on them."""
        if self.family.network_check is not None:
            self.family.network_check(network.config)
        return list(self.family.sites(network))

    def attention_site(self, site: Site, rows: int, length: int, text: int, sizes: Grid) -> AttentionSite:
        """A layer, called with so many rows and tokens of the video (and of text, in one sequence)."""
        if "frame" in self.family.abilities.scopes:  # a U-Net, of whose layers each row is a frame or a cell
            cells = rows if site.scope == "cell" else length
            grid = (sizes[0], *grid_of(cells, sizes[1], sizes[2], site.name))
        else:
            grid = token_grid(sizes, self.geometry.patch)
        both = (0, 0) if not text else (text, 0) if self.family.text_first else (0, text)
        return AttentionSite(site.name, site.scope, grid, both, site.depth, site.tags)

    def prompts(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Prompt] | None:
        """The prompts of a call of `encode_prompt`; None where it was given embeddings."""
        return self.family.tokens(self.pipe, self.named("encode_prompt", args, kwargs))

    def prompts_of(self, read: list[Prompt] | None, _args: tuple[Any, ...], _kwargs: Any) -> list[Prompt] | None:
        """Of prompts that were read those that a call of `prepare_latents` is of; None: it is of another text."""
        return read

    def negative(self, call: DenoiserCall, encoded: Sequence[Any]) -> DenoiserCall | None:
        """The call of the negative prompt's branch, from the prompt's and all that `encode_prompt` gave."""
        found = self.family.negative(encoded) if self.family.negative is not None and encoded else {}
        if not found:
            return None
        arguments = {**call.arguments, **{name: value.to(call.arguments[name]) for name, value in found.items()}}
        return replace(call, arguments=arguments, branches=(UNCOND,))

    def words(self, network: Any, encoded: Any) -> dict[str, Tensor]:
        """The arguments of a layer of words that say what `encode_prompt` gave for one text."""
        if self.family.words is None:
            raise HitmarkError(f"The words that {self.name} looks at cannot be those of another text.")
        return self.family.words(self.pipe, network, encoded)

    def decode(self, clean: Tensor) -> Tensor:
        """The video of canonical latents of one clip: (frames, height, width, 3), 0..1."""
        with torch.no_grad():
            return self.family.decode(self.pipe, clean)

    def generators(self, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int) -> list[torch.Generator | None]:
        """The generator of each clip, from a call of `prepare_latents`."""
        given = self.named("prepare_latents", args, kwargs).get("generator")
        return list(given) if isinstance(given, list) else [given] * batch

    def named(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call of one of the pipeline's methods, by name, defaults filled in."""
        function = getattr(type(self.pipe), method)
        defaults = {
            name: each.default
            for name, each in inspect.signature(function).parameters.items()
            if each.default is not inspect.Parameter.empty
        }
        return defaults | by_name(function, args, kwargs)

    def run(self, order: Order) -> np.ndarray:
        """Call the pipeline; frames float32 (frames, height, width, 3) in 0..1."""
        return run_order(self, order)


def uncompiled_module(module: Any) -> Any:
    """The network itself, where torch.compile stands in front of it."""
    return getattr(module, "_orig_mod", module)
