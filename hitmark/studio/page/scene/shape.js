/**
 * Whether a JSON value has the shape that the page can show. Less strict than hitmark's own check, which the server
 * makes: every valid scene passes, and of what passes no part of the page stumbles over a field. What it refuses is
 * named as a field, as the server does.
 */

import { EASINGS } from "./motion.js";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isNumber = (value) => typeof value === "bigint" || Number.isFinite(value);
const isText = (value) => typeof value === "string";
const absent = (value) => value === undefined || value === null;

/**
 * What is wrong with the shape of a scene.
 * @param {any} scene plain JSON, whole numbers may be BigInt
 * @returns {string|null} a sentence on the first fault; null where there is none
 */
export function flaw(scene) {
  if (!isObject(scene)) return told("a scene", "one object in braces", scene);
  return simple(scene)
    ?? list(scene, "subjects", subjectFlaw) ?? list(scene, "anchors", anchorFlaw)
    ?? part(scene.camera, "camera", cameraFlaw) ?? part(scene.method, "method", methodFlaw) ?? part(scene.notes, "notes", () => null);
}

const KINDS = {
  prompt: [isText, "text"], negative_prompt: [isText, "text"], image: [isText, "text"], model: [isText, "text"],
  width: [isNumber, "a number"], height: [isNumber, "a number"], frames: [isNumber, "a number"], fps: [isNumber, "a number"],
  seed: [(value) => isNumber(value) && !/[.e]/.test(String(value)), "a whole number"],
  pin_camera: [(value) => typeof value === "boolean", "true or false"],
};
const LEAST = { width: 1, height: 1, frames: 2, fps: 1e-9 }; // smaller ones cannot be drawn
const MOST = { width: 1e6, height: 1e6, frames: 1e5, fps: 1e6 };

function simple(scene) {
  for (const [name, [fits, expected]] of Object.entries(KINDS)) {
    const value = scene[name];
    if (absent(value)) continue;
    if (!fits(value)) return told(name, expected, value);
    if (name in LEAST && !(value >= LEAST[name] && value <= MOST[name])) return told(name, `${LEAST[name]} to ${MOST[name]}`, value);
  }
  return null;
}

function list(scene, name, check) {
  const parts = scene[name];
  if (parts === undefined) return null;
  if (!Array.isArray(parts)) return told(name, "a list", parts);
  for (const [index, each] of parts.entries()) {
    const where = `${name}[${index}]`;
    if (!isObject(each)) return told(where, "an object", each);
    if (!isText(each.name)) return told(`${where}.name`, "text", each.name);
    const found = check(each, where);
    if (found) return found;
  }
  return null;
}

function part(value, name, check) {
  if (absent(value)) return null;
  return isObject(value) ? check(value) : told(name, "an object", value);
}

function subjectFlaw({ keyframes, phrase, path, visible, depth }, where) {
  if (!absent(phrase) && !isText(phrase)) return told(`${where}.phrase`, "text", phrase);
  if (path !== undefined && !["straight", "smooth"].includes(path)) return told(`${where}.path`, "straight or smooth", path);
  if (visible !== undefined && !numbers(visible, 2)) return told(`${where}.visible`, "two moments, 0 to 1", visible);
  if (depth !== undefined && !isNumber(depth)) return told(`${where}.depth`, "a number", depth);
  if (!Array.isArray(keyframes) || keyframes.length === 0) return told(`${where}.keyframes`, "a list of one or more", keyframes);
  let before = -Infinity;
  for (const [index, keyframe] of keyframes.entries()) {
    const at = `${where}.keyframes[${index}]`;
    if (!isObject(keyframe)) return told(at, "an object", keyframe);
    if (!Number.isFinite(keyframe.time) || keyframe.time <= before) return told(`${at}.time`, "a moment after the one before", keyframe.time);
    before = keyframe.time;
    if (!isBox(keyframe.box)) return told(`${at}.box`, "[x0, y0, x1, y1] with x0 < x1 and y0 < y1", keyframe.box);
    if (keyframe.easing !== undefined && !EASINGS.includes(keyframe.easing)) return told(`${at}.easing`, EASINGS.join(", "), keyframe.easing);
  }
  return null;
}

function anchorFlaw({ box }, where) {
  return isBox(box) ? null : told(`${where}.box`, "[x0, y0, x1, y1] with x0 < x1 and y0 < y1", box);
}

function cameraFlaw({ pan, zoom, easing }) {
  if (pan !== undefined && !numbers(pan, 2)) return told("camera.pan", "two numbers", pan);
  if (zoom !== undefined && !(Number.isFinite(zoom) && zoom > 0)) return told("camera.zoom", "a number above 0", zoom);
  return easing === undefined || EASINGS.includes(easing) ? null : told("camera.easing", EASINGS.join(", "), easing);
}

function methodFlaw({ name, knobs }) {
  if (name !== undefined && !isText(name)) return told("method.name", "text", name);
  return absent(knobs) || isObject(knobs) ? null : told("method.knobs", "an object", knobs);
}

function numbers(value, count) {
  return Array.isArray(value) && value.length === count && value.every(Number.isFinite);
}

function isBox(value) {
  return numbers(value, 4) && value[0] < value[2] && value[1] < value[3];
}

function told(where, expected, value) {
  const came = value === undefined ? "nothing" : String(typeof value === "object" ? JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each)) : value);
  return `${where}: expected ${expected}, got ${came.length > 60 ? `${came.slice(0, 59)}…` : came}`;
}
