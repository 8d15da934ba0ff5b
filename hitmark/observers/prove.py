"""Proves the observers on clips whose truth is known: `python -m hitmark.observers.prove --clips 200`.

Prints, for plain clips and for the same clips made soft as a generative model leaves them, how far the found centers
are from the true ones where the thing is visible enough, and how often a sprite is "found" that is not in the clip.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F

from hitmark.observers.detections import Detections
from hitmark.observers.sprites import find_sprite
from hitmark.observers.template import track_template
from hitmark.sprites.atlas import COLORS, load_atlas
from hitmark.sprites.clip_plan import Clip, SpriteObject
from hitmark.sprites.world import SPLITS, SpriteWorld

VISIBLE = 0.6
"""Frames with a smaller visible share of the thing are not judged."""
BLUR, TINT, NOISE = 0.7, (0.05, 0.10), 0.03
"""Softness: deviation of the blur in pixels, gain error of each color channel, deviation of the noise (of 0..1)."""
ABSENT = 2
"""Sprites that are looked for in each clip without being in it."""


@dataclasses.dataclass
class Tally:
    """Everything seen so far, frame by frame."""

    errors: list[float] = dataclasses.field(default_factory=list)
    """Distance of found from true center in widths, frames with the thing visible (found or not)."""
    found: list[bool] = dataclasses.field(default_factory=list)
    sizes: list[float] = dataclasses.field(default_factory=list)
    """|found / true size - 1| of the same frames."""
    false: list[bool] = dataclasses.field(default_factory=list)
    """Found, in frames of clips without the thing."""
    false_clips: list[bool] = dataclasses.field(default_factory=list)
    """Found in any frame of a clip without the thing."""
    seconds: list[float] = dataclasses.field(default_factory=list)

    def row(self) -> str:
        """One line of the table."""
        error, found = np.array(self.errors), np.array(self.found)
        over_found = np.percentile(error[found], 95) if found.any() else float("nan")
        return (
            f"{len(error):7d} {np.median(error):8.2%} {np.percentile(error, 95):8.2%} {over_found:10.2%} "
            f"{np.median(self.sizes):7.1%} {found.mean():8.1%} {np.mean(self.false):10.2%} "
            f"{np.mean(self.false_clips):10.2%} {np.median(self.seconds):7.2f}"
        )


HEADER = f"{'':20} {'frames':>7} {'median':>8} {'95th':>8} {'95th found':>10} {'size':>7} {'found':>8} "
HEADER += f"{'false fr.':>10} {'false clips':>10} {'cpu s':>7}"


def soften(frames: np.ndarray, seed: int) -> np.ndarray:
    """The clip blurred, tinted and noisy as stated by BLUR, TINT and NOISE; same shape and dtype."""
    generator = np.random.default_rng([20270, seed])
    clip = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    taps = torch.exp(-(torch.arange(-3, 4).float() ** 2) / (2 * BLUR**2))
    taps = taps / taps.sum()
    planes = F.pad(clip, (3, 3, 3, 3), mode="reflect").flatten(0, 1)[:, None]
    planes = F.conv2d(F.conv2d(planes, taps[None, None, None]), taps[None, None, :, None])
    gain = 1 + torch.from_numpy(generator.choice([-1, 1], 3) * generator.uniform(*TINT, 3)).float()
    noise = torch.from_numpy(generator.standard_normal(clip.shape)).float() * NOISE
    clip = planes.view(clip.shape) * gain[:, None, None] + noise
    return (clip.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def judge(tally: Tally, detections: Detections, thing: SpriteObject, width: int, height: int, size: np.ndarray) -> None:
    """Adds the frames in which `thing` is visible enough; `size`: its true size in pixels (frames,)."""
    middle = (thing.boxes[:, :2] + thing.boxes[:, 2:]) / 2 * np.array([width, height])
    seen = thing.visible >= VISIBLE
    tally.errors += list(np.linalg.norm(detections.centers - middle, axis=1)[seen] / width)
    tally.sizes += list(np.abs(detections.sizes / size - 1)[seen])
    tally.found += list(detections.found[seen])


def judge_absent(tally: Tally, found: np.ndarray) -> None:
    """Adds a thing that is not in the clip."""
    tally.false += list(found)
    tally.false_clips.append(bool(found.any()))


def sprite_clip(tally: Tally, clip: Clip, frames: np.ndarray) -> None:
    """Looks for the clip's sprites (unless the same drawing is in it twice) and for ABSENT others."""
    names = [thing.name for thing in clip.plan.objects]
    height, width = frames.shape[1:3]
    for thing in clip.plan.objects:
        if thing.name is None or names.count(thing.name) > 1:
            continue
        start = time.process_time()
        detections = find_sprite(frames, thing.name, thing.color)
        tally.seconds.append(time.process_time() - start)
        judge(tally, detections, thing, width, height, thing.size * thing.motion.scale * min(width, height))
    generator = np.random.default_rng([20271, clip.plan.seed])
    others = [name for name in load_atlas().names if name not in names]
    for name in generator.choice(others, ABSENT, replace=False):
        tinted = name in load_atlas().tintable and generator.random() < 0.7
        color = str(generator.choice(list(COLORS))) if tinted else None
        judge_absent(tally, find_sprite(frames, str(name), color).found)


