/** What can be done to a path as a whole: pauses, one speed, leading it along points, making it simpler. */

import { toast } from "../dom/dialogs.js";
import { changeSubject, frameTime, putBox, setField, tidyTime } from "./edits.js";
import { centeredAt, centerOf, shares, tidyBox } from "./geometry.js";
import { framesOf, sizeOf } from "./model.js";
import { boxAt, keyframeAt, visibleOf } from "./motion.js";
import { redrawn, simpler, withSizes } from "./redraw.js";
import { store } from "./store.js";

const FLAT = 1; // px of the clip that a simpler path may be off
const PAUSE = 0.2; // share of the clip that a new pause takes, where there is room

/** Let a subject rest: from the present moment on, or before it where the path ends there. */
export function addPause(index, time = store.ui.time) {
  const { keyframes } = store.scene.subjects[index];
  const at = tidyTime(time);
  const next = keyframes.find((keyframe) => keyframe.time > at + 1e-9);
  const previous = keyframes.findLast((keyframe) => keyframe.time < at - 1e-9);
  if (!next && (!previous || keyframeAt(keyframes, at) === null)) {
    toast("The subject rests here already: it stays where it is before its first and after its last keyframe.");
    return;
  }
  const [low, high] = next ? [at, next.time] : [previous.time, at];
  const frame = 1 / (framesOf(store.scene, store.ui) - 1);
  if (high - low < 2 * frame - 1e-9) {
    toast("There is no room for a pause here: it takes a frame, and the way to the next keyframe another. Move the keyframe away, or use more frames.");
    return;
  }
  const length = Math.max(frame, Math.min(PAUSE, (high - low) / 2));
  const copy = awayFrom(at, next ? length : -length, low, high, frame);
  changeSubject("add pause", index, (subject) => {
    const box = boxAt(subject, at);
    const first = putBox(subject, at, box);
    const easing = subject.keyframes[first].easing;
    const second = putBox(subject, copy, box);
    if (next) {
      setField(subject.keyframes[first], "easing", "linear", "linear");
      setField(subject.keyframes[second], "easing", easing ?? "linear", "linear");
    }
  });
  store.setUi({ keyframe: keyframeAt(store.scene.subjects[index].keyframes, at) });
}

/** `time + step`, on a frame where one lies strictly between `low` and `high`, and at least a frame away. */
function awayFrom(time, step, low, high, frame) {
  const snapped = frameTime(time + step);
  const fits = snapped > low + 1e-6 && snapped < high - 1e-6 && Math.abs(snapped - time) > frame - 1e-6;
  return fits ? snapped : tidyTime(time + step);
}

/** Space the keyframes by the length of the way between them, so that the subject moves at one speed. */
export function evenSpeed(index) {
  changeSubject("even speed", index, (subject) => {
    const { keyframes } = subject;
    const [first, last] = [keyframes[0].time, keyframes.at(-1).time];
    const { width, height } = sizeOf(store.scene, store.ui);
    const along = shares(keyframes.map((keyframe) => centerOf(keyframe.box)), height / width);
    spread(keyframes, along.map((share) => first + share * (last - first)));
  });
}

/** Give keyframes these times, each later than the one before. */
function spread(keyframes, times) {
  const least = 1e-3;
  const last = times.length - 1;
  let earliest = 0;
  keyframes.forEach((keyframe, index) => {
    keyframe.time = tidyTime(Math.min(1 - least * (last - index), Math.max(times[index], earliest)));
    earliest = keyframe.time + least;
  });
}

/**
 * Lead a subject along points: its first box, centered on each of them.
 * @param {number[][]} points two or more centers
 * @param {number[]|null} progress 0 to 1 for each point; null: at one speed
 */
export function setPath(label, index, points, { progress = null, smooth = false } = {}) {
  const { width, height } = sizeOf(store.scene, store.ui);
  changeSubject(label, index, (subject) => {
    const [from, to] = visibleOf(subject);
    const { box } = subject.keyframes[0];
    const before = structuredClone(subject);
    const steps = progress ?? shares(points, height / width);
    subject.keyframes = points.map((point) => ({ time: 0, box: tidyBox(centeredAt(box, point)) }));
    spread(subject.keyframes, steps.map((share) => from + share * (to - from)));
    if (before.keyframes.length > 1) subject.keyframes = withSizes(subject.keyframes, before, boxAt);
    if (smooth && points.length > 2) subject.path = "smooth";
  });
}

/**
 * Lead a path along a drawn line: when the subject moves, how it eases and how large it is stay as they were.
 * @param {number[]} corners indices of the points that carry the line's shape
 */
export function redrawPath(index, points, corners) {
  const { width, height } = sizeOf(store.scene, store.ui);
  changeSubject("draw freehand", index, (subject) => {
    subject.keyframes = redrawn(subject.keyframes, points, corners, height / width);
    if (subject.keyframes.length > 2) subject.path = "smooth";
  });
}

/** Leave out the keyframes that change nothing to speak of. */
export function simplifyPath(index) {
  const { width, height } = sizeOf(store.scene, store.ui);
  const subject = store.scene.subjects[index];
  const before = subject.keyframes.length;
  if (subject.path === "smooth") {
    toast("A smooth path goes through every keyframe: make it straight first, then simplify it.");
    return;
  }
  changeSubject("simplify", index, (draft) => (draft.keyframes = simpler(draft.keyframes, FLAT / width, height / width)));
  const after = store.scene.subjects[index].keyframes.length;
  store.setUi({ keyframe: null });
  toast(after < before ? `${before} keyframes became ${after}; no edge is more than ${FLAT} px from where it was.` : "Every keyframe matters: nothing was left out.");
}

/** Set the end of a path: the last keyframe where there are several, else a new one at the end. */
export function setPathEnd(index, box) {
  changeSubject("draw path", index, (subject) => {
    const { keyframes } = subject;
    if (keyframes.length > 1) keyframes.at(-1).box = tidyBox(box);
    else if (keyframes[0].time < visibleOf(subject)[1]) keyframes.push({ time: visibleOf(subject)[1], box: tidyBox(box) });
    else keyframes[0].box = tidyBox(box);
  });
}
