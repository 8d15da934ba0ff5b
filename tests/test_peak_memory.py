from __future__ import annotations

import time

import numpy as np
import psutil

from hitmark.peak_memory import PeakMemory


def test_memory_that_was_given_back_is_counted():
    before = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        block = np.ones(200_000_000, dtype=np.uint8)
        time.sleep(0.2)
        del block
        time.sleep(0.05)
    assert memory.peak > before + 150_000_000
    assert memory.seconds > 0.2


def test_each_block_counts_for_itself():
    with PeakMemory() as first:
        block = np.ones(200_000_000, dtype=np.uint8)
        time.sleep(0.1)
        del block
    with PeakMemory() as second:
        time.sleep(0.05)
    assert second.peak < first.peak - 100_000_000
