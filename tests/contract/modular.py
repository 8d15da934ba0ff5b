"""Tiny modular pipelines beside stock ones of the same components, and how both are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import diffusers
import torch
from diffusers.guiders import ClassifierFreeGuidance

from hitmark.backbones import tiny
from hitmark.backbones.modular import leaves
from hitmark.hooks import attach
from hitmark.scene.tracks import Track, evaluate

from .families import PROMPT, SCENE
from .pipelines import picture, traces

SIDE, FRAMES, GUIDANCE = 48, 5, 3.0
SIZED: dict[str, Any] = {"height": SIDE, "width": SIDE, "num_frames": FRAMES, "num_inference_steps": 2}
SHORT = {"max_sequence_length": 32}


@dataclass(frozen=True)
class Pair:
    """A stock pipeline and a modular one of the same components."""

    stock: Any
    modular: Any
    image: bool


def vace() -> Any:
    """A tiny Wan VACE with two networks, as the modular one has."""
    one, two = tiny.tiny_wan_vace(), tiny.tiny_wan_vace(seed=1)
    parts = one.components | {"transformer_2": two.transformer}
    return diffusers.WanVACEPipeline(**parts, boundary_ratio=0.9)


KINDS: dict[str, tuple[str, Any, bool]] = {
    "2.1": ("WanBlocks", tiny.tiny_wan, False),
    "2.2": ("Wan22Blocks", lambda: tiny.tiny_wan("2.2"), False),
    "2.1 image": ("WanImage2VideoAutoBlocks", lambda: tiny.tiny_wan(image=True), True),
    "2.2 image": ("Wan22Image2VideoBlocks", lambda: tiny.tiny_wan("2.2", image=True), True),
    "vace": ("Wan22VaceBlocks", vace, False),
}
"""Label -> blocks of diffusers, stock pipeline, whether from a picture."""


@cache
def pair(kind: str) -> Pair:
    """The two pipelines of a kind; tests leave them as they found them."""
    blocks, make, image = KINDS[kind]
    stock = make()
    stock.set_progress_bar_config(disable=True)
    made = Pair(stock, modular(getattr(diffusers, blocks)(), stock), image)
    for pipe in (stock, made.modular):  # what a first call leaves on the components is none of ours
        run(pipe, **pictured(made))
    return made


def modular(blocks: Any, like: Any) -> Any:
    """The modular pipeline of some blocks with the components of another pipeline, and the guidance of the tests."""
    pipe = blocks.init_pipeline()
    guiders = {name: ClassifierFreeGuidance(guidance_scale=GUIDANCE) for name in ("guider", "guider_2")}
    parts = guiders | {name: each for name, each in like.components.items() if each is not None}
    pipe.update_components(**{name: each for name, each in parts.items() if name in pipe.component_names})
    if "boundary_ratio" in pipe.config:
        pipe.update_components(boundary_ratio=like.config.boundary_ratio)
    return pipe


def wanted() -> list[Track]:
    """The tracks of the scene."""
    return evaluate(SCENE, FRAMES)


def run(pipe: Any, **options: Any) -> torch.Tensor:
    """Final latents of either pipeline, two steps.

    `options`: of its call, or the guidance of a stock one; None leaves an argument out.
    """
    given = SIZED | SHORT | {"prompt": PROMPT, "generator": torch.Generator().manual_seed(5)} | options
    call = {name: value for name, value in given.items() if value is not None}
    if hasattr(pipe, "_blocks"):
        return pipe(**call, output="latents")
    return pipe(**({"guidance_scale": GUIDANCE} | call), output_type="latent").frames


def ran(pipe: Any, controls: Any, reference: Any = None, **options: Any) -> torch.Tensor:
    """The same with controls."""
    with attach(pipe, wanted(), controls, reference=reference):
        return run(pipe, **options)


def pictured(made: Pair) -> dict[str, Any]:
    """What the call of a pair is given to begin with."""
    return {"image": picture(0, SIDE, SIDE)} if made.image else {}


def marks(pipe: Any) -> dict[str, Any]:
    """Everything that an attached control might have left behind on a modular pipeline."""
    objects: Sequence[Any] = [*leaves(pipe._blocks), *(getattr(pipe, n, None) for n in ("guider", "guider_2"))]
    own = [sorted(set(vars(each))) for each in objects if each is not None]
    return traces(pipe) | {"blocks": id(pipe._blocks), "class": type(pipe._blocks), "objects": own}
