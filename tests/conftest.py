"""One thread and no network for every test; property tests draw the same examples in every run.

Nothing here or below may depend on how fast the machine is: what a test waits for, it waits for until it happens.
"""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded: else its threads spin while they wait

import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)

settings.register_profile("hitmark", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hitmark")
