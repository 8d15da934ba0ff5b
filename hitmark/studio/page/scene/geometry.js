/** Boxes and points as fractions of the picture. Every function returns something new. */

import { LIMITS } from "./limits.js";

const SMALLEST = 0.004; // least side that the page draws; files may hold smaller boxes
const FARTHEST = LIMITS.reach - 1; // room for the smallest side
const DIGITS = 1e5;

/** Round to 5 digits, far below a pixel, so that files stay readable. */
export function rounded(value) {
  return Math.round(value * DIGITS) / DIGITS + 0;
}

/** The box rounded, with sides of at least `SMALLEST` and edges that a scene file may have. */
export function tidyBox(box) {
  const limited = box.map((edge) => rounded(Math.min(FARTHEST, Math.max(-FARTHEST, edge))));
  const [x0, y0, x1, y1] = limited;
  return [x0, y0, Math.max(x1, rounded(x0 + SMALLEST)), Math.max(y1, rounded(y0 + SMALLEST))];
}

export function centerOf(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

export function sizeOfBox(box) {
  return [box[2] - box[0], box[3] - box[1]];
}

/** Whether two boxes share an area; touching edges do not count. */
export function overlap(first, second) {
  return Math.min(first[2], second[2]) > Math.max(first[0], second[0])
    && Math.min(first[3], second[3]) > Math.max(first[1], second[1]);
}

export function contains(box, [x, y]) {
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

export function shifted(box, [x, y]) {
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

/** A box of the same size about another center. */
export function centeredAt(box, [x, y]) {
  const [width, height] = sizeOfBox(box);
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** The box about the same center with other sides. */
export function resized(box, [width, height]) {
  const [x, y] = centerOf(box);
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** The box between two corners, whichever they are. */
export function boxBetween([ax, ay], [bx, by]) {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
}

/**
 * Drag an edge or corner of a box.
 * @param {number[]} box before the drag
 * @param {string} handle letters of n, s, w, e
 * @param {number[]} point where the pointer is
 * @param {{keepAspect: boolean, aboutCenter: boolean}} how
 */
export function dragHandle(box, handle, [x, y], { keepAspect, aboutCenter }) {
  let [x0, y0, x1, y1] = box;
  if (handle.includes("w")) x0 = Math.min(x, x1 - SMALLEST);
  if (handle.includes("e")) x1 = Math.max(x, x0 + SMALLEST);
  if (handle.includes("n")) y0 = Math.min(y, y1 - SMALLEST);
  if (handle.includes("s")) y1 = Math.max(y, y0 + SMALLEST);
  let [width, height] = [x1 - x0, y1 - y0];
  const [oldWidth, oldHeight] = sizeOfBox(box);
  if (aboutCenter) [width, height] = [2 * width - oldWidth, 2 * height - oldHeight].map((side) => Math.max(side, SMALLEST));
  if (keepAspect && handle.length === 2) {
    const scale = Math.max(width / oldWidth, height / oldHeight);
    [width, height] = [oldWidth * scale, oldHeight * scale];
  }
  if (aboutCenter) return resized(box, [width, height]);
  if (handle.includes("w")) x0 = x1 - width;
  else x1 = x0 + width;
  if (handle.includes("n")) y0 = y1 - height;
  else y1 = y0 + height;
  return [x0, y0, x1, y1];
}

/** Distances along a line of points, from 0 to 1; evenly spaced where the line has no length. */
export function shares(points, aspect = 1) {
  const along = [0];
  for (let index = 1; index < points.length; index += 1) {
    along.push(along[index - 1] + distance(points[index - 1], points[index], aspect));
  }
  const length = along.at(-1);
  return along.map((value, index) => (length > 0 ? value / length : index / Math.max(1, points.length - 1)));
}

/** Distance in fractions of the width; `aspect` is height over width. */
export function distance([ax, ay], [bx, by], aspect = 1) {
  return Math.hypot(bx - ax, (by - ay) * aspect);
}

/**
 * A drawn line reduced to the points that carry its shape (Ramer 1972, Douglas and Peucker 1973).
 * @param {number} tolerance greatest distance of what is left out, in fractions of the width
 * @param {number} aspect height over width of the picture
 * @returns {number[]} indices of the points kept, the ends among them
 */
export function simplified(points, tolerance, aspect = 1) {
  const kept = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [start, stop] = open.pop();
    let [far, most] = [0, tolerance];
    for (let index = start + 1; index < stop; index += 1) {
      const off = fromLine(points[index], points[start], points[stop], aspect);
      if (off > most) [far, most] = [index, off];
    }
    if (far) {
      kept.add(far);
      open.push([start, far], [far, stop]);
    }
  }
  return [...kept].sort((first, second) => first - second);
}

function fromLine(point, start, stop, aspect) {
  const [dx, dy] = [stop[0] - start[0], (stop[1] - start[1]) * aspect];
  const length = dx * dx + dy * dy;
  const [px, py] = [point[0] - start[0], (point[1] - start[1]) * aspect];
  const along = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
  return Math.hypot(px - along * dx, py - along * dy);
}
