"""Random-weight pipelines: seeded, and without a trace on the global generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from PIL import Image

from hitmark.backbones import backbone_for
from hitmark.backbones.tiny import tiny_animatediff, tiny_svd, tiny_text_to_video, tiny_wan


def test_tiny_pipelines_are_seeded_and_leave_the_global_generator_alone():
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first, second, other = (tiny_svd(seed, channels=(32, 32), layers=1) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first.unet.conv_in.weight, second.unet.conv_in.weight)
    assert not torch.equal(first.unet.conv_in.weight, other.unet.conv_in.weight)


@pytest.mark.parametrize("make", [tiny_svd, tiny_text_to_video, tiny_animatediff, tiny_wan])
def test_sites_are_in_the_order_in_which_layers_run(make: Callable[[], Any]) -> None:
    """So that the depth of a layer says how far through the network it is; modules of U-Nets have another order."""
    pipe = make()
    backbone, ran = backbone_for(pipe), []
    sites = backbone.sites(backbone.network)
    for site in sites:
        site.module.register_forward_pre_hook(lambda _module, _inputs, name=site.name: ran.append(name))
    given: dict[str, Any] = {"image": Image.new("RGB", (64, 64))} if make is tiny_svd else {"prompt": "a red thing"}
    pipe(**given, height=64, width=64, num_frames=5, num_inference_steps=1, output_type="latent")
    assert list(dict.fromkeys(ran)) == [site.name for site in sites]
    depths = [site.depth for site in sites]
    assert depths == sorted(depths)
    assert (depths[0], depths[-1]) == (0, 1)
