"""Which networks can look at clips, where they come from, under which license, and what of them was tried here.

The license of a file is the user's to check: what stands here was true when it was written.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObserverCard:
    """One family of networks."""

    name: str
    gives: str
    load: str
    """The function that loads it."""
    source: str
    """A hub name, or which file to get."""
    license: str
    """Of the weights."""
    verified: str
    """What was tried, and what was not."""


TINY = "architecture with small random weights against a direct call of transformers; published weights not tried"

CARDS = (
    ObserverCard(
        "CLIP",
        "vectors of pictures and texts, for CLIP scores",
        "clip_network.load_clip_network",
        "openai/clip-vit-base-patch32, or a folder",
        "MIT",
        TINY,
    ),
    ObserverCard(
        "OWL-ViT",
        "the best box for a phrase in every frame; Peekaboo's detector",
        "phrase_boxes.load_phrase_detector",
        "google/owlvit-large-patch14, or a folder",
        "Apache-2.0",
        TINY,
    ),
    ObserverCard(
        "OWLv2",
        "the best box for a phrase in every frame; needs scipy",
        "phrase_boxes.load_phrase_detector",
        "google/owlv2-base-patch16-ensemble, or a folder",
        "Apache-2.0",
        TINY + "; transformers 5 pads pictures with black, older ones with gray",
    ),
    ObserverCard(
        "Grounding DINO",
        "the best box for a phrase in every frame",
        "phrase_boxes.load_phrase_detector",
        "IDEA-Research/grounding-dino-tiny, or a folder",
        "Apache-2.0",
        TINY,
    ),
    ObserverCard(
        "VideoMAE",
        "vectors of clips, for a Frechet distance",
        "videomae.load_videomae",
        "MCG-NJU/videomae-base, or a folder",
        "CC-BY-NC-4.0",
        TINY,
    ),
    ObserverCard(
        "I3D",
        "vectors of clips, for FVD",
        "scripted.load_i3d",
        "i3d_torchscript.pt, a file",
        "not stated with the file; the original I3D is Apache-2.0",
        "the calls that are made, with a stand-in file; the real file not tried",
    ),
    ObserverCard(
        "Inception",
        "vectors of pictures, for FID",
        "scripted.load_inception",
        "inception-2015-12-05.pt in TorchScript, a file",
        "not stated with the file; the original network is Apache-2.0",
        "the calls that are made, with a stand-in file; the real file not tried",
    ),
    ObserverCard(
        "LPIPS AlexNet and VGG16",
        "five levels of feature maps, for LPIPS",
        "lpips_backbones.load_lpips_backbone",
        "torchvision's alexnet-owt-7be5be79.pth or vgg16-397923af.pth, a file",
        "BSD-3-Clause (torchvision)",
        "layers against a calculation by hand with random weights; published weights not tried",
    ),
    ObserverCard(
        "CoTracker3",
        "tracks of points",
        "cotracker.load_cotracker",
        "a checkout of facebookresearch/co-tracker and scaled_offline.pth",
        "CC-BY-NC-4.0: non-commercial use only",
        "the calls that are made, with a stand-in checkout; real code and weights not tried",
    ),
)


def observers() -> tuple[ObserverCard, ...]:
    """The networks that can be loaded. None is part of hitmark; the observers of the sprite world need none."""
    return CARDS


def describe_observers() -> str:
    """The cards as text, to be printed."""
    blocks = []
    for card in observers():
        lines = [
            f"{card.name}: {card.gives}",
            f"  load      hitmark.observers.{card.load}",
            f"  from      {card.source}",
        ]
        blocks.append("\n".join([*lines, f"  license   {card.license}", f"  verified  {card.verified}"]))
    return "\n\n".join(blocks)