def template_clip(tally: Tally, clip: Clip, frames: np.ndarray) -> None:
    """Follows the clip's cut-outs from frame 1, where they are visible enough in it.

    Absent: the template goes on in the clip turned upside down and mirrored, frame 1 left as it is.
    """
    height, width = frames.shape[1:3]
    elsewhere = np.concatenate([frames[:1], 255 - frames[1:, ::-1, ::-1]])
    for thing in clip.plan.objects:
        if thing.visible[0] < VISIBLE:
            continue
        start = time.process_time()
        detections = track_template(frames, thing.boxes[0])
        tally.seconds.append(time.process_time() - start)
        side = (thing.boxes[:, 2:] - thing.boxes[:, :2]) * np.array([width, height])
        later = dataclasses.replace(thing, visible=np.concatenate([[0.0], thing.visible[1:]]))
        judge(tally, detections, later, width, height, side.max(1))
        judge_absent(tally, track_template(elsewhere, thing.boxes[0]).found[1:])


def prove(
    world: SpriteWorld, seeds: range, look: Callable[[Tally, Clip, np.ndarray], None]
) -> Iterator[tuple[str, Tally]]:
    """The tallies of the plain and of the softened clips."""
    plain, soft = Tally(), Tally()
    for seed in seeds:
        clip = world.clip(seed)
        look(plain, clip, clip.frames)
        look(soft, clip, soften(clip.frames, seed))
    yield "plain", plain
    yield "soft", soft


def main(arguments: list[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m hitmark.observers.prove", description=__doc__)
    parser.add_argument("--clips", type=int, default=200, help="clips of each kind (default 200)")
    parser.add_argument("--first", type=int, default=SPLITS["test"][0], help="first seed (default: the test split's)")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--only", choices=["sprites", "template"], help="one observer alone")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    seeds = range(options.first, options.first + options.clips)
    size = {"width": options.width, "height": options.height, "frames": options.frames}
    out = sys.stdout.write
    out(f"seeds {seeds.start}..{seeds.stop - 1}, {options.width}x{options.height}, {options.frames} frames; ")
    out(f"errors in widths, over frames with at least {VISIBLE:.0%} of the thing visible; size = median size error\n")
    out(HEADER + "\n")
    kinds = {"sprites": (0.0, sprite_clip), "template": (1.0, template_clip)}
    for kind, (photographs, look) in kinds.items():
        if options.only in (None, kind):
            for name, tally in prove(SpriteWorld(photographs=photographs, **size), seeds, look):
                out(f"{kind + ', ' + name:20} {tally.row()}\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
