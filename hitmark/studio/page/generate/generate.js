/** The Generate tab: model, method, knobs, numbers, the queue, and the button that starts it all. */

import { toast } from "../dom/dialogs.js";
import { make, say } from "../dom/make.js";
import { settled } from "../dom/pending.js";
import { jobStore } from "../jobs/jobs.js";
import { duration } from "../jobs/words.js";
import { modelOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { knobSection, methodSection, modelSection } from "./choice.js";
import * as order from "./order.js";
import { queuePanel } from "./queue.js";
import { callSection, runSection } from "./run.js";
import { settings } from "./settings.js";

let sending = false;
let refusal = null; // the server's sentence on the scene that it refused: {scene, text}
let redraw = () => {};

/**
 * Build the tab and keep it up to date.
 *
 * @param {HTMLElement} element the tab's panel.
 * @param {function(string[])} open shows clips of these jobs.
 */
export function mountGenerate(element, open) {
  const model = modelSection();
  const method = methodSection();
  const knobs = knobSection();
  const run = runSection(settings.change);
  const call = callSection(settings.change);
  const queue = queuePanel((id) => open([id]));
  const foot = footer();
  const parts = make("div", { class: "generate-parts" }, model.element, method.element, run.element, knobs.element, call.element);
  element.classList.add("generate");
  element.replaceChildren(parts, queue.element, foot.element);
  document.body.append(queue.live); // outside of the tab, which may be hidden

  redraw = () => {
    const { scene, ui: { info } } = store;
    queue.update(jobStore.all());
    foot.update();
    parts.hidden = !info;
    if (!info) return;
    const chosen = modelOf(scene, info);
    model.update(scene, info);
    method.update(scene, info);
    knobs.update(scene, info);
    run.update(scene, chosen, settings.now, controlled(chosen));
    call.update(chosen, settings.now);
  };
  store.subscribe(soon);
  settings.subscribe(redraw);
  jobStore.subscribe(redraw);
  jobStore.start();
  document.addEventListener("keydown", onKey);
  redraw();
}

let waiting = null;

/** Redraw a little later: a drag changes the scene sixty times a second. */
function soon() {
  waiting ??= setTimeout(() => {
    waiting = null;
    redraw();
  }, 60);
}

function onKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  void generate();
}

function controlled(model) {
  return order.methodName(store.scene, model) !== "none";
}

/** The model of the scene, null before the server has answered. */
function present() {
  return store.ui.info && modelOf(store.scene, store.ui.info);
}

/** Order the clips that the tab describes. Says in a toast and in the tab why it can not, when it can not. */
async function generate() {
  if (sending) return;
  const untaken = await settled(); // a number that is being typed counts
  if (untaken) {
    toast(untaken, "warning");
    return;
  }
  const model = present();
  const problems = order.reasons(store.scene, model, store.ui.info, store.ui.problems);
  if (sending) return;
  if (problems.length) {
    toast(problems[0].text, "warning");
    return;
  }
  sending = true;
  refusal = null;
  redraw();
  const scene = store.scene;
  try {
    const body = order.orderBody(scene, model, settings.now, store.ui.project, controlled(model));
    const { jobs } = await api.post("/api/jobs", body);
    jobStore.take(jobs);
  } catch (error) {
    refusal = { scene, text: error.message };
  }
  sending = false;
  redraw();
}

function footer() {
  const list = make("ul", { class: "reasons", "aria-live": "polite" });
  const facts = make("p", { class: "facts" });
  const button = make("button", { type: "button", class: "primary generate-button", test: "generate" }, "Generate");
  button.setAttribute("aria-keyshortcuts", "Control+Enter");
  button.title = "Generate (Ctrl+Enter)";
  button.addEventListener("click", () => void generate());
  const element = make("footer", { class: "generate-foot" }, list, button, facts);
  const update = () => {
    const model = present();
    const problems = order.reasons(store.scene, model, store.ui.info, store.ui.problems);
    if (refusal && refusal.scene !== store.scene) refusal = null;
    showReasons(list, refusal ? [...problems, { text: refusal.text, fix: null }] : problems);
    button.disabled = problems.length > 0 || sending;
    button.setAttribute("aria-busy", String(sending));
    say(facts, problems.length ? "" : orderFacts(model));
  };
  return { element, update };
}

function orderFacts(model) {
  const text = order.orderText(store.scene, settings.now, controlled(model));
  const method = order.methodName(store.scene, model);
  const seconds = order.estimate(jobStore.all(), store.scene, model, settings.now, method);
  return seconds === null ? `${text}.` : `${text}, about ${duration(seconds)}.`;
}

function showReasons(list, problems) {
  const key = JSON.stringify(problems);
  if (list.dataset.shown === key) return;
  list.dataset.shown = key;
  list.replaceChildren(
    ...problems.map(({ text, fix }) => {
      const button = fix && make("button", { type: "button", class: "small", text: FIXES[fix].label });
      if (button) button.addEventListener("click", FIXES[fix].run);
      return make("li", {}, make("span", { text }), button || null);
    }),
  );
}

const FIXES = {
  size: {
    label: "Use the nearest",
    run: () =>
      store.change("size", (draft) => {
        const model = modelOf(draft, store.ui.info);
        [draft.width, draft.height] = order.fittingSize(draft, model);
      }),
  },
  picture: {
    label: "Use a text model",
    run: () => useTask((model) => !model.takes_picture),
  },
  method: {
    label: "Choose automatically",
    run: () => store.change("method", (draft) => order.setMethod(draft, "auto")),
  },
  prompt: {
    label: "Write one",
    run: () => {
      document.querySelector('[role="tab"][aria-controls*="scene"]')?.click();
      document.querySelector('[data-test="prompt"]')?.focus();
    },
  },
};

function useTask(fits) {
  const { info } = store.ui;
  const model = info.models.find((each) => each.installed && fits(each));
  if (model) store.change("model", (draft) => order.setModel(draft, model.name, info));
}
