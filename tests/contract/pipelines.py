"""Tiny pipelines of every family, and what an attached control might leave behind on one."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.scene.schema import Scene

FRAMES, HEIGHT, WIDTH, STEPS = 3, 16, 24, 3
IMAGE, TEXT = "StableVideoDiffusionPipeline", "TextToVideoSDPipeline"
TINY = {IMAGE: tiny_svd, TEXT: tiny_text_to_video}
UNETS = (IMAGE, TEXT)
PROMPT = "a red thing on grass"
SCENE = Scene.from_dict(
    {
        "subjects": [
            {
                "name": "thing",
                "phrase": "thing",
                "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.5, 0.6]}, {"time": 1, "box": [0.4, 0.2, 0.8, 0.7]}],
            }
        ]
    }
)


def make(backbone: str = IMAGE, **options: Any) -> Any:
    """A tiny U-Net pipeline."""
    settings: dict[str, Any] = {"channels": (32, 64), "layers": 1, "vae_channels": (32, 32)}
    settings |= {} if backbone == TEXT else {"frames": FRAMES}
    pipe = TINY[backbone](1, **(settings | options))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def picture(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> Image.Image:
    """Colored noise."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def run(pipe: Any, image: Any = None, seed: int = 0, **options: Any) -> torch.Tensor:
    """Final latents of a U-Net pipeline; `image`: the first argument of its call."""
    generator = options.pop("generator", None) or torch.Generator().manual_seed(seed)
    settings = {"height": HEIGHT, "width": WIDTH, "num_frames": FRAMES, "num_inference_steps": STEPS}
    subject = PROMPT if type(pipe).__name__ == TEXT else picture()
    return pipe(image or subject, generator=generator, output_type="latent", **(settings | options)).frames


def networks(pipe: Any) -> list[Any]:
    """Of its denoisers."""
    return backbone_for(pipe).denoisers()


def traces(pipe: Any) -> dict[str, Any]:
    """Everything that an attached control might have left behind."""
    modules = [(name, module) for network in networks(pipe) for name, module in network.named_modules()]
    weights = [each for network in networks(pipe) for each in network.named_parameters()]
    return {
        "scheduler": sorted(vars(pipe.scheduler)),
        "pipeline": sorted(vars(pipe)),
        "config": dict(pipe.scheduler.config),
        "hooks": [(name, len(each._forward_hooks), len(each._forward_pre_hooks)) for name, each in modules],
        "attributes": [(name, sorted(vars(module))) for name, module in modules],
        "processors": [(name, id(getattr(module, "processor", None))) for name, module in modules],
        "gradients": [(name, weight.requires_grad, weight.grad) for name, weight in weights],
        "training": [(name, module.training) for name, module in modules],
        "checkpointing": [
            (name, module.gradient_checkpointing, id(getattr(module, "_gradient_checkpointing_func", None)))
            for name, module in modules
            if hasattr(module, "gradient_checkpointing")
        ],
    }
