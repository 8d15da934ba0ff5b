/**
 * Where everything is at every moment: the same arithmetic as hitmark/scene/keyframes.py and hitmark/scene/tracks.py.
 * Boxes are [x0, y0, x1, y1] as fractions of the picture, moments run from 0 to 1.
 */

import { overlap } from "./geometry.js";

const SAME_TIME = 1e-9;
const PIN_SIZE = 0.18;
const BACKGROUND_SIZE = 0.22;
const ROWS = ["top", "middle", "bottom"];
const COLUMNS = ["left", "middle", "right"];

const EASE = {
  linear: (u) => u,
  in: (u) => u ** 2,
  out: (u) => 1 - (1 - u) ** 2,
  "in-out": (u) => (u < 0.5 ? 2 * u ** 2 : 1 - 2 * (1 - u) ** 2),
  hold: (u) => (u < 1 ? 0 : 1),
};
export const EASINGS = Object.keys(EASE);

/**
 * How much of the way is done when `progress` of a segment's time has passed; both 0 to 1.
 * @param {string|undefined} easing linear where there is none
 */
export function ease(easing, progress) {
  return EASE[easing ?? "linear"](progress);
}

/**
 * The moments of all frames.
 * @param {number} frames at least 2
 * @returns {number[]} frame / (frames - 1)
 */
export function frameTimes(frames) {
  return Array.from({ length: frames }, (_, frame) => frame / (frames - 1));
}

/**
 * A subject's boxes at some moments; before the first and after the last keyframe the box holds.
 * @param {{keyframes: {time: number, box: number[], easing?: string}[], path?: string}} subject
 */
export function boxesAt(subject, moments) {
  const { keyframes } = subject;
  const smooth = subject.path === "smooth";
  return moments.map((moment) => {
    const hit = keyframeAt(keyframes, moment);
    if (hit !== null) return [...keyframes[hit].box];
    const start = segmentAt(keyframes, moment);
    if (start < 0) return [...keyframes[0].box];
    if (start >= keyframes.length - 1) return [...keyframes.at(-1).box];
    return between(keyframes, start, moment, smooth);
  });
}

/** A subject's box at one moment. */
export function boxAt(subject, moment) {
  return boxesAt(subject, [moment])[0];
}

/**
 * The index of the keyframe at a moment, null when there is none.
 * @param {number} within how far from it the moment may be
 */
export function keyframeAt(keyframes, moment, within = SAME_TIME) {
  let best = null;
  keyframes.forEach((keyframe, index) => {
    const distance = Math.abs(keyframe.time - moment);
    if (distance < within && (best === null || distance < Math.abs(keyframes[best].time - moment))) best = index;
  });
  return best;
}

/** The index of the last keyframe at or before a moment, -1 before the first. */
export function segmentAt(keyframes, moment) {
  let found = -1;
  while (found + 1 < keyframes.length && keyframes[found + 1].time <= moment) found += 1;
  return found;
}

