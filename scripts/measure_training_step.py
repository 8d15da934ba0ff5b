"""What a training step of `sprites-wan` costs, with its blocks' attention fused and by products, by turns.

OMP_NUM_THREADS=1 python -m scripts.measure_training_step [--steps 12]
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import nullcontext

import torch

from hitmark.sprites.configuration import read_configuration
from hitmark.sprites.fast import attention_by_products
from hitmark.sprites.optimizers import build_optimizers
from hitmark.sprites.video_networks import build_tokenizer
from hitmark.sprites.video_recipe import build_model, fit_videos
from hitmark.sprites.video_training import flow_loss, make_video_batch

KINDS = {"fused": nullcontext, "products": attention_by_products}


def main() -> None:
    """Prints seconds of a step and the ratio; each kind has a network of its own, compiled for itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    steps = parser.parse_args().steps
    configuration = read_configuration(None, "sprites-wan")
    code = fit_videos(configuration)
    batch = make_video_batch(
        configuration.world(), configuration.pictured_world(), code, range(16), configuration.frames, 8
    )
    tokenizer = build_tokenizer()
    networks, optimizers, seconds = {}, {}, {name: [] for name in KINDS}
    for name in KINDS:
        networks[name] = build_model(configuration)
        networks[name].transformer.compile_repeated_blocks()
        networks[name].watch(configuration.recognized_after)
        optimizers[name] = build_optimizers(networks[name], 1e-3)
    for step in range(steps + 2):
        for name, context in KINDS.items():
            generator = torch.Generator().manual_seed(1)  # the same noise and length of text for both
            started = time.process_time()
            with context():
                loss = flow_loss(networks[name], batch, configuration, generator, tokenizer)
            loss.backward()
            for optimizer in optimizers[name]:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            if step >= 2:  # compiled by then
                seconds[name].append(time.process_time() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"{torch.get_num_threads()} thread(s), {len(batch.latents)} clips, CPU seconds a step:", medians)
    print(f"products / fused: {medians['products'] / medians['fused']:.3f}")


if __name__ == "__main__":
    main()
