/** Model and method: what can be chosen, what each needs, whether it is installed, under which license. */

import { make, say, sayOrHide } from "../dom/make.js";
import { modelOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { sameJson } from "../server/json.js";
import { knobList } from "./knobs.js";
import { knobsOf, methodName, setKnob, setMethod, setModel } from "./order.js";

/**
 * The model's part of the tab.
 *
 * @returns {{element: HTMLElement, update: function(Object, Object)}} `update(scene, info)`.
 */
export function modelSection() {
  const select = make("select", { id: "generate-model", test: "model", "aria-describedby": "generate-model-facts" });
  const facts = make("p", { class: "facts", id: "generate-model-facts" });
  const about = make("p", { class: "facts about", test: "model-about" });
  const state = make("p", { class: "facts installed" });
  const element = make(
    "section",
    { class: "generate-part" },
    make("div", { class: "generate-line" }, make("label", { for: "generate-model", text: "Model" }), select),
    facts,
    about,
    state,
  );
  select.addEventListener("change", () => {
    const name = select.value || null;
    store.change("model", (draft) => setModel(draft, name, store.ui.info));
  });
  const update = (scene, info) => {
    const model = modelOf(scene, info);
    fill(select, modelOptions(scene, info), scene.model ?? "");
    say(facts, model ? modelFacts(model) : "");
    sayOrHide(about, model?.about ?? "");
    sayOrHide(state, model && !model.installed ? model.why ?? "Not installed." : "");
  };
  return { element, update };
}

function modelOptions(scene, info) {
  const automatic = modelOf({ ...scene, model: null }, info);
  const options = [{ value: "", text: `automatic (${automatic?.name ?? "none"})` }];
  const listed = new Set(info.models.map((model) => model.name));
  const groupOf = (model) => (model.pictured ? "text or image to video" : model.task);
  for (const group of new Set(info.models.map(groupOf))) {
    for (const model of info.models.filter((each) => groupOf(each) === group)) {
      options.push({ value: model.name, text: model.name + (model.installed ? "" : " (not installed)"), group });
    }
  }
  if (scene.model && !listed.has(scene.model)) options.push({ value: scene.model, text: scene.model });
  return options;
}

function modelFacts(model) {
  const frames = model.frames ? `${model.frames} frames` : "";
  const facts = [model.task, `${model.width} x ${model.height} px`, frames, `${model.fps} fps`].filter(Boolean);
  return `${facts.join(", ")}. License: ${model.license}.`;
}

/**
 * The method's part of the tab.
 *
 * @returns {{element: HTMLElement, update: function(Object, Object)}} `update(scene, info)`.
 */
export function methodSection() {
  const select = make("select", { id: "generate-method", test: "method", "aria-describedby": "generate-method-help" });
  const help = make("p", { class: "facts", id: "generate-method-help" });
  const element = make(
    "section",
    { class: "generate-part" },
    make("div", { class: "generate-line" }, make("label", { for: "generate-method", text: "Method" }), select),
    help,
  );
  select.addEventListener("change", () => store.change("method", (draft) => setMethod(draft, select.value)));
  const update = (scene, info) => {
    const model = modelOf(scene, info);
    fill(select, methodOptions(scene, model), scene.method?.name ?? "auto");
    say(help, methodHelp(methodName(scene, model), model));
  };
  return { element, update };
}

/**
 * The knobs of the method, folded.
 *
 * @returns {{element: HTMLElement, update: function(Object, Object)}} `update(scene, info)`.
 */
export function knobSection() {
  const title = make("span", { text: "Knobs" });
  const changed = make("span", { class: "count" });
  const reset = make("button", { type: "button", class: "quiet", text: "Reset all" });
  const place = make("div", {});
  const element = make("details", { class: "fold" }, make("summary", { test: "knobs" }, title, changed), place, reset);
  reset.addEventListener("click", () =>
    store.change("reset knobs", (draft) => setMethod(draft, draft.method?.name ?? "auto")),
  );
  let shown = { knobs: null, list: null };
  const update = (scene, info) => {
    const model = modelOf(scene, info);
    const knobs = knobsOf(methodName(scene, model), model);
    const values = scene.method?.knobs ?? {};
    if (!sameJson(shown.knobs, knobs)) {
      const list = knobList(knobs, values, (knob, value) =>
        store.change(`knob ${knob}`, (draft) => setKnob(draft, knob, value)),
      );
      place.replaceChildren(list.element);
      shown = { knobs, list };
    }
    shown.list.update(values);
    element.hidden = knobs.length === 0;
    const count = Object.keys(values).length;
    say(changed, count ? `${count} changed` : `${knobs.length}`);
    reset.disabled = count === 0;
  };
  return { element, update };
}

function methodOptions(scene, model) {
  const options = [{ value: "auto", text: `automatic (${methodName({ ...scene, method: null }, model)})` }];
  for (const method of model?.methods ?? []) {
    options.push({ value: method.name, text: method.name === "none" ? "none (without control)" : method.name });
  }
  const current = scene.method?.name ?? "auto";
  if (!options.some((option) => option.value === current)) options.push({ value: current, text: current });
  return options;
}

function methodHelp(name, model) {
  const parts = name.split("+").map((part) => part.trim());
  return parts
    .map((part) => {
      const method = model?.methods.find((each) => each.name === part);
      if (!method) return `${part}: not made for this model.`;
      return method.help + (method.needs_subjects ? " Needs at least one box." : "");
    })
    .join(" ");
}

/** Put options into a select, in groups where they name one; nothing is touched while they stay the same. */
function fill(select, options, value) {
  const key = JSON.stringify(options);
  if (select.dataset.options !== key) {
    select.dataset.options = key;
    select.replaceChildren();
    const groups = new Map();
    for (const { value: each, text, group } of options) {
      if (group && !groups.has(group)) groups.set(group, select.appendChild(make("optgroup", { label: group })));
      (groups.get(group) ?? select).append(make("option", { value: each, text }));
    }
  }
  select.value = value;
}
