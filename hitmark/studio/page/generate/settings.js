/** Settings of a run that are no part of a scene: variants, twin, steps and call arguments by model. Kept in the browser. */

import { LIMITS } from "../scene/limits.js";
import { store } from "../scene/store.js";

const STORED = "hitmark.studio.generate";
const listeners = new Set();
let now = loaded();

function loaded() {
  try {
    return sound(JSON.parse(localStorage.getItem(STORED)));
  } catch {
    return sound(null); // forbidden or damaged
  }
}

/** The settings of what was kept: what is none, by its kind or its size, is left out, so that it breaks no visit. */
function sound(kept) {
  const whole = ([least, most]) => (value) => Number.isInteger(value) && value >= least && value <= most;
  const given = (value) => ["number", "string", "boolean"].includes(typeof value);
  return {
    variants: whole(LIMITS.variants)(kept?.variants) ? kept.variants : 1,
    baseline: kept?.baseline === true,
    steps: entriesOf(kept?.steps, whole(LIMITS.steps)),
    call: Object.fromEntries(Object.entries(kept?.call ?? {}).map(([model, values]) => [model, entriesOf(values, given)])),
  };
}

function entriesOf(table, fits) {
  return Object.fromEntries(Object.entries(table ?? {}).filter(([, value]) => fits(value)));
}

export const settings = {
  /** What is set: {variants, baseline, steps, call}. Never mutate it. */
  get now() {
    return now;
  },

  /** Merge a patch into the settings and keep them for the next visit; a browser that keeps nothing is no error. */
  change(patch) {
    now = { ...now, ...patch };
    try {
      localStorage.setItem(STORED, JSON.stringify(now));
    } catch {
      // Private windows may refuse; the settings then last as long as the page.
    }
    for (const listener of listeners) listener();
  },

  /** Take over a result's steps and, where they are known, its call arguments. */
  adopt(model, steps, call) {
    settings.change({
      steps: { ...now.steps, [model]: steps },
      call: call ? { ...now.call, [model]: changedCall(model, call) } : now.call,
    });
  },

  /** Call `listener()` after every change. */
  subscribe: (listener) => listeners.add(listener),
};

function changedCall(name, call) {
  const defaults = store.ui.info?.models.find((model) => model.name === name)?.call ?? {};
  return Object.fromEntries(Object.entries(call).filter(([key, value]) => key in defaults && defaults[key] !== value));
}
