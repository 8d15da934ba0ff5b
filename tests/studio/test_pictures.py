"""Uploads: believed only once decoded, limited by what is declared, by what comes, and by pixels."""

from __future__ import annotations

import hashlib
import io
import struct
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hitmark.studio import pictures
from hitmark.studio.pictures import decoded
from hitmark.studio.refusals import RefusedError
from tests.studio.conftest import png

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A few hundred bytes that say they are a picture of that size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_picture_comes_back_as_png(client, kind):
    answer = client.post("/api/pictures", content=png(60, 40, kind), headers={"Content-Type": f"image/{kind.lower()}"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["width"], told["height"]) == (60, 40)
    back = client.get(told["url"])
    with Image.open(io.BytesIO(back.content)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (60, 40))
        if kind in ("PNG", "BMP", "TIFF"):
            assert np.array_equal(np.asarray(image), np.asarray(Image.open(io.BytesIO(png(60, 40)))))


def test_the_id_is_of_the_pixels(client):
    first = client.post("/api/pictures", content=png(10, 8)).json()
    again = client.post("/api/pictures", content=png(10, 8, "BMP")).json()
    other = client.post("/api/pictures", content=png(10, 8, shade=9)).json()
    pixels = np.asarray(Image.open(io.BytesIO(png(10, 8))))
    assert first["id"] == hashlib.sha256(b"8x10x3" + pixels.tobytes()).hexdigest()[:24]
    assert again == first
    assert other["id"] != first["id"]


def test_a_photo_is_turned_as_its_camera_says(client):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.open(io.BytesIO(png(60, 40))).save(stream, "JPEG", exif=exif)
    told = client.post("/api/pictures", content=stream.getvalue()).json()
    assert (told["width"], told["height"]) == (40, 60)


def test_a_png_named_as_video_is_a_picture(client):
    headers = {"Content-Type": "video/mp4", "X-Name": "clip.mp4"}
    assert client.post("/api/pictures", content=png(), headers=headers).status_code == 200


MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(500)


@pytest.mark.parametrize(
    "data",
    [SVG, MP4, b"", b"\x89PNG", png()[:90], b"%PDF-1.7", b"<html>", b"GIF89a", b"RIFF\x04\0\0\0WEBP", bytes(10_000)],
    ids=["svg", "mp4", "empty", "header", "cut", "pdf", "html", "gif", "webp", "zeros"],
)
def test_what_is_no_picture_is_refused(refused, data):
    sentence = refused(415, "POST", "/api/pictures", content=data, headers={"Content-Type": "image/png"})
    assert sentence.startswith("picture: expected")


HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(40)


@pytest.mark.parametrize(
    ("installed", "words"), [(False, "pip install pillow-heif"), (True, "one that says it is HEIC")]
)
def test_a_phone_s_format_is_named(refused, monkeypatch, installed, words):
    if installed:
        pytest.importorskip("pillow_heif")
    else:
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert words in refused(415, "POST", "/api/pictures", content=HEIC, headers={"Content-Type": "image/heic"})


def test_a_phone_s_picture_is_kept_as_png_and_a_huge_one_refused_undecoded(client, refused, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.encode("RGB", (60, 40), bytes(60 * 40 * 3), stream)
    told = client.post("/api/pictures", content=stream.getvalue()).json()
    assert (told["width"], told["height"]) == (60, 40)
    monkeypatch.setattr(pictures, "MOST_PIXELS", 60 * 40 - 1)
    monkeypatch.setattr(pillow_heif.HeifFile, "to_pillow", None)  # would fail if anything were decoded
    assert "megapixels" in refused(413, "POST", "/api/pictures", content=stream.getvalue())


@pytest.mark.parametrize(
    ("width", "height"), [(8000, 8000), (100_000, 100_000), (40_000_001, 1), (2**31 - 1, 2**31 - 1)]
)
def test_a_decompression_bomb_is_refused_by_its_size(refused, width, height):
    assert "megapixels" in refused(413, "POST", "/api/pictures", content=bomb(width, height))


def test_a_bomb_in_a_text_chunk_is_refused(client):
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000)))
    whole = png()
    answer = client.post("/api/pictures", content=whole[:33] + text + whole[33:])
    assert answer.status_code in (200, 415)  # left unread, or refused by the decoder: both without 80 MB of text


def test_a_file_that_is_too_large_is_refused_unread(refused, monkeypatch):
    monkeypatch.setattr(pictures, "decoded", None)  # would fail if anything were decoded
    sentence = refused(413, "POST", "/api/pictures", content=b"x" * (32 * 2**20 + 1))
    assert "at most 32 MB" in sentence


def test_a_file_without_a_length_is_cut_off_at_the_limit(refused):
    parts = (b"x" * 2**20 for _ in range(34))
    assert "the rest was not read" in refused(413, "POST", "/api/pictures", content=parts)


@pytest.mark.parametrize("identity", ["0" * 24, "0" * 23, "G" * 24, "%2e%2e", "0" * 25, "a" * 24 + ".png", "%00"])
def test_unknown_ids_are_not_found(refused, identity):
    assert "picture: " in refused(404, "GET", f"/api/pictures/{identity}")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]),
    cut=st.integers(0, 400),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12),
)
def test_damaged_pictures_are_decoded_or_refused(kind, cut, changes):
    data = bytearray(png(24, 16, kind))
    for place, value in changes:
        data[place % len(data)] = value
    with suppress(RefusedError):
        image = decoded(bytes(data[: len(data) - cut % len(data)]))
        assert image.mode == "RGB"
        assert image.width * image.height <= pictures.MOST_PIXELS
