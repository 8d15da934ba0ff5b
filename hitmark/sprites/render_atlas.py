"""Renders the drawings in `art/` into the atlas that the package ships: `python -m hitmark.sprites.render_atlas`.

Needs `resvg_py` (a development dependency); the rendered atlas needs only numpy and Pillow.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TypedDict

import numpy as np
from PIL import Image

CELL = 96
COLUMNS = 8

# The color of a recolorable sprite when a caption names none.
DEFAULT_COLORS: dict[str, str] = {
    "apple": "#d8302f",
    "ball": "#e8453c",
    "balloon": "#e2574c",
    "bell": "#f2b632",
    "bicycle": "#2f9e8f",
    "bird": "#4a90d9",
    "boat": "#e2574c",
    "bus": "#f2b632",
    "butterfly": "#e07b1a",
    "cake": "#f29ac0",
    "car": "#d8302f",
    "cat": "#e59a4f",
    "clock": "#4a90d9",
    "crab": "#e2574c",
    "crown": "#f2c230",
    "cup": "#5b8fc9",
    "drum": "#c8372d",
    "fish": "#f08a24",
    "flower": "#e85f9c",
    "gift": "#8e5bb5",
    "hat": "#c8372d",
    "heart": "#e0315a",
    "house": "#c4523a",
    "key": "#d9ae3c",
    "kite": "#3fa0d0",
    "lamp": "#e9a23b",
    "mushroom": "#d8302f",
    "plane": "#4a90d9",
    "robot": "#8fa3b5",
    "rocket": "#d8302f",
    "shirt": "#3f9f68",
    "snail": "#b5713d",
    "star": "#f7cf3d",
    "tractor": "#3f9f48",
    "train": "#2f6fb5",
    "truck": "#3f7fc0",
    "turtle": "#3f8f4f",
    "umbrella": "#7a5bb5",
}


class AtlasIndex(TypedDict):
    """The content of `atlas.json`: names in cell order (row by row), cell side in pixels, cells per row."""

    names: list[str]
    cell: int
    columns: int
    tintable: list[str]
    default_color: dict[str, str]


def art_folder() -> Path:
    """The folder with one `NAME.svg` per sprite."""
    return Path(__file__).parent / "art"


def read_drawings(folder: Path) -> dict[str, str]:
    """SVG text by sprite name, sorted by name. Raises FileNotFoundError when the folder holds no drawing."""
    drawings = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}
    if not drawings:
        raise FileNotFoundError(f"no *.svg in {folder}; the sprites are drawn there, one file per name")
    return drawings


def render_svg(svg: str, color: str, size: int = CELL) -> np.ndarray:
    """Draws `svg` with `currentColor` read as `color` ("#rrggbb"): straight RGBA uint8 (size, size, 4)."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=svg.replace("currentColor", color), width=size, height=size)
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def premultiplied(rgba: np.ndarray) -> np.ndarray:
    """Straight uint8 RGBA (H, W, 4) to premultiplied float32 in 0..1."""
    values = rgba.astype(np.float32) / 255
    values[..., :3] *= values[..., 3:]
    return values


def render_cell(svg: str) -> tuple[np.ndarray, np.ndarray]:
    """One sprite: straight RGBA of the black drawing (CELL, CELL, 4) and the tint weight (CELL, CELL), both uint8.

    Compositing is linear in the paint's color, so premultiplied(color) = black + color * (white - black).
    """
    black = render_svg(svg, "#000000")
    weight = (premultiplied(render_svg(svg, "#ffffff")) - premultiplied(black))[..., :3].mean(axis=-1)
    return black, np.rint(np.clip(weight, 0, 1) * 255).astype(np.uint8)


def render_atlas(folder: Path) -> tuple[np.ndarray, np.ndarray, AtlasIndex]:
    """All drawings of `folder` on one grid: RGBA (rows*CELL, COLUMNS*CELL, 4), tint (same H, W), index.

    Raises ValueError when a recolorable drawing has no entry in DEFAULT_COLORS, or an entry has no such drawing.
    """
    drawings = read_drawings(folder)
    tintable = [name for name, svg in drawings.items() if "currentColor" in svg]
    if set(tintable) != set(DEFAULT_COLORS):
        odd = sorted(set(tintable) ^ set(DEFAULT_COLORS))
        raise ValueError(f"DEFAULT_COLORS and the drawings that use currentColor disagree about {odd}; mend either")
    rows = -(-len(drawings) // COLUMNS)
    rgba = np.zeros((rows * CELL, COLUMNS * CELL, 4), np.uint8)
    tint = np.zeros((rows * CELL, COLUMNS * CELL), np.uint8)
    for number, svg in enumerate(drawings.values()):
        top, left = CELL * (number // COLUMNS), CELL * (number % COLUMNS)
        rgba[top : top + CELL, left : left + CELL], tint[top : top + CELL, left : left + CELL] = render_cell(svg)
    index = AtlasIndex(
        names=list(drawings),
        cell=CELL,
        columns=COLUMNS,
        tintable=tintable,
        default_color={name: DEFAULT_COLORS[name] for name in tintable},
    )
    return rgba, tint, index


def main() -> None:
    """Writes atlas.png, atlas_tint.png and atlas.json beside this file."""
    rgba, tint, index = render_atlas(art_folder())
    folder = Path(__file__).parent
    Image.fromarray(rgba).save(folder / "atlas.png", optimize=True)
    Image.fromarray(tint).save(folder / "atlas_tint.png", optimize=True)
    (folder / "atlas.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
