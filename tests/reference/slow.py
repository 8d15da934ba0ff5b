"""The same as `hitmark.reference`, one pixel at a time in float64, from the docstrings alone."""

import math

import numpy as np


def tent(distance, reach):
    return max(0.0, 1.0 - abs(distance) / reach)


def moved(values, source, target, height, width):
    rows, columns, channels = values.shape
    out = np.zeros((height, width, channels))
    scale_x = (source[2] - source[0]) / (target[2] - target[0])
    scale_y = (source[3] - source[1]) / (target[3] - target[1])
    for y in range(height):
        for x in range(width):
            at_x = source[0] + (x + 0.5 - target[0]) * scale_x
            at_y = source[1] + (y + 0.5 - target[1]) * scale_y
            reach_x, reach_y = max(1.0, scale_x), max(1.0, scale_y)
            near_x = range(math.floor(at_x - reach_x) - 1, math.ceil(at_x + reach_x) + 2)
            near_y = range(math.floor(at_y - reach_y) - 1, math.ceil(at_y + reach_y) + 2)
            total = sum(tent(i + 0.5 - at_x, reach_x) for i in near_x) * sum(
                tent(j + 0.5 - at_y, reach_y) for j in near_y
            )
            for j in near_y:
                for i in near_x:
                    if 0 <= j < rows and 0 <= i < columns:
                        weight = tent(i + 0.5 - at_x, reach_x) * tent(j + 0.5 - at_y, reach_y) / total
                        out[y, x] += weight * values[j, i]
    return out


def filled(picture, hole):
    """One linear system: each pixel of the hole is the mean of its neighbors in the picture."""
    places = [tuple(place) for place in np.argwhere(hole)]
    number = {place: k for k, place in enumerate(places)}
    matrix, right = np.zeros((len(places), len(places))), np.zeros((len(places), picture.shape[2]))
    for (y, x), k in number.items():
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= near[0] < hole.shape[0] and 0 <= near[1] < hole.shape[1]:
                matrix[k, k] += 1
                if near in number:
                    matrix[k, number[near]] -= 1
                else:
                    right[k] += picture[near]
    result = picture.astype(np.float64)
    for place, value in zip(places, np.linalg.solve(matrix, right), strict=True):
        result[place] = value
    return result


def dragged(picture, tracks, camera=None):
    """Frames and mask of box tracks, painted pixel by pixel."""
    height, width = picture.shape[:2]
    size = np.array([width, height, width, height])
    subjects = [track for track in tracks if track.kind == "subject"]
    order = sorted(range(len(subjects)), key=lambda k: subjects[k].depth)
    owner = np.full((height, width), -1)
    for k in order:
        x0, y0, x1, y1 = subjects[k].boxes[0] * size
        for y in range(height):
            for x in range(width):
                if x0 <= x + 0.5 < x1 and y0 <= y + 0.5 < y1:
                    owner[y, x] = k
    whole = filled(picture, owner >= 0)
    frames, masks = [], []
    for frame in range(len(subjects[0].boxes)):
        canvas, meant = whole.copy(), np.zeros((height, width))
        if camera is not None:
            values = np.concatenate([whole, (owner < 0)[..., None], np.ones((height, width, 1))], axis=-1)
            over = moved(values, size * [0, 0, 1, 1], camera[frame] * size, height, width)
            ys = [y for y in range(height) if any(over[y, x, 4] >= 0.5 for x in range(width))]
            xs = [x for x in range(width) if any(over[y, x, 4] >= 0.5 for y in range(height))]
            for y in range(height):
                for x in range(width):
                    near = min(max(y, ys[0]), ys[-1]), min(max(x, xs[0]), xs[-1])
                    canvas[y, x] = over[near][:3] / over[near][4]
            meant = over[..., 3]
        for k in order:
            if subjects[k].visible[frame]:
                values = np.concatenate([picture, np.ones((height, width, 1))], axis=-1) * (owner == k)[..., None]
                over = moved(values, subjects[k].boxes[0] * size, subjects[k].boxes[frame] * size, height, width)
                canvas = over[..., :3] + (1 - over[..., 3:]) * canvas
                meant = over[..., 3] + (1 - over[..., 3]) * meant
        frames.append(canvas)
        masks.append(meant)
    return np.stack(frames), np.stack(masks)
