from __future__ import annotations

from types import SimpleNamespace

import pytest

from hitmark.backbones.tiny import tiny_svd, tiny_wan
from hitmark.errors import HitmarkError
from hitmark.run.tiling import tiled


def test_tiles_end_with_the_block_and_those_of_the_user_stay() -> None:
    pipe = SimpleNamespace(vae=tiny_wan().vae)
    with tiled(pipe, wanted=True):
        assert pipe.vae.use_tiling
    assert not pipe.vae.use_tiling
    with tiled(pipe, wanted=False):
        assert not pipe.vae.use_tiling
    pipe.vae.enable_tiling()
    with tiled(pipe, wanted=True):
        pass
    assert pipe.vae.use_tiling


def test_an_autoencoder_without_tiles_is_named() -> None:
    with (
        pytest.raises(HitmarkError, match=r"vae_tiling: .*AutoencoderKLTemporalDecoder"),
        tiled(tiny_svd(), wanted=True),
    ):
        pass
