/** Which model a scene means, and what that says about its size, frames and speed. */

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
  return Math.max(2, scene.frames ?? modelOf(scene, ui.info)?.frames ?? 16);
}

/** Frames a second of the clip; 7 is the scene format's own default. */
export function fpsOf(scene) {
  return scene.fps ?? 7;
}
