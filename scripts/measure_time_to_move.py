"""How well Time-to-Move steers the embedded sprites-i2v at several settings, on tune scenes.

    python scripts/measure_time_to_move.py --scenes 3 none sg-i2v 0.9,0.8

Each setting is "none", "sg-i2v", or WEAK,STRONG of time-to-move. Prints the distance (ObjMC) between the places wanted
and found of every sprite, mean and median in pixels of 64, and the mean as a share of the first setting's.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from hitmark.backbones.loading import load_pipeline
from hitmark.metrics.tracks import object_motion_control_error
from hitmark.observers.sprites import find_sprite
from hitmark.run.generate import generate
from hitmark.sprites.scenes import SpriteScene, held_out
from hitmark.sprites.world import SpriteWorld


def method_of(setting: str) -> dict[str, Any]:
    """Method and knobs of a setting."""
    if setting in ("none", "sg-i2v"):
        return {"name": setting}
    weak, strong = map(float, setting.split(","))
    return {"name": "time-to-move", "knobs": {"weak": weak, "strong": strong}}


def errors(made: SpriteScene, setting: str, pipe: Any) -> list[float]:
    """Of every sprite of a scene."""
    frames = generate(made.scene.replace(method=method_of(setting)), made.picture, pipe).frames
    found = [find_sprite(frames, str(thing.name), thing.color).centers for thing in made.clip.plan.objects]
    return [
        object_motion_control_error(made.wanted(number), centers, (64, 64), width=64).pixels
        for number, centers in enumerate(found)
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="+")
    parser.add_argument("--scenes", type=int, default=3)
    given = parser.parse_args()
    pipe, scenes = (
        load_pipeline("sprites-i2v", dtype="float32", device="cpu"),
        list(held_out(SpriteWorld(), given.scenes, split="tune")),
    )
    first = None
    for setting in given.settings:
        values = np.array([value for made in scenes for value in errors(made, setting, pipe)])
        first = values.mean() if first is None else first
        share = values.mean() / first
        print(f"{setting}: mean {values.mean():.2f} median {np.median(values):.2f} share {share:.2f} ({len(values)})")


if __name__ == "__main__":
    main()
