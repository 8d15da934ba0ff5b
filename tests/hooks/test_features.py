"""Features of a network: which layers, where the pass ends, what it keeps, and that they are the layer's own."""

import math

import pytest
import torch

from hitmark.backbones import backbone_for
from hitmark.backbones.memory import activation_gib, parts_of, parts_to_repeat
from hitmark.backbones.tiny import tiny_svd, tiny_wan
from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks import attach, sparing
from hitmark.hooks.features import feature_sites, read_features
from hitmark.methods.sg_i2v import SGI2V

OPTIONS = {"first_frame_keys": True, "memory_budget": None, "positions": "same-time"}


def call_of(pipe, frames=3, height=8, width=12):
    """The prompt's branch of one clip."""
    backbone = backbone_for(pipe)
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn((2, frames, 8, height, width), generator=generator)
    context = torch.randn((2, 1, pipe.unet.config.cross_attention_dim), generator=generator)
    arguments = {"encoder_hidden_states": context, "added_time_ids": torch.ones(2, 3), "return_dict": False}
    return backbone, backbone.bind(pipe.unet, (sample, torch.tensor(1.0)), arguments, None, 1).of_prompt(0)


def names(pipe, layers=None):
    return [site.feature for site in feature_sites(backbone_for(pipe), pipe.unet, layers)]


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ({"channels": (32, 32, 32, 32)}, ["2.1", "2.2"]),  # as published
        ({"channels": (32, 32, 32)}, ["2.1", "2.2"]),  # the published names exist here too
        ({"channels": (32, 32, 32), "layers": 1}, ["1.0", "1.1"]),  # half the latent size
        ({"channels": (32, 32), "layers": 1}, ["1.0", "1.1"]),  # no attention at half size: the next finer level
    ],
)
def test_default_layers(network, layers):
    assert names(tiny_svd(**network)) == layers


def test_layers_by_name_come_in_running_order():
    pipe = tiny_svd()
    assert names(pipe, "3.0, 1.2") == ["1.2", "3.0"]
    assert names(pipe, ["2.0"]) == ["2.0"]
    for wrong in ("0.0", "2", "", []):
        with pytest.raises(HitmarkError, match=r"some of: 1\.0, 1\.1"):
            names(pipe, wrong)


@pytest.mark.parametrize("first_frame_keys", [True, False])
@pytest.mark.parametrize("memory_budget", [None, 0.0])
def test_reads_the_projections_and_stops_there(first_frame_keys, memory_budget):
    pipe = tiny_svd(channels=(32, 64), layers=1)
    backbone, call = call_of(pipe)
    wanted, later = {}, []
    attention = feature_sites(backbone, pipe.unet, "1.0")[0].module
    hooks = [
        getattr(attention, name).register_forward_hook(lambda _m, _a, out, _n=name: wanted.update({_n: out.clone()}))
        for name in ("to_q", "to_k", "to_v")
    ]
    with torch.no_grad():
        pipe.unet(**call.arguments)
    for hook in hooks:
        hook.remove()
    hook = pipe.unet.up_blocks[1].attentions[1].register_forward_hook(lambda *_: later.append(1))
    latents = call.arguments["sample"][:, :, :4].clone().requires_grad_(True)
    options = OPTIONS | {"first_frame_keys": first_frame_keys, "memory_budget": memory_budget}
    (layer,) = read_features(backbone, call, latents, 1.0, "1.0", **options)
    hook.remove()
    assert not later
    assert (layer.height, layer.width) == (8, 12)
    frames = 1 if first_frame_keys else 3
    assert layer.keys.shape == layer.values.shape == (frames, 2, 96, 16)
    assert torch.allclose(layer.queries.transpose(1, 2).flatten(2), wanted["to_q"], atol=1e-5)
    assert torch.allclose(layer.keys.transpose(1, 2).flatten(2), wanted["to_k"][:frames], atol=1e-5)
    (gradient,) = torch.autograd.grad(layer.queries.sum(), latents)
    assert gradient.abs().sum() > 0


def kept_gib(monkeypatch, pipe, frames, height, width, budget=None):
    """Bytes of distinct storages that autograd keeps, or that what it wants is made of; weights left out. A part that
    runs again keeps what it is given.
    """
    backbone, call = call_of(pipe, frames, height, width)
    pipe.unet.requires_grad_(False)
    weights = {weight.untyped_storage().data_ptr() for weight in pipe.unet.parameters()}
    kept, pack, again = {}, sparing._pack, sparing._checkpointed

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)

    def packed(tensor):
        found = pack(tensor)
        source = found
        while not isinstance(source, torch.Tensor):  # how it is made, of what, and so on
            source = source.args[-1]
        keep(source)
        return found

    def repeated(module, original, *args, **kwargs):
        keep(args[0])
        return again(module, original, *args, **kwargs)

    monkeypatch.setattr(sparing, "_pack", packed)
    monkeypatch.setattr(sparing, "_checkpointed", repeated)
    latents = torch.randn(1, frames, 4, height, width, requires_grad=True)
    layers = read_features(backbone, call, latents, 1.0, None, **OPTIONS | {"memory_budget": budget})
    assert layers
    estimate = activation_gib(backbone, call, feature_sites(backbone, pipe.unet), (frames, height, width))
    return sum(size for size, _ in kept.values()) / 2**30, estimate


