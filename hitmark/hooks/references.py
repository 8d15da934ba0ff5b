"""Crude reference videos, brought to the latents of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from hitmark.backbones.base import Backbone
from hitmark.control import Control, Layout
from hitmark.control.reference import Reference
from hitmark.errors import HitmarkError
from hitmark.reference.resample import nearest
from hitmark.reference.signal import MotionSignal

Signals = MotionSignal | Sequence[MotionSignal] | None


def check_reference(controls: Sequence[Control], signals: Signals, backbone: Backbone) -> None:
    """Raise HitmarkError where a control needs a reference and there is none, or the family cannot encode one."""
    name = next((control.method for control in controls if control.needs.reference), None)
    if name is None and signals is None:
        return
    if name is None:
        raise HitmarkError(
            "A reference is attached, and none of the controls looks at one. Leave it out, or add time-to-move."
        )
    given = [signals] if isinstance(signals, MotionSignal) else list(signals or [])
    if not given or not all(isinstance(each, MotionSignal) for each in given):
        raise HitmarkError(
            f"{name} needs a crude reference video, but got {type(signals).__name__}. Give one, or one for each clip: "
            "attach(pipe, scene, controls, reference=hitmark.reference.reference_of(scene, picture, "
            "(frames, height, width)))."
        )
    if backbone.family.encode is None:
        raise HitmarkError(f"{name} needs latents of a video, and hitmark cannot encode one for a {backbone.name}.")


def with_references(
    layouts: Sequence[Layout],
    signals: Signals,
    backbone: Backbone,
    latents: Tensor,
    generators: Sequence[torch.Generator | None],
) -> list[Layout]:
    """The layouts of the clips with their references: encoded, and with the one noise of each drawn.

    Args:
        layouts: one for each clip.
        signals: one for all clips, or one for each.
        backbone: the pipeline.
        latents: to start from, as the pipeline holds them.
        generators: of the start noise, which has been drawn.

    Raises:
        HitmarkError: another number of references than clips, or one with too few frames.
    """
    given = [signals] * len(layouts) if isinstance(signals, MotionSignal) else list(signals or [])
    if len(given) != len(layouts):
        raise HitmarkError(
            f"The pipeline makes a batch of {len(layouts)} clip(s), but {len(given)} references are attached. "
            "Expected one for all clips, or a list with one for each."
        )
    encoded: dict[int, Tensor] = {}
    made = []
    for layout, signal, generator in zip(layouts, given, generators, strict=True):
        groups = _groups(layout, backbone)
        whole = signal.first(groups[-1].stop)
        if id(signal) not in encoded:
            encoded[id(signal)] = _encoded(whole, layout, backbone)
        sizes = layout.frames, layout.height, layout.width
        channels = backbone.canonical(latents, sizes).shape[2]
        noise = _drawn(backbone, sizes, channels, generator).to(encoded[id(signal)].device)
        size = layout.height * layout.factor, layout.width * layout.factor
        meant = nearest(nearest(whole.mask, *size), layout.height, layout.width)
        made.append(replace(layout, reference=Reference(encoded[id(signal)], noise, meant, groups)))
    return made


def encoded_video(backbone: Backbone, video: Tensor) -> Tensor:
    """Canonical latents of one clip of a video (frames, height, width, 3), 0..1, by the pipeline's own autoencoder."""
    assert backbone.family.encode is not None
    pipe, vae = backbone.pipe, backbone.pipe.vae
    kept = vae.dtype
    upcast = kept == torch.float16 and bool(getattr(vae.config, "force_upcast", False))
    if upcast:
        vae.to(torch.float32)
    try:
        with torch.no_grad():
            return backbone.family.encode(pipe, (video * 2 - 1).to(pipe._execution_device, vae.dtype))
    finally:
        if upcast:
            vae.to(kept)


def fitted(frames: Tensor, height: int, width: int) -> Tensor:
    """Frames (frames, 3, rows, columns) at another size: bicubic, the middles of the corners stay where they are."""
    if frames.shape[2:] == (height, width):
        return frames
    return F.interpolate(frames, size=(height, width), mode="bicubic", align_corners=True)


def _groups(layout: Layout, backbone: Backbone) -> Sequence[range]:
    return layout.groups or backbone.geometry.groups(layout.frames)


def _encoded(signal: MotionSignal, layout: Layout, backbone: Backbone) -> Tensor:
    """Clean latents; frames that a network is given in front to fill its last token are the first one again."""
    frames = torch.from_numpy(signal.frames).permute(0, 3, 1, 2).float() / 255
    frames = fitted(frames, layout.height * layout.factor, layout.width * layout.factor)
    latents = encoded_video(backbone, frames.permute(0, 2, 3, 1)).float()
    return torch.cat([latents[:, :1]] * (layout.frames - latents.shape[1]) + [latents], dim=1)


def _drawn(backbone: Backbone, sizes: tuple[int, int, int], channels: int, generator: torch.Generator | None) -> Tensor:
    """Noise, drawn in the order in which the pipeline holds its latents."""
    frames, height, width = sizes
    shape = backbone.native(torch.empty(1, frames, channels, height, width, device="meta")).shape
    device = None if generator is None else generator.device
    return backbone.canonical(torch.randn(shape, generator=generator, device=device), sizes)
