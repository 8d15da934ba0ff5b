"""Cost of edited full attention, as a share of the plain one: random queries, keys and values, runs in turns.

    python scripts/measure_full_attention.py --tokens 1280 --share 0.2

Attention alone; in a whole layer the projections, which are the same either way, bring both ratios nearer to 1.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from hitmark.maths.biased_attention import biased_attention
from hitmark.maths.region_attention import region_attention

TERMS = 3
"""Of the bias: more than one subject takes."""


def main() -> None:
    """Print the ratios, medians of the process's own seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1280)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--width", type=int, default=64, help="of a head")
    parser.add_argument("--share", type=float, default=0.2, help="of the tokens that are a subject's")
    parser.add_argument("--repeats", type=int, default=12)
    options = parser.parse_args()
    shape = (1, 1, options.heads, options.tokens, options.width)
    queries, keys, values = (torch.randn(shape) for _ in range(3))
    labels = (torch.arange(options.tokens) < options.share * options.tokens).long()[None]
    asking, asked = torch.randn(1, 1, options.tokens, TERMS), torch.randn(1, 1, options.tokens, TERMS)
    runs: dict[str, Callable[[], Tensor]] = {
        "plain": lambda: scaled_dot_product_attention(queries[0], keys[0], values[0]),
        "by region": lambda: region_attention(queries, keys, values, labels, labels, lambda one, other: one == other),
        "with a bias": lambda: biased_attention(queries, keys, values, asking, asked),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.repeats):
        for name, run in runs.items():
            begun = time.process_time()
            run()
            times[name].append(time.process_time() - begun)
    middle = {name: statistics.median(each) for name, each in times.items()}
    for name, seconds in middle.items():
        print(f"{name:12} {seconds * 1000:8.1f} ms  {seconds / middle['plain']:.3f}")


if __name__ == "__main__":
    main()
