"""A pipeline of a model that has a size of its own, in place of the default of its class.

Stock pipelines make clips of the size of the model that their class was written for (1024x576 for Stable Video
Diffusion) unless each call says otherwise; for a small model that is minutes of something it never learned.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

SIZES = ("height", "width", "num_frames")


def with_own_size(pipe: Any, height: int, width: int, num_frames: int | None) -> Any:
    """Return the pipeline, whose calls make clips of this size where they do not say another.

    Its class is from now on a subclass of the same name, so that it is saved and recognized as before.
    """
    stock = type(pipe)
    takes = inspect.signature(stock.__call__).parameters
    own = {
        name: value
        for name, value in zip(SIZES, (height, width, num_frames), strict=True)
        if name in takes and value is not None
    }

    @functools.wraps(stock.__call__)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        given = inspect.signature(stock.__call__).bind_partial(self, *args, **options).arguments
        return stock.__call__(self, *args, **options, **{name: own[name] for name in own if name not in given})

    pipe.__class__ = type(stock.__name__, (stock,), {"__call__": call, "__module__": stock.__module__})
    return pipe
