"""What the methods gave on the two U-Nets before attention and features were read where all families agree.

`python -m tests.contract.golden` prints the table of `golden.json` anew; it was written at revision c29a53a. Only the
row of freetraj is newer: the cells in which it edits words are those of its other edits since.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.scene.schema import Scene

FILE = Path(__file__).with_name("golden.json")
KEPT = 24
"""Values of the final latents that are kept of a case, evenly spread."""
PROMPT = "a red cat and a dog on grass"


def _subject(name: str, phrase: str, depth: int, start: list[float], end: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "phrase": phrase,
        "depth": depth,
        "keyframes": [{"time": 0, "box": start}, {"time": 1, "box": end}],
    }


CAT = _subject("cat", "red cat", 0, [0.1, 0.1, 0.5, 0.6], [0.3, 0.3, 0.8, 0.8])
DOG = _subject("dog", "dog", 1, [0.5, 0.4, 0.9, 0.9], [0.4, 0.2, 0.9, 0.7])
TWO = Scene.from_dict({"subjects": [CAT, DOG]})

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "svd sg-i2v": ("svd", "sg-i2v", {}),
    "svd sg-i2v checkpointed": ("svd", "sg-i2v", {"memory_budget": 0}),
    "svd sg-i2v own features": ("svd", "sg-i2v", {"features": "self", "merge_cutoff": None}),
    "svd temporal-intrinsic": ("svd", "temporal-intrinsic", {}),
    "text peekaboo": ("text", "peekaboo", {}),
    "text peekaboo paper": ("text", "peekaboo", {"as_published": "paper", "masked_steps": 3}),
    "text ivg-da": ("text", "ivg-da", {}),
    "text masks normalized": (
        "text",
        "peekaboo+mask-normalization",
        {"regions": "own", "pool": "frame", "kinds": "spatial,temporal,cross"},
    ),
    "text temporal-intrinsic": ("text", "temporal-intrinsic", {"preview_steps": 2}),
    "text freetraj": ("text", "freetraj", {"guided_steps": 3}),
    "text trailblazer": ("text", "trailblazer", {"spatial_steps": 3, "temporal_steps": 2}),
}
"""Name of a case -> network, method, parameters."""


@cache
def pipeline(network: str) -> Any:
    """A tiny pipeline, the same for every case: each leaves it as it was."""
    if network == "svd":
        pipe = tiny_svd(3, channels=(32, 32, 64), layers=1, frames=4, vae_channels=(32, 32, 32))
    else:
        pipe = tiny_text_to_video(3)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def final(network: str, method: str, parameters: dict[str, Any]) -> torch.Tensor:
    """Final latents of a case; grids with odd levels (10 x 18 cells, halved to 5 x 9 and 3 x 5)."""
    noise = np.random.default_rng(0).integers(0, 255, (40, 48, 3), dtype=np.uint8)
    first, height, width = (Image.fromarray(noise), 40, 48) if network == "svd" else (PROMPT, 80, 144)
    pipe, frames = pipeline(network), 4
    call: dict[str, Any] = {"height": height, "width": width, "num_frames": frames, "num_inference_steps": 5}
    with attach(pipe, TWO, build(method, parameters)):
        return pipe(first, generator=torch.Generator().manual_seed(5), output_type="latent", **call).frames


def summary(latents: torch.Tensor) -> list[float]:
    """Standard deviation, then KEPT values."""
    flat = latents.double().flatten()
    places = np.linspace(0, len(flat) - 1, KEPT).round().astype(int)
    return [round(float(flat.std()), 7), *(round(float(flat[place]), 7) for place in places)]


if __name__ == "__main__":
    print(json.dumps({name: summary(final(*case)) for name, case in CASES.items()}, indent=0))
