/** What pressing Generate asks for: the method that a scene means, its knobs, and why it can not run. No DOM in here. */

import { counted } from "../jobs/words.js";
import { framesOn, modelOf, sizeOn } from "../scene/model.js";

/** The name of the method that a scene means on a model: "auto" is the model's best, or none with nothing to steer. */
export function methodName(scene, model) {
  const name = scene.method?.name ?? "auto";
  if (name !== "auto" || !model) return name;
  const steered = (scene.subjects || []).length > 0 || scene.camera;
  return steered || model.takes_picture ? model.best_method : "none";
}

/** The knobs of a method by name; of several joined with "+", each knob is spelled "method.knob". */
export function knobsOf(name, model) {
  const parts = name.split("+").map((part) => part.trim());
  return parts.flatMap((part) => {
    const method = model?.methods.find((each) => each.name === part);
    return (method?.knobs ?? []).map((knob) => (parts.length > 1 ? { ...knob, name: `${part}.${knob.name}` } : knob));
  });
}

/** A scene with one knob set, or with its default back (`value` undefined). Changes `scene` itself: a draft. */
export function setKnob(scene, name, value) {
  const { [name]: _, ...others } = scene.method?.knobs ?? {};
  const knobs = value === undefined ? others : { ...others, [name]: value };
  setMethod(scene, scene.method?.name ?? "auto", knobs);
}

/** Whether a method by name is made for a model; of several joined with "+", whether all are. */
function methodFits(name, model) {
  const parts = name.split("+").map((part) => part.trim());
  return name === "auto" || parts.every((part) => model.methods.some((method) => method.name === part));
}

/** Set a draft's model (null = automatic); a method that is not made for it becomes automatic. */
export function setModel(draft, name, info) {
  if (name) draft.model = name;
  else delete draft.model;
  const model = modelOf(draft, info);
  if (model && !methodFits(draft.method?.name ?? "auto", model)) setMethod(draft, "auto");
}

/** A scene with another method and its knobs; what equals the default is left out, as in a scene file. */
export function setMethod(scene, name, knobs = {}) {
  const extra = { ...scene.method, name, knobs };
  if (name === "auto") delete extra.name;
  if (!Object.keys(knobs).length) delete extra.knobs;
  if (Object.keys(extra).length) scene.method = extra;
  else delete scene.method;
}

/**
 * Why the scene can not run on this model, each with what to do; empty = it can.
 *
 * @param {string[]} problems what the server says is wrong with the scene itself.
 * @returns {{text: string, fix: string|null}[]} `fix`: what a button can do: "size", "picture", "prompt", "method" or null.
 */
export function reasons(scene, model, info, problems = []) {
  if (!info) return [{ text: "The models are not known yet; the studio is being asked.", fix: null }];
  if (!model) return [{ text: `This studio does not know the model ${scene.model}. Choose another one.`, fix: null }];
  const found = [];
  const say = (text, fix = null) => found.push({ text, fix });
  if (!model.installed) say(`${model.name} is not installed; above stands how to get it.`);
  if (model.takes_picture && !scene.image) say(`${model.name} starts from a picture, and the scene has none.`, "picture");
  if (!model.takes_picture && !(scene.prompt || "").trim()) say(`${model.name} reads a prompt, and there is none.`, "prompt");
  const lack = lacking(scene, model);
  if (lack) say(lack);
  const method = methodName(scene, model);
  if (!methodFits(method, model)) say(`${method} is not made for ${model.name}.`, "method");
  if (framesOn(scene, model) < model.least_frames) {
    const few = model.least_frames > model.frame_unit + 1 ? `, ${model.least_frames} at least` : "";
    say(`${model.name} makes ${model.frame_unit} frames times a whole number and one more${few}: ask for ${model.least_frames} or more.`);
  }
  const { width, height } = sizeOn(scene, model);
  const unit = model.size_unit || 1;
  if (width % unit || height % unit) {
    const near = fittingSize(scene, model);
    say(`${width} x ${height} px: ${model.name} makes multiples of ${unit} px. Nearest: ${near.join(" x ")}.`, "size");
  }
  problems.forEach((text) => say(text));
  return found;
}

/** What of a scene's parts the method lacks, as a sentence; null where it has what it needs. */
function lacking(scene, model) {
  const name = methodName(scene, model);
  const parts = name.split("+").map((part) => part.trim());
  const methods = model.methods.filter((method) => parts.includes(method.name));
  const subjects = scene.subjects ?? [];
  const needs = new Set(methods.map((method) => method.needs));
  const any = subjects.length > 0 || (scene.anchors ?? []).length > 0 || scene.camera || scene.pin_camera;
  if (needs.has("words") && !subjects.some((subject) => subject.phrase)) {
    return subjects.length
      ? `${name} needs to know which words mean a subject: select it, then click its words below the prompt.`
      : `${name} needs a subject with words of the prompt: draw a box, then click its words.`;
  }
  if (needs.has("subject") && !subjects.length) return `${name} needs a subject to lead: draw a box on the canvas.`;
  if (needs.has("box") && !any) return `${name} needs a box to follow. Draw one on the canvas.`;
  return null;
}

/** The nearest size that a model can make. */
export function fittingSize(scene, model) {
  const unit = model.size_unit || 1;
  const { width, height } = sizeOn(scene, model);
  return [width, height].map((side) => Math.max(unit, Math.round(side / unit) * unit));
}

/** How many clips are asked for and with which seeds, in words: "4 clips, seeds 7 to 8". */
export function orderText(scene, settings, controlled) {
  const { variants, baseline } = settings;
  const seed = BigInt(scene.seed ?? 0); // reaches 2**63 - 1
  const seeds = variants === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + BigInt(variants - 1)}`;
  return `${counted(variants * (baseline && controlled ? 2 : 1), "clip")}, ${seeds}`;
}

/** The body of `POST /api/jobs`. */
export function orderBody(scene, model, settings, project, controlled) {
  return {
    scene,
    steps: settings.steps[model.name] ?? null,
    call: settings.call[model.name] ?? {},
    variants: settings.variants,
    baseline: settings.baseline && controlled,
    project: project ?? null,
  };
}

/**
 * About how many seconds the order takes, from clips of the same model, method and size that are done; null = unknown.
 *
 * The time of a clip is taken as proportional to its steps. An uncontrolled clip of which nothing is known yet counts
 * as much as a controlled one.
 */
export function estimate(jobs, scene, model, settings, method) {
  const { width, height } = sizeOn(scene, model);
  const alike = jobs.filter((job) => job.state === "done" && job.seconds && job.steps && job.model === model.name);
  const sized = alike.filter((job) => job.width === width && job.height === height);
  const pace = (name) => {
    const last = sized.findLast((job) => job.method === name);
    return last ? last.seconds / last.steps : null;
  };
  const controlled = pace(method);
  if (controlled === null) return null;
  const twin = settings.baseline && method !== "none" ? pace("none") ?? controlled : 0;
  return (controlled + twin) * (settings.steps[model.name] ?? model.steps) * settings.variants;
}
