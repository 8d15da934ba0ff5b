/** What the canvas draws of a scene, worked out once for each subject as long as it stays the same. */

import { centerOf, distance, sizeOfBox } from "./geometry.js";
import { fpsOf, framesOf, modelOf, sizeOf } from "./model.js";
import { boxesAt, frameTimes, tracks, visibleOf } from "./motion.js";

const PHOTOGRAPH = 16; // a picture of so many times the pixels of an embedded model's clip was not made for it
const PER_SEGMENT = 20; // points of the drawn line between two keyframes
const lines = new WeakMap(); // subject -> points
const speeds = new WeakMap(); // subject -> {key, found}: what `tooFast` said last
let remembered = { scene: null, frames: 0, tracks: [] };
let warned = { scene: null, info: null, picture: null, found: [] };

/** The tracks of the scene at the frames that will be made. */
export function tracksOf(scene, ui) {
  const frames = framesOf(scene, ui);
  if (remembered.scene !== scene || remembered.frames !== frames) {
    remembered = { scene, frames, tracks: tracks(scene, frames) };
  }
  return remembered.tracks;
}

/** The line of a subject's center, as points. */
export function lineOf(subject) {
  if (!lines.has(subject)) {
    const { keyframes } = subject;
    const moments = [];
    for (let index = 1; index < keyframes.length; index += 1) {
      const [from, to] = [keyframes[index - 1].time, keyframes[index].time];
      const points = subject.path === "smooth" ? PER_SEGMENT : 1;
      for (let step = 0; step < points; step += 1) moments.push(from + ((to - from) * step) / points);
    }
    moments.push(keyframes.at(-1).time);
    const usual = { ...subject, keyframes: keyframes.map((keyframe) => ({ ...keyframe, easing: shape(keyframe) })) };
    lines.set(subject, boxesAt(usual, moments).map(centerOf));
  }
  return lines.get(subject);
}

/** Only jumps change the line's shape; even speed spaces its points evenly. */
function shape(keyframe) {
  return keyframe.easing === "hold" ? "hold" : "linear";
}

/** The present frame. */
export function frameOf(scene, ui) {
  return Math.round(ui.time * (framesOf(scene, ui) - 1));
}

/**
 * Steps of a subject that are faster than any that the model was tried on: the frames that they lead to.
 * @returns {{frames: number[], most: number}} `most` is the greatest step, as a share of the picture's width
 */
export function tooFast(subject, scene, ui) {
  const limit = modelOf(scene, ui.info)?.most_speed ?? null;
  const { width, height } = sizeOf(scene, ui);
  const frames = framesOf(scene, ui);
  const key = `${frames}/${limit}/${height / width}`;
  if (speeds.get(subject)?.key !== key) speeds.set(subject, { key, found: fastSteps(subject, frames, limit, height / width) });
  return speeds.get(subject).found;
}

/** How far a subject moves from each frame to the next, as a share of the width: one number less than there are frames. */
export function speedsOf(subject, frames, aspect) {
  const centers = boxesAt(subject, frameTimes(frames)).map(centerOf);
  return centers.slice(1).map((center, frame) => distance(centers[frame], center, aspect));
}

function fastSteps(subject, frames, limit, aspect) {
  const times = frameTimes(frames);
  const [from, to] = visibleOf(subject);
  const centers = boxesAt(subject, times).map(centerOf);
  const found = { frames: [], most: 0 };
  for (let frame = 1; frame < times.length; frame += 1) {
    if (times[frame - 1] < from - 1e-9 || times[frame] > to + 1e-9) continue;
    const step = distance(centers[frame - 1], centers[frame], aspect);
    found.most = Math.max(found.most, step);
    if (limit !== null && step > limit * (1 + 1e-6)) found.frames.push(frame);
  }
  return found;
}

/** The smallest side of a part's boxes in pixels, and the side of a latent cell. */
function smallestSide(boxes, scene, ui) {
  const { width, height } = sizeOf(scene, ui);
  const sides = boxes.flatMap((box) => sizeOfBox(box).map((side, axis) => side * (axis ? height : width)));
  return Math.min(...sides);
}

/**
 * Sentences on what the model will hardly follow.
 * @returns {{subject: number|null, anchor: number|null, text: string}[]}
 */
export function warningsOf(scene, ui) {
  const { info, picture } = ui;
  if (warned.scene !== scene || warned.info !== info || warned.picture !== picture) {
    warned = { scene, info, picture, found: findWarnings(scene, ui) };
  }
  return warned.found;
}

function findWarnings(scene, ui) {
  const { picture } = ui;
  const model = modelOf(scene, ui.info);
  if (!model) return [];
  const found = [];
  (scene.subjects ?? []).forEach((subject, index) => {
    const fast = tooFast(subject, scene, ui);
    const small = smallestSide(subject.keyframes.map((keyframe) => keyframe.box), scene, ui);
    const warn = (text) => found.push({ subject: index, anchor: null, text: `${subject.name}: ${text}` });
    if (fast.frames.length) warn(speedText(fast, model));
    if (small < model.cell - 1e-6) warn(smallText(small, model));
    if (model.takes_picture && visibleOf(subject)[0] > 1e-9) warn(lateText(model));
  });
  (scene.anchors ?? []).forEach((anchor, index) => {
    const small = smallestSide([anchor.box], scene, ui);
    if (small < model.cell - 1e-6) found.push({ subject: null, anchor: index, text: `${anchor.name}: ${smallText(small, model)}` });
  });
  if (model.about && model.takes_picture && picture && picture.width * picture.height > PHOTOGRAPH * model.width * model.height) {
    found.push({ subject: null, anchor: null, text: `${model.name} is small and knows a drawn world only: of a photograph it makes shapes.` });
  }
  return found;
}

function lateText(model) {
  return `enters after the first frame, where ${model.name} takes its look: the background in its first box would move. `
    + "Let it come from outside of the picture, or use a model that reads text.";
}

function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

function speedText({ frames, most }, model) {
  const where = frames.length === 1 ? `on the way to frame ${frames[0] + 1}` : `in ${frames.length} steps`;
  return `moves ${percent(most)} of the width a frame ${where}; ${model.name} was tried on up to ${percent(model.most_speed)}. `
    + "Shorten the path or spread it over more frames.";
}

function smallText(side, model) {
  return `is ${side.toFixed(1)} px at its smallest, less than one latent cell (${model.cell} px): ${model.name} cannot place it.`;
}

/** Seconds of a moment, as text. */
export function secondsText(scene, ui) {
  return `${(frameOf(scene, ui) / fpsOf(scene)).toFixed(2)} s`;
}
