from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hitmark.errors import HitmarkError
from hitmark.sprites import render_atlas
from hitmark.sprites.atlas import COLORS, load_atlas

ATLAS = load_atlas()
DRAWINGS = render_atlas.read_drawings(render_atlas.art_folder())
FOLDER = Path(render_atlas.__file__).parent


def test_every_drawing_has_a_cell_and_every_cell_a_drawing():
    assert list(ATLAS.names) == list(DRAWINGS)
    assert len(ATLAS.names) >= 40
    assert len(ATLAS.tintable) >= 28
    assert ATLAS.tintable == {name for name, svg in DRAWINGS.items() if "currentColor" in svg}
    assert all(name.isalpha() and name.islower() for name in ATLAS.names)


@pytest.mark.parametrize("name", ATLAS.names)
def test_the_sprite_is_solid_centered_and_fills_its_cell(name):
    image = ATLAS.image(name)
    assert image.shape == (96, 96, 4)
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    assert (image[..., :3] <= image[..., 3:] + 1e-6).all()
    rows, columns = (np.flatnonzero(image[..., 3].max(axis=axis) > 0.25) for axis in (1, 0))
    assert 82 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 92
    assert abs(rows[0] + rows[-1] - 95) <= 3
    assert abs(columns[0] + columns[-1] - 95) <= 3
    assert image[..., 3].mean() > 0.15


@pytest.mark.parametrize("name", sorted(ATLAS.tintable))
def test_the_tint_equals_a_direct_drawing_in_that_color(name):
    for text in ("#e0315a", "#1f7fd0"):
        color = tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
        wanted = render_atlas.premultiplied(render_atlas.render_svg(DRAWINGS[name], text))
        assert np.abs(ATLAS.image(name, color) - wanted).max() < 3 / 255


def test_a_sprite_without_color_equals_its_drawing():
    for name in set(ATLAS.names) - ATLAS.tintable:
        wanted = render_atlas.premultiplied(render_atlas.render_svg(DRAWINGS[name], "#ff00ff"))
        assert np.abs(ATLAS.image(name) - wanted).max() < 2 / 255


def test_the_default_color_is_the_one_of_the_renderer():
    wanted = render_atlas.premultiplied(render_atlas.render_svg(DRAWINGS["car"], render_atlas.DEFAULT_COLORS["car"]))
    assert np.abs(ATLAS.image("car") - wanted).max() < 3 / 255


def test_the_named_colors_show_and_differ():
    means = {color: ATLAS.image("heart", color)[40:56, 40:56, :3].mean(axis=(0, 1)) for color in COLORS}
    for color, mean in means.items():
        np.testing.assert_allclose(mean, COLORS[color], atol=0.02)
    values = np.array(list(COLORS.values()))
    distance = np.linalg.norm(values[:, None] - values[None], axis=-1) + 9 * np.eye(len(values))
    assert distance.min() > 0.4


def test_sprites_of_one_color_differ_at_eighteen_pixels():
    """Root mean square over premultiplied RGBA; the floor lies under the measured minima (0.193, 0.197, 0.217)."""
    for color in (None, COLORS["red"], COLORS["white"]):
        images = np.stack([ATLAS.image(n, color if n in ATLAS.tintable else None, 18).ravel() for n in ATLAS.names])
        distance = np.sqrt(((images[:, None] - images[None]) ** 2).mean(axis=-1)) + 9 * np.eye(len(images))
        first, second = np.unravel_index(distance.argmin(), distance.shape)
        assert distance.min() > 0.17, (ATLAS.names[first], ATLAS.names[second])


def test_downscaling_keeps_the_amount_of_paint():
    for size in (1, 12, 17, 18, 48, 95):
        small, full = ATLAS.image("bus", "cyan", size), ATLAS.image("bus", "cyan")
        assert small.shape == (size, size, 4)
        np.testing.assert_allclose(small.mean(axis=(0, 1)), full.mean(axis=(0, 1)), atol=1e-5)
    quarters = ATLAS.image("bus", "cyan").reshape(24, 4, 24, 4, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(ATLAS.image("bus", "cyan", 24), quarters, atol=1e-5)
    large = ATLAS.image("bus", "cyan", 200)
    assert large.shape == (200, 200, 4)
    assert (large[..., :3] <= large[..., 3:]).all()


def test_the_files_are_what_the_renderer_writes():
    rgba, tint, index = render_atlas.render_atlas(render_atlas.art_folder())
    stored = np.asarray(Image.open(FOLDER / "atlas.png"))
    stored_tint = np.asarray(Image.open(FOLDER / "atlas_tint.png"))
    difference = render_atlas.premultiplied(rgba) - render_atlas.premultiplied(stored)
    assert np.abs(difference).max() <= 2 / 255
    assert np.abs(tint.astype(int) - stored_tint.astype(int)).max() <= 2
    assert ATLAS.names == tuple(index["names"])
    assert sum((FOLDER / name).stat().st_size for name in ("atlas.png", "atlas_tint.png", "atlas.json")) < 600_000


def test_the_caller_gets_a_fresh_array_and_the_atlas_stays():
    before = ATLAS.image("moon").copy()
    ATLAS.image("moon")[:] = 0
    np.testing.assert_array_equal(ATLAS.image("moon"), before)
    with pytest.raises(ValueError, match="read-only"):
        ATLAS.black[0, 0, 0, 0] = 1
    assert load_atlas() is ATLAS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("carr",), "did you mean 'car'"),
        (("Cat",), "did you mean 'cat'"),
        (("car", "bleu"), "did you mean 'blue'"),
        (("moon", "red"), "fixed colors"),
        (("car", (1.0, 2.0, 0.0)), r"in 0\.\.1"),
        (("car", (1.0, float("nan"), 0.0)), r"in 0\.\.1"),
        (("car", (1.0, 0.5)), "three numbers"),
        (("car", 7), "three numbers"),
        (("car", "red", 0), "size must be"),
        (("car", "red", 18.5), "size must be"),
        (("car", "red", True), "size must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(HitmarkError, match=message):
        ATLAS.image(*arguments)


def test_the_renderer_refuses_a_tint_without_default_color_and_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no \*\.svg"):
        render_atlas.render_atlas(tmp_path)
    (tmp_path / "blob.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" fill="currentColor"/>')
    with pytest.raises(ValueError, match="blob"):
        render_atlas.render_atlas(tmp_path)
