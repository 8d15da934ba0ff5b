/** Paths that are drawn anew or made simpler: where a subject goes changes, when it goes and how large it is stays. */

import { centerOf, centeredAt, shares, sizeOfBox, tidyBox } from "./geometry.js";
import { ease } from "./motion.js";

const APART = 0.02; // of the way: a corner of the line nearer to a keyframe than this is that keyframe's
const STEPS = 40; // of the search for the moment at which so much of a way is done: exact to the last digit of a file
export const HALVES = { linear: ["linear", "linear"], in: ["in", "linear"], out: ["linear", "out"], "in-out": ["in", "out"], hold: ["hold", "hold"] };

/**
 * The keyframes of a subject led along a drawn line: moments, sizes and easings stay as they are.
 * @param {object[]} keyframes two or more
 * @param {number[][]} points the line
 * @param {number[]} corners indices of the points that carry its shape
 * @param {number} aspect height over width of the picture
 */
export function redrawn(keyframes, points, corners, aspect) {
  const before = shares(keyframes.map((keyframe) => centerOf(keyframe.box)), aspect);
  const along = shares(points, aspect);
  const made = [];
  keyframes.forEach((keyframe, index) => {
    const { easing = "linear" } = keyframe;
    made.push({ ...keyframe, box: tidyBox(centeredAt(keyframe.box, pointAt(points, along, before[index]))) });
    const next = keyframes[index + 1];
    if (!next || easing === "hold") return;
    const [low, high] = [before[index], before[index + 1]];
    const inner = corners.filter((corner) => along[corner] > low + APART && along[corner] < high - APART);
    if (!inner.length) return;
    const [first, last] = HALVES[easing];
    setEasing(made.at(-1), first);
    for (const corner of inner) {
      const done = (along[corner] - low) / (high - low);
      const time = keyframe.time + timeOf(easing, done) * (next.time - keyframe.time);
      const box = keyframe.box.map((edge, side) => edge + done * (next.box[side] - edge));
      made.push({ time: Math.round(time * 1e10) / 1e10, box: tidyBox(centeredAt(box, points[corner])) });
    }
    setEasing(made.at(-1), last);
  });
  return made;
}

function setEasing(keyframe, easing) {
  if (easing === "linear") delete keyframe.easing;
  else keyframe.easing = easing;
}

/** The point of a line after a share of its length. */
function pointAt(points, along, share) {
  const after = Math.max(1, along.findIndex((each) => each >= share));
  const [low, high] = [along[after - 1], along[after]];
  const part = high > low ? Math.min(1, Math.max(0, (share - low) / (high - low))) : 0;
  return points[after - 1].map((value, axis) => value + part * (points[after][axis] - value));
}

/** The progress at which an easing has done a share of its way. */
function timeOf(easing, done) {
  let [low, high] = [0, 1];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (ease(easing, middle) < done) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Fewer keyframes of a straight path: those that lie on the way between their neighbors go.
 * @param {number} tolerance greatest distance of an edge from where it was, in fractions of the width
 * @param {number} aspect height over width of the picture
 */
export function simpler(keyframes, tolerance, aspect) {
  const kept = new Set([0, keyframes.length - 1]);
  keyframes.forEach((keyframe, index) => {
    if ((keyframe.easing ?? "linear") === "linear") return;
    for (const each of [index, index + 1]) if (each < keyframes.length) kept.add(each); // its way is no straight one
  });
  const fixed = [...kept].sort((first, second) => first - second);
  const open = [];
  for (let index = 1; index < fixed.length; index += 1) open.push([fixed[index - 1], fixed[index]]);
  while (open.length) {
    const [start, stop] = open.pop();
    let [far, most] = [0, tolerance];
    for (let index = start + 1; index < stop; index += 1) {
      const off = offBetween(keyframes, start, stop, index, aspect);
      if (off > most) [far, most] = [index, off];
    }
    if (far) {
      kept.add(far);
      open.push([start, far], [far, stop]);
    }
  }
  return keyframes.filter((_, index) => kept.has(index));
}

function offBetween(keyframes, start, stop, index, aspect) {
  const [from, to, here] = [keyframes[start], keyframes[stop], keyframes[index]];
  const done = (here.time - from.time) / (to.time - from.time);
  return Math.max(...here.box.map((edge, side) => Math.abs(edge - from.box[side] - done * (to.box[side] - from.box[side])) * (side % 2 ? aspect : 1)));
}

/** The sizes that boxes had at some moments, for the same moments of another path. */
export function withSizes(keyframes, subject, boxAt) {
  return keyframes.map((keyframe) => {
    const [width, height] = sizeOfBox(boxAt(subject, keyframe.time));
    const [x, y] = centerOf(keyframe.box);
    return { ...keyframe, box: tidyBox([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) };
  });
}