@pytest.mark.parametrize(
    ("channels", "layers", "size"), [((32, 64), 1, (8, 12)), ((32, 32, 64, 64), 2, (16, 8)), ((64, 32, 96), 1, (9, 7))]
)
def test_memory_estimate(monkeypatch, channels, layers, size):
    measured, estimated = kept_gib(monkeypatch, tiny_svd(channels=channels, layers=layers), 3, *size)
    assert math.isclose(estimated, measured, rel_tol=0.1)


@pytest.mark.parametrize("share", [0.8, 0.5])
def test_activations_stay_within_the_budget(monkeypatch, share):
    """What is kept, with the largest part that is back for its backward pass, to the accuracy of the estimate."""
    pipe = tiny_svd(channels=(32, 64, 64), layers=1)
    backbone, call = call_of(pipe, 3, 12, 12)
    sites = feature_sites(backbone, pipe.unet)
    whole = activation_gib(backbone, call, sites, (3, 12, 12))
    repeated = parts_to_repeat(backbone, call, sites, (3, 12, 12), share * whole)
    everything = parts_to_repeat(backbone, call, sites, (3, 12, 12), 0.0)
    parts = {id(part.module): part.kept for part in parts_of(backbone, call, sites, (3, 12, 12))}
    back = max(parts[id(module)] for module in repeated) * 4 / 2**30
    kept, _ = kept_gib(monkeypatch, pipe, 3, 12, 12, share * whole)
    assert kept + back <= 1.1 * share * whole
    assert 0 < len(repeated) < len(everything)
    assert repeated == everything[: len(repeated)]
    assert parts_to_repeat(backbone, call, sites, (3, 12, 12), whole) == []
    assert parts_to_repeat(backbone, call, sites, (3, 12, 12), None) == []


@pytest.mark.parametrize("share", [None, 0.5, 0.0])
def test_keeping_less_changes_no_bit_of_the_gradient(monkeypatch, share):
    pipe = tiny_svd(channels=(32, 64, 64), layers=1)
    backbone, call = call_of(pipe, 3, 16, 16)
    pipe.unet.requires_grad_(False)
    whole = activation_gib(backbone, call, feature_sites(backbone, pipe.unet), (3, 16, 16))
    latents = torch.randn(1, 3, 4, 16, 16, generator=torch.Generator().manual_seed(1), requires_grad=True)
    forward = dict.fromkeys(module.forward for module in pipe.unet.modules())

    def gradient(budget):
        layers = read_features(backbone, call, latents, 1.0, None, **OPTIONS | {"memory_budget": budget})
        return torch.autograd.grad(sum(layer.queries.square().sum() for layer in layers), latents)[0]

    got = gradient(None if share is None else share * whole)
    assert dict.fromkeys(module.forward for module in pipe.unet.modules()) == forward
    monkeypatch.setattr(sparing, "_pack", lambda tensor: tensor)
    monkeypatch.setattr(sparing, "_of_one_key", lambda original, *args, **kwargs: original(*args, **kwargs))
    wanted = gradient(None)
    assert torch.allclose(got, wanted, atol=1e-5 * float(wanted.abs().max()), rtol=0)
    monkeypatch.undo()
    assert torch.equal(got, gradient(None))


class Moved(Control):
    """Reads what the first layer knows of the latents, and of the same moved by a token to the right."""

    method = "moved"

    def __init__(self):
        self.apart = {}

    def latents(self, latents, step):
        for positions in ("same-place", "same-time"):
            options = {"first_frame_keys": True, "memory_budget": None, "positions": positions}
            here, there = (
                SGI2V().feature_map(step.self_attention(each, "0", **options)[0])
                for each in (latents, latents.roll(2, -1))
            )
            self.apart[positions] = float((here.roll(1, -1) - there).abs().max() / here.std())
        return latents


def test_with_all_tokens_at_one_place_features_move_with_what_they_are_of():
    """In a layer before which no token has looked at another; where tokens stand is in the features otherwise."""
    pipe, moved = tiny_wan(), Moved()
    with attach(pipe, [], moved):
        pipe("a", height=64, width=64, num_frames=9, num_inference_steps=1, output_type="latent")
    assert moved.apart["same-place"] < 1e-3
    assert moved.apart["same-time"] > 0.1
