"""The letters of labels: a font that comes with a dependency, for other scripts one of the system, and never a box."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LONGEST = 32  # characters of a label
MISSING = "\U0010fffd"  # a character that no font has: what is drawn for it is the font's empty box
UNKNOWN = "·"  # in place of a character that no font here has
ELSEWHERE = (  # fonts of operating systems with Chinese, Japanese and Korean, which Pillow looks for by name
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-microhei.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "Arial Unicode.ttf",
)


def lettered(text: str, size: float) -> tuple[str, ImageFont.FreeTypeFont | ImageFont.ImageFont]:
    """A label as it can be drawn, and the font to draw it with.

    Args:
        text: of any script; longer than 32 characters it is cut.
        size: height of the font in pixels.

    Returns:
        The text, with a dot in place of each character that no font of this machine has, and the font that has most.
    """
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    best = _own(size)
    lacking = _lacking(text, best)
    for name in ELSEWHERE if lacking else ():
        try:
            other = ImageFont.truetype(name, size)
        except OSError:
            continue
        missed = _lacking(text, other)
        if len(missed) < len(lacking):
            best, lacking = other, missed
            break
    unknown = "." if _lacking(UNKNOWN, best) else UNKNOWN
    return "".join(unknown if each in lacking else each for each in text), best


def _own(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """DejaVu Sans as it comes with Matplotlib (Latin, Greek, Cyrillic, Arabic, ...), else Pillow's own font."""
    spec = find_spec("matplotlib")
    try:
        return ImageFont.truetype(Path(str(spec and spec.origin)).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf", size)
    except OSError:
        return ImageFont.load_default(size)


def _lacking(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> set[str]:
    """The characters of a text for which a font draws its empty box."""
    box = _shape(MISSING, font)
    return {each for each in set(text) if not each.isspace() and _shape(each, font) == box}


def _shape(character: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> tuple[tuple[int, int], bytes]:
    _, _, right, bottom = font.getbbox(character)
    picture = Image.new("L", (max(1, round(right)), max(1, round(bottom))))
    ImageDraw.Draw(picture).text((0, 0), character, 255, font)
    return picture.size, picture.tobytes()
