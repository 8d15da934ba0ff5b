"""Pipelines of MiniMax-H3 for tests, and clips of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from hitmark.backbones.tiny import tiny_minimax_h3
from hitmark.hooks import attach
from hitmark.scene.tracks import Track, evaluate

from .families import PROMPT, SCENE
from .modular import modular
from .test_modular import InLoop

SIDE, FRAMES, STEPS = 16, 124, 3
GRID, TEXT, SOUND = (37, 4, 4), 5, 414
"""Tokens of the video; rows of the words and of the sound."""
Made = dict[str, torch.Tensor]


@cache
def whole() -> Any:
    """The pipeline with everything; tests leave it as they found it."""
    pipe = tiny_minimax_h3()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def of_blocks(change: Any = lambda _blocks: None) -> Any:
    """One of its components that stops before decoding, with changed blocks."""
    pipe = modular(whole().blocks, whole())
    blocks = pipe._blocks.sub_blocks
    for name in ("decode.video", "decode.audio"):
        blocks.pop(name)
    change(blocks)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@cache
def pipeline() -> Any:
    """The same, unchanged."""
    return of_blocks()


@cache
def plain() -> Made:
    """Its latents with nothing attached."""
    return run(pipeline())


def wanted() -> list[Track]:
    return evaluate(SCENE, FRAMES)


def run(pipe: Any, **options: Any) -> Made:
    """Latents of the video and of the sound; two steps, and the clean end, which diffusers counts too."""
    call: dict[str, Any] = {
        "prompt": PROMPT,
        "height": SIDE,
        "width": SIDE,
        "num_frames": FRAMES,
        "num_inference_steps": STEPS,
    }
    call |= {"generator": torch.Generator().manual_seed(5)} | options
    call = {name: value for name, value in call.items() if name in pipe._blocks.input_names}
    return pipe(**call, output=["latents", "audio_latents"])


def ran(pipe: Any, controls: Any, **options: Any) -> Made:
    with attach(pipe, wanted(), controls):
        return run(pipe, **options)


def same(one: Made, other: Made) -> bool:
    return all(torch.equal(one[name], other[name]) for name in ("latents", "audio_latents"))


def in_loop(change: Any) -> Any:
    """The pipeline with a user's block at the end of each step."""
    return of_blocks(lambda blocks: blocks["denoise.denoise"].sub_blocks.insert("mine", InLoop(change), 2))
