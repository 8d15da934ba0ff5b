"""What is read of a checkpoint's files before it is loaded is what the loaded pipeline says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from hitmark.backbones import backbone_for, tiny
from hitmark.backbones.catalog import MODELS, model_card
from hitmark.backbones.folders import configured_frames, configured_grid, usual_grid
from hitmark.backbones.loading import load_pipeline
from hitmark.errors import HitmarkError, HitmarkWarning
from hitmark.run.model_choice import configured_frames as frames_of
from tests.contract.families import pipeline


def configured(pipe: Any, folder: Path) -> Path:
    """A folder with the configurations of a pipeline's denoiser and autoencoder, without weights."""
    for name in (backbone_for(pipe).family.denoisers[0], "vae"):
        getattr(pipe, name).save_config(folder / name)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "animatediff",
        "wan 2.1",
        "wan ti2v",
        "wan vace",
        "skyreels v2",
        "cogvideox",
        "cogvideox 1.5",
        "ltx",
        "ltx-2",
        "hunyuan video 1.5",
        "hunyuan video 1.5 image",
        "kandinsky",
    ],
)
def test_the_grid_of_a_folder_is_that_of_the_pipeline(name: str, tmp_path: Path) -> None:
    pipe = pipeline(name)
    backbone = backbone_for(pipe)
    assert configured_grid(configured(pipe, tmp_path), type(pipe).__name__) == (backbone.size_unit, backbone.factor)
    assert configured_frames(tmp_path, type(pipe).__name__) is None


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("make", [tiny.tiny_svd, tiny.tiny_text_to_video])
def test_the_grid_of_a_unets_folder_is_that_of_the_pipeline(make: Any, levels: int, tmp_path: Path) -> None:
    pipe = make(channels=(32,) * levels, layers=1)
    backbone = backbone_for(pipe)
    assert configured_grid(configured(pipe, tmp_path), type(pipe).__name__) == (backbone.size_unit, backbone.factor)


def test_frames_are_those_of_the_denoiser_of_the_family(tmp_path: Path) -> None:
    (tmp_path / "transformer").mkdir()
    (tmp_path / "transformer" / "config.json").write_text(json.dumps({"num_frames": 33}))
    assert configured_frames(tmp_path, "WanPipeline") == 33
    assert configured_frames(tmp_path, "StableVideoDiffusionPipeline") is None
    card = model_card("sprites-i2v")
    assert frames_of(card, None) == card.frames or card.frames is None
    with pytest.raises(HitmarkError, match=r"frames: .*unet.config\.json does not say how many"):
        frames_of(MODELS["svd"], None)


def test_grids_of_published_checkpoints() -> None:
    expected = {
        **{"svd": (64, 8), "svd-xt": (64, 8), "modelscope": (8, 8), "zeroscope": (8, 8)},
        **{"wan2.1-t2v-1.3b": (16, 8), "wan2.2-i2v-a14b": (16, 8), "wan2.2-ti2v-5b": (32, 16)},
        **{"wan2.1-vace-1.3b": (16, 8), "wan2.1-vace-14b": (16, 8)},
        **{"skyreels-v2-t2v-14b-540p": (16, 8), "skyreels-v2-i2v-14b-720p": (16, 8)},
        **{"cogvideox-5b": (16, 8), "cogvideox1.5-5b-i2v": (16, 8), "ltx-video": (32, 32), "ltx-2": (32, 32)},
        **{"hunyuanvideo": (16, 8), "hunyuanvideo-1.5": (16, 16), "hunyuanvideo-1.5-i2v": (16, 16)},
        **{"kandinsky-5-t2v-lite": (16, 8), "kandinsky-5-i2v-pro": (16, 8)},
    }
    assert {name: usual_grid(MODELS[name]) for name in expected} == expected
    for name, (unit, _cell) in expected.items():
        card = MODELS[name]
        assert (card.width % unit, card.height % unit) == (0, 0), name


def test_half_precision_files_of_a_transformers_folder_are_found(tmp_path: Path) -> None:
    """They are named so in the folder of its own denoiser, whatever that is called."""
    tiny.tiny_wan().to(torch.float16).save_pretrained(tmp_path, variant="fp16")
    assert not list(tmp_path.glob("transformer/diffusion_pytorch_model.safetensors"))
    with pytest.warns(HitmarkWarning, match="float16 on a CPU"):
        pipe = load_pipeline(tmp_path, dtype="float16", device="cpu")
    assert pipe.transformer.dtype == torch.float16


@pytest.mark.parametrize(
    ("part", "file"),
    [("guider", "guider_config.json"), ("image_processor", "preprocessor_config.json"), ("tokenizer_2", "spiece.json")],
)
def test_parts_that_have_no_weights_need_none(part: str, file: str, tmp_path: Path) -> None:
    tiny.tiny_wan().save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    (tmp_path / "model_index.json").write_text(json.dumps(index | {part: ["somewhere", "Something"]}))
    with pytest.raises(HitmarkError, match=f"no files in {part}/"):
        model_card(str(tmp_path))
    (tmp_path / part).mkdir()
    (tmp_path / part / file).write_text("{}")
    assert model_card(str(tmp_path)).pipeline == "WanPipeline"
