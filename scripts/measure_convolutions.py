"""What a convolution of this processor allocates beside its result, against what a rehearsal counts for it.

    OMP_NUM_THREADS=1 python scripts/measure_convolutions.py
    OMP_NUM_THREADS=1 ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 python scripts/measure_convolutions.py

Each is run twice in this process, which gives memory back at once: the largest resident size of the second run, above
that before it, less the result. Float32.
"""

from __future__ import annotations

import psutil
import torch

from hitmark.run import peak_memory
from hitmark.run.allocator import return_at_once
from hitmark.run.rehearsal.counting import CONVOLUTION, beside_result

MIB = 2**20
SIZE = (51, 160, 256)
CHANNELS = [(8, 8), (8, 3), (3, 8), (4, 4), (24, 24), (64, 4), (4, 64), (12, 12), (20, 40), (10, 3), (1, 8), (64, 64)]


def main() -> None:
    """Print the table."""
    peak_memory.SAMPLE_EVERY = 0.003
    return_at_once()
    print(f"{torch.backends.cpu.get_cpu_capability()}: channels, kernel, MiB measured, counted")
    for channels in CHANNELS:
        for flat in (False, True):
            kernel = "3x3" if flat else "3x3x3"
            print(f"{channels[0]:3} to {channels[1]:3}  {kernel:6} {measured(*channels, flat=flat)}")


def measured(given: int, made: int, *, flat: bool) -> str:
    """Measured and counted MiB of one convolution; `flat`: of frames one by one."""
    frames, *sides = SIZE
    shape = (frames, given, *sides) if flat else (1, given, frames, *sides)
    values, weight = torch.rand(shape), torch.rand(made, given, *[3] * (len(shape) - 2))
    settings = [[1] * (len(shape) - 2)] * 3
    arguments = (values, weight, None, *settings, False, [0] * (len(shape) - 2), 1)
    with torch.no_grad():
        torch.ops.aten.convolution(*arguments)
        before = psutil.Process().memory_info().rss
        with peak_memory.PeakMemory() as memory:
            result = torch.ops.aten.convolution(*arguments)
    beside = memory.peak - before - result.numel() * result.element_size()
    return f"{beside / MIB:8.0f} {beside_result(CONVOLUTION, arguments, result) / MIB:8.0f}"


if __name__ == "__main__":
    main()
