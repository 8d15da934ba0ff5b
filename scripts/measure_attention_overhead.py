"""Cost of the attention layers under a masking method, layer by layer, on ZeroScope's layout with random weights.

    python scripts/measure_attention_overhead.py                     # the real shapes: 1.4 G weights, 6 GB
    python scripts/measure_attention_overhead.py --method "peekaboo" --set as_published=paper --repeats 5

For a machine on which a whole step of the full network takes minutes, and the machine's own pace drifts meanwhile: of
all layers with the same shapes one is run as it is and with the method in turns, a few seconds apart, and timed by what
the process computed. Summed over all attention layers that is what the method adds to a step; the rest of the network
(convolutions, feed-forward parts, norms) is the same either way, so the ratio of whole steps lies nearer to 1.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from typing import Any

import torch
from measure_overhead import FACTOR, PROMPT, SCENE, controlled_by, loaded

from hitmark.backbones import backbone_for
from hitmark.backbones.base import Site
from hitmark.backbones.pipeline import PipelineBackbone
from hitmark.console import readable_errors
from hitmark.control import COND, UNCOND, Layout, Step
from hitmark.hooks.layers import AttentionClock, ControlledLayer
from hitmark.scene.tracks import evaluate

Shape = tuple[str, str, int, int, int]
"""Scope, stage, whether it is the second temporal one, level (0 = latents' own), channels."""
BRANCHES = (UNCOND, COND)
WORDS = 77


def main() -> None:
    """Print the table."""
    options = _parser().parse_args()
    pipe = loaded(options)
    backbone = backbone_for(pipe)
    prompt = (backbone.prompts((PROMPT,), {}) or [None])[0]
    tracks = tuple(evaluate(SCENE, options.frames))
    layout = Layout(options.frames, options.height, options.width, FACTOR, tracks, prompt)
    sizes = (options.frames, options.height, options.width)
    clock = AttentionClock(controlled_by(options), [Step(0, 1, 1.0, 1.0, layout, False)], BRANCHES, sizes)
    layers: dict[Shape, list[Site]] = defaultdict(list)
    for layer in backbone.sites(pipe.unet):
        layers[shape_of(layer, len(options.channels))].append(layer)
    print(f"{options.method}, {torch.get_num_threads()} threads, seconds of the processor, median of {options.repeats}")
    print(f"{'layers':52} {'count':>5} {'as it is':>9} {'masked':>9} {'ratio':>7}")
    sums = [0.0, 0.0]
    for shape, alike in layers.items():
        times = measure(alike[0], shape, options, clock, backbone)
        middle = [statistics.median(each) for each in times]
        sums = [total + len(alike) * each for total, each in zip(sums, middle, strict=True)]
        kind, stage, second, level, channels = shape
        name = f"{stage}, {kind}{' (second)' if second else ''}, level {level}, {channels} channels"
        print(f"{name:52} {len(alike):5} {middle[0]:9.3f} {middle[1]:9.3f} {middle[1] / middle[0]:7.3f}", flush=True)
    print(f"\nall attention layers of a step: {sums[0]:.1f} and {sums[1]:.1f} s, ratio {sums[1] / sums[0]:.3f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="peekaboo")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KNOB=VALUE")
    parser.add_argument("--channels", type=int, nargs="+", default=[320, 640, 1280, 1280], help="of the U-Net's levels")
    parser.add_argument("--layers", type=int, default=2, help="per down block")
    parser.add_argument("--head-width", type=int, default=64)
    parser.add_argument("--cross-width", type=int, default=1024)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--height", type=int, default=40, help="rows of the latents")
    parser.add_argument("--width", type=int, default=72, help="columns of the latents")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of runs of a layer")
    parser.set_defaults(device="cpu", dtype="float32", steps=1)
    return parser


def shape_of(layer: Site, levels: int) -> Shape:
    """What decides a layer's cost."""
    place, module = layer.name.split("."), layer.module
    stage = next(iter(layer.tags - {"second"}))
    if stage == "in":
        level = 0
    elif stage == "middle":
        level = levels - 1
    else:
        level = int(place[1]) if stage == "down" else levels - 1 - int(place[1])
    channels: Any = module.to_q
    return layer.scope, stage, "second" in layer.tags, level, channels.in_features


@torch.no_grad()
def measure(
    layer: Site, shape: Shape, options: argparse.Namespace, clock: AttentionClock, backbone: PipelineBackbone
) -> tuple[list[float], list[float]]:
    """Seconds of every run, as it is and with the method; the first of a pair alternates."""
    height, width = options.height, options.width
    for _ in range(shape[3]):
        height, width = -(-height // 2), -(-width // 2)
    cells, frames = height * width, options.frames
    rows, length = (cells, frames) if layer.scope == "cell" else (frames, cells)
    tokens = torch.randn(len(BRANCHES) * rows, length, shape[4])
    words = None
    if layer.scope == "words":
        words = torch.randn(len(BRANCHES), 1, WORDS, options.cross_width).expand(-1, rows, -1, -1).flatten(0, 1)
    plain: Any = layer.module.forward
    controlled = ControlledLayer(layer, backbone, clock, backbone.network)
    times: tuple[list[float], list[float]] = ([], [])
    for repeat in range(-1, options.repeats):
        for which in (0, 1) if repeat % 2 else (1, 0):
            begun = time.process_time()
            if which:
                controlled(plain, tokens, words)
            else:
                plain(tokens, words)
            if repeat >= 0:
                times[which].append(time.process_time() - begun)
    return times


if __name__ == "__main__":
    with readable_errors():
        main()
