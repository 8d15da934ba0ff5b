"""Pictures of every kind come out as a viewer shows them, and what cannot be read is called by its name."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from hitmark.media.images import ImageError, as_rgb, format_name, load_image, parse_color, shown_size

COLORS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3) * 5


def png(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, "PNG", **options)
    return stream.getvalue()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_picture_is_upright_and_its_size_says_so(tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(COLORS).save(tmp_path / "a.png", exif=exif)
    loaded = load_image(tmp_path / "a.png")
    assert loaded.image.size == shown_size(tmp_path / "a.png") == ((3, 5) if turn > 4 else (5, 3))
    expected = ImageOps.exif_transpose(Image.open(tmp_path / "a.png"))
    np.testing.assert_array_equal(np.asarray(loaded.image), np.asarray(expected))
    assert loaded.notes == ()


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=20))
def test_sixteen_bits_of_gray_keep_their_share_of_white(levels):
    picture = Image.fromarray(np.array([levels], dtype=np.uint16))
    loaded = load_image(png(picture))
    gray = np.asarray(loaded.image)[0]
    np.testing.assert_array_equal(gray, np.rint(np.array(levels) / 257).astype(np.uint8)[:, None].repeat(3, axis=1))
    assert "16 bits" in loaded.notes[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.0, 200.0], [0, 128, 255]), ([-1.0, 0.0, 1.0], [0, 128, 255])],
)
def test_floating_gray_is_scaled_and_said(values, expected):
    loaded = as_rgb(Image.fromarray(np.array([values], dtype=np.float32)))
    assert np.asarray(loaded.image)[0, :, 0].tolist() == expected
    assert "scaled" in loaded.notes[0]


def test_transparency_lies_on_the_ground_and_is_said():
    pixels = np.array([[[255, 0, 255, 0], [10, 20, 30, 255], [0, 0, 0, 128]]], dtype=np.uint8)
    loaded = load_image(png(Image.fromarray(pixels, "RGBA")))
    assert np.asarray(loaded.image)[0].tolist() == [[255, 255, 255], [10, 20, 30], [127, 127, 127]]
    assert "white" in loaded.notes[0]
    blue = load_image(png(Image.fromarray(pixels, "RGBA")), parse_color("#0000ff"))
    assert np.asarray(blue.image)[0, 0].tolist() == [0, 0, 255]
    assert "#0000ff" in blue.notes[0]


def test_transparency_without_alpha_channel_counts_too():
    gray = Image.fromarray(np.array([[7, 9]], dtype=np.uint8))
    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    palette.putpalette([200, 0, 0, 0, 200, 0])
    for picture, mark in ((gray, 7), (palette, 0)):
        loaded = load_image(png(picture, transparency=mark))
        assert np.asarray(loaded.image)[0, 0].tolist() == [255, 255, 255]
        assert np.asarray(loaded.image)[0, 1].tolist() != [255, 255, 255]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_opaque_pictures_of_every_mode_say_nothing(mode):
    loaded = as_rgb(Image.fromarray(COLORS).convert("RGB" if mode == "LAB" else mode))
    assert loaded.image.mode == "RGB"
    assert loaded.notes == ()


def test_of_several_pictures_the_first(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    loaded = load_image(tmp_path / "a.gif")
    assert loaded.image.getpixel((0, 0)) == (255, 0, 0)
    assert "first" in loaded.notes[0]


def test_avif_is_read(tmp_path):
    Image.new("RGB", (16, 16), "red").save(tmp_path / "a.avif")
    assert load_image(tmp_path / "a.avif").image.size == (16, 16)


def heic(picture, turn=1):
    """A picture as phones write it: turned by the container, and its EXIF says how it was turned."""
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = turn
    stream = io.BytesIO()
    pillow_heif.encode(picture.mode, picture.size, picture.tobytes(), stream, quality=-1, exif=exif.tobytes())
    return stream.getvalue()


def test_heic_is_read_once_upright_and_laid_on_the_ground(tmp_path):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:] = (200, 50, 50), (50, 50, 200)
    photo = Image.fromarray(pixels)
    for turn in (1, 6):
        (tmp_path / "a.heic").write_bytes(heic(photo, turn))
        loaded = load_image(tmp_path / "a.heic")
        size = (48, 64) if turn == 6 else (64, 48)
        assert loaded.image.size == shown_size(tmp_path / "a.heic") == size
        assert loaded.image.getpixel((4, 4))[0] > 150
        assert loaded.image.getpixel((43, 60) if turn == 6 else (60, 4))[2] > 150
    clear = np.dstack([pixels, np.full((48, 64), 255, np.uint8)])
    clear[:24] = 255, 0, 255, 0
    loaded = load_image(heic(Image.fromarray(clear)))
    assert "white" in loaded.notes[0]
    assert min(loaded.image.getpixel((4, 4))) > 250


def test_a_damaged_heic_is_named_and_never_a_traceback():
    whole = heic(Image.fromarray(COLORS.repeat(8, axis=0).repeat(8, axis=1)))
    draws = np.random.default_rng(0)
    for _ in range(200):
        data = bytearray(whole)
        for place in draws.integers(32, len(data), draws.integers(1, 20)):
            data[place] = draws.integers(256)
        for read in (load_image, shown_size):
            try:
                read(bytes(data))
            except ImageError as error:
                assert "HEIC" in str(error)  # noqa: PT017
    with pytest.raises(ImageError, match="HEIC, but damaged"):
        load_image(whole[:-40])


def test_a_general_brand_is_what_the_brands_after_it_say():
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(stream, "AVIF")
    general = stream.getvalue().replace(b"ftypavif", b"ftypmif1", 1)
    assert format_name(general) == "AVIF"
    assert load_image(general).image.size == (16, 16)
    assert format_name(b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1heic") == "HEIC"


HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(40)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEIC, r"HEIC.*pip install pillow-heif"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(40), "it is a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "it is a video"),
        (b"\xff\x0a" + bytes(40), "JPEG XL"),
        (b"<svg xmlns='x'/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"", "empty"),
        (b"words", "no picture, or damaged"),
        (png(Image.fromarray(COLORS))[:50], "no picture, or damaged"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, monkeypatch, data, words):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as where it is not installed
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    for read in (load_image, shown_size):
        if data.startswith(b"\x89PNG") and read is not load_image:
            continue  # the size is in the part that is whole
        with pytest.raises(ImageError, match=words) as caught:
            read(path)
        assert "photo.png" in str(caught.value)


def test_missing_files_and_wrong_colors(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        load_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match="it is a folder"):
        load_image(tmp_path)
    with pytest.raises(ImageError, match="expected a color such as white"):
        parse_color("whitish")
