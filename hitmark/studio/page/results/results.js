/** The strip at the bottom: every job as a card, those of one press of Generate together, newest first. */

import { toast } from "../dom/dialogs.js";
import { drawn, make, say, symbolButton } from "../dom/make.js";
import { grouped, jobStore } from "../jobs/jobs.js";
import { clockTime, counted, isFree, isOver } from "../jobs/words.js";
import { store } from "../scene/store.js";
import { remove } from "./actions.js";
import { jobCard } from "./card.js";

const STORED = "hitmark.studio.results";
const MOST_COMPARED = 4;

/**
 * Build the strip and keep it up to date.
 *
 * @param {HTMLElement} element
 * @param {function(string[])} open shows clips of these jobs, several in step.
 */
export function mountResults(element, open) {
  const cards = new Map(); // job id -> card
  const groups = new Map(); // group -> {element, list, title}
  const picked = new Set(); // ids chosen for comparing, in the order of choosing
  const head = header();
  const list = make("div", { class: "strip", role: "list", tabindex: -1 });
  const older = make("button", { type: "button", class: "older", test: "older", text: "Older ones", hidden: true });
  older.addEventListener("click", () => jobStore.older().catch((error) => toast(error.message, "error")));
  element.classList.add("results");
  element.replaceChildren(head.element, list);

  const strip = {
    open: (id) => open([id]),
    pick(id, on) {
      if (on && picked.size >= MOST_COMPARED) toast(`At most ${MOST_COMPARED} clips can be compared at once.`, "warning");
      else if (on) picked.add(id);
      else picked.delete(id);
      draw();
    },
  };

  const draw = () => {
    const all = jobStore.all();
    const chosen = { all: () => true, project: (job) => (job.project ?? null) === (store.ui.project ?? null), star: (job) => job.star };
    const shown = all.filter(chosen[head.filter()]);
    for (const id of picked) if (jobStore.get(id)?.state !== "done") picked.delete(id);
    const there = new Set(shown.map((job) => job.id));
    for (const [id, card] of cards) {
      if (there.has(id)) continue;
      card.element.remove();
      cards.delete(id);
    }
    for (const job of shown) {
      if (!cards.has(job.id)) cards.set(job.id, jobCard(job.id, strip));
      cards.get(job.id).update(job, picked.has(job.id));
    }
    arrange(list, groups, grouped(shown), cards);
    older.hidden = !jobStore.hasOlder;
    if (list.lastElementChild !== older) list.append(older);
    list.hidden = shown.length === 0 || head.folded();
    element.classList.toggle("folded", list.hidden);
    head.update(all, shown, picked);
  };

  const ask = () => jobStore.filter({ all: {}, project: { project: store.ui.project ?? null }, star: { star: true } }[head.filter()]);
  head.onFilter = () => {
    ask();
    draw();
  };
  head.onCompare = () => open([...picked]);
  head.onClear = () => remove(jobStore.all().filter((job) => job.state === "failed" || job.state === "cancelled"));
  list.addEventListener("keydown", (event) => moveFocus(event, list));
  jobStore.subscribe(draw);
  let project = store.ui.project;
  store.subscribe(({ ui }) => {
    if (ui.project === project) return;
    project = ui.project;
    ask();
    draw();
  });
  ask();
  jobStore.start();
  draw();
}

