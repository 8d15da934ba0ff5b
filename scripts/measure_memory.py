"""Memory of one SG-I2V feature pass on random weights: what each saving brings, and how well the estimate fits.

    python scripts/measure_memory.py [--channels 64 128 256 256] [--frames 14] [--height 24] [--width 40]

Prints, for plain and checkpointed passes, the bytes that autograd keeps for the backward pass (weights not counted),
the estimate that `memory_budget` is compared with, seconds a pass, and the sum of the absolute gradient.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones import backbone_for
from hitmark.backbones.memory import activation_gib
from hitmark.backbones.tiny import tiny_svd
from hitmark.hooks import sparing
from hitmark.hooks.features import feature_sites, read_features
from hitmark.maths.attention import attend


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, nargs="+", default=[64, 128, 256, 256])
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--height", type=int, default=24, help="rows of the latents")
    parser.add_argument("--width", type=int, default=40, help="columns of the latents")
    options = parser.parse_args()
    pipe = tiny_svd(channels=options.channels, layers=options.layers, frames=options.frames)
    backbone, network = backbone_for(pipe), pipe.unet
    frames, height, width = options.frames, options.height, options.width
    context = {"encoder_hidden_states": torch.randn(2, 1, 32), "added_time_ids": torch.ones(2, 3)}
    sample = torch.randn(2, frames, 8, height, width)
    call = backbone.bind(network, (sample, torch.tensor(1.0)), context, None, 1).of_prompt(0)
    latents = torch.randn(1, frames, 4, height, width, requires_grad=True)
    sites = feature_sites(backbone, network)
    estimate = activation_gib(backbone, call, sites, (frames, height, width)) * 1024

    def whole() -> Tensor:
        row = dict(call.arguments)
        row["sample"] = torch.cat([latents, row["sample"][:, :, 4:]], dim=2)
        return network(**row).sample.square().mean()

    def early(budget: float | None) -> Tensor:
        options = {"first_frame_keys": True, "memory_budget": budget, "positions": "same-time"}
        layers = read_features(backbone, call, latents, 1.0, None, **options)
        return sum(attend(each.queries, each.keys.detach(), each.values.detach()).square().mean() for each in layers)

    size = sum(weight.numel() for weight in network.parameters()) / 1e6
    print(f"{size:.1f} M weights, {frames} x {height} x {width}")
    print(f"{'pass':44} {'kept MiB':>9} {'seconds':>8} {'gradient':>14}")
    report("whole network, weights want gradients", whole, latents, network)
    network.requires_grad_(False)
    report("whole network, weights frozen", whole, latents, network)
    report(f"early stop (estimate {estimate:.0f} MiB)", lambda: early(None), latents, network)
    report("early stop and checkpointing", lambda: early(0.0), latents, network)


def report(name: str, forward: object, latents: Tensor, network: torch.nn.Module) -> None:
    """One line: distinct storages that autograd saved, time of forward and backward, the gradient."""
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    kept: dict[int, tuple[int, Tensor]] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    def pack(tensor: Tensor) -> Any:
        found = spared(tensor)
        source = found
        while not isinstance(source, Tensor):  # how it is made, of what, and so on
            source = source.args[-1]
        keep(source)
        return found

    def repeated(module: Any, original: Any, *args: Any, **kwargs: Any) -> Any:
        keep(args[0])
        return again(module, original, *args, **kwargs)

    spared, again = sparing._pack, sparing._checkpointed
    sparing._pack, sparing._checkpointed = pack, repeated
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        forward()
    sparing._pack, sparing._checkpointed = spared, again
    size = sum(each for each, _ in kept.values()) / 2**20
    kept.clear()
    start = time.perf_counter()
    (gradient,) = torch.autograd.grad(forward(), latents)
    seconds = time.perf_counter() - start
    print(f"{name:44} {size:9.0f} {seconds:8.2f} {gradient.abs().sum().item():14.6e}")


if __name__ == "__main__":
    main()
