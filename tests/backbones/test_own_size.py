from __future__ import annotations

import inspect

import pytest
from diffusers import StableVideoDiffusionPipeline

from hitmark.backbones.own_size import with_own_size


class Recorder(StableVideoDiffusionPipeline):
    """Tells what it was called with."""

    def __init__(self):
        pass

    def __call__(self, image, height=576, width=1024, num_frames=None, seed=0):
        return image, height, width, num_frames, seed


@pytest.fixture
def pipe():
    return with_own_size(Recorder(), 64, 48, 8)


def test_a_call_that_says_no_size_makes_the_models_own(pipe):
    assert pipe("photo") == ("photo", 64, 48, 8, 0)
    assert pipe(image="photo", seed=3) == ("photo", 64, 48, 8, 3)


def test_what_a_call_says_counts(pipe):
    assert pipe("photo", 128, num_frames=5) == ("photo", 128, 48, 5, 0)
    assert pipe("photo", width=32) == ("photo", 64, 32, 8, 0)


def test_its_class_is_known_by_its_name_and_shows_its_arguments(pipe):
    assert isinstance(pipe, StableVideoDiffusionPipeline)
    assert type(pipe).__name__ == "Recorder"
    assert list(inspect.signature(pipe.__call__).parameters) == ["image", "height", "width", "num_frames", "seed"]


def test_the_embedded_pipelines_have_theirs():
    from hitmark.backbones.loading import load_pipeline

    pipe = load_pipeline("sprites-i2v")
    seen = {}

    def stop(**arguments):
        seen.update(arguments)
        raise KeyboardInterrupt

    pipe.check_inputs = lambda _image, height, width: stop(height=height, width=width)
    with pytest.raises(KeyboardInterrupt):
        pipe(None)
    assert seen == {"height": 64, "width": 64}
    assert type(pipe).__name__ == "StableVideoDiffusionPipeline"
