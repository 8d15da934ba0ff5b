/** What can be done with a job: take its settings, its scene, its last frame, its files; run it again; delete it. */

import { isUnder, putUnder } from "../canvas/underlay.js";
import { ask, askText, toast } from "../dom/dialogs.js";
import { setModel } from "../generate/order.js";
import { cancelJob } from "../generate/queue.js";
import { settings } from "../generate/settings.js";
import { jobStore, twin } from "../jobs/jobs.js";
import { isFree, isOver, jobTitle } from "../jobs/words.js";
import { setPicture } from "../picture/fit.js";
import { wantPicture } from "../picture/wanted.js";
import { modelOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { api, send } from "../server/api.js";
import { shotAfter } from "./next_shot.js";

const TAKEN = ["width", "height", "frames", "fps", "negative_prompt"]; // fields of a scene that say how it is made

const FILES = [
  ["clip.mp4", "Download MP4"],
  ["clip.gif", "Download GIF"],
  ["scene.json", "Download scene"],
  ["clip.json", "Download run record"],
  ["plan.png", "Download plan picture"],
];

/**
 * Everything that can be done with a job now.
 *
 * @returns {{name: string, label: string, href: (string|undefined), run: (function()|undefined), danger: boolean}[]}
 */
export function actionsOf(job) {
  const done = job.state === "done";
  const action = (name, label, run, danger = false) => ({ name, label, run: () => void told(run), danger });
  return [
    action("use-settings", "Use this result's settings", () => useSettings(job.id)),
    action("use-scene", "Open this result's scene", () => useScene(job.id)),
    ...(done && job.files?.["last.png"] ? [action("next-shot", "Next shot: go on from here", () => nextShot(job))] : []),
    ...(done ? [action("underlay", isUnder(job.id) ? "Take it from under the editor" : "Show it under the editor", () => putUnder(job.id))] : []),
    action("rename", "Name it…", () => rename(job)),
    action("star", job.star ? "Take its star" : "Star it", () => setStar(job)),
    ...(done && job.files?.["last.png"] ? [action("use-last", "Send last frame to first image", () => useLastFrame(job))] : []),
    ...(done && !isFree(job) && !twin(jobStore.all(), job)
      ? [action("make-free", "Make it without control too", () => makeFree(job.id))]
      : []),
    ...(done ? FILES.filter(([file]) => job.files?.[file]).map(([file, label]) => download(job, file, label)) : []),
    ...(job.state === "failed" || job.state === "cancelled" ? [action("retry", "Retry", () => retry(job))] : []),
    ...(isOver(job)
      ? [action("delete", "Delete", () => remove([job]), true)]
      : [action("cancel", "Cancel", () => cancelJob(job.id), true)]),
  ];
}

function download(job, file, label) {
  return { name: `download-${file}`, label, href: `${job.files[file]}?download=1`, danger: false };
}

async function told(run) {
  try {
    await run();
  } catch (error) {
    toast(error.message, "error");
  }
}

async function useSettings(id) {
  const { document } = store;
  const job = await jobStore.whole(id);
  if (store.document !== document) throw new Error("Another scene was opened meanwhile; choose it again for this one.");
  store.change("use a result's settings", (draft) => {
    for (const field of TAKEN) copyField(field, job.scene, draft);
    draft.model = job.model;
    draft.seed = job.seed;
    copyField("method", job.scene, draft);
  });
  settings.adopt(job.model, job.steps, job.call ?? (await recordedCall(job)));
  toast(`The scene has the model, method, knobs, size and seed of ${jobTitle(job)} now. Undo brings yours back.`);
}

function copyField(field, from, to) {
  if (from[field] === undefined || from[field] === null) delete to[field];
  else to[field] = structuredClone(from[field]);
}

async function recordedCall(job) {
  const record = job.files?.["clip.json"] ? await api.get(job.files["clip.json"]) : null;
  return record?.settings?.call ?? null;
}

async function useScene(id) {
  const { document } = store;
  const job = await jobStore.whole(id);
  if (store.document !== document || !(await store.load({ ...job.scene, seed: job.seed }, null))) return;
  settings.adopt(job.model, job.steps, job.call ?? (await recordedCall(job)));
}

async function useLastFrame(job) {
  const unwanted = wantPicture();
  const picture = await lastFrame(job);
  const why = unwanted();
  if (why) throw new Error(`The last frame arrived ${why}; it was left. Send it again to use it.`);
  const model = modelOf(store.scene, store.ui.info);
  const reads = model && !model.takes_picture && store.scene.model;
  setPicture(picture, "last frame as first picture", (draft) => reads && setModel(draft, null, store.ui.info));
  const changed = reads ? ` The model is automatic now, as ${model.name} does not start from a picture.` : "";
  toast(`The last frame of ${jobTitle(job)} is the first picture now.${changed}`, "good");
}

/** The last frame of a clip as a picture of the studio. */
async function lastFrame(job) {
  return api.upload(await (await send(job.files["last.png"])).blob());
}

/** Mark a result as one of the good ones, or not any more. */
export async function setStar(job) {
  jobStore.take([await api.patch(`/api/jobs/${job.id}`, { star: !job.star })]);
}

async function rename(job) {
  const title = await askText({ title: "Name this result", label: "Name (empty: its seed)", value: job.title ?? "", accept: "Keep", empty: true });
  if (title !== null) jobStore.take([await api.patch(`/api/jobs/${job.id}`, { title })]);
}

/** A new scene that goes on where a clip ended: its last frame is the picture, every box lies where it was found last. */
async function nextShot({ id }) {
  const { document } = store;
  const job = await jobStore.whole(id);
  const picture = await lastFrame(job);
  if (store.document !== document) throw new Error("Another scene was opened meanwhile; choose it again.");
  if (!(await store.load(shotAfter(job, picture), picture))) return;
  store.markUnsaved();
  toast("The next shot: its picture is the last frame, and the boxes lie where they ended. Lead them on.", "good");
}

/** Order the clip of the same seed with the model left alone. */
async function makeFree(id) {
  const { scene, seed, steps, call, project } = await jobStore.whole(id);
  const { method: _, ...free } = scene;
  const body = { scene: { ...free, seed, method: { name: "none" } }, steps, call: call ?? {}, variants: 1, baseline: false };
  const { jobs } = await api.post("/api/jobs", { ...body, project: project ?? null });
  jobStore.take(jobs);
  toast("In the queue; when it is done, the player can compare the two.");
}

async function retry(job) {
  const again = await api.post(`/api/jobs/${job.id}/retry`);
  jobStore.take(again.jobs ?? [again]);
}

/** Delete jobs that are over, with their files; asks first where a clip would be lost. */
export async function remove(jobs) {
  const clips = jobs.filter((job) => job.state === "done").length;
  if (clips) {
    const what = jobs.length === 1 ? jobTitle(jobs[0]) : `${jobs.length} results`;
    const answer = await ask({
      title: "Delete for good?",
      text: `The clip, the record and the pictures of ${what} are removed from the disk. There is no way back.`,
      choices: [
        { value: "delete", label: "Delete", kind: "danger" },
        { value: "keep", label: "Keep", kind: "primary" },
      ],
    });
    if (answer !== "delete") return;
  }
  for (const job of jobs) {
    await api.delete(`/api/jobs/${job.id}`);
    jobStore.forget(job.id);
  }
}
