"""A pen over a picture whose marks can be read on anything: bright strokes with a dark edge, smoothed. Pillow only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from hitmark.drawing.lettering import lettered

Color = tuple[int, int, int]

DARK: Color = (20, 20, 24)
BORDER: Color = (45, 45, 50)  # around a picture whose boxes leave it
SMOOTH = 2  # everything is drawn so many times larger and then reduced


@dataclass
class Canvas:
    """A picture under the pen. Points are fractions of the picture; `unit` is the width of a line."""

    image: Image.Image
    pen: ImageDraw.ImageDraw
    scale: np.ndarray  # canvas pixels per picture width and height
    origin: np.ndarray  # canvas position of the picture's top left corner
    unit: float

    @classmethod
    def over(cls, picture: Image.Image, least: int, margins: Sequence[float]) -> Canvas:
        """A canvas for `picture`, enlarged to a longer side of `least` pixels if it is smaller.

        `margins` are the widths of the dark borders left, top, right and bottom, as fractions of the picture's sides.
        """
        larger = max(1.0, least / max(picture.size))
        inner = [2 * SMOOTH * max(1, round(side * larger / 2)) for side in picture.size]
        left, top, right, bottom = (
            2 * SMOOTH * round(fraction * side / 2 / SMOOTH) for fraction, side in zip(margins, inner * 2, strict=True)
        )
        image = Image.new("RGB", (inner[0] + left + right, inner[1] + top + bottom), BORDER)
        crisp = Image.Resampling.NEAREST if larger * SMOOTH >= 3 else Image.Resampling.BICUBIC
        image.paste(picture.resize(inner, crisp), (left, top))
        unit = max(SMOOTH * 1.6, max(inner) / 300)
        return cls(image, ImageDraw.Draw(image), np.array(inner, float), np.array([left, top], float), unit)

    def place(self, points: np.ndarray) -> list[tuple[float, float]]:
        """Canvas positions of points (n, 2)."""
        return [tuple(point) for point in np.asarray(points, float).reshape(-1, 2) * self.scale + self.origin]

    def line(self, points: np.ndarray, color: Color, thin: bool = False) -> None:
        """A line through points, with a dark edge that keeps it readable on any picture."""
        width = self.unit * (0.7 if thin else 1.2)
        self._stroke(self.place(points), color, width)

    def box(self, box: np.ndarray, color: Color, dashed: bool = False) -> None:
        """The outline of a normalized xyxy box."""
        x0, y0, x1, y1 = box
        corners = self.place(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]))
        for start, stop in itertools.pairwise(corners):
            for piece in _dashes(start, stop, 5 * self.unit) if dashed else [[start, stop]]:
                self._stroke(piece, color, 1.2 * self.unit)

    def dot(self, point: np.ndarray, color: Color, large: bool = False) -> None:
        """A dot for a frame; the first frame's is larger."""
        ((x, y),) = self.place(point)
        radius = self.unit * (3.2 if large else 2.0)
        self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), color, DARK, round(self.unit * 0.6))

    def cross(self, point: np.ndarray, color: Color) -> None:
        """A diagonal cross where something was found."""
        ((x, y),) = self.place(point)
        arm = self.unit * 3.4
        for sign in (1, -1):
            self._stroke([(x - arm, y - sign * arm), (x + arm, y + sign * arm)], color, 1.2 * self.unit)

    def pin(self, point: np.ndarray, color: Color) -> None:
        """An upright cross in a ring: this place holds still."""
        ((x, y),) = self.place(point)
        arm = self.unit * 3
        self._stroke([(x - arm, y), (x + arm, y)], color, self.unit)
        self._stroke([(x, y - arm), (x, y + arm)], color, self.unit)

    def arrowhead(self, points: np.ndarray, color: Color) -> None:
        """An arrowhead at the last point, in the direction of the path's end; none where the path leads nowhere."""
        places = np.array(self.place(points))
        tip = places[-1]
        apart = np.linalg.norm(places - tip, axis=1)
        if apart.max() < self.unit:  # less than the width of a line: rounding, not a direction
            return
        before = places[np.flatnonzero(apart > min(4 * self.unit, apart.max() * 0.5))[-1]]
        along = (tip - before) / np.linalg.norm(tip - before)
        across = np.array([-along[1], along[0]])
        size = self.unit * 6
        corners = [tip, tip - size * along + 0.5 * size * across, tip - size * along - 0.5 * size * across]
        self.pen.polygon([tuple(corner) for corner in corners], color, DARK, round(self.unit * 0.6))

    def length(self, points: np.ndarray) -> float:
        """How far apart the points lie at most along either side, in widths of a line."""
        places = np.array(self.place(points))
        return float(np.ptp(places, axis=0).max()) / self.unit

    def label(self, point: tuple[float, float], text: str, color: Color, taken: list[tuple[float, ...]]) -> None:
        """A name on a plate of the track's color, above `point`, moved down past plates already `taken`."""
        text, font = lettered(text, max(12 * SMOOTH, 7 * self.unit))
        ((x, y),) = self.place(np.array(point))
        left, top, right, bottom = self.pen.textbbox((0, 0), text, font)
        pad = self.unit * 1.5
        width, height = right - left + 2 * pad, bottom - top + 2 * pad
        x = min(max(0, x), self.image.width - width)
        y = min(max(0, y - height), self.image.height - height)
        while any(_overlap((x, y, x + width, y + height), other) for other in taken):
            y += height + 1
        taken.append((x, y, x + width, y + height))
        self.pen.rectangle((x, y, x + width, y + height), color)
        bright = sum(c * w for c, w in zip(color, (0.3, 0.59, 0.11), strict=True)) > 110
        self.pen.text((x + pad - left, y + pad - top), text, DARK if bright else (255, 255, 255), font)

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self.image.reduce(SMOOTH)

    def _stroke(self, places: list[tuple[float, float]], color: Color, width: float) -> None:
        self.pen.line(places, DARK, round(width + self.unit), joint="curve")
        self.pen.line(places, color, max(1, round(width)), joint="curve")


def _dashes(start: tuple[float, float], stop: tuple[float, float], length: float) -> list[list[tuple[float, float]]]:
    """Cut a line into dashes of about `length` with equal gaps, a dash at both ends."""
    first, last = np.array(start), np.array(stop)
    count = 2 * max(1, round(float(np.linalg.norm(last - first)) / length / 2)) + 1
    cuts = np.linspace(first, last, count + 1)
    return [[tuple(cuts[i]), tuple(cuts[i + 1])] for i in range(0, count, 2)]


def _overlap(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
