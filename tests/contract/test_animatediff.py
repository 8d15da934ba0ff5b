"""AnimateDiff where it differs from other families: words by frame, motion modules, modes of its pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hitmark.backbones import catalog, tiny
from hitmark.backbones.loading import load_pipeline
from hitmark.control import AttentionCall, Control, LayerCall, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.run.fit import check_fit
from hitmark.run.plan import plan

from .families import PROMPT, SCENE
from .pipelines import traces
from .test_families import Nothing

OTHER = "a dog and a red thing"
ELSEWHERE = SCENE.replace(
    subjects=[{"name": "b", "phrase": "dog", "keyframes": [{"time": 0, "box": [0.5, 0.5, 0.9, 0.9]}]}]
)


@pytest.fixture
def pipe() -> Any:
    made = tiny.tiny_animatediff()
    made.set_progress_bar_config(disable=True)
    return made


def run(pipe: Any, prompt: Any = PROMPT, **options: Any) -> torch.Tensor:
    call: dict[str, Any] = {"num_frames": 5, "height": 64, "width": 64, "num_inference_steps": 2}
    call |= {"generator": torch.Generator().manual_seed(5), "guidance_scale": 3.0, "output_type": "latent"} | options
    return pipe(prompt, **call).frames


class Looks(Control):
    """What it sees of each clip at the first step."""

    method, watches = "looks", True

    def __init__(self) -> None:
        self.seen: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.keys: set[int] = set()

    def latents(self, latents: Any, step: Step) -> Any:
        if step.index == 0:
            assert step.estimator is not None
            options: dict[str, Any] = {"first_frame_keys": False, "memory_budget": None, "positions": "own"}
            with torch.no_grad():
                queries = step.self_attention(latents, **options)[-1].queries
            self.seen.append((step.estimator(latents, 0, 3.0), queries))
        return latents

    def attention(self, call: AttentionCall, step: Step) -> Any:
        if call.site.scope == "words":
            self.keys.add(call.keys.shape[3])
        return call.run()


def with_picture(pipe: Any) -> dict[str, Any]:
    """Load a random IP-Adapter; the arguments of a call that uses it."""
    unet, random = pipe.unet, torch.Generator().manual_seed(9)
    width = unet.config.cross_attention_dim
    layers = [n for n in unet.attn_processors if n.endswith("attn2.processor") and "motion" not in n]
    weights = {
        f"{2 * place + 1}.to_{part}_ip.weight": torch.randn(
            unet.get_submodule(name.removesuffix(".processor")).to_q.out_features, width, generator=random
        )
        for place, name in enumerate(layers)
        for part in "kv"
    }
    shapes = {"proj.weight": (4 * width, 16), "proj.bias": (4 * width,), "norm.weight": (width,), "norm.bias": (width,)}
    looks = {name: torch.randn(shape, generator=random) for name, shape in shapes.items()}
    unet._load_ip_adapter_weights([{"image_proj": looks, "ip_adapter": weights}], low_cpu_mem_usage=False)
    unet.requires_grad_(False)
    return {"ip_adapter_image_embeds": [torch.randn(2, 1, 16, generator=random)]}


@pytest.mark.parametrize("guidance", [3.0, 1.0])
@pytest.mark.parametrize("picture", [False, True])
def test_each_clip_of_a_batch_is_controlled_as_if_alone(pipe: Any, picture: bool, guidance: float) -> None:
    """Its words stand for each of its frames, and the tokens of a picture beside them, which no mask is about."""
    options = (with_picture(pipe) if picture else {}) | {"guidance_scale": guidance}
    if picture and guidance == 1.0:
        options["ip_adapter_image_embeds"] = [each[1:] for each in options["ip_adapter_image_embeds"]]
    scenes = [SCENE, ELSEWHERE]
    generators = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    together = Looks()
    with attach(pipe, scenes, [*build("ivg-da"), together]):
        both = run(pipe, [PROMPT, OTHER], generator=generators, **options)
    assert together.keys == {77}
    for clip, prompt in enumerate((PROMPT, OTHER)):
        alone, generator = Looks(), [torch.Generator().manual_seed(3 + clip)]
        with attach(pipe, scenes[clip], [*build("ivg-da"), alone]):
            one = run(pipe, prompt, generator=generator, **options)[0]
        assert float((both[clip] - one).abs().max()) < 1e-4 * float(one.std())
        for got, want in zip(together.seen[clip], alone.seen[0], strict=True):
            assert float((got - want).abs().max()) < 1e-4 * float(want.std())


@pytest.mark.parametrize("mode", ["picture", "freeu", "fused"])
def test_what_the_pipeline_has_beside_stays(pipe: Any, mode: str) -> None:
    options: dict[str, Any] = {}
    if mode == "picture":
        options = with_picture(pipe)
    elif mode == "freeu":
        pipe.enable_freeu(s1=0.9, s2=0.2, b1=1.2, b2=1.4)
    else:
        pipe.unet.fuse_qkv_projections()
    plain, clean = run(pipe, **options), traces(pipe)
    with attach(pipe, SCENE, Nothing()):
        assert torch.equal(run(pipe, **options), plain)
    with attach(pipe, SCENE, build("peekaboo")):
        assert not torch.equal(run(pipe, **options), plain)
    assert traces(pipe) == clean


class Blank(Control):
    """Keeps what each layer is given for a token of zeros, and what for those of a row."""

    method = "blank"

    def __init__(self) -> None:
        self.found: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def attention_layer(self, call: LayerCall, step: Step, proceed: Any) -> Any:
        assert call.blank is not None
        self.found[call.site.name] = call.blank(), call.tokens[0, 0]
        return proceed(call)


def test_a_token_of_zeros_has_the_position_of_its_frame(pipe: Any) -> None:
    """Norms without weight make all tokens alike, as zeros are, but for the positions that motion modules add."""
    with torch.no_grad():
        for module in pipe.unet.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.zero_()
                module.bias.fill_(0.5)
    control = Blank()
    with attach(pipe, SCENE, control):
        run(pipe)
    for name, (blank, tokens) in control.found.items():
        assert torch.equal(blank, tokens)
        assert torch.equal(blank[0], blank[1]) == ("motion_modules" not in name)


REFUSED: dict[str, tuple[Callable[[Any], Any], dict[str, Any], str]] = {
    "FreeInit": (lambda pipe: pipe.enable_free_init(num_iters=2), {}, r"^enable_free_init: .* pipe\.disable_free_init"),
    "FreeNoise": (lambda pipe: pipe.enable_free_noise(4, 2), {}, r"^enable_free_noise: .* pipe\.disable_free_noise"),
    "parts": (lambda pipe: pipe.enable_free_noise_split_inference(16, 4), {}, r"^enable_free_noise_split_inference: "),
    "texts by frame": (
        lambda pipe: pipe,
        {"prompt": {0: PROMPT, 3: OTHER}},
        "^prompt: expected one text for each clip",
    ),
    "frames": (lambda pipe: pipe, {"num_frames": 33}, r"^frames: expected at most 32, .* got 33; make 32 or fewer"),
}


MOMENTS = [(mode, inside) for mode in REFUSED for inside in (False, True) if (mode, inside) != ("parts", True)]
"""Layers that are run in parts only after controls were attached end in an error of their own."""


@pytest.mark.parametrize(("mode", "inside"), MOMENTS)
def test_what_cannot_be_controlled_is_refused_before_the_first_step(pipe: Any, mode: str, inside: bool) -> None:
    """Also a mode that is switched on after controls were attached. What the message says to do helps."""
    enable, options, told = REFUSED[mode]
    want = run(pipe)
    with attach(pipe, SCENE, build("peekaboo")):
        controlled = run(pipe)
    ran: list[Any] = []
    pipe.unet.register_forward_pre_hook(lambda *_: ran.append(1))

    def tried() -> None:
        if not inside:
            enable(pipe)
        with attach(pipe, SCENE, build("peekaboo")):
            if inside:
                enable(pipe)
            run(pipe, **options)

    with pytest.raises(HitmarkError, match=told):
        tried()
    assert not ran
    if mode == "parts":
        pipe.unet = tiny.tiny_animatediff().unet
    pipe.disable_free_init()
    pipe.disable_free_noise()
    assert torch.equal(run(pipe), want)
    with attach(pipe, SCENE, build("peekaboo")):
        assert torch.equal(run(pipe), controlled)


def test_a_folder_that_was_joined_as_told(pipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name says how; the folder has the defaults of the name, and its network says how many frames it makes."""
    with pytest.raises(HitmarkError, match=r"(?s)parts of two\. Join them once.*save_pretrained"):
        catalog.model_card("animatediff-v1.5-3")
    with monkeypatch.context() as patch:
        patch.setattr("diffusers.MotionAdapter.from_pretrained", lambda _name: pipe.motion_adapter)
        patch.setattr("diffusers.AnimateDiffPipeline.from_pretrained", lambda _name, motion_adapter: pipe)
        exec(catalog.JOINED["animatediff-v1.5-3"].joining.replace("FOLDER", str(tmp_path)), {})
    card = catalog.model_card(tmp_path)
    assert (card.frames, card.width, card.height, card.steps, card.call["guidance_scale"]) == (16, 512, 512, 25, 7.5)
    loaded = load_pipeline(tmp_path, device="cpu")
    loaded.set_progress_bar_config(disable=True)
    settings, own = loaded.scheduler.config, tiny.tiny_animatediff().scheduler.config
    assert {name: settings[name] for name in own if name[0] != "_"} == {k: v for k, v in own.items() if k[0] != "_"}
    assert torch.equal(run(loaded), run(tiny.tiny_animatediff()))
    planned = plan(SCENE.replace(prompt=PROMPT, model=str(tmp_path), frames=33))
    with pytest.raises(HitmarkError, match=r"^frames: expected at most 32"):
        check_fit(planned)
    check_fit(plan(SCENE.replace(prompt=PROMPT, model=str(tmp_path))))
