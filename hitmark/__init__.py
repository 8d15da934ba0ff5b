"""Make the objects of a generated video go where you say, without training the model.

The public names load on first use, so that `import hitmark` stays quick: nothing heavy is imported before it is needed.

    import hitmark
    scene = hitmark.Scene.load("scene.json")
    pipe = hitmark.load_pipeline("svd")
    with hitmark.attach(pipe, scene, hitmark.build("sg-i2v")):
        frames = pipe(image, num_frames=14).frames[0]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitmark.backbones.catalog import MODELS as MODELS
    from hitmark.backbones.loading import load_pipeline as load_pipeline
    from hitmark.drawing.pictures import contact_sheet as contact_sheet
    from hitmark.drawing.pictures import plan_picture as plan_picture
    from hitmark.errors import HitmarkError as HitmarkError
    from hitmark.hooks import attach as attach
    from hitmark.media.video import read_video as read_video
    from hitmark.media.video import write_video as write_video
    from hitmark.methods import METHODS as METHODS
    from hitmark.run.generate import generate as generate
    from hitmark.run.presets import build as build
    from hitmark.scene import Scene as Scene
    from hitmark.scene import Track as Track
    from hitmark.scene import evaluate as evaluate

HOME = {
    "attach": "hitmark.hooks",
    "generate": "hitmark.run.generate",
    "MODELS": "hitmark.backbones.catalog",
    "load_pipeline": "hitmark.backbones.loading",
    "contact_sheet": "hitmark.drawing.pictures",
    "plan_picture": "hitmark.drawing.pictures",
    "HitmarkError": "hitmark.errors",
    "METHODS": "hitmark.methods",
    "build": "hitmark.run.presets",
    "Scene": "hitmark.scene",
    "Track": "hitmark.scene",
    "evaluate": "hitmark.scene",
    "read_video": "hitmark.media.video",
    "write_video": "hitmark.media.video",
}  # public name -> module that has it

__all__ = [
    "METHODS",
    "MODELS",
    "HitmarkError",
    "Scene",
    "Track",
    "attach",
    "build",
    "contact_sheet",
    "evaluate",
    "generate",
    "load_pipeline",
    "plan_picture",
    "read_video",
    "write_video",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from hitmark.run.record import hitmark_version

        return hitmark_version()
    if name in HOME:
        return getattr(import_module(HOME[name]), name)
    raise AttributeError(f"module 'hitmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
