/**
 * The jobs as the server knows them: one list, kept up to date by events. Nothing of it is kept in the page alone, so a
 * reload in the middle of a job finds everything again.
 */

import { api } from "./api.js";
import { inFrame } from "./frame.js";
import { isFree } from "./result_text.js";
import { sameJson } from "./scene_json.js";
import { events } from "./stream.js";

const jobs = new Map();
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
    list.forEach(keep);
  },

  /** Forget a job that was deleted. */
  forget,

  /** Load the list and follow the events; once. */
  start() {
    if (started) return;
    started = true;
    events.on("job", keep);
    events.on("preview", ({ id, step, url }) => jobs.has(id) && keep({ id, preview: url, previewStep: step }));
    events.on("removed", ({ id }) => forget(id));
    events.on("hello", () => void reload());
    void reload();
  },
};

async function reload() {
  if (touched) {
    again = true;
    return;
  }
  const mine = new Set();
  touched = mine;
  try {
    const { jobs: list } = await api.get("/api/jobs");
    const there = new Set(list.map((job) => job.id));
    for (const job of list) if (!mine.has(job.id)) keep(job);
    for (const id of [...jobs.keys()]) if (!there.has(id) && !mine.has(id)) forget(id);
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

function keep(job) {
  touched?.add(job.id);
  jobs.set(job.id, { ...jobs.get(job.id), ...job });
  notify();
}

function forget(id) {
  touched?.add(id);
  if (jobs.delete(id)) notify();
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
