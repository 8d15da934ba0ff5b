"""What OpenMP's waiting policy costs on a busy machine: one small network, run with each policy and with one thread.

    python scripts/measure_waiting.py

Run it while something else computes; on an idle machine the three hardly differ.
"""

from __future__ import annotations

import os
import subprocess
import sys

PATIENCE = 60  # seconds
NETWORK = """
import time, torch
network = torch.nn.Sequential(*[torch.nn.Conv2d(32, 32, 3, padding=1) for _ in range(20)])
pictures = torch.randn(8, 32, 32, 32)
with torch.no_grad():
    network(pictures)
    started = time.perf_counter()
    for _ in range(15):
        network(pictures)
print(f"{torch.get_num_threads()} threads, {time.perf_counter() - started:.1f} s")
"""


def main() -> None:
    """Print a line for each setting."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    for setting in ("OMP_WAIT_POLICY=ACTIVE", "OMP_WAIT_POLICY=PASSIVE", "OMP_NUM_THREADS=1"):
        name, _, value = setting.partition("=")
        command = [sys.executable, "-c", NETWORK]
        try:
            done = subprocess.run(
                command, env=plain | {name: value}, timeout=PATIENCE, capture_output=True, text=True, check=True
            )
            told = done.stdout.strip()
        except subprocess.TimeoutExpired:
            told = f"not done after {PATIENCE} s"
        print(f"load {os.getloadavg()[0]:.1f}, {setting}: {told}", flush=True)


if __name__ == "__main__":
    main()
