"""MiniMax-H3, whose pipeline is modular alone: text, sound and video in one sequence of rows."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
import torch
from diffusers.modular_pipelines.minimax_h3.before_denoise import patchify_video_latents

from hitmark.backbones import backbone_for
from hitmark.control import AttentionCall, Control, Positions, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.hooks.undo import before_call
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo
from hitmark.scene.tracks import evaluate

from .families import METHODS_HERE, PROMPT, SCENE
from .minimax_h3 import FRAMES, GRID, SIDE, SOUND, TEXT, in_loop, pipeline, plain, ran, run, same, wanted, whole
from .modular import marks
from .test_families import Bump, Estimates, Nothing, Reads

ACTING = ("peekaboo paper", "mask-normalization", "temporal-intrinsic", "freetraj", "trailblazer", "query-warp")


def test_a_control_that_changes_nothing_changes_no_bit_and_leaves_no_trace() -> None:
    pipe, control, before = pipeline(), Nothing(), plain()
    clean = marks(pipe)
    with attach(pipe, wanted(), control):
        inside = run(pipe)
        twin = copy.deepcopy(pipe, {id(pipe.audio_vae): pipe.audio_vae})  # PyTorch cannot copy its weights
    assert same(inside, before)
    assert marks(pipe) == clean
    assert control.sites == {("video", GRID, (TEXT + SOUND, 0))}
    backbone, clean_latents = backbone_for(pipe), before["latents"]
    rows = patchify_video_latents(clean_latents, (1, 2, 2))[None]
    assert torch.equal(backbone.native(clean_latents.transpose(1, 2)), rows)
    assert torch.equal(backbone.canonical(rows, (GRID[0], 8, 8)), clean_latents.transpose(1, 2))
    with attach(pipe, wanted(), build("peekaboo", {"as_published": "paper"})):
        assert same(run(twin), before)


@pytest.mark.parametrize("label", [*ACTING, "ivg-da"])
def test_each_method_acts_and_the_sound_keeps_its_shape(label: str) -> None:
    pipe, before = pipeline(), plain()
    clean = marks(pipe)
    name, knobs = METHODS_HERE.get(label, (label, None))
    controls = build(name, knobs)
    first, second = ran(pipe, controls), ran(pipe, controls)
    assert same(first, second)
    assert not torch.equal(first["latents"], before["latents"])
    for kind, values in first.items():
        assert torch.isfinite(values).all()
        assert values.shape == before[kind].shape
    assert marks(pipe) == clean
    assert same(run(pipe), before)


def test_an_edit_of_latents_is_the_same_edit_made_by_a_block_in_the_loop() -> None:
    """The pipeline writes into its own rows."""

    def change(_components: Any, values: Any, step: int) -> None:
        if step == 0:
            values.latents += 0.25

    got = ran(pipeline(), Bump())
    assert same(got, run(in_loop(change)))
    assert not same(got, plain())
    assert same(ran(in_loop(change), Nothing()), got)


def test_the_estimator_says_what_the_pipeline_says() -> None:
    probe = Estimates()
    assert same(ran(pipeline(), probe), plain())
    assert len(probe.own) == 2
    for ahead, own in zip(probe.ahead, probe.own, strict=True):
        assert float((ahead - own).abs().max()) < 1e-5 * float(own.std())


class Lifted(Control):
    """Adds to the clean estimate of the last step."""

    def prediction(self, clean: Any, step: Step) -> Any:
        return clean + 0.25 if step.index == 1 else clean


def test_an_edit_of_the_last_clean_estimate_is_what_comes_out() -> None:
    """The network says the velocity towards the data, the negative of what others say."""
    got, before = ran(pipeline(), Lifted()), plain()
    assert torch.allclose(got["latents"], before["latents"] + 0.25, atol=1e-5)
    assert torch.equal(got["audio_latents"], before["audio_latents"])


@dataclass(frozen=True)
class Ahead(Control):
    """Looks ahead from the first step to the second."""

    def latents(self, latents: Any, step: Step) -> Any:
        if step.index == 0:
            assert step.estimator is not None
            step.estimator(latents, 1, 1.0)
        return latents


def test_looking_ahead_tells_both_tracks_the_time() -> None:
    """The look is from within the first step, before the pipeline's own call."""
    pipe, seen = pipeline(), []
    names = ("timestep", "timestep_indices")

    def note(_module: Any, _args: Any, named: dict[str, Any]) -> None:
        seen.append([named[name].clone() for name in names])

    with attach(pipe, wanted(), Ahead()), before_call(pipe.transformer, note):
        run(pipe)
    ahead, first, second = seen
    assert all(torch.equal(one, other) for one, other in zip(ahead, second, strict=True))
    assert len(first[0]) == 1
    assert len(second[0]) == 2


