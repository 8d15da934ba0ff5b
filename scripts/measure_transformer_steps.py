"""Cost of controlled denoising steps on a video transformer of Wan's layout with random weights, as ratios.

    OMP_NUM_THREADS=1 python scripts/measure_transformer_steps.py                      # 1,280 tokens
    OMP_NUM_THREADS=1 python scripts/measure_transformer_steps.py --frames 9           # 2,304 tokens

One process and one call of the pipeline, of which every step belongs to another method ("plain": to none), in rounds,
each in another order. Seconds that the process computed from the first call of the denoiser in a step to the callback
after the scheduler's step. Given are the median, then ratios to the plain step of the same round: the median and the
middle half; last, the ratio of the shortest steps, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hitmark.backbones.tiny import tiny_wan
from hitmark.console import readable_errors
from hitmark.control import AttentionCall, AttentionSite, Control, LayerCall, Proceed, Step
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.scene.schema import Scene

PROMPT = "a red car on a road"
KEYFRAMES = [{"time": 0, "box": [0.1, 0.3, 0.5, 0.8]}, {"time": 1, "box": [0.5, 0.2, 0.9, 0.7]}]
SCENE = Scene.from_dict({"prompt": PROMPT, "subjects": [{"name": "car", "phrase": "red car", "keyframes": KEYFRAMES}]})
"""One subject, on a fifth of the picture and moving. What masks cost depends on that share."""
EVERY = 10_000
PLAIN = "plain"
ROWS: dict[str, Control] = {
    "peekaboo": build("peekaboo", {"as_published": "paper", "masked_steps": EVERY})[0],
    "freetraj": build("freetraj", {"guided_steps": EVERY})[0],
    "trailblazer": build("trailblazer", {"spatial_steps": EVERY, "temporal_steps": EVERY})[0],
    "query-warp": build("query-warp", {"lowest_noise": 0.0})[0],
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--head-width", type=int, default=64)
    parser.add_argument("--hidden", type=float, default=5.8, help="width of the feed-forward part, in widths of tokens")
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--frames", type=int, default=5, help="of the latents")
    parser.add_argument("--side", type=int, default=32, help="cells of the latents a side; a token has two")
    parser.add_argument("--repeats", type=int, default=12, help="rounds")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    options = parser.parse_args()
    pipe = loaded(options)
    tokens = options.frames * options.side**2 // 4
    print(f"{tokens} tokens, {options.layers} blocks of {options.heads} heads of {options.head_width}", flush=True)
    times = of_steps(pipe, options)
    for name, each in times.items():
        ratios = sorted(one / plain for one, plain in zip(each, times[PLAIN], strict=True))
        half = f"{ratios[len(ratios) // 4]:.3f} to {ratios[-1 - len(ratios) // 4]:.3f}"
        least = min(each) / min(times[PLAIN])
        print(f"{name:12} {statistics.median(each):7.3f} s  {statistics.median(ratios):.3f} ({half})  {least:.3f}")


@dataclass(frozen=True)
class Turns(Control):
    """One method at a step, another at the next."""

    rows: tuple[str, ...] = ()

    def _now(self, step: Step) -> Control | None:
        name = self.rows[step.index]
        return None if name == PLAIN else ROWS[name]

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """As the method whose turn it is."""
        now = self._now(step)
        return now is not None and now.attends(site, step)

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """The same."""
        now = self._now(step)
        assert now is not None
        return now.attention(call, step)

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """The same."""
        now = self._now(step)
        assert now is not None
        return now.attention_layer(call, step, proceed)


def loaded(options: argparse.Namespace) -> Any:
    """A pipeline with a network of these sizes."""
    from diffusers import WanTransformer3DModel

    pipe = tiny_wan("2.1")
    width = options.heads * options.head_width
    torch.manual_seed(0)
    network = WanTransformer3DModel(
        num_attention_heads=options.heads,
        attention_head_dim=options.head_width,
        text_dim=pipe.transformer.config.text_dim,
        ffn_dim=int(width * options.hidden),
        num_layers=options.layers,
    )
    pipe.register_modules(transformer=network.eval().requires_grad_(False))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def of_steps(pipe: Any, options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of the steps of one call of the pipeline, by whose turn they were; the first round is not counted."""
    names, shuffled = [PLAIN, *options.rows], random.Random(0)
    rounds = [shuffled.sample(names, len(names)) for _ in range(options.repeats + 1)]
    rows = [name for each in rounds for name in each]
    started: list[float] = []
    seconds: list[float] = []

    def begin(_module: Any, _arguments: Any) -> None:
        if not started:
            started.append(time.process_time())

    def end(_pipe: Any, _index: int, _timestep: Any, _values: Any) -> dict[str, Any]:
        seconds.append(time.process_time() - started.pop())
        return {}

    hook = pipe.transformer.register_forward_pre_hook(begin)
    with attach(pipe, SCENE, Turns(tuple(rows))):
        pipe(
            PROMPT,
            num_frames=4 * options.frames - 3,
            height=8 * options.side,
            width=8 * options.side,
            num_inference_steps=len(rows),
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
            callback_on_step_end=end,
        )
    hook.remove()
    times: dict[str, list[float]] = {name: [] for name in names}
    for name, each in list(zip(rows, seconds, strict=True))[len(names) :]:
        times[name].append(each)
    return times


if __name__ == "__main__":
    with readable_errors():
        main()
