/** The timeline: play, scrub, keyframes in time, when subjects enter and leave. Every handle works by keyboard too. */

import { frameTime, goTo, tidyTime } from "./edits.js";
import { element } from "./elements.js";
import { fpsOf, framesOf } from "./model.js";
import { frameOf } from "./plan.js";
import { store } from "./store.js";
import { Row } from "./timeline_row.js";
import { timelineBar } from "./timeline_bar.js";

const MOST_TICKS = 16;

/** Mount the timeline. */
export function mountTimeline(host) {
  const ruler = element("div", { class: "ruler" });
  const rows = element("div", { class: "rows" });
  const head = element("div", {
    class: "playhead", role: "slider", tabindex: "0", "aria-label": "Frame", "aria-valuemin": "1", "data-test": "playhead",
  });
  const body = element("div", { class: "timeline-body" }, [element("div", { class: "lanes" }, [
    element("div", { class: "ruler-row" }, [element("span", { class: "lane-name muted", text: "Frame" }), ruler]),
    rows,
    element("div", { class: "head-room" }, [element("div", { class: "head-lane" }, [head])]),
  ])]);
  host.append(timelineBar(), body);
  const lane = { ruler, momentAt: (event) => momentAt(ruler, event) };
  scrubbing(body, lane);
  headKeys(head);

  const shown = [];
  let ticks = null;
  const show = ({ scene, ui }) => {
    const frames = framesOf(scene, ui);
    const key = `${frames}/${fpsOf(scene)}`;
    if (ticks !== key) drawTicks(ruler, frames);
    const frame = frameOf(scene, ui) + 1;
    body.style.setProperty("--at", `${ui.time * 100}%`);
    head.setAttribute("aria-valuemax", frames);
    head.setAttribute("aria-valuenow", frame);
    head.setAttribute("aria-valuetext", `frame ${frame} of ${frames}`);
    const subjects = scene.subjects ?? [];
    while (shown.length > subjects.length) shown.pop().remove();
    while (shown.length < subjects.length) shown.push(new Row(rows, shown.length, lane));
    shown.forEach((row, index) => row.show(subjects[index], ui, ticks !== key));
    rows.classList.toggle("none", subjects.length === 0);
    ticks = key;
  };
  store.subscribe(show);
  show(store);
}

/** The moment under the pointer: the nearest frame's, or any with Control held. */
function momentAt(ruler, event) {
  const { left, width } = ruler.getBoundingClientRect();
  const time = Math.min(1, Math.max(0, (event.clientX - left) / width));
  return event.ctrlKey || event.metaKey ? tidyTime(time) : frameTime(time);
}

function drawTicks(ruler, frames) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => frames / each <= MOST_TICKS) ?? 1000;
  const marks = [];
  for (let frame = 0; frame < frames; frame += step) {
    const mark = element("span", { class: "tick", text: String(frame + 1) });
    mark.style.left = `${(frame / (frames - 1)) * 100}%`;
    marks.push(mark);
  }
  ruler.replaceChildren(...marks);
}

function scrubbing(body, lane) {
  let scrubs = false;
  body.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button, .edge") || !event.target.closest(".ruler, .lane, .playhead, .head-lane")) return;
    scrubs = true;
    body.setPointerCapture(event.pointerId);
    goTo(lane.momentAt(event));
  });
  body.addEventListener("pointermove", (event) => scrubs && goTo(lane.momentAt(event)));
  for (const type of ["pointerup", "pointercancel"]) body.addEventListener(type, () => (scrubs = false));
}

function headKeys(head) {
  head.addEventListener("keydown", (event) => {
    const last = framesOf(store.scene, store.ui) - 1;
    const frame = frameOf(store.scene, store.ui);
    const to = { ArrowLeft: frame - 1, ArrowRight: frame + 1, Home: 0, End: last, PageUp: frame + 5, PageDown: frame - 5 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    goTo(tidyTime(Math.min(last, Math.max(0, to)) / last));
  });
}