@dataclass(frozen=True)
class Noted(Peekaboo):
    """Keeps what each layer was asked and gave."""

    calls: list = field(default_factory=list)
    labels: list = field(default_factory=list)

    def attention(self, call: AttentionCall, step: Step) -> Any:
        output = super().attention(call, step)
        heads = (call.queries, call.keys, call.values, output)
        self.calls.append([each[0, 0].double() for each in heads])
        self.labels.append(step.layout.regions(call.site.grid))
        return output


def test_masks_by_region_are_a_dense_mask_of_the_rows_of_the_sequence() -> None:
    """Which row is what and where is read from what diffusers itself tells the network; float64."""
    noted, pipe = Noted(1, "paper"), pipeline()
    state: dict[str, Any] = {}

    def note(_module: Any, _args: Any, named: dict[str, Any]) -> None:
        state.update(named)

    with attach(pipe, wanted(), noted), before_call(pipe.transformer, note):
        run(pipe)
    tags, places = state["token_tags"], state["position_ids"]
    video = places[tags == 0]
    ranks = [torch.unique(axis, return_inverse=True)[1] for axis in video.T]
    owners = torch.full((len(tags),), -1)
    owners[tags == 0] = torch.from_numpy(noted.labels[0])[tuple(ranks)]
    owners[tags == 1] = torch.tensor([0, 1, 1, 0, 0])  # a red thing on grass
    one, other = owners[:, None], owners[None]
    allowed = (one == other) | (one == -1) | (other == -1)
    assert sorted(owners.unique().tolist()) == [-1, 0, 1]
    assert len(noted.calls) == 2  # of the first step
    for queries, keys, values, output in noted.calls:
        logits = queries @ keys.mT / queries.shape[-1] ** 0.5
        dense = logits.masked_fill(~allowed, -torch.inf).softmax(-1) @ values
        unmasked = logits.softmax(-1) @ values
        assert float((output - dense).abs().max()) < 1e-5 * float(dense.std())
        assert float((output - unmasked).abs().max()) > 1e-2 * float(dense.std())


def test_features_are_the_layers_own() -> None:
    probe = Reads("0")
    assert same(ran(pipeline(), probe), plain())
    (layers, gradient), (others, other) = probe.found["plain"], probe.found["checkpointed"]
    assert torch.equal(gradient, other)
    assert gradient.abs().sum() > 0
    for one, two in zip(layers, others, strict=True):
        assert torch.equal(one.queries, two.queries)
        assert one.queries.shape[:3] == (GRID[0], 2, GRID[1] * GRID[2])
    spread = {each: float((probe.found[each].queries.diff(dim=0)).abs().max()) for each in get_args(Positions)}
    assert max(spread["same-time"], spread["same-place"]) < 1e-4 < spread["own"]


def test_features_beside_the_networks_own_gradient_checkpointing() -> None:
    """A part that we run again is not checkpointed once more within itself."""
    plainly, probe, pipe = Reads("0"), Reads("0"), pipeline()
    ran(pipe, plainly)
    pipe.transformer.enable_gradient_checkpointing()
    try:
        assert same(ran(pipe, probe), plain())
        assert pipe.transformer.is_gradient_checkpointing
    finally:
        pipe.transformer.disable_gradient_checkpointing()
    for label in ("plain", "checkpointed"):
        assert torch.equal(probe.found[label][1], plainly.found[label][1])


def test_boxes_are_those_of_the_frames_that_a_latent_frame_stands_for() -> None:
    """The autoencoder takes 17 frames at a time, of which the first is a latent frame of its own."""
    pipe = pipeline()
    with attach(pipe, wanted(), Nothing()) as session:
        run(pipe)
        layout = session._layouts[0]
    assert [len(group) for group in layout.groups] == [1, 4, 4, 4, 4] * 7 + [1, 4]
    assert layout.prompt is not None
    assert layout.prompt.positions("red thing") == (1, 2)
    assert list(layout.prompt.ids) == pipe.tokenizer(PROMPT, add_special_tokens=False)["input_ids"]
    assert len(layout.prompt.ids) == TEXT
    for count, can in ((120, "; it cannot make 120"), (107, "; it cannot make 107"), (141, "with num_frames=141")):
        told = rf"has {count} frames, but the pipeline makes 124.*evaluate\(scene, 124\).*{can}\."
        with pytest.raises(HitmarkError, match=told), attach(pipe, evaluate(SCENE, count), Nothing()):
            run(pipe, num_frames=FRAMES)


def test_previews_are_decoded_as_the_pipeline_decodes() -> None:
    state = whole()(prompt=PROMPT, height=SIDE, width=SIDE, num_frames=FRAMES, num_inference_steps=2, output_type="pt")
    clean = state.get("latents").transpose(1, 2)
    assert torch.equal(backbone_for(whole()).decode(clean), state.get("videos")[0].movedim(1, -1))