function header() {
  const filter = make(
    "select",
    { class: "small", "aria-label": "Which results are shown", test: "results-filter" },
    make("option", { value: "all", text: "All results" }),
    make("option", { value: "project", text: "This project" }),
    make("option", { value: "star", text: "With a star" }),
  );
  const count = make("p", { class: "facts grow" });
  const fold = symbolButton("down", "Hide the results", () => toggleFold(), { test: "fold" });
  const compare = make("button", { type: "button", class: "small", test: "compare", disabled: true });
  const unfinished = { text: "Remove unfinished", title: "Remove the failed and the cancelled ones", hidden: true };
  const clear = make("button", { type: "button", class: "small quiet", test: "remove-unfinished", ...unfinished });
  const title = make("h2", { text: "Results" });
  const element = make("header", { class: "strip-head" }, title, count, clear, compare, filter, fold);
  let kept = remembered();
  filter.value = kept.filter;
  const toggleFold = () => {
    remember((kept = { ...kept, folded: !kept.folded }));
    head.onFilter();
  };
  const head = {
    element,
    filter: () => filter.value,
    folded: () => kept.folded,
    update(all, shown, picked) {
      const running = shown.filter((job) => !isOver(job)).length;
      const more = jobStore.hasOlder ? ` of ${jobStore.total}` : "";
      const clips = `${shown.length}${more} ${shown.length === 1 && !more ? "clip" : "clips"}${running ? `, ${running} in the queue` : ""}`;
      const bad = jobStore.unreadable.length ? ` ${counted(jobStore.unreadable.length, "folder")} of results cannot be read.` : "";
      say(count, (shown.length ? clips : emptyText(all)) + bad);
      count.title = jobStore.unreadable.join("\n");
      compare.hidden = all.length === 0;
      filter.hidden = all.length === 0 && filter.value === "all";
      fold.hidden = shown.length === 0;
      fold.replaceChildren(drawn(kept.folded ? "up" : "down"));
      fold.title = kept.folded ? "Show the results" : "Hide the results";
      fold.setAttribute("aria-label", fold.title);
      fold.setAttribute("aria-expanded", String(!kept.folded));
      compare.disabled = picked.size < 2;
      say(compare, picked.size ? `Compare (${picked.size})` : "Compare");
      compare.title = picked.size < 2 ? "Tick two to four clips to compare them" : "Play them in step";
      clear.hidden = !all.some((job) => job.state === "failed" || job.state === "cancelled");
    },
  };
  filter.addEventListener("change", () => {
    remember((kept = { ...kept, filter: filter.value }));
    head.onFilter();
  });
  compare.addEventListener("click", () => head.onCompare());
  clear.addEventListener("click", () => head.onClear().catch((error) => toast(error.message, "error")));
  return head;
}

function remembered() {
  try {
    const { filter, folded } = JSON.parse(localStorage.getItem(STORED) || "{}");
    return { filter: ["project", "star"].includes(filter) ? filter : "all", folded: folded === true };
  } catch {
    return { filter: "all", folded: false };
  }
}

function remember(kept) {
  try {
    localStorage.setItem(STORED, JSON.stringify(kept));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** Put groups and cards in their places; what stays where it is is not touched, so that focus and scroll stay. */
function arrange(list, groups, wanted, cards) {
  const names = new Set(wanted.map(([name]) => name));
  for (const [name, group] of groups) {
    if (names.has(name)) continue;
    group.element.remove();
    groups.delete(name);
  }
  wanted.forEach(([name, jobs], index) => {
    if (!groups.has(name)) groups.set(name, groupBox());
    const group = groups.get(name);
    say(group.title, groupTitle(jobs));
    placeAt(list, group.element, index);
    jobs.forEach((job, place) => placeAt(group.list, cards.get(job.id).element, place));
  });
}

function placeAt(parent, child, index) {
  if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
}

function groupBox() {
  const title = make("h3", {});
  const list = make("ul", { class: "group-cards" });
  return { element: make("section", { class: "group", role: "listitem", test: "group" }, title, list), list, title };
}

function groupTitle(jobs) {
  const [first] = jobs;
  const method = jobs.find((job) => !isFree(job))?.method ?? first.method;
  const name = first.project ? `${first.project}, ` : "";
  return `${name}${method}, ${first.model}, ${clockTime(first.created)}`;
}

function emptyText(all) {
  if (all.length) return `None of these; ${counted(all.length, "clip")} of others.`;
  return "Nothing yet. Press Generate (Ctrl+Enter): each clip appears here while it is made, and stays with its seed, scores and files.";
}

/** Left and right go from card to card. */
function moveFocus(event, list) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !event.target.classList.contains("card-picture")) return;
  const pictures = [...list.querySelectorAll(".card-picture")];
  const next = pictures[pictures.indexOf(event.target) + step];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
