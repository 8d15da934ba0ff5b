"""Mask normalization against statistics computed region by region in float64, and what it must leave alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.control import COND, UNCOND, AttentionSite, LayerCall, Layout, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.mask_normalization import MaskNormalization
from hitmark.scene.schema import Scene
from hitmark.scene.tracks import evaluate

FRAMES, HEIGHT, WIDTH = 3, 6, 8
LEFT = Scene.from_dict(
    {"subjects": [{"name": "a", "phrase": "cat", "keyframes": [{"time": 0, "box": [0, 0, 0.5, 1]}]}]}
)
PROMPT = "a cat on grass"


SCOPES: Any = {"spatial": "frame", "temporal": "cell", "cross": "words", "full": "video"}


def _call(kind: str, untouched: torch.Tensor) -> LayerCall:
    site = AttentionSite("x", SCOPES[kind], (FRAMES, HEIGHT, WIDTH))
    return LayerCall(site, untouched, (UNCOND, COND), lambda _call: untouched)


def _step() -> Step:
    layout = Layout(FRAMES, HEIGHT, WIDTH, 8, tuple(evaluate(LEFT, FRAMES)))
    return Step(0, 4, 0.1, 0.9, layout, half_precision=False)


def _outputs(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    shape = {"temporal": (2, HEIGHT * WIDTH, FRAMES, 5), "full": (2, 1, FRAMES * HEIGHT * WIDTH, 5)}.get(
        kind, (2, FRAMES, HEIGHT * WIDTH, 5)
    )
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(shape, generator=generator) + 1, torch.randn(shape, generator=generator)


def _frames(tokens: torch.Tensor, kind: str) -> torch.Tensor:
    """(branches, frames, height, width, channels), float64."""
    tokens = tokens.transpose(1, 2) if kind == "temporal" else tokens
    tokens = tokens.reshape(2, FRAMES, HEIGHT * WIDTH, -1)
    return tokens.unflatten(2, (HEIGHT, WIDTH)).double()


@pytest.mark.parametrize("kind", ["spatial", "temporal", "cross", "full"])
@pytest.mark.parametrize("pool", ["frame", "clip"])
@pytest.mark.parametrize("regions", ["own", "whole"])
def test_moments_become_those_of_the_unmasked_layer(kind: str, pool: str, regions: str) -> None:
    masked, plain = _outputs(kind)
    options: Any = {"pool": pool, "regions": regions}
    control = MaskNormalization(mean=1, deviation=1, kinds="spatial" if kind == "full" else kind, **options)
    got = _frames(control.attention_layer(_call(kind, plain), _step(), lambda _call: masked), kind)
    wanted = _frames(plain, kind)
    parts = [slice(0, 4), slice(4, 8)] if regions == "own" else [slice(0, 8)]
    axes = (2, 3) if pool == "frame" else (1, 2, 3)
    for columns in parts:
        ours, theirs = (each[:, :, :, columns] for each in (got, wanted))
        assert torch.allclose(ours.mean(axes), theirs.mean(axes), atol=1e-5)
        assert torch.allclose(ours.std(axes, correction=0), theirs.std(axes, correction=0), atol=1e-4)


def test_the_mean_of_each_region_can_be_left() -> None:
    masked, plain = _outputs("cross")
    control = MaskNormalization(mean=0, regions="own", kinds="cross")
    got = _frames(control.attention_layer(_call("cross", plain), _step(), lambda _call: masked), "cross")
    for columns in (slice(0, 4), slice(4, 8)):
        before = _frames(masked, "cross")[:, :, :, columns]
        assert torch.allclose(got[:, :, :, columns].mean((1, 2, 3)), before.mean((1, 2, 3)), atol=1e-5)


def test_the_default_is_not_for_cross_attention_which_carries_the_control() -> None:
    step, normalization = _step(), MaskNormalization()
    sites = {kind: _call(kind, torch.zeros(0)).site for kind in SCOPES}
    assert {kind: normalization.attends(site, step) for kind, site in sites.items()} == {
        "spatial": True,
        "temporal": True,
        "cross": False,
        "full": True,
    }


def test_where_nothing_is_masked_the_output_is_the_very_same() -> None:
    _, plain = _outputs("spatial")
    control = MaskNormalization(mean=1)
    assert control.attention_layer(_call("spatial", plain), _step(), lambda _call: plain) is plain


@pytest.fixture(scope="module")
def pipe() -> Any:
    made = tiny_text_to_video(2, channels=(32, 64), layers=1, vae_channels=(32, 32))
    made.set_progress_bar_config(disable=True)
    return made


def _run(pipe: Any, name: str, scene: Scene = LEFT, **knobs: Any) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    settings = {"height": 24, "width": 32, "num_frames": FRAMES, "num_inference_steps": 4, "output_type": "latent"}
    with attach(pipe, scene, build(name, knobs)):
        return pipe(PROMPT, generator=generator, **settings).frames


def test_it_changes_what_peekaboo_makes_and_only_where_masks_are(pipe: Any) -> None:
    plain, masked = _run(pipe, "none"), _run(pipe, "peekaboo")
    both = _run(pipe, "peekaboo+mask-normalization")
    assert not torch.equal(both, masked)
    assert not torch.equal(both, plain)
    assert torch.equal(_run(pipe, "peekaboo+mask-normalization", mean=0, deviation=0), masked)
    assert torch.equal(_run(pipe, "peekaboo+mask-normalization", masked_steps=0), plain)
    some = _run(pipe, "peekaboo+mask-normalization", kinds="cross")
    assert not torch.equal(some, both)


def test_alone_it_is_refused(pipe: Any) -> None:
    for name in ("mask-normalization", "temporal-intrinsic+mask-normalization", "mask-normalization+peekaboo"):
        with pytest.raises(HitmarkError, match=r"peekaboo\+mask-normalization"):
            _run(pipe, name)


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({"mean": 2}, "mean"),
        ({"deviation": "all"}, "deviation"),
        ({"regions": "each"}, "regions must be 'own' or 'whole'"),
        ({"pool": "video"}, "pool"),
        ({"kinds": "self"}, "kinds must be some of spatial, temporal, cross"),
    ],
)
def test_wrong_knobs(knobs: dict[str, Any], expected: str) -> None:
    with pytest.raises(HitmarkError, match=expected):
        MaskNormalization(**knobs)
