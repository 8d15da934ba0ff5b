"""Make the objects of a generated video go where you say, without training the model.

The public names load on first use, so that `import hitmark` stays quick: nothing heavy is imported before it is needed.

    import hitmark
    scene = hitmark.Scene.load("scene.json")
    pipe = hitmark.load_pipeline("svd")
    with hitmark.attach(pipe, scene, hitmark.build("sg-i2v")):
        frames = pipe(image, num_frames=14).frames[0]
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitmark.attach import attach as attach
    from hitmark.backbones.catalog import MODELS as MODELS
    from hitmark.backbones.loading import load_pipeline as load_pipeline
    from hitmark.draw import contact_sheet as contact_sheet
    from hitmark.draw import plan_picture as plan_picture
    from hitmark.errors import HitmarkError as HitmarkError
    from hitmark.generate import generate as generate
    from hitmark.methods import METHODS as METHODS
    from hitmark.presets import build as build
    from hitmark.scene import Scene as Scene
    from hitmark.scene import Track as Track
    from hitmark.scene import evaluate as evaluate
    from hitmark.video import read_video as read_video
    from hitmark.video import write_video as write_video

HOME = {
    "MODELS": "hitmark.backbones.catalog",
    "load_pipeline": "hitmark.backbones.loading",
    "contact_sheet": "hitmark.draw",
    "plan_picture": "hitmark.draw",
    "HitmarkError": "hitmark.errors",
    "METHODS": "hitmark.methods",
    "build": "hitmark.presets",
    "Scene": "hitmark.scene",
    "Track": "hitmark.scene",
    "evaluate": "hitmark.scene",
    "read_video": "hitmark.video",
    "write_video": "hitmark.video",
}  # public name -> module that has it
FUNCTION_MODULES = ("attach", "generate")  # modules that have one main function of the same name

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


class _CallableModule(ModuleType):
    """A module that can be called like the one function it is about: `hitmark.generate(...)`."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.main_function(*args, **options)

    @property
    def main_function(self) -> Any:
        """The function that the module is about."""
        return getattr(self, self.__name__.rpartition(".")[2])

    @property
    def __signature__(self) -> Any:
        """What an editor or `inspect.signature` shows: the function's own arguments."""
        from inspect import signature

        return signature(self.main_function)


class _Package(ModuleType):
    """The class of this package; the import system tells it of each submodule through `__setattr__`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FUNCTION_MODULES and type(value) is ModuleType:
            value.__class__ = _CallableModule
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from hitmark.record import hitmark_version

        return hitmark_version()
    if name in FUNCTION_MODULES:
        return import_module(f"hitmark.{name}")
    if name in HOME:
        return getattr(import_module(HOME[name]), name)
    raise AttributeError(f"module 'hitmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package
