"""A rehearsal against the clip that is then made, on tiny random pipelines of each kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.nn.modules.module import register_module_forward_pre_hook

from hitmark.backbones import backbone_for, tiny
from hitmark.backbones.catalog import model_card
from hitmark.backbones.loading import load_pipeline
from hitmark.errors import HitmarkError
from hitmark.run.make import make
from hitmark.run.plan import Plan
from hitmark.run.prepare import prepare
from hitmark.run.rehearsal import rehearse
from hitmark.run.rehearsal.skeleton import skeleton
from hitmark.scene.schema import Scene

KEYS = [{"time": 0, "box": [0.1, 0.3, 0.4, 0.6]}, {"time": 1, "box": [0.5, 0.3, 0.8, 0.6]}]
SVD = partial(tiny.tiny_svd, channels=(32, 32), layers=1, frames=3, vae_channels=(32, 32))
TEXT = partial(tiny.tiny_text_to_video, channels=(32, 32), layers=1, vae_channels=(32, 32))
KINDS: dict[str, tuple[Callable[[], Any], int, str]] = {
    "svd": (SVD, 3, "sg-i2v"),
    "svd, time-to-move": (SVD, 3, "time-to-move"),
    "text-to-video": (TEXT, 3, "temporal-intrinsic"),
    "animatediff": (tiny.tiny_animatediff, 3, "temporal-intrinsic"),
    "wan": (tiny.tiny_wan, 9, "none"),
    "wan from a picture": (partial(tiny.tiny_wan, "ti2v", image=True), 9, "sg-i2v"),
    "cogvideox": (tiny.tiny_cogvideox, 9, "none"),
    "ltx from a picture": (partial(tiny.tiny_ltx, image=True), 9, "none"),
}


def planned(folder: Path, frames: int, method: str, side: int = 64, **knobs: Any) -> tuple[Plan, Image.Image | None]:
    values: dict[str, Any] = {
        "model": str(folder),
        "width": side,
        "height": side,
        "frames": frames,
        "prompt": "a red car on grass",
        "subjects": [{"name": "car", "keyframes": KEYS}],
        "method": {"name": method, "knobs": knobs},
    }
    scene = Scene.from_dict(values)
    try:
        return prepare(scene, None, steps=3)
    except HitmarkError as error:
        if "image" not in str(error) and "picture" not in str(error):
            raise
        return prepare(scene, picture(folder, side), steps=3)


def picture(folder: Path, side: int) -> Path:
    path = folder / "picture.png"
    Image.new("RGB", (side, side), "green").save(path)
    return path


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int, str]:
    build, frames, method = KINDS[request.param]
    build().save_pretrained(tmp_path)
    return tmp_path, frames, method


def without_weights(folder: Path) -> None:
    for path in folder.rglob("*.safetensors"):
        path.unlink()


def test_parts_whose_classes_are_of_a_folder_of_pipelines_have_no_values_either(tmp_path: Path) -> None:
    tiny.tiny_ltx2().save_pretrained(tmp_path)
    card = model_card(tmp_path)
    without_weights(tmp_path)
    pipe = skeleton(card, torch.float32, FakeTensorMode(allow_non_fake_inputs=True))
    networks = {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}
    assert {"connectors", "vocoder", "transformer"} <= set(networks)
    assert all(isinstance(each, FakeTensor) for part in networks.values() for each in part.parameters())


def test_passes_and_weights_are_those_of_the_clip(kind: tuple[Path, int, str]) -> None:
    folder, frames, method = kind
    plan, first = planned(folder, frames, method)
    pipe = load_pipeline(str(folder), device="cpu", picture=plan.card.takes_picture)
    weights = {
        name: sum(value.numel() * value.element_size() for value in (*part.parameters(), *part.buffers()))
        for name, part in pipe.components.items()
        if isinstance(part, torch.nn.Module)
    }
    calls: Counter[bool] = Counter()

    def counted(module: Any, _given: Any) -> None:
        calls[torch.is_grad_enabled()] += module is network

    network = backbone_for(pipe).network
    handle = register_module_forward_pre_hook(counted)
    try:
        make(plan, first, pipe)
    finally:
        handle.remove()
    without_weights(folder)
    found = rehearse(plan, first)
    assert found.weights == weights
    ahead = found.parts["preview"].times if method == "temporal-intrinsic" else 0
    assert found.parts["steps"].times + ahead == calls[False]
    assert (ahead > 0) == ("preview" in found.parts)
    guidance = found.parts.get("guidance")
    assert (0 if guidance is None else guidance.times) == calls[True]
    assert all(part.peak > 0 for part in found.parts.values())
    assert found.peak == sum(weights.values()) + max(part.peak for part in found.parts.values())
    if method == "time-to-move":
        assert found.parts["picture"].times > 1


def test_text_that_a_mask_puts_in_order_is_rehearsed(tmp_path: Path) -> None:
    """HunyuanVideo 1.5 puts the text that it looks at before the rest of it."""
    tiny.tiny_hunyuan_video_15(image=True, layers=1).save_pretrained(tmp_path)
    plan, first = planned(tmp_path, 5, "none", 32)
    steps = rehearse(plan, first).parts["steps"]
    assert steps.times == 2 * plan.steps, "two branches of guidance"
    tokens = 2 * 8 * 8 + 4 + 256 + 1000
    assert steps.products / steps.times > 2 * 32 * tokens**2, "of everything with everything"


def test_a_larger_clip_takes_more_and_half_precision_less(tmp_path: Path) -> None:
    TEXT().save_pretrained(tmp_path)
    small, large = (rehearse(*planned(tmp_path, 3, "none", side)) for side in (64, 128))
    assert 3.5 < large.parts["decoding"].peak / small.parts["decoding"].peak < 4.5
    assert 3.5 < large.parts["steps"].products / small.parts["steps"].products < 8
    half = rehearse(*planned(tmp_path, 3, "none", 128), torch.float16)
    assert sum(half.weights.values()) < 0.6 * sum(large.weights.values())
    assert half.parts["decoding"].peak < 0.7 * large.parts["decoding"].peak


def test_what_does_not_fit_the_network_is_said_as_it_is(tmp_path: Path) -> None:
    SVD().save_pretrained(tmp_path)
    with pytest.raises(HitmarkError, match=r"^layers: this network has no self-attention '9'"):
        rehearse(*planned(tmp_path, 3, "sg-i2v", 64, layers="9"))


def test_an_autoencoder_that_works_in_float32_whatever_the_others_do(tmp_path: Path) -> None:
    SVD().save_pretrained(tmp_path)
    path = tmp_path / "vae" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"force_upcast": True}))
    plan, first = planned(tmp_path, 3, "none", 128)
    half, whole = rehearse(plan, first, torch.float16), rehearse(plan, first)
    assert half.parts["picture"].peak == whole.parts["picture"].peak
    assert half.parts["decoding"].peak < 0.7 * whole.parts["decoding"].peak


def test_a_model_that_is_not_here_is_refused_with_the_way_to_get_it() -> None:
    scene = Scene.from_dict({"model": "zeroscope", "prompt": "a car", "subjects": [], "method": {"name": "none"}})
    with pytest.raises(HitmarkError, match=r"not on this machine.*hf download cerspense/zeroscope"):
        rehearse(*prepare(scene))


def test_a_damaged_configuration_is_an_error_that_names_it(tmp_path: Path) -> None:
    TEXT().save_pretrained(tmp_path)
    plan, first = planned(tmp_path, 3, "none")
    (tmp_path / "vae" / "config.json").write_text("{")
    with pytest.raises(HitmarkError, match=r"configuration in .* cannot be read"):
        rehearse(plan, first)
