/** How numbers and jobs are put into words: units always written, nothing more exact than it is. */

const SILENT = 90; // s without a word of the worker that are worth one

/** "7 s", "1 min 20 s", "2 h 5 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** "412 MB", "5.6 GB" (powers of ten, as disks and cards are sold). */
export function bytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  return `${Math.round(count / 1e6)} MB`;
}

/** "1 clip", "3 clips". */
export function counted(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** A knob's value as a person would write it. */
export function plainValue(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** Whether the model was left alone: a baseline, or a scene whose method is "none". */
export function isFree(job) {
  return job.method === "none";
}

/** What the job is: its own name, else "seed 7" or "seed 7, without control". */
export function jobTitle(job) {
  if (job.title) return job.title;
  return isFree(job) ? `seed ${job.seed}, without control` : `seed ${job.seed}`;
}

/** One line under a job: what it waits for, how far it is, or how it ended. */
export function stateText(job) {
  if (job.cancelling) return "cancelling";
  if (job.state === "queued") return "waiting";
  if (job.state === "loading") return "loading the model";
  if (job.state === "running") return `step ${job.step} of ${job.steps}`;
  if (job.state === "saving") return "saving";
  if (job.state === "cancelled") return "cancelled";
  if (job.state === "failed") return "failed";
  return job.seconds ? `took ${duration(job.seconds)}` : "done";
}

/** Why a job failed and what helps, as sentences. */
export function failure(job) {
  return [job.error, job.hint].filter(Boolean).map((text) => text.replace(/[.!?]?$/, ".")).join(" ");
}

/** That the worker has said nothing of a job for long, "" where it has. Steps of large models take minutes. */
export function silenceText(job, now = performance.now()) {
  if (!isActive(job) || job.cancelling || job.heardAt === undefined) return "";
  const seconds = (now - job.heardAt) / 1000;
  const usual = job.eta && job.step < job.steps ? (5 * job.eta) / (job.steps - job.step) : 0;
  return seconds > Math.max(SILENT, usual) ? `no sign of it for ${duration(seconds)}: if it hangs, Cancel ends it` : "";
}

/** "about 12 s left" or "". */
export function etaText(job) {
  return job.cancelling || !isActive(job) || !(job.eta >= 0.5) ? "" : `about ${duration(job.eta)} left`;
}

/** Whether the worker has the job in hand. */
export function isActive(job) {
  return job.state === "loading" || job.state === "running" || job.state === "saving";
}

/** Whether the job is over, in whatever way. */
export function isOver(job) {
  return job.state === "done" || job.state === "failed" || job.state === "cancelled";
}

/** How far the job is, 0 to 1; null where nobody knows. */
export function progressOf(job) {
  if (job.state === "running" && job.steps) return job.step / job.steps;
  if (job.state === "saving" || job.state === "done") return 1;
  return job.state === "queued" ? 0 : null;
}

/** "14:05" of an ISO moment or seconds since 1970, in the reader's own time. */
export function clockTime(created) {
  const moment = new Date(typeof created === "number" ? created * 1000 : created);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** The scores that jobs carry: key in the job, label, what it means, how to write it, and whether less is better. */
export const SCORES = [
  {
    key: "path error px",
    label: "path error",
    help: "Mean distance of the object from the planned path over the frames in which it was found, in pixels of the clip",
    lessIsBetter: true,
    text: (value) => `${value.toFixed(1)} px`,
  },
  {
    key: "guess px",
    label: "best guess",
    help: "Mean distance from the planned path of the observer's best guess in every frame, sure or not, in pixels of the clip",
    lessIsBetter: true,
    text: (value) => `${value.toFixed(1)} px`,
  },
  {
    key: "found share",
    label: "frames found",
    help: "Share of the planned frames in which the object was found",
    lessIsBetter: false,
    text: percent,
  },
  {
    key: "overlap",
    label: "box overlap",
    help: "Intersection over union of the planned box and one of its size where the object was found, mean of the frames",
    lessIsBetter: false,
    text: percent,
  },
];

/** A share in percent. */
export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** Every score of a job, a line each; "" where there are none. */
export function scoresText(job) {
  const known = SCORES.filter(({ key }) => meanScore(job, key) !== null);
  return known.map(({ key, label, text }) => `${label} ${text(meanScore(job, key))}`).join("\n");
}

/** By which observers a job's figures are, in words; "" where there are none. */
export function observersText(job) {
  const names = [...new Set(Object.values(job.observers ?? {}))];
  return names.length ? `Looked for by: ${names.join(", ")}. Not found in a frame: no distance of it.` : "";
}

/** The mean of one score over a job's subjects; null where none has it. */
export function meanScore(job, key) {
  const values = Object.values(job.scores || {}).map((scores) => scores[key]);
  const known = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}
