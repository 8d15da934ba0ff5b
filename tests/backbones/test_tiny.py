"""Random-weight pipelines: seeded, and without a trace on the global generator."""

import torch

from hitmark.backbones.tiny import tiny_svd


def test_tiny_pipelines_are_seeded_and_leave_the_global_generator_alone():
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first, second, other = (tiny_svd(seed, channels=(32, 32), layers=1) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first.unet.conv_in.weight, second.unet.conv_in.weight)
    assert not torch.equal(first.unet.conv_in.weight, other.unet.conv_in.weight)
