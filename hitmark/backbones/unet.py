"""What the adapters of pipelines with a U-Net share."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from hitmark.backbones.call import Order

PIPELINE_UNIT = 8
"""Pixels that both sides must be multiples of, checked by the pipelines whatever their autoencoder is."""


class UNetPipeline:
    """One pipeline object whose denoiser is `unet`."""

    denoiser_name = "unet"

    def __init__(self, pipe: Any) -> None:
        self.pipe = pipe

    @property
    def denoiser(self) -> Any:
        """The module as the pipeline calls it; possibly the product of torch.compile."""
        return self.pipe.unet

    @property
    def network(self) -> Any:
        """The uncompiled module: diffusers' networks promise more attributes than nn.Module declares."""
        return getattr(self.denoiser, "_orig_mod", self.denoiser)

    @property
    def factor(self) -> int:
        """Pixels per latent cell."""
        return self.pipe.vae_scale_factor

    def generators(self, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int) -> list[torch.Generator | None]:
        """The generator of each clip, from a call of `prepare_latents`."""
        given = self.named("prepare_latents", args, kwargs).get("generator")
        return list(given) if isinstance(given, list) else [given] * batch

    def named(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call of one of the pipeline's methods, by name."""
        return _by_name(getattr(type(self.pipe), method), args, kwargs)

    def network_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call of the network, by name."""
        return _by_name(type(self.network).forward, args, kwargs)

    def call(self, order: Order, first: Any, **own: Any) -> Any:
        """Call the pipeline for an order; `first` is its first argument, `own` what this family alone takes."""
        return self.pipe(
            first,
            width=order.width,
            height=order.height,
            num_frames=order.frames,
            num_inference_steps=order.steps,
            generator=order.generator,
            output_type="np",
            **own,
            **order.arguments,
        ).frames[0]


def _by_name(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    parameters = list(inspect.signature(function).parameters)[1:]  # without self
    return dict(zip(parameters, args, strict=False)) | kwargs
