"""Guidance where weights come and go: the same numbers, and one part at a time on the device, counted by allocation."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

import pytest
import torch
from accelerate.hooks import attach_align_device_hook
from diffusers.hooks import apply_group_offloading
from diffusers.hooks.group_offloading import ModuleGroup

from hitmark.backbones.tiny import tiny_cogvideox, tiny_svd, tiny_wan
from hitmark.hooks import attach
from hitmark.hooks.leaving import weights_leave
from hitmark.methods import build
from tests.contract.families import SCENE
from tests.contract.pipelines import picture

KNOBS = {"start": 0.0, "stop": 1.0, "iterations": 2, "learning_rate": 0.05}


class Copies(Mapping):
    """Weights by name, a new copy each time, as another device gives them; knows how much of it there is at once."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.kept = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        self.now = self.most = 0

    def __getitem__(self, name: str) -> torch.Tensor:
        copy = self.kept[name].clone()
        size = copy.numel() * copy.element_size()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(copy.untyped_storage(), self._gone, size)
        return copy

    def _gone(self, size: int) -> None:
        self.now -= size

    def __iter__(self):
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def whole(self) -> int:
        """Bytes of all weights."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.kept.values())


class Emptied:
    """Groups whose weights are not numbers while they are away; on one device nothing else would tell.

    `most`: of those that were ever away, how many numbers were there at once.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: dict[torch.Tensor, torch.Tensor] = {}
        self.away: set[torch.Tensor] = set()
        self.now = self.most = 0
        monkeypatch.setattr(ModuleGroup, "onload_", method(self.bring))
        monkeypatch.setattr(ModuleGroup, "offload_", method(self.take))

    def bring(self, group: ModuleGroup) -> None:
        for weight in weights_of(group):
            if weight in self.away:
                self.away.remove(weight)
                weight.data = self.kept[weight]
                self.now += weight.numel()
        self.most = max(self.most, self.now)

    def take(self, group: ModuleGroup) -> None:
        for weight in weights_of(group):
            if weight in self.away:
                continue
            self.now -= weight.numel() if weight in self.kept else 0
            self.kept.setdefault(weight, weight.data)
            self.away.add(weight)
            weight.data = torch.full_like(weight.data, float("nan"))


def method(function):
    """The function as a method: it is given the object, which a bound method of another would not be."""

    def of_group(group: ModuleGroup) -> None:
        function(group)

    return of_group


def weights_of(group: ModuleGroup) -> list[torch.Tensor]:
    return [*(weight for module in group.modules for weight in module.parameters()), *group.parameters]


def clip(pipe) -> torch.Tensor:
    """Final latents of two steps from a picture."""
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(5)
    call = {"num_inference_steps": 2, "output_type": "latent", "generator": generator}
    if hasattr(pipe, "unet"):
        return pipe(picture(0, 64, 64), height=64, width=64, num_frames=4, **call).frames
    side = 128 if type(pipe).__name__.startswith("Wan") else 64
    words = {"prompt": "a red thing", "max_sequence_length": 32}
    size = {"height": side, "width": side, "num_frames": 9, "guidance_scale": 3.0}
    return pipe(image=picture(0, side, side), **words, **size, **call).frames


def guided(pipe) -> torch.Tensor:
    """The same with guidance."""
    with attach(pipe, SCENE, build("sg-i2v", KNOBS)):
        return clip(pipe)


def test_a_network_four_times_what_may_be_on_the_device_is_guided():
    pipe = tiny_wan("ti2v", image=True, layers=16)
    copies, want, plain = Copies(pipe.transformer), guided(pipe), clip(pipe)
    attach_align_device_hook(pipe.transformer, execution_device=torch.device("cpu"), offload=True, weights_map=copies)
    assert weights_leave(pipe.transformer)
    assert torch.equal(guided(pipe), want)
    assert not torch.equal(plain, want)
    assert copies.most < copies.whole / 4
    assert copies.most < 3 * copies.whole / 16  # the block that runs, the one that is read, and what is before them


@pytest.mark.parametrize("make", [lambda: tiny_svd(channels=(32, 64)), lambda: tiny_cogvideox(image=True, layers=8)])
def test_other_networks_whose_parts_are_given_and_give_more_than_one_tensor(make):
    pipe = make()
    network = pipe.unet if hasattr(pipe, "unet") else pipe.transformer
    copies, want = Copies(network), guided(pipe)
    attach_align_device_hook(network, execution_device=torch.device("cpu"), offload=True, weights_map=copies)
    assert torch.allclose(guided(pipe), want, atol=1e-5)
    assert copies.most < 0.7 * copies.whole


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({"offload_type": "block_level", "num_blocks_per_group": 1}, 0.5),
        ({"offload_type": "block_level", "num_blocks_per_group": 3}, 0.85),  # what is read shares groups with others
        ({"offload_type": "leaf_level"}, 0.5),
    ],
)
def test_groups_of_weights_come_back_for_the_backward_pass(options, share, monkeypatch):
    pipe = tiny_wan("ti2v", image=True, layers=12)
    want, plain = guided(pipe), clip(pipe)
    whole = sum(weight.numel() for weight in pipe.transformer.parameters())
    emptied = Emptied(monkeypatch)
    apply_group_offloading(pipe.transformer, torch.device("cpu"), torch.device("cpu"), **options)
    assert weights_leave(pipe.transformer)
    assert torch.equal(guided(pipe), want)
    assert emptied.most < share * whole
    assert torch.equal(clip(pipe), plain)
    hooks = [each._diffusers_hook.get_hook("group_offloading") for each in pipe.transformer.modules()
             if hasattr(each, "_diffusers_hook")]  # fmt: skip
    assert not any("offload_" in vars(hook.group) for hook in hooks if hook is not None)
