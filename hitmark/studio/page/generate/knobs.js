/** One control for each knob, by its type: help in one line, its range, its default and a way back to it. */

import { drawn, make } from "../dom/make.js";
import { plainValue } from "../jobs/words.js";

const MOST_ON_A_SLIDER = 100; // a wider range can not be set with a slider
const ONE_LINE = 120; // characters of help that are still read

/**
 * The controls of a list of knobs.
 *
 * @param {Object[]} knobs `{name, help, more, type, low, high, choices, default, optional}` as `/api/info` describes them.
 * @param {Object} values knob name -> value, of those that are set.
 * @param {function(string, *)} set called with the name and the new value; undefined = back to the default.
 * @returns {{element: HTMLElement, update: function(Object)}} `update` shows other values in the same controls.
 */
export function knobList(knobs, values, set) {
  const rows = knobs.map((knob) => knobRow(knob, (value) => set(knob.name, value)));
  const update = (now) => rows.forEach((row, index) => row.update(now[knobs[index].name]));
  update(values);
  return { element: make("div", { class: "knobs" }, ...rows.map((row) => row.element)), update };
}

function knobRow(knob, set) {
  const id = `knob-${knob.name.replace(/[^\w-]/g, "-")}`;
  const input = INPUTS[knob.type] ?? INPUTS.text;
  const control = input(knob, set, { id, "aria-describedby": `${id}-help`, test: `knob-${knob.name}` });
  const reset = make(
    "button",
    {
      type: "button",
      class: "quiet symbol",
      "aria-label": `Reset ${spoken(knob.name)}`,
      title: `Back to ${plainValue(knob.default)}`,
      on: { click: () => set(undefined) },
    },
    drawn("reset"),
  );
  const help = make("p", { class: "knob-help", id: `${id}-help`, title: knob.more ?? null, text: helpText(knob) });
  const element = make(
    "div",
    { class: `knob knob-${knob.type}` },
    make("label", { for: id, text: spoken(knob.name) }),
    control.element,
    reset,
    help,
  );
  const update = (value) => {
    const given = value !== undefined && !same(value, knob.default);
    element.classList.toggle("changed", given);
    reset.disabled = !given;
    control.show(value === undefined ? knob.default : value);
  };
  return { element, update };
}

/** A knob's name in words: "merge_cutoff" is "merge cutoff". */
export function spoken(name) {
  return name.replaceAll("_", " ").replaceAll(".", ": ");
}

function helpText(knob) {
  const range = typeof knob.low === "number" && typeof knob.high === "number" && knob.high < 1e5;
  const facts = [
    ...(range ? [`${plainValue(knob.low)} to ${plainValue(knob.high)}`] : []),
    `default ${plainValue(knob.default)}`,
  ];
  const whole = knob.more && knob.more.length <= ONE_LINE ? knob.more : knob.help;
  return `${(whole || "").replace(/[.;]?$/, ".")} ${facts.join(", ")}.`.trimStart();
}

const INPUTS = { int: numberInput, float: numberInput, bool: switchInput, choice: choiceInput, text: textInput };

/** A number box, with a slider beside it where the range is one that a hand can set. */
function numberInput(knob, set, attributes) {
  const whole = knob.type === "int";
  const limits = { min: knob.low ?? null, max: knob.high ?? null, step: whole ? 1 : "any" };
  const optional = Boolean(knob.optional) || knob.default === null;
  const box = make("input", {
    type: "number",
    inputmode: whole ? "numeric" : "decimal",
    placeholder: optional ? "none" : null,
    ...limits,
    ...attributes,
  });
  const slider = hasSlider(knob) ? sliderFor(knob, box, whole) : null;
  box.addEventListener("change", () => {
    if (box.value === "" && !box.validity.badInput) return set(optional ? null : undefined);
    const value = Number(box.value);
    if (box.checkValidity() && (!whole || Number.isInteger(value))) return set(value);
    return box.reportValidity();
  });
  slider?.addEventListener("change", () => set(Number(slider.value)));
  return {
    element: make("span", { class: "knob-number" }, slider, box),
    show(value) {
      if (document.activeElement !== box || box.value === "" || Number(box.value) !== value) box.value = value ?? "";
      if (slider) slider.value = value ?? knob.low;
    },
  };
}

function hasSlider(knob) {
  const { low, high } = knob;
  return typeof low === "number" && typeof high === "number" && high - low <= MOST_ON_A_SLIDER && high > low;
}

function sliderFor(knob, box, whole) {
  const step = whole ? 1 : knob.high - knob.low <= 2 ? 0.01 : 0.1;
  return make("input", {
    type: "range",
    min: knob.low,
    max: knob.high,
    step,
    tabindex: -1, // the box beside it is the way for the keyboard
    "aria-hidden": "true",
    on: { input: (event) => (box.value = event.target.value) },
  });
}

function switchInput(knob, set, attributes) {
  const box = make("input", { type: "checkbox", ...attributes, on: { change: () => set(box.checked) } });
  return { element: make("span", { class: "knob-switch" }, box), show: (value) => (box.checked = Boolean(value)) };
}

function choiceInput(knob, set, attributes) {
  const choices = knob.choices ?? [];
  const options = choices.map((choice) => make("option", { value: String(choice), text: String(choice) }));
  const box = make("select", { ...attributes, on: { change: () => set(choices[box.selectedIndex]) } }, ...options);
  return { element: box, show: (value) => (box.value = String(value)) };
}

/** Free text; a value that is no text (a list, say) is written and read as JSON. */
function textInput(knob, set, attributes) {
  const optional = knob.default === null || Boolean(knob.optional);
  const box = make("input", {
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: optional ? "none" : null,
    ...attributes,
  });
  box.addEventListener("change", () => {
    const text = box.value.trim();
    if (text === "") return set(optional ? null : undefined);
    return set(parsed(text));
  });
  const show = (value) => {
    box.value = value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
  };
  return { element: box, show };
}

function parsed(text) {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function same(first, second) {
  return first === second || JSON.stringify(first) === JSON.stringify(second);
}
