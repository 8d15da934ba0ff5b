/** Several clips at once: beside each other or under a wipe, who can be compared with whom, and their scores in a table. */

import { make, say } from "../dom/make.js";
import { byAge } from "../jobs/jobs.js";
import { isFree, jobTitle, observersText, SCORES } from "../jobs/words.js";
import { columnHead } from "./facts.js";

const GAP = 12; // px between screens
const CAPTION = 24; // px below a screen
const MOST_OFFERED = 24;

/** Clips that a clip can be compared with, the likeliest first: its uncontrolled twin, its group, then the newest. */
function companions(jobs, first) {
  if (!first) return [];
  const others = jobs.filter((job) => job.state === "done" && job.id !== first.id).sort(byAge).reverse();
  return others.sort((one, other) => likeness(other, first) - likeness(one, first)).slice(0, MOST_OFFERED);
}

function likeness(job, first) {
  const group = job.group === first.group ? 2 : 0;
  return group + (job.seed === first.seed && job.model === first.model ? 1 : 0);
}


/**
 * Give every screen its room on the stage: the grid with the largest pictures.
 *
 * @param {HTMLElement} view what room there is.
 * @param {HTMLElement} stage the grid in it.
 * @param {Screen[]} screens
 * @param {string} mode "side" or "wipe"
 * @param {boolean} crisp
 */
export function fitScreens(view, stage, screens, mode, crisp) {
  const { clientWidth: width, clientHeight: height } = view;
  if (!screens.length || !width) return;
  const columns = mode === "wipe" ? 1 : bestColumns(screens, width, height);
  const rows = mode === "wipe" ? 1 : Math.ceil(screens.length / columns);
  stage.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  const room = [width / columns - GAP, height / rows - GAP - CAPTION].map((side) => Math.max(32, side));
  for (const screen of screens) screen.fit(...room, crisp);
}

function bestColumns(screens, width, height) {
  const [own, tall] = screens[0].size;
  const scale = (columns) => {
    const rows = Math.ceil(screens.length / columns);
    return Math.min((width / columns - GAP) / own, (height / rows - GAP - CAPTION) / tall);
  };
  return screens.map((_, index) => index + 1).reduce((best, columns) => (scale(columns) > scale(best) ? columns : best));
}

/**
 * The line between two clips that lie on each other: a slider for the keyboard, a line for the hand.
 *
 * @returns {{element: HTMLElement, apply: function(HTMLElement, Screen[], boolean)}}
 */
export function wipeLine() {
  const slider = make("input", { type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": "Wipe", test: "wipe" });
  const element = make("div", { class: "wipe-line", hidden: true }, slider);
  let screens = [];
  const place = () => {
    const share = Number(slider.value);
    element.style.setProperty("--share", String(share / 100));
    screens.forEach((screen, index) => {
      const side = index === 0 ? `inset(0 ${100 - share}% 0 0)` : `inset(0 0 0 ${share}%)`;
      screen.frame.style.clipPath = element.hidden ? "" : side;
    });
    slider.setAttribute("aria-valuetext", `${share} % of the first clip`);
  };
  slider.addEventListener("input", place);
  const apply = (given, on) => {
    for (const screen of screens) screen.frame.style.clipPath = "";
    screens = given;
    element.hidden = !on;
    if (on) {
      element.style.width = screens[0].frame.style.width;
      element.style.height = screens[0].frame.style.height;
    }
    place();
  };
  return { element, apply };
}

/**
 * The scores of clips, a column for each clip, the best value of a row in bold.
 *
 * @param {Object[]} jobs finished ones.
 * @returns {HTMLElement}
 */
export function scoreTable(jobs) {
  const subjects = [...new Set(jobs.flatMap((job) => Object.keys(job.scores ?? {})))];
  if (!subjects.length) {
    return make("p", { class: "facts", text: "No scores: no observer on this machine can find the objects in this clip." });
  }
  const bodies = subjects.map((subject) => {
    const name = make("tr", { class: "subject-name" }, make("th", { scope: "rowgroup", colspan: jobs.length + 1, text: subject }));
    return make("tbody", {}, subjects.length > 1 ? name : null, ...scoreRows(jobs, subject));
  });
  const by = [...new Set(jobs.map(observersText).filter(Boolean))].join(" ");
  return make("div", {}, make("table", { class: "scores", test: "scores" }, columnHead(jobs), ...bodies), make("p", { class: "facts", test: "observers", text: by }));
}

function scoreRows(jobs, subject) {
  return SCORES.flatMap(({ key, label, help, text, lessIsBetter }) => {
    const values = jobs.map((job) => job.scores?.[subject]?.[key] ?? null);
    if (values.every((value) => value === null)) return [];
    const best = bestOf(values, lessIsBetter);
    const cells = values.map((value, index) => {
      const missing = jobs[index].scores?.[subject] ? "not found" : "-";
      return make("td", { class: best === index ? "best" : null, text: value === null ? missing : text(value) });
    });
    return [make("tr", {}, make("th", { scope: "row", text: label, title: help }), ...cells)];
  });
}

/** The index of the only best value; -1 where two are equally good or nothing can be compared. */
function bestOf(values, lessIsBetter) {
  const known = values.filter((value) => value !== null);
  const best = lessIsBetter ? Math.min(...known) : Math.max(...known);
  return known.length > 1 && known.filter((value) => value === best).length === 1 ? values.indexOf(best) : -1;
}

/**
 * Buttons with the clips that can be added to or taken from the comparison.
 *
 * @returns {{element: HTMLElement, update: function(Object[], string[])}} `update(jobs, shown ids)`.
 */
export function companionList(toggle) {
  const list = make("ul", { class: "companions" });
  const note = make("p", { class: "facts" });
  const element = make("section", {}, make("h3", { text: "Compare with" }), list, note);
  let key = "";
  const update = (jobs, ids) => {
    const first = jobs.find((job) => job.id === ids[0]);
    const offered = first ? companions(jobs, first) : [];
    say(note, offered.length ? "" : 'Nothing to compare with yet. "Also without control" makes the twin of a clip.');
    const now = JSON.stringify([offered.map((job) => job.id), ids]);
    if (now === key) return;
    key = now;
    const held = document.activeElement?.closest?.(".companions button")?.dataset.id;
    list.replaceChildren(...offered.map((job) => make("li", {}, companion(job, ids.includes(job.id), toggle))));
    if (held) list.querySelector(`[data-id="${CSS.escape(held)}"]`)?.focus();
  };
  return { element, update };
}

function companion(job, shown, toggle) {
  const picture = make("img", { class: "crisp", src: job.files["first.png"], alt: "", loading: "lazy" });
  const words = make("span", {}, make("b", { text: jobTitle(job) }), make("small", { text: isFree(job) ? job.model : job.method }));
  const attributes = { type: "button", "aria-pressed": String(shown), "data-id": job.id, test: "companion" };
  return make("button", { ...attributes, on: { click: () => toggle(job.id) } }, picture, words);
}
