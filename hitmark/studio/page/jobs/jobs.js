/**
 * The jobs as the server knows them: one list, kept up to date by events. Nothing of it is kept in the page alone, so a
 * reload in the middle of a job finds everything again.
 */

import { inFrame } from "../dom/frame.js";
import { api } from "../server/api.js";
import { sameJson } from "../server/json.js";
import { events } from "../server/stream.js";
import { isFree } from "./words.js";

const PAGE = 100; // jobs that are asked for at once
const MOST = 10_000; // jobs that the server gives at once
const jobs = new Map();
let filter = {}; // what of the jobs is asked for: {project, star}
let total = 0; // jobs of the filter that the server has
let oldest = null; // id of the oldest job of the last page
let wanted = PAGE; // jobs that were asked for so far: a list that is loaded again has as many
let coming = null; // the older page that is on its way, and of which filter
let unreadable = []; // sentences on folders that are no jobs
const listeners = new Set();
const asked = new Map(); // id -> promise of the whole job
let touched = null; // ids that events changed while a list was on its way
let again = false; // somebody asked for the list while it was on its way
let started = false;

export const jobStore = {
  /** Every job, in the server's order: newest last. */
  all: () => [...jobs.values()],

  /** One job, or undefined. */
  get: (id) => jobs.get(id),

  /** A job with its scene and tracks, which events leave out. */
  async whole(id) {
    const known = jobs.get(id);
    if (known && known.scene && known.tracks) return known;
    if (!asked.has(id)) asked.set(id, api.get(`/api/jobs/${id}`).finally(() => asked.delete(id)));
    const job = await asked.get(id);
    keep(job);
    return jobs.get(id);
  },

  /** Call `listener(jobs)` at most once per animation frame after something changed; returns how to stop. */
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /** Take jobs from an answer of the server. */
  take(list) {
    list.forEach((job) => keep(job));
  },

  /** Forget a job that was deleted. */
  forget,

  /** How many jobs of the filter there are on the server, and what cannot be read there. */
  get total() {
    return Math.max(total, jobs.size);
  },
  get unreadable() {
    return unreadable;
  },

  /** Whether the server has older jobs than those that are loaded. */
  get hasOlder() {
    return oldest !== null;
  },

  /** Load only jobs of a project (null: of none, undefined: of all) or with a star. */
  filter(chosen) {
    if (sameJson(chosen, filter)) return;
    filter = chosen;
    wanted = PAGE;
    void reload();
  },

  /** Load the next older page; while one is on its way, that one. */
  older() {
    if (coming?.filter !== filter) coming = { filter, page: olderPage().finally(() => (coming = null)) };
    return coming.page;
  },

  /** Load the list and follow the events; once. */
  start() {
    if (started) return;
    started = true;
    events.on("job", (job) => keep(job));
    events.on("preview", ({ id, step, url }) => jobs.has(id) && keep({ id, preview: url, previewStep: step }));
    events.on("removed", ({ id }) => forget(id));
    events.on("hello", () => void reload());
    void reload();
  },
};

function query(limit) {
  const { project, star } = filter;
  return new URLSearchParams({ brief: "true", limit, ...(project === undefined ? {} : { project: project ?? "" }), ...(star ? { star: "true" } : {}) });
}

function take(answer, limit) {
  ({ total, unreadable } = answer);
  const page = answer.jobs.slice(-limit);
  oldest = page.length === limit ? page[0].id : null;
}

async function olderPage() {
  const chosen = filter;
  const answer = await api.get(`/api/jobs?${query(PAGE)}&before=${oldest}`);
  if (chosen !== filter) return;
  wanted += PAGE;
  for (const job of answer.jobs) keep(job, true);
  take(answer, PAGE);
  notify();
}

async function reload() {
  if (touched) {
    again = true;
    return;
  }
  const mine = new Set();
  touched = mine;
  const limit = Math.min(wanted, MOST);
  try {
    const answer = await api.get(`/api/jobs?${query(limit)}`);
    if (limit !== Math.min(wanted, MOST)) {
      again = true; // older ones came meanwhile: this list ends before them
      return;
    }
    const there = new Set(answer.jobs.map((job) => job.id));
    for (const job of answer.jobs) if (!mine.has(job.id)) keep(job, true);
    for (const id of [...jobs.keys()]) if (!there.has(id) && !mine.has(id)) jobs.delete(id);
    take(answer, limit);
  } catch {
    // The events' own reconnect says hello again; until then the list stays as it is.
  } finally {
    touched = null;
    notify();
    if (again) {
      again = false;
      void reload();
    }
  }
}

function keep(job, listed = false) {
  touched?.add(job.id);
  if (!listed && !jobs.has(job.id)) total += 1;
  const heardAt = performance.now() - 1000 * (job.silent ?? 0);
  jobs.set(job.id, { ...jobs.get(job.id), ...job, heardAt });
  notify();
}

function forget(id) {
  touched?.add(id);
  if (!jobs.delete(id)) return;
  total -= 1;
  notify();
}

function notify() {
  inFrame(tell);
}

function tell() {
  const list = jobStore.all();
  listeners.forEach((listener) => listener(list));
}

/**
 * Jobs by press of Generate, the newest first; within one as they were asked for. Ids count up.
 *
 * @returns {[string, Object[]][]}
 */
export function grouped(list) {
  const groups = new Map();
  for (const job of [...list].sort(byAge)) {
    const key = job.group ?? job.id;
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups].reverse();
}

/** A clip that differs only in whether the model was left alone: same start, size, seed, steps. Undefined = none. */
export function twin(list, first) {
  const others = list.filter((job) => job.state === "done" && isFree(job) !== isFree(first));
  return others.find((job) => job.group === first.group && job.seed === first.seed) ?? others.find((job) => alike(job, first));
}

function alike(one, other) {
  const same = ["seed", "model", "steps", "width", "height", "frames"].every((name) => one[name] === other[name]);
  const fields = ["image", "prompt", "subjects", "camera"];
  return same && one.scene && other.scene && fields.every((name) => sameJson(one.scene[name] ?? null, other.scene[name] ?? null));
}

/** Two jobs in the order in which they were asked for. */
export function byAge(first, second) {
  return first.id < second.id ? -1 : first.id > second.id ? 1 : 0;
}
