/** Boxes click into place: at the picture's edges and middle, and at the edges and middles of other boxes. */

import { centerOf } from "../scene/geometry.js";

/**
 * Find the small step that makes a moved box line up.
 * @param {number[][]} others boxes to line up with
 * @param {number[]} reach greatest step, fractions of width and height
 * @returns {{step: number[], guides: {axis: 0|1, at: number}[]}}
 */
export function snapMove(box, others, reach) {
  const step = [0, 0];
  const guides = [];
  for (const axis of [0, 1]) {
    const own = [box[axis], centerOf(box)[axis], box[axis + 2]];
    const found = nearest(own, lines(others, axis), reach[axis]);
    if (!found) continue;
    step[axis] = found.at - own[found.which];
    guides.push({ axis, at: found.at });
  }
  return { step, guides };
}

/** Find where a dragged point lines up; `axes` says which coordinates may snap. */
export function snapPoint(point, others, reach, axes = [true, true]) {
  const placed = [...point];
  const guides = [];
  for (const axis of [0, 1]) {
    const found = axes[axis] ? nearest([point[axis]], lines(others, axis), reach[axis]) : null;
    if (!found) continue;
    placed[axis] = found.at;
    guides.push({ axis, at: found.at });
  }
  return { point: placed, guides };
}

function lines(others, axis) {
  return [0, 0.5, 1, ...others.flatMap((box) => [box[axis], centerOf(box)[axis], box[axis + 2]])];
}

function nearest(own, targets, reach) {
  let best = null;
  own.forEach((value, which) => {
    for (const at of targets) {
      const away = Math.abs(at - value);
      if (away <= reach && (!best || away < best.away - 1e-9)) best = { which, at, away };
    }
  });
  return best;
}
