"""SG-I2V on stock pipelines equals an independent slow version, and every mutation of a key step is noticed."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from hitmark.backbones.base import DenoiserCall
from hitmark.backbones.tiny import tiny_svd
from hitmark.hooks import attach
from hitmark.maths import optimize
from hitmark.methods import box_features, sg_i2v
from hitmark.methods.sg_i2v import SGI2V
from hitmark.scene.tracks import Track

from .slow_sg_i2v import slow_clip, slow_setup

TOLERANCE = 1e-3  # of the standard deviation of the final latents
STEPS = 5  # active: i = 1, 2
ACTIVE = (1, 2)


@dataclasses.dataclass(frozen=True)
class Case:
    seed: int
    frames: int
    height: int
    width: int
    boxes: list  # per track: first box and last box, pixels
    network: dict
    layers: tuple
    visible: list | None = None
    iterations: int = 2

    def control(self, **knobs):
        return SGI2V(**{"iterations": self.iterations} | knobs)

    def pixel_boxes(self):
        moments = np.linspace(0, 1, self.frames)[:, None]
        paths = [np.array(a) * (1 - moments) + np.array(b) * moments for a, b in self.boxes]
        return np.round(np.stack(paths), 2)

    def tracks(self):
        sides = np.array([self.width, self.height] * 2)
        shown = self.visible or [[True] * self.frames] * len(self.boxes)
        return [
            Track(f"thing {i}", "subject", None, 0, path / sides, np.array(shown[i]))
            for i, path in enumerate(self.pixel_boxes())
        ]

    def picture(self):
        noise = np.random.default_rng(self.seed).integers(0, 255, (self.height, self.width, 3), dtype=np.uint8)
        return Image.fromarray(noise)


TWO_LEVELS = {"channels": (32, 64), "layers": 1, "vae_channels": (32, 32)}
REAL = {"channels": (32, 32, 64, 64), "layers": 2, "vae_channels": (32, 32, 32)}
CASES = {
    "real layout, two boxes": Case(
        0, 3, 48, 64, [([8, 10, 30, 40], [28, 10, 50, 40]), ([40, 4, 60, 20], [30, 20, 50, 36])],
        REAL, ((2, 1), (2, 2)), iterations=SGI2V().iterations,
    ),
    "box leaves on the right, wholly outside at the end": Case(
        1, 4, 24, 40, [([20, 4, 34, 20], [45, 4, 59, 20])], TWO_LEVELS, ((1, 0), (1, 1))
    ),
    "first box cut at the right and bottom": Case(
        2, 3, 32, 32, [([22, 20, 39, 37], [4, 6, 21, 23])], TWO_LEVELS, ((1, 0), (1, 1))
    ),
    "later boxes cut at the left and top": Case(
        3, 3, 32, 24, [([6, 6, 18, 20], [-5, -7, 7, 7])], TWO_LEVELS, ((1, 0), (1, 1))
    ),
    "box grows, another is smaller than a cell": Case(
        4, 3, 32, 32, [([4, 4, 14, 16], [8, 2, 28, 30]), ([20.2, 20.2, 20.9, 20.9], [6.2, 24.2, 6.9, 24.9])],
        TWO_LEVELS, ((1, 0), (1, 1)),
    ),
    "hidden in the middle, odd latent size": Case(
        5, 4, 24, 56, [([4, 4, 20, 18], [30, 4, 46, 18])], TWO_LEVELS | {"vae_channels": (32, 32, 32)},
        ((1, 0), (1, 1)), [[True, True, False, True]],
    ),
}  # fmt: skip


def fast(case, pipe, control):
    with attach(pipe, case.tracks(), control):
        return run(case, pipe)


def run(case, pipe):
    return pipe(
        case.picture(),
        height=case.height,
        width=case.width,
        num_frames=case.frames,
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(case.seed),
        output_type="latent",
    ).frames


def pipeline(case):
    pipe = tiny_svd(case.seed, frames=case.frames, **case.network)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def slow(case, pipe):
    slow_setup(pipe, STEPS)
    options = {"seed": case.seed, "steps": STEPS, "active": ACTIVE, "layers": case.layers, "visible": case.visible}
    return slow_clip(pipe, case.picture(), case.pixel_boxes(), iterations=case.iterations, **options)


def distance(got, want):
    return ((got - want).abs().max() / want.std()).item()


@pytest.mark.parametrize("name", CASES)
def test_equals_the_slow_version(name):
    case = CASES[name]
    pipe = pipeline(case)
    want = slow(case, pipe)
    assert distance(fast(case, pipe, case.control()), want) < TOLERANCE
    assert distance(run(case, pipe), want) > 20 * TOLERANCE  # the method does something in this case


@pytest.fixture(scope="module")
def judged():
    case = CASES["later boxes cut at the left and top"]
    pipe = pipeline(case)
    return case, pipe, slow(case, pipe)


@pytest.mark.parametrize(
    "knobs",
    [
        {"features": "self"},
        {"merge_cutoff": None},
        {"gaussian_sigma": None},
        {"iterations": 1},
        {"learning_rate": 0.2},
        {"weight_decay": 0.0},
        {"layers": "1.1"},
        {"start": 0.34},
        {"stop": 0.3},
        {"step_size": 0.001},
    ],
    ids=str,
)
def test_every_knob_matters(judged, knobs):
    case, pipe, want = judged
    assert distance(fast(case, pipe, case.control(**knobs)), want) > TOLERANCE


def keep_gradient_of_keys(self, layer):
    keys, values = layer.keys[:1], layer.values[:1]
    attended = sg_i2v.attend(layer.queries, keys, values)
    return attended.transpose(1, 2).reshape(len(attended), -1, layer.height, layer.width)


class SharedAdamW(torch.optim.AdamW):
    kept: dict = {}  # noqa: RUF012

    def __init__(self, params, **options):
        super().__init__(params, **options)
        if self.kept:
            self.load_state_dict(self.kept)

    def step(self, closure=None):
        super().step(closure)
        SharedAdamW.kept = self.state_dict()


def unconditional(self, clip):
    return dataclasses.replace(self._with_rows([clip]), branches=self.branches[:1])


MUTATIONS = {
    "gradient through keys and values": (SGI2V, "feature_map", keep_gradient_of_keys),
    "gradient through the target too": (box_features, "stop_gradient", lambda tensor: tensor),
    "no merge": (sg_i2v, "merge_low_frequencies", lambda low, _high, _cutoff: low),
    "merge with the optimized latents": (sg_i2v, "merge_low_frequencies", lambda low, high, _cutoff: high),
    "unconditional branch": (DenoiserCall, "of_prompt", unconditional),
    "one AdamW for all steps": (optimize.torch.optim, "AdamW", SharedAdamW),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_noticed(judged, name, monkeypatch):
    case, pipe, want = judged
    owner, attribute, mutant = MUTATIONS[name]
    monkeypatch.setattr(owner, attribute, mutant)
    assert distance(fast(case, pipe, case.control()), want) > TOLERANCE


def test_gradient_through_the_target_only_is_noticed(judged, monkeypatch):
    case, pipe, want = judged

    def only_keys(self, layer):
        attended = sg_i2v.attend(layer.queries, layer.keys[:1].detach(), layer.values[:1].detach())
        return attended.transpose(1, 2).reshape(len(attended), -1, layer.height, layer.width)

    monkeypatch.setattr(SGI2V, "feature_map", only_keys)
    monkeypatch.setattr(box_features, "stop_gradient", lambda tensor: tensor)
    assert distance(fast(case, pipe, case.control()), want) > TOLERANCE
