/** One job on the strip: its picture, how far it is or how it ended, and what can be done with it. */

import { drawn, make, say, sayOrHide } from "../dom/make.js";
import { openMenu } from "../dom/menu.js";
import { cancelJob, showProgress } from "../generate/queue.js";
import { jobStore } from "../jobs/jobs.js";
import { etaText, failure, isFree, isOver, jobTitle, meanScore, percent, SCORES, scoresText, stateText } from "../jobs/words.js";
import { actionsOf, setStar } from "./actions.js";

const RESTS = 200; // ms that a pointer must rest on a card before it plays
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {string} id of the job.
 * @param {{open: function(string), pick: function(string, boolean)}} strip what pressing the card does.
 * @returns {{element: HTMLElement, update: function(Object, boolean)}} `update(job, picked)`.
 */
export function jobCard(id, strip) {
  const picture = make("img", { alt: "", class: "crisp", draggable: "false", hidden: true });
  const wait = make("span", { class: "card-wait" });
  const bar = make("progress", { max: 1, hidden: true });
  const open = { type: "button", class: "card-picture", on: { click: () => strip.open(id) } };
  const show = make("button", open, picture, wait, bar);
  const pick = make("input", { type: "checkbox", test: "pick", on: { change: () => strip.pick(id, pick.checked) } });
  const choose = make("label", { class: "card-pick", title: "Compare" }, pick);
  const badge = make("span", { class: "badge", hidden: true, text: "without control" });
  const title = make("span", { class: "card-title" });
  const menu = { type: "button", class: "quiet symbol small", "aria-haspopup": "menu", test: "more" };
  const more = make("button", menu, drawn("more"));
  const cancel = { type: "button", class: "symbol small card-stop", test: "cancel", title: "Cancel" };
  const stop = make("button", { ...cancel, on: { click: () => void cancelJob(id) } }, drawn("close"));
  const state = make("p", { class: "card-state" });
  const starred = { type: "button", class: "quiet symbol small card-star", test: "star", title: "Star" };
  const star = make("button", { ...starred, on: { click: () => void setStar(jobStore.get(id)) } }, drawn("star"));
  const line = make("div", { class: "card-line" }, title, star, more);
  const element = make("li", { class: "card", test: "job", "data-job": id }, show, choose, stop, badge, line, state);
  more.addEventListener("click", () => openMenu(more, actionsOf(jobStore.get(id))));
  let job = null;
  let was = null; // picked when it was drawn last
  let near = false;
  let resting = null;
  const look = (now) => {
    clearTimeout(resting);
    resting = setTimeout(() => {
      near = now;
      if (job) showPicture(picture, job, near);
    }, now ? RESTS : 0);
  };
  show.addEventListener("pointerenter", () => look(true));
  show.addEventListener("pointerleave", () => look(false));
  show.addEventListener("focus", () => look(show.matches(":focus-visible")));
  show.addEventListener("blur", () => look(false));

  const update = (now, picked) => {
    if (now === job && picked === was) return;
    [job, was] = [now, picked];
    element.dataset.state = job.state;
    element.dataset.role = job.role;
    element.style.setProperty("--aspect", String((job.width || 1) / (job.height || 1)));
    showPicture(picture, job, near);
    sayOrHide(wait, picture.hidden ? WAITING[job.state] ?? "" : "");
    bar.hidden = isOver(job) || job.state === "queued";
    showProgress(bar, job);
    badge.hidden = !isFree(job);
    choose.hidden = job.state !== "done";
    stop.hidden = isOver(job);
    stop.disabled = Boolean(job.cancelling);
    pick.checked = picked;
    say(title, job.title ?? `seed ${job.seed}`);
    star.setAttribute("aria-pressed", String(Boolean(job.star)));
    star.setAttribute("aria-label", `${job.star ? "Take the star from" : "Star"} ${jobTitle(job)}`);
    say(state, cardState(job));
    state.title = failure(job) || scoresText(job);
    const verb = job.state === "done" ? "Play" : "Show";
    show.setAttribute("aria-label", `${verb} ${jobTitle(job)}, ${job.method}, ${stateText(job)}`);
    pick.setAttribute("aria-label", `Compare ${jobTitle(job)}`);
    stop.setAttribute("aria-label", `Cancel ${jobTitle(job)}`);
    more.setAttribute("aria-label", `Actions for ${jobTitle(job)}`);
  };
  return { element, update };
}

const WAITING = {
  queued: "waiting",
  loading: "loading the model",
  running: "first steps",
  saving: "saving",
  failed: "failed",
  cancelled: "cancelled",
};

/** A still picture, which moves while the pointer or the keyboard is on it; a running job shows its preview. */
function showPicture(picture, job, near) {
  const files = job.files ?? {};
  const still = files["first.png"] ?? files["last.png"];
  const moving = !STILL.matches && near ? files["clip.gif"] : null;
  const source = job.state === "done" ? moving ?? still ?? null : job.preview ?? null;
  picture.hidden = !source;
  if (source && picture.getAttribute("src") !== source) picture.src = source;
  picture.classList.toggle("dim", job.state === "failed" || job.state === "cancelled");
  if (!isOver(job)) picture.dataset.test = "preview";
  else delete picture.dataset.test;
}

function cardState(job) {
  if (job.state === "failed") return job.error ?? "failed";
  if (job.state !== "done") return [stateText(job), etaText(job)].filter(Boolean).join(", ");
  const found = meanScore(job, "found share");
  if (found === 0) return "not found";
  const score = SCORES.find(({ key }) => key !== "guess px" && meanScore(job, key) !== null);
  if (!score) return stateText(job);
  const text = score.text(meanScore(job, score.key));
  const sure = score.key === "path error px" && found < 1 ? `, found in ${percent(found)}` : "";
  return `${score.label} ${text}${sure}`;
}
