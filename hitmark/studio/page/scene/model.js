/** Which model a scene means, and what that says about its size, frames and speed. */

import { FPS, LIMITS } from "./limits.js";

/**
 * The model of a scene: its own, else the first that reads what the scene has (a prompt alone: text).
 * @param {object|null} info what GET /api/info answered
 * @returns {object|null} null before the server answered, and for a model given by its folder
 */
export function modelOf(scene, info) {
  const models = info?.models ?? [];
  const fitting = models.map((model) => (scene.image && model.pictured) || model);
  if (scene.model) return fitting.find((model) => model.name === scene.model) ?? null;
  const fromText = (scene.prompt ?? "").trim() !== "" && !scene.image;
  return fitting.find((model) => model.takes_picture === !fromText) ?? fitting[0] ?? null;
}

/**
 * Width and height in pixels that the scene will be made in.
 * @returns {{width: number, height: number}}
 */
export function sizeOf(scene, ui) {
  return sizeOn(scene, modelOf(scene, ui.info), ui.picture);
}

/** The same on a model, or where it is not known from the picture. */
export function sizeOn(scene, model, picture = null) {
  const side = (name) => scene[name] ?? model?.[name] ?? picture?.[name] ?? 512;
  return { width: side("width"), height: side("height") };
}

/** Number of frames that will be made. */
export function framesOf(scene, ui) {
  return framesOn(scene, modelOf(scene, ui.info));
}

/** The same on a model: of those asked for the most that it can make, a multiple of its unit and one more. */
export function framesOn(scene, model) {
  const asked = Math.max(LIMITS.frames[0], scene.frames ?? model?.frames ?? 16);
  const unit = model?.frame_unit ?? 1;
  return unit > 1 && asked > unit ? Math.floor((asked - 1) / unit) * unit + 1 : asked;
}

/** Frames a second of the clip. */
export function fpsOf(scene) {
  return scene.fps ?? FPS;
}
