"""Autoencoders that work in tiles, whose seams are blended: less memory, and pictures that differ a little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hitmark.errors import GenerationError


@contextmanager
def tiled(pipe: Any, wanted: bool) -> Iterator[None]:
    """Inside of this the pipeline's autoencoder works in tiles, where that is `wanted`; afterwards it is as it was.

    Raises:
        GenerationError: it is wanted, and the autoencoder cannot.
    """
    vae = pipe.vae
    before = getattr(vae, "use_tiling", None)
    if not wanted or before:
        yield
        return
    try:
        vae.enable_tiling()
    except (NotImplementedError, AttributeError) as error:
        raise GenerationError(
            f"vae_tiling: the autoencoder of this model, {type(vae).__name__}, cannot work in tiles; leave it out"
        ) from error
    try:
        yield
    finally:
        vae.disable_tiling()
