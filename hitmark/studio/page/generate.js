/** The Generate tab: model, method, knobs, numbers, the queue, and the button that starts it all. */
import { api } from "./api.js";
import { toast } from "./dialogs.js";
import { modelOf } from "./model.js";
import { settled } from "./pending.js";
import { openPlayer } from "./result_open.js";
import { knobSection, methodSection, modelSection } from "./result_choice.js";
import { make, say } from "./result_dom.js";
import { jobStore } from "./result_jobs.js";
import * as order from "./result_order.js";
import { queuePanel } from "./result_queue.js";
import { callSection, runSection } from "./result_run.js";
import { duration } from "./result_text.js";
import { store } from "./store.js";

let info = null;
let settings = order.loadSettings();
let sending = false;
let refusal = null; // the server's sentence on the scene that it refused: {scene, text}
let redraw = () => {};

/**
 * Build the tab and keep it up to date.
 *
 * @param {HTMLElement} element the tab's panel.
 */
export function mountGenerate(element) {
  const model = modelSection();
  const method = methodSection();
  const knobs = knobSection();
  const run = runSection(setSettings);
  const call = callSection(setSettings);
  const queue = queuePanel((id) => void openPlayer([id]));
  const foot = footer();
  const parts = make("div", { class: "generate-parts" }, model.element, method.element, run.element, knobs.element, call.element);
  element.classList.add("generate");
  element.replaceChildren(parts, queue.element, foot.element);
  document.body.append(queue.live); // outside of the tab, which may be hidden

  redraw = () => {
    queue.update(jobStore.all());
    foot.update();
    parts.hidden = !info;
    if (!info) return;
    const chosen = modelOf(store.scene, info);
    model.update(store.scene, info);
    method.update(store.scene, info);
    knobs.update(store.scene, info);
    run.update(store.scene, chosen, settings, controlled(chosen));
    call.update(chosen, settings);
  };
  store.subscribe(soon);
  jobStore.subscribe(redraw);
  jobStore.start();
  document.addEventListener("keydown", onKey);
  void learn();
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

async function learn() {
  try {
    info = await api.info();
  } catch (error) {
    toast(error.message, "error");
    setTimeout(learn, 5000);
  }
  redraw();
}

function onKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  event.preventDefault();
  void generate();
}

function setSettings(patch) {
  settings = { ...settings, ...patch };
  order.saveSettings(settings);
  redraw();
}

/** Take over a result's steps and call arguments, for "use this result's settings". */
export function adoptSettings(model, steps, call) {
  setSettings({
    steps: { ...settings.steps, [model]: steps },
    call: call ? { ...settings.call, [model]: changedCall(model, call) } : settings.call,
  });
}

function changedCall(name, call) {
  const defaults = info?.models.find((model) => model.name === name)?.call ?? {};
  return Object.fromEntries(Object.entries(call).filter(([key, value]) => key in defaults && defaults[key] !== value));
}

function controlled(model) {
  return order.methodName(store.scene, model) !== "none";
}

/** Order the clips that the tab describes. Says in a toast and in the tab why it can not, when it can not. */
export async function generate() {
  if (sending) return;
  const untaken = await settled(); // a number that is being typed counts
  if (untaken) {
    toast(untaken, "warning");
    return;
  }
  const model = info && modelOf(store.scene, info);
  const problems = order.reasons(store.scene, model, info, store.ui.problems);
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
    const body = order.orderBody(scene, model, settings, store.ui.project, controlled(model));
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
    const model = info && modelOf(store.scene, info);
    const problems = order.reasons(store.scene, model, info, store.ui.problems);
    if (refusal && refusal.scene !== store.scene) refusal = null;
    showReasons(list, refusal ? [...problems, { text: refusal.text, fix: null }] : problems);
    button.disabled = problems.length > 0 || sending;
    button.setAttribute("aria-busy", String(sending));
    say(facts, problems.length ? "" : orderFacts(model));
  };
  return { element, update };
}

function orderFacts(model) {
  const text = order.orderText(store.scene, settings, controlled(model));
  const method = order.methodName(store.scene, model);
  const seconds = order.estimate(jobStore.all(), store.scene, model, settings, method);
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
        const model = modelOf(draft, info);
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
  const model = info.models.find((each) => each.installed && fits(each));
  if (model) store.change("model", (draft) => order.setModel(draft, model.name, info));
}
