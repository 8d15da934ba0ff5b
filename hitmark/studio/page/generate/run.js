/** The numbers of a run: steps, seed, variants, the uncontrolled twin, and arguments of the pipeline's call. */

import { showValue } from "../dom/elements.js";
import { drawn, make, say, sayOrHide } from "../dom/make.js";
import { LIMITS, within } from "../scene/limits.js";
import { store } from "../scene/store.js";
import { knobList } from "./knobs.js";

const RANDOM_BELOW = 1_000_000; // seeds that a person can still read out
const [, MOST_SEED] = LIMITS.seed;

/**
 * @param {function(Object)} setSettings merges a patch into the settings that are no part of the scene.
 * @returns {{element: HTMLElement, update: function(Object, Object, Object, boolean)}}
 *   `update(scene, model, settings, controlled)`.
 */
export function runSection(setSettings) {
  const steps = number("steps", "Steps", within(LIMITS.steps));
  const variants = number("variants", "Variants", within(LIMITS.variants));
  const seed = seedField();
  const baseline = make("input", { type: "checkbox", id: "generate-baseline", test: "baseline" });
  const note = make("span", { class: "facts" });
  const words = make("span", {}, "Also without control ", note);
  const twin = make("label", { class: "check", for: "generate-baseline" }, baseline, words);
  let now = { model: null, settings: null };

  onNumber(steps.input, (value) => {
    const all = { ...now.settings.steps };
    if (value === null || value === now.model?.steps) delete all[now.model.name];
    else all[now.model.name] = value;
    setSettings({ steps: all });
  });
  onNumber(variants.input, (value) => setSettings({ variants: value ?? 1 }));
  baseline.addEventListener("change", () => setSettings({ baseline: baseline.checked }));

  const update = (scene, model, settings, controlled) => {
    now = { model, settings };
    steps.input.disabled = !model;
    showValue(steps.input, settings.steps[model?.name] ?? model?.steps ?? "");
    showValue(variants.input, settings.variants);
    seed.update(scene);
    baseline.checked = settings.baseline && controlled;
    baseline.disabled = !controlled;
    say(note, controlled ? "of the same seed" : "(this run is)");
  };
  const line = make("div", { class: "generate-numbers" }, steps.element, variants.element, seed.element);
  return { element: make("section", { class: "generate-part" }, line, twin, seed.problem), update };
}

function number(test, label, limits) {
  const id = `generate-${test}`;
  const input = make("input", { type: "number", inputmode: "numeric", step: 1, id, test, ...limits });
  return { input, element: make("div", { class: "generate-cell" }, make("label", { for: id, text: label }), input) };
}

/** Call `take` with the number when it is a valid one, with null when the box was emptied. */
function onNumber(input, take) {
  input.addEventListener("change", () => {
    if (!input.checkValidity()) return input.reportValidity();
    return take(input.value === "" ? null : Number(input.value));
  });
}

/** Seeds reach 2**63 - 1, more than a number box can hold exactly: a text box that takes digits. */
function seedField() {
  const input = make("input", {
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    spellcheck: "false",
    id: "generate-seed",
    test: "seed",
    "aria-describedby": "generate-seed-problem",
  });
  const problem = make("p", { class: "problem", id: "generate-seed-problem", role: "alert", hidden: true });
  const random = make(
    "button",
    { type: "button", class: "quiet symbol", "aria-label": "Random seed", title: "Random seed", test: "random-seed" },
    drawn("dice"),
  );
  const set = (value) => {
    sayOrHide(problem, "");
    store.change("seed", (draft) => {
      draft.seed = Number.isSafeInteger(Number(value)) ? Number(value) : value;
    });
  };
  random.addEventListener("click", () => set(BigInt(crypto.getRandomValues(new Uint32Array(1))[0] % RANDOM_BELOW)));
  input.addEventListener("change", () => {
    const text = input.value.trim() || "0";
    if (/^\d{1,19}$/.test(text) && BigInt(text) <= MOST_SEED) return set(BigInt(text));
    return sayOrHide(problem, `Seed: expected a whole number from 0 to ${MOST_SEED}, got ${text.slice(0, 30)}.`);
  });
  const label = make("label", { for: "generate-seed", text: "Seed" });
  const line = make("span", { class: "generate-seed" }, input, random);
  const update = (scene) => problem.hidden && showValue(input, scene.seed ?? 0);
  return { element: make("div", { class: "generate-cell wide" }, label, line), problem, update };
}

/**
 * Arguments of the pipeline's call, in the same controls as knobs.
 *
 * @returns {{element: HTMLElement, update: function(Object, Object)}} `update(model, settings)`.
 */
export function callSection(setSettings) {
  const place = make("div", {});
  const count = make("span", { class: "count" });
  const element = make(
    "details",
    { class: "fold" },
    make("summary", { test: "call" }, make("span", { text: "Pipeline call" }), count),
    place,
  );
  let shown = { name: null, list: null };
  let settings = null;
  const set = (model, name, value) => {
    const { [name]: _, ...others } = settings.call[model.name] ?? {};
    setSettings({ call: { ...settings.call, [model.name]: value === undefined ? others : { ...others, [name]: value } } });
  };
  const update = (model, now) => {
    settings = now;
    const names = Object.keys(model?.call ?? {});
    element.hidden = names.length === 0;
    if (element.hidden) return;
    const values = now.call[model.name] ?? {};
    if (shown.name !== model.name) {
      const knobs = names.map((name) => callKnob(name, model.call[name]));
      shown = { name: model.name, list: knobList(knobs, values, (name, value) => set(model, name, value)) };
      place.replaceChildren(shown.list.element);
    }
    shown.list.update(values);
    const given = Object.keys(values).length;
    say(count, given ? `${given} changed` : `${names.length}`);
  };
  return { element, update };
}

/** A call argument described as a knob; its type is that of its default. */
function callKnob(name, value) {
  const type = typeof value === "boolean" ? "bool" : typeof value === "number" ? "float" : "text";
  return { name, help: CALL_HELP[name] ?? "", type, low: null, high: null, choices: null, default: value };
}

const CALL_HELP = {
  min_guidance_scale: "Guidance in the first frame; 1 = none.",
  max_guidance_scale: "Guidance in the last frame; more follows the picture more closely.",
  guidance_scale: "How closely the clip follows the prompt; more is closer, too much looks burnt.",
  fps: "Frames a second that the model is told; not the speed of the file.",
  motion_bucket_id: "How much motion the model is told to make, 1 to 255.",
  noise_aug_strength: "Noise on the first picture; more lets the clip leave it further.",
  decode_chunk_size: "Frames decoded at once; fewer need less memory.",
};
