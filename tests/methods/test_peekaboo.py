"""Peekaboo against a slow program that masks as the published one does: a dense additive mask of -10000 a layer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from diffusers.models.attention import BasicTransformerBlock

from hitmark.backbones.tiny import tiny_text_to_video
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo
from hitmark.scene.schema import Scene

FRAMES = 4
PROMPT = "a red cat and a dog on grass"


def scene(*subjects):
    return Scene.from_dict(
        {
            "subjects": [
                {
                    "name": name,
                    "phrase": phrase,
                    "depth": depth,
                    "keyframes": [{"time": 0, "box": start}, {"time": 1, "box": end}],
                }
                for depth, (name, phrase, start, end) in enumerate(subjects)
            ]
        }
    )


ONE = scene(("cat", "red cat", [0.1, 0.1, 0.5, 0.6], [0.4, 0.3, 0.9, 0.9]))
TWO = scene(
    ("cat", "red cat", [0.1, 0.1, 0.5, 0.6], [0.3, 0.3, 0.8, 0.8]),
    ("dog", "dog", [0.5, 0.4, 0.9, 0.9], [0.4, 0.2, 0.9, 0.7]),
)


@pytest.fixture(scope="module")
def pipe():
    pipe = tiny_text_to_video(3, layers=1)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(pipe, height=40, width=72, prompt=PROMPT, **options):
    settings = {"num_frames": FRAMES, "height": height, "width": width, "num_inference_steps": 3} | options
    generator = torch.Generator().manual_seed(5)
    return pipe(prompt, output_type="latent", generator=generator, **settings).frames


def boxes_on_latents(wanted, height, width):
    """Bool (subjects, frames, height, width), from the definition: floor of the edges, linear in time."""
    masks = np.zeros((len(wanted.subjects), FRAMES, height, width), dtype=bool)
    for number, subject in enumerate(wanted.subjects):
        first, last = (np.array(frame.box) for frame in subject.keyframes)
        for frame in range(FRAMES):
            box = first + (last - first) * frame / (FRAMES - 1)
            x0, x1 = (math.floor(value * width + 1e-6) for value in box[[0, 2]])
            y0, y1 = (math.floor(value * height + 1e-6) for value in box[[1, 3]])
            masks[number, frame, y0:y1, x0:x1] = True
    return torch.from_numpy(masks)


def published(pipe, wanted, height, width, masked_steps, monkeypatch):
    """The clip that the published rules give."""
    masks = boxes_on_latents(wanted, height // 8, width // 8)
    tokenizer = pipe.tokenizer
    ids = torch.tensor(tokenizer(PROMPT, padding="max_length", max_length=77, truncation=True).input_ids)
    subject_words = torch.stack(
        [torch.isin(ids, torch.tensor(tokenizer(each.phrase).input_ids[:-1])) for each in wanted.subjects]
    )
    names = {block: name for name, block in pipe.unet.named_modules() if isinstance(block, BasicTransformerBlock)}
    clock = {"step": -1}
    original = BasicTransformerBlock.forward

    def allow(allowed):
        return torch.where(allowed, 0.0, -10000.0)

    def level(cells):
        stride = next(s for s in (1, 2, 4, 8, 16) if masks[0, 0, ::s, ::s].numel() == cells)
        return masks[:, :, ::stride, ::stride].flatten(2)

    def forward(block, hidden_states, encoder_hidden_states=None, **others):
        name = names[block]
        if clock["step"] >= masked_steps or not name.startswith(("mid_block", "up_blocks")):
            return original(block, hidden_states, encoder_hidden_states=encoder_hidden_states, **others)
        temporal = "temp_attentions" in name
        if temporal:
            inside = level(len(hidden_states) // 2).permute(0, 2, 1)  # subjects, cells, frames
            outside = ~inside
            allowed = (outside[:, :, :, None] & outside[:, :, None, :]).any(0)
            allowed |= inside.all(0)[:, :, None] & inside.all(0)[:, None, :]
            mask = allow(allowed.repeat(2, 1, 1))
            hidden_states = hidden_states + block.attn1(block.norm1(hidden_states), attention_mask=mask)
            kept = inside[-1].repeat(2, 1)[:, :, None].float()
            hidden_states = hidden_states + kept * block.attn2(block.norm2(hidden_states * kept))
        else:
            inside = level(hidden_states.shape[1])  # subjects, frames, cells
            allowed = (inside[:, :, :, None] & inside[:, :, None, :]).any(0)
            allowed |= (~inside).all(0)[:, :, None] & (~inside).all(0)[:, None, :]
            mask = allow(allowed.repeat(2, 1, 1))
            hidden_states = hidden_states + block.attn1(block.norm1(hidden_states), attention_mask=mask)
            of_subjects = subject_words.any(0).clone()
            of_subjects[0] = False
            background = ~subject_words.any(0)
            any_subject = inside.any(0)[:, :, None]
            mask = allow(torch.where(any_subject, of_subjects, background).repeat(2, 1, 1))
            hidden_states = hidden_states + block.attn2(
                block.norm2(hidden_states), encoder_hidden_states=encoder_hidden_states, attention_mask=mask
            )
        return hidden_states + block.ff(block.norm3(hidden_states))

    def count(*_):
        clock["step"] += 1

    handle = pipe.unet.register_forward_pre_hook(count)
    with monkeypatch.context() as patch:
        patch.setattr(BasicTransformerBlock, "forward", forward)
        try:
            return run(pipe, height, width)
        finally:
            handle.remove()


@pytest.mark.parametrize(
    ("wanted", "height", "width"),
    [(ONE, 40, 72), (TWO, 80, 144), (TWO, 64, 64)],
    ids=["one", "two overlapping", "two overlapping, even"],
)
def test_equals_the_published_rules(pipe, wanted, height, width, monkeypatch):
    """Odd levels too: 10 x 18 halves to 5 x 9 and 3 x 5. Two masked steps of three."""
    expected = published(pipe, wanted, height, width, 2, monkeypatch)
    plain = run(pipe, height, width)
    with attach(pipe, wanted, build("peekaboo")):
        got = run(pipe, height, width)
    assert (got - expected).abs().max() < 1e-4 * expected.std()
    assert (plain - expected).abs().mean() > 1e-2 * expected.std()


def test_the_paper_s_equations_on_one_layer_of_each_kind():
    """Labels to allowed pairs in float64, for the three kinds of attention and both temporal ones."""
    pipe = tiny_text_to_video(4, channels=(32, 32), layers=1, vae_channels=(32, 32))
    pipe.set_progress_bar_config(disable=True)
    pipe.unet.double(), pipe.text_encoder.double()
    seen = {}

    class Watch(Peekaboo):
        def attention(self, call, step):
            output = super().attention(call, step)
            seen.setdefault((call.site.kind, "second" in call.site.tags), (call, output, step.layout))
            return output

    with attach(pipe, TWO, Watch(masked_steps=1, as_published="paper")):
        run(pipe, 16, 24, num_inference_steps=1)
    assert set(seen) == {("spatial", False), ("cross", False), ("temporal", False), ("temporal", True)}
    masks = boxes_on_latents(TWO, 8, 12).numpy()
    labels = np.where(masks[1], 2, np.where(masks[0], 1, 0))
    for (kind, _second), (call, output, layout) in seen.items():
        stride = 8 // call.site.grid[1]
        grid = labels[:, ::stride, ::stride].reshape(FRAMES, -1)
        grid = grid.T if kind == "temporal" else grid
        words = np.zeros(77, dtype=int)
        words[list(layout.prompt.positions("red cat"))] = 1
        words[list(layout.prompt.positions("dog"))] = 2
        queries, keys, values = (each.detach() for each in (call.queries, call.keys, call.values))
        branch, row = len(call.branches) - 1, 1
        other = words if kind == "cross" else grid[row]
        allowed = torch.from_numpy(grid[row][:, None] == other[None, :])
        logits = queries[branch, row] @ keys[branch, row].transpose(-1, -2) / math.sqrt(queries.shape[-1])
        weights = logits.masked_fill(~allowed, -math.inf).softmax(-1)
        expected = weights @ values[branch, row]
        assert torch.allclose(output[branch, row], expected, atol=1e-10), kind


@pytest.mark.parametrize("mode", ["code", "paper"])
def test_a_box_that_is_the_whole_picture_masks_cells_no_more(pipe, mode):
    """Spatial and temporal layers are then as without masks; only the words differ."""
    whole = scene(("cat", "red cat", [0, 0, 1, 1], [0, 0, 1, 1]))
    kinds = {}

    class Watch(Peekaboo):
        def attention(self, call, step):
            output = super().attention(call, step)
            same = torch.allclose(output, call.run(), atol=1e-5)
            kinds.setdefault(call.site.kind, []).append(same)
            return output

    with attach(pipe, whole, Watch(masked_steps=1, as_published=mode)):
        run(pipe, num_inference_steps=1)
    assert all(kinds["spatial"])
    assert all(kinds["temporal"])
    assert not all(kinds["cross"])


def test_no_masked_step_changes_nothing(pipe):
    before = run(pipe)
    with attach(pipe, ONE, build("peekaboo", {"masked_steps": 0})):
        assert torch.equal(run(pipe), before)


def test_more_masked_steps_change_more(pipe):
    before = run(pipe)
    changes = []
    for steps in (1, 3):
        with attach(pipe, ONE, build("peekaboo", {"masked_steps": steps})):
            changes.append(float((run(pipe) - before).abs().mean()))
    assert 0 < changes[0] < changes[1]


def test_each_clip_of_a_batch_is_masked_as_if_alone(pipe):
    prompts = [PROMPT, "two dogs on sand"]
    scenes = [ONE, scene(("dog", "dog", [0.5, 0.4, 0.9, 0.9], [0.0, 0.2, 0.4, 0.7]))]

    def latents(clip):
        return torch.randn(1, 4, FRAMES, 5, 9, generator=torch.Generator().manual_seed(clip))

    with attach(pipe, scenes, build("peekaboo")):
        together = run(pipe, prompt=prompts, latents=torch.cat([latents(0), latents(1)]))
    for clip, wanted in enumerate(scenes):
        with attach(pipe, wanted, build("peekaboo")):
            alone = run(pipe, prompt=prompts[clip], latents=latents(clip))
        assert torch.allclose(together[clip], alone[0], atol=1e-3 * alone.std().item())


def test_without_guidance(pipe):
    before = run(pipe, guidance_scale=1.0)
    for mode in ("code", "paper"):
        with attach(pipe, ONE, build("peekaboo", {"as_published": mode})):
            after = run(pipe, guidance_scale=1.0)
        assert torch.isfinite(after).all()
        assert not torch.equal(before, after)


def refused(pipe, match, wanted=ONE, knobs=None, **options):
    with pytest.raises(HitmarkError, match=match), attach(pipe, wanted, build("peekaboo", knobs)):
        run(pipe, **options)


def test_a_phrase_that_is_not_in_the_prompt_shows_the_words_of_the_prompt(pipe):
    wanted = scene(("bird", "bird", [0.1, 0.1, 0.5, 0.6], [0.4, 0.2, 0.8, 0.7]))
    refused(pipe, r"'bird' is not in the prompt .*a, red, cat, and, a, dog, on, grass", wanted)


def test_a_subject_without_phrase_and_a_scene_without_subject(pipe):
    wanted = Scene.from_dict({"subjects": [{"name": "cat", "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.5, 0.6]}]}]})
    refused(pipe, "Subject 'cat' has no phrase", wanted)
    refused(pipe, "the scene has none", Scene.from_dict({"subjects": [], "pin_camera": True}))


def test_embeddings_instead_of_a_prompt(pipe):
    embeddings = torch.zeros(1, 77, 32)
    refused(
        pipe, "given prompt_embeds", prompt=None, prompt_embeds=embeddings, negative_prompt_embeds=embeddings.clone()
    )


def test_wrong_knobs():
    with pytest.raises(HitmarkError, match="masked_steps must be a whole number"):
        build("peekaboo", {"masked_steps": 1.5})
    with pytest.raises(HitmarkError, match="as_published must be 'code' or 'paper'"):
        build("peekaboo", {"as_published": "both"})
