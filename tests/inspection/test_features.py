"""Features as colors: against components by numpy, and what the probe reads on pipelines of each kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.hooks import attach
from hitmark.hooks.features import feature_sites
from hitmark.inspection.features import KINDS, FeatureProbe, component_colors
from hitmark.inspection.plots import feature_figure
from hitmark.maths.components import principal_components
from tests.contract.families import PROMPT, SCENE, pipeline, plain, run, wanted
from tests.contract.pipelines import picture


def test_components_are_those_of_numpy() -> None:
    features = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 8)
    centered = features.double().numpy() - features.double().numpy().mean(axis=0)
    _left, _sizes, directions = np.linalg.svd(centered, full_matrices=False)
    for place, direction in enumerate(directions[:3]):
        sign = np.sign(direction[np.abs(direction).argmax()])
        got = principal_components(features)[:, place].numpy()
        assert np.allclose(got, centered @ direction * sign, atol=1e-4)
    assert principal_components(features[:, :1]).shape == (50, 3)


def test_what_is_alike_in_all_frames_has_one_color() -> None:
    """Layers of different grids are joined; colors are of all frames together."""
    first = torch.rand(1, 5, 4, 6, generator=torch.Generator().manual_seed(1))
    still = [first.repeat(3, 1, 1, 1), first[..., ::2, ::2].repeat(3, 1, 1, 1)]
    colors = component_colors(still)
    assert colors.shape == (3, 4, 6, 3)
    assert float(colors.min()) == 0
    assert float(colors.max()) == 1
    assert torch.allclose(colors[0], colors[1], atol=1e-5)
    moved = component_colors([torch.cat([first, first.roll(1, -1)])])
    assert torch.allclose(moved[0].roll(1, 1), moved[1], atol=1e-5)


def check(pipe: Any, before: torch.Tensor, make: Any, tracks: Any) -> None:
    """What the probe reads of one clip, and that not a bit of it is changed."""
    probe = FeatureProbe(0.5)
    sites = feature_sites(backbone_for(pipe), backbone_for(pipe).network)
    with probe.on_blocks(pipe), attach(pipe, tracks, probe):
        got = make()
    assert torch.equal(got, before)
    kinds = [kind for kind in KINDS if kind != "placeless" or sites[0].scope == "video"]
    assert set(probe.maps) == set(kinds)
    for kind in kinds:
        assert len(probe.maps[kind]) == len(probe.names) == len(sites)
    for block, own, aligned in zip(*(probe.maps[kind] for kind in ("block", "self", "aligned")), strict=True):
        assert block.shape[0] == own.shape[0]
        assert block.shape[2:] == own.shape[2:]
        assert own.shape == aligned.shape
        assert torch.allclose(own[0], aligned[0], atol=1e-5)
        assert not torch.allclose(own[1], aligned[1], atol=1e-5)
    assert not any(site.block._forward_hooks for site in sites)
    figure: Any = feature_figure(probe)
    assert len(figure.axes) == len(kinds) * len(probe.maps["self"][0])


@pytest.mark.parametrize("name", ["wan 2.1", "cogvideox", "ltx", "hunyuan video 1.5"])
def test_reads_blocks_and_attention_of_transformers(name: str) -> None:
    check(pipeline(name), plain(name), lambda: run(name), wanted(name))


@pytest.mark.parametrize("kind", ["svd", "text"])
def test_reads_blocks_and_attention_of_u_nets(kind: str) -> None:
    pipe: Any
    if kind == "svd":
        pipe = tiny_svd(1, channels=(32, 64), layers=1, frames=3, vae_channels=(32, 32))
    else:
        pipe = tiny_text_to_video(1, channels=(32, 64), layers=1, vae_channels=(32, 32))
    pipe.set_progress_bar_config(disable=True)
    first: Any = picture(0, 32, 32) if kind == "svd" else PROMPT
    call = {"height": 32, "width": 32, "num_frames": 3, "num_inference_steps": 2, "output_type": "latent"}

    def make() -> torch.Tensor:
        return pipe(first, generator=torch.Generator().manual_seed(0), **call).frames

    check(pipe, make(), make, SCENE)


def test_the_prompt_s_branch_is_read() -> None:
    """Of blocks as of attention: another negative prompt changes nothing at the first step."""
    pipe: Any = tiny_text_to_video(1, channels=(32, 64), layers=1, vae_channels=(32, 32))
    pipe.set_progress_bar_config(disable=True)
    call = {"height": 32, "width": 32, "num_frames": 2, "num_inference_steps": 1, "output_type": "latent"}
    probes = []
    for negative in ("a dog", "rain on sand"):
        probe = FeatureProbe(0)
        with probe.on_blocks(pipe), attach(pipe, SCENE, probe):
            pipe(PROMPT, negative_prompt=negative, generator=torch.Generator().manual_seed(0), **call)
        probes.append(probe)
    for kind in probes[0].maps:
        for one, other in zip(*(probe.maps[kind] for probe in probes), strict=True):
            assert torch.allclose(one, other, atol=1e-5)
