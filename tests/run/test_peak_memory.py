from __future__ import annotations

import time

import numpy as np
import psutil

from hitmark.run.peak_memory import PeakMemory


def seen(memory, size):
    """Wait until the sampler has come by, however busy the machine is."""
    while memory.peak < size:
        time.sleep(0.01)


def test_memory_that_was_given_back_is_counted():
    before = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        block = np.ones(200_000_000, dtype=np.uint8)
        seen(memory, before + 150_000_000)
        del block
    assert memory.peak > before + 150_000_000
    assert memory.seconds > 0


def test_each_block_counts_for_itself():
    before = psutil.Process().memory_info().rss
    with PeakMemory() as first:
        block = np.ones(200_000_000, dtype=np.uint8)
        seen(first, before + 150_000_000)
        del block
    with PeakMemory() as second:
        pass
    assert second.peak < first.peak - 100_000_000
