/** How a clip was made, in words and numbers, and the buttons for what can be done with it. */

import { make } from "../dom/make.js";
import { spoken } from "../generate/knobs.js";
import { bytes, clockTime, duration, failure, isFree, jobTitle, plainValue } from "../jobs/words.js";
import { actionsOf } from "../results/actions.js";

/** The facts of a job, and what went wrong. */
export function factList(job) {
  const list = make("dl", { class: "facts-list" });
  for (const [name, value] of facts(job)) list.append(make("dt", { text: name }), make("dd", { text: value }));
  const problem = job.error ? make("p", { class: "note error", test: "job-error", text: failure(job) }) : null;
  return make("section", {}, make("h3", { text: "Made with" }), problem, list);
}

/**
 * What differs between clips, a column for each.
 *
 * @param {Object[]} jobs at least two.
 */
export function differenceTable(jobs) {
  const columns = jobs.map((job) => new Map(facts(job)));
  const longest = [...columns].sort((one, other) => other.size - one.size); // its order is everybody's
  const names = new Set(longest.flatMap((column) => [...column.keys()]));
  const differs = (name) => new Set(columns.map((column) => column.get(name))).size > 1;
  const rows = [...names].filter((name) => name !== "asked for at" && differs(name));
  const body = rows.map((name) => {
    const cells = columns.map((column) => make("td", { text: column.get(name) ?? "" }));
    return make("tr", {}, make("th", { scope: "row", text: name }), ...cells);
  });
  return make(
    "section",
    {},
    make("h3", { text: "What differs" }),
    rows.length
      ? make("table", { class: "scores" }, columnHead(jobs), make("tbody", {}, ...body))
      : make("p", { class: "facts", text: "Nothing: model, method, knobs and seed are the same." }),
  );
}

/** The head of a table with a column for each clip. */
export function columnHead(jobs) {
  const cells = jobs.map((job) => make("th", { scope: "col", text: jobTitle(job) }));
  return make("thead", {}, make("tr", {}, make("td", {}), ...cells));
}

function facts(job) {
  const knobs = Object.entries(job.scene?.method?.knobs ?? {});
  return [
    ["model", job.model],
    ["method", job.method],
    ...(isFree(job) ? [] : knobs.map(([name, value]) => [spoken(name), plainValue(value)])),
    ["seed", String(job.seed)],
    ["steps", job.steps ? String(job.steps) : null],
    ["size", job.width ? `${job.width} x ${job.height} px` : null],
    ["frames", job.frames ? `${job.frames} at ${plainValue(job.fps)} a second` : null],
    ["time", job.seconds ? duration(job.seconds) : null],
    ["peak memory", job.peak_memory ? bytes(job.peak_memory) : null],
    ["asked for at", clockTime(job.created)],
  ].filter(([, value]) => value !== null && value !== undefined && value !== "");
}

/** Buttons and links for everything that can be done with a job. */
export function actionList(job) {
  const entries = actionsOf(job).map(({ name, label, href, run, danger }) =>
    href
      ? make("a", { class: "button small", href, download: "", test: name, text: label })
      : make("button", { type: "button", class: `small ${danger ? "danger" : ""}`, test: name, text: label, on: { click: run } }),
  );
  return make("div", { class: "actions" }, ...entries);
}