function between(keyframes, start, moment, smooth) {
  const [from, to] = [keyframes[start], keyframes[start + 1]];
  const easing = from.easing ?? "linear";
  const done = ease(easing, (moment - from.time) / (to.time - from.time));
  const box = from.box.map((corner, side) => corner + done * (to.box[side] - corner));
  if (!smooth || easing === "hold") return box;
  const [x, y] = bulge(keyframes, start, done);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

function middle(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

const minus = (first, second) => [first[0] - second[0], first[1] - second[1]];
const moves = (step) => step[0] !== 0 || step[1] !== 0;

/** From the chord to the centripetal Catmull-Rom curve; the curve starts anew at ends, pauses and jumps. */
function bulge(keyframes, start, done) {
  const point = (index) => middle(keyframes[index].box);
  const [first, last] = [point(start), point(start + 1)];
  const chord = minus(last, first);
  if (!moves(chord)) return [0, 0];
  let before = start > 0 && keyframes[start - 1].easing !== "hold" ? point(start - 1) : first;
  let after = start + 2 < keyframes.length && keyframes[start + 1].easing !== "hold" ? point(start + 2) : last;
  if (!moves(minus(before, first))) before = minus(first, chord);
  if (!moves(minus(after, last))) after = [last[0] + chord[0], last[1] + chord[1]];
  const gaps = [minus(first, before), chord, minus(after, last)].map((step) => Math.sqrt(Math.hypot(...step)));
  if (Math.min(...gaps) === 0) return [0, 0];
  const [gapBefore, gap, gapAfter] = gaps;
  return [0, 1].map((axis) => {
    const enter = (first[axis] - before[axis]) / gapBefore - (last[axis] - before[axis]) / (gapBefore + gap);
    const exit = (after[axis] - last[axis]) / gapAfter - (after[axis] - first[axis]) / (gap + gapAfter);
    const leave = gap * enter + chord[axis];
    const arrive = gap * exit + chord[axis];
    return done * (1 - done) * ((1 - done) * (leave - chord[axis]) - done * (arrive - chord[axis]));
  });
}

/** The nine places of background boxes, by name. */
function tiledBoxes(size) {
  const start = [0, 0.5 - size / 2, 1 - size];
  const stop = [size, 0.5 + size / 2, 1];
  const places = {};
  for (const row of [0, 1, 2]) {
    for (const column of [0, 1, 2]) {
      const name = row === 1 && column === 1 ? "center" : `${ROWS[row]}-${COLUMNS[column]}`;
      places[name] = [start[column], start[row], stop[column], stop[row]];
    }
  }
  return places;
}

function cornerBoxes() {
  const corner = ([name]) => !name.includes("middle") && name !== "center";
  return Object.fromEntries(Object.entries(tiledBoxes(PIN_SIZE)).filter(corner));
}

/** First and last moment at which a subject is to be seen. */
export function visibleOf(subject) {
  return subject.visible ?? [0, 1];
}

function subjectTrack(subject, moments) {
  const [from, to] = visibleOf(subject);
  return {
    name: subject.name, kind: "subject", phrase: subject.phrase ?? null, depth: subject.depth ?? 0,
    boxes: boxesAt(subject, moments),
    visible: moments.map((moment) => moment >= from - SAME_TIME && moment <= to + SAME_TIME),
  };
}

function background(kind, name, boxes) {
  return { name, kind, phrase: null, depth: 0, boxes, visible: boxes.map(() => true) };
}

/** A background box under the camera move: zoomed about the picture's center, then shifted. */
function moved(box, camera, moments) {
  const pan = camera.pan ?? [0, 0];
  return moments.map((moment, frame) => {
    if (frame === 0) return [...box];
    const progress = ease(camera.easing, moment);
    const scale = (camera.zoom ?? 1) ** progress;
    return box.map((corner, side) => 0.5 + (corner - 0.5) * scale + progress * pan[side % 2]);
  });
}

/** The places that no taken box overlaps; none free: none (Python refuses such a scene, the page shows its sentence). */
function free(places, taken) {
  return Object.entries(places).filter(([, box]) => !taken.some((other) => overlap(box, other)));
}

function whereUncovered(track, given) {
  track.visible = track.visible.map((seen, frame) => seen && !given.some((other) =>
    other.kind === "subject" && other.visible[frame] && overlap(track.boxes[frame], other.boxes[frame])));
  return track;
}

/**
 * The tracks of a scene: subjects, then anchors, then what `camera` or `pin_camera` adds.
 * @param {number} frames at least 2
 * @returns {{name: string, kind: "subject"|"anchor"|"camera", phrase: string|null, depth: number,
 *   boxes: number[][], visible: boolean[]}[]}
 */
export function tracks(scene, frames) {
  const moments = frameTimes(frames);
  const still = (name, box) => background("anchor", name, moments.map(() => [...box]));
  const given = (scene.subjects ?? []).filter((subject) => subject.keyframes?.length)
    .map((subject) => subjectTrack(subject, moments));
  for (const anchor of scene.anchors ?? []) given.push(still(anchor.name, anchor.box));
  const added = [];
  const first = (track) => track.boxes[0];
  if (scene.pin_camera) {
    const taken = given.filter((track) => track.kind === "subject" && track.visible[0]).map(first);
    for (const [name, box] of free(cornerBoxes(), taken)) added.push(still(`pin:${name}`, box));
  }
  if (scene.camera) {
    const taken = given.filter((track) => track.visible[0]).map(first);
    for (const [name, box] of free(tiledBoxes(BACKGROUND_SIZE), taken)) {
      added.push(background("camera", `camera:${name}`, moved(box, scene.camera, moments)));
    }
  }
  return [...given, ...added.map((track) => whereUncovered(track, given))];
}
