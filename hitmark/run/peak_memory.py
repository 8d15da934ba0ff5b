"""The most memory that the process had while a block ran: by sampling on the CPU, by torch's own count on a GPU."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

SAMPLE_EVERY = 0.02  # seconds


class PeakMemory:
    """``with PeakMemory(device) as memory: ...`` and then ``memory.peak`` and ``memory.seconds``.

    Attributes:
        peak: bytes. CPU: the largest resident size of the process, weights and libraries included. CUDA: the most that
            torch had allocated on that device, weights included.
        seconds: wall-clock time of the block.
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = str(device)
        self.peak = 0
        self.seconds = 0.0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self.device)
            self.peak = torch.cuda.max_memory_allocated(self.device)
        else:
            self._ended.set()
            self._sampler.join()
        self.seconds = time.perf_counter() - self._started

    def _sample(self) -> None:
        import psutil

        process = psutil.Process()
        while True:
            ended = self._ended.wait(SAMPLE_EVERY)
            self.peak = max(self.peak, process.memory_info().rss)
            if ended:
                return
