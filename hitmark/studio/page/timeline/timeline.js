/** The timeline: play, scrub, keyframes in time, when subjects enter and leave. Every handle works by keyboard too. */

import { element } from "../dom/elements.js";
import { frameTime, goTo, tidyTime } from "../scene/edits.js";
import { fpsOf, framesOf } from "../scene/model.js";
import { frameOf } from "../scene/plan.js";
import { store } from "../scene/store.js";
import { timelineBar } from "./bar.js";
import { Row } from "./row.js";
import { speedRow } from "./speed.js";

const MOST_TICKS = 16;
const MOST_ZOOM = 40;
const [SIDE, MARGIN] = [160, 40]; // px: the names on the left, and room on the right, where the present moment is not seen

/** Mount the timeline. */
export function mountTimeline(host) {
  const ruler = element("div", { class: "ruler" });
  const rows = element("div", { class: "rows" });
  const speed = speedRow();
  const head = element("div", {
    class: "playhead", role: "slider", tabindex: "0", "aria-label": "Frame", "aria-valuemin": "1", "data-test": "playhead",
  });
  const body = element("div", { class: "timeline-body" }, [element("div", { class: "lanes" }, [
    element("div", { class: "ruler-row" }, [element("span", { class: "lane-name muted", text: "Frame" }), ruler]),
    rows, speed.element,
    element("div", { class: "head-room" }, [element("div", { class: "head-lane" }, [head])]),
  ])]);
  let zoom = 1;
  const zoomTo = (wanted, at = null) => {
    const room = body.getBoundingClientRect();
    const point = at ?? room.left + room.width / 2;
    const { left, width } = ruler.getBoundingClientRect();
    const share = (point - left) / width;
    zoom = Math.min(MOST_ZOOM, Math.max(1, wanted));
    body.style.setProperty("--zoom", String(zoom));
    body.dataset.zoom = zoom.toFixed(2);
    const now = ruler.getBoundingClientRect();
    body.scrollLeft += now.left + share * now.width - point; // what was under the pointer stays there
    ticks = null;
    show(store);
  };
  host.append(timelineBar((factor) => zoomTo(zoom * factor)), body);
  body.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomTo(zoom * Math.exp(-event.deltaY * 0.01), event.clientX);
  }, { passive: false });
  const lane = { ruler, momentAt: (event) => momentAt(ruler, event) };
  scrubbing(body, lane);
  headKeys(head);

  const shown = [];
  let opened = store.document;
  let ticks = null;
  let seen = 0; // the moment that was shown last
  const show = ({ scene, ui }) => {
    if (opened !== store.document) {
      opened = store.document;
      if (zoom > 1) return zoomTo(1); // another scene is seen whole; this shows it
    }
    const frames = framesOf(scene, ui);
    const key = `${frames}/${fpsOf(scene)}`;
    if (ticks !== key) drawTicks(ruler, frames, zoom);
    if (zoom > 1 && ui.time !== seen) keepInSight(body, ruler, ui.time);
    seen = ui.time;
    speed.show(scene, ui);
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

/** Scroll as far as the present moment needs. */
function keepInSight(body, ruler, time) {
  const { left, width } = ruler.getBoundingClientRect();
  const room = body.getBoundingClientRect();
  const at = left + time * width;
  const from = room.left + (room.width - body.clientWidth) + SIDE;
  if (at < from) body.scrollLeft -= from - at;
  else if (at > room.right - MARGIN) body.scrollLeft += at - room.right + MARGIN;
}

function drawTicks(ruler, frames, zoom) {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => frames / each <= MOST_TICKS * zoom) ?? 1000;
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
