/** What the worker has in hand and what waits: progress, live preview, time left, cancel. */

import { toast } from "../dom/dialogs.js";
import { drawn, make, say } from "../dom/make.js";
import { jobStore } from "../jobs/jobs.js";
import { counted, etaText, failure, isActive, isOver, jobTitle, progressOf, silenceText, stateText } from "../jobs/words.js";
import { api } from "../server/api.js";

const LOOK = 10_000; // ms

/**
 * @param {function(string)} open called with a job's id when its picture is pressed.
 * @returns {{element: HTMLElement, update: function(Object[])}}
 */
export function queuePanel(open) {
  const list = make("ul", { class: "queue-list" });
  const more = make("span", { class: "facts" });
  const drop = make("button", { type: "button", class: "small quiet", text: "Cancel them", test: "cancel-waiting" });
  const rest = make("div", { class: "queue-rest" }, more, drop);
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  const element = make("section", { class: "queue", "aria-label": "Queue", test: "queue", hidden: true }, list, rest);
  const heard = new Map();
  let row = null;
  let waiting = [];
  setInterval(() => row && jobStore.get(row.id) && row.update(jobStore.get(row.id)), LOOK); // silence has no events
  drop.addEventListener("click", () => waiting.slice().reverse().forEach((job) => void cancelJob(job.id)));
  const update = (jobs) => {
    const queue = jobs.filter((job) => !isOver(job));
    const first = queue.find(isActive) ?? queue[0];
    waiting = queue.filter((job) => job !== first);
    element.hidden = !first;
    rest.hidden = waiting.length === 0;
    say(more, `${counted(waiting.length, "more clip")} in the queue`);
    if (first && row?.id !== first.id) {
      row = queueRow(first.id, open);
      list.replaceChildren(row.element);
    }
    if (first) row.update(first);
    announce(jobs, heard, live);
  };
  return { element, live, update };
}

function queueRow(id, open) {
  const picture = make("img", { alt: "", class: "crisp", test: "preview", hidden: true });
  const show = make("button", { type: "button", class: "queue-picture", on: { click: () => open(id) } }, picture);
  const title = make("span", { class: "queue-title" });
  const state = make("span", { class: "facts" });
  const bar = make("progress", { max: 1 });
  const cancel = make(
    "button",
    { type: "button", class: "quiet symbol", test: "cancel", on: { click: () => void cancelJob(id) } },
    drawn("close"),
  );
  const element = make(
    "li",
    { class: "queue-row", test: "queued" },
    show,
    make("div", { class: "queue-words" }, title, bar, state),
    cancel,
  );
  const update = (job) => {
    element.dataset.state = job.state;
    const url = job.preview ?? null;
    picture.hidden = !url;
    if (url && picture.getAttribute("src") !== url) picture.src = url;
    show.setAttribute("aria-label", `Watch ${jobTitle(job)}`);
    say(title, jobTitle(job));
    say(state, [stateText(job), etaText(job), silenceText(job)].filter(Boolean).join(", "));
    cancel.disabled = Boolean(job.cancelling);
    showProgress(bar, job);
    cancel.setAttribute("aria-label", `Cancel ${jobTitle(job)}`);
    cancel.title = "Cancel";
  };
  return { id, element, update };
}

/** A progress bar without a value moves: that is what loading looks like. */
export function showProgress(bar, job) {
  const progress = progressOf(job);
  if (progress === null) bar.removeAttribute("value");
  else bar.value = progress;
  bar.setAttribute("aria-label", `Progress of ${jobTitle(job)}`);
}

/** Ask the server to cancel a job; the card changes when the worker has stopped. */
export async function cancelJob(id) {
  try {
    const job = await api.post(`/api/jobs/${id}/cancel`);
    if (job?.id) jobStore.take([job]);
  } catch (error) {
    toast(error.message, "error");
  }
}

/** Say what a listener needs: starts, quarters of the way, and how jobs end. Not every step. */
function announce(jobs, heard, live) {
  const first = heard.size === 0;
  for (const job of jobs) {
    const quarter = job.state === "running" && job.steps ? Math.floor((4 * job.step) / job.steps) : 0;
    const key = `${job.state} ${quarter}`;
    const before = heard.get(job.id);
    heard.set(job.id, key);
    if (first || before === key || job.state === "queued") continue;
    const words = job.state === "running" ? `${Math.round((100 * job.step) / job.steps)} percent` : stateText(job);
    say(live, `${jobTitle(job)}: ${words}.`);
    if (job.state === "failed") toast(`${jobTitle(job)} failed: ${failure(job)}`, "error");
  }
}
