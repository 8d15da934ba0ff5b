/** One subject's row in the timeline: its keyframes, the easing between them, and from when to when it is seen. */

import { element } from "../dom/elements.js";
import { changeSubject, frameTime, goTo, removeKeyframe, retime, setField, tidyTime } from "../scene/edits.js";
import { framesOf } from "../scene/model.js";
import { visibleOf } from "../scene/motion.js";
import { subjectColor } from "../scene/palette.js";
import { store } from "../scene/store.js";

export class Row {
  #index;
  #lane;
  #root;
  #name;
  #bar = element("span", { class: "bar-seen" });
  #edges;
  #track;
  #diamonds = [];
  #segments = [];
  #shown = null;

  /** @param {HTMLElement} host  @param {number} index of the subject  @param {{momentAt: Function}} lane */
  constructor(host, index, lane) {
    this.#index = index;
    this.#lane = lane;
    this.#name = element("button", { type: "button", class: "lane-name quiet" }, [
      element("span", { class: "swatch" }), element("span", { class: "lane-text" }),
    ]);
    this.#edges = [0, 1].map((side) => this.#edge(side));
    this.#track = element("div", { class: "lane" }, [this.#bar, ...this.#edges]);
    this.#root = element("div", { class: "lane-row" }, [this.#name, this.#track]);
    this.#root.style.setProperty("--color", subjectColor(index));
    this.#name.addEventListener("click", () => store.setUi({ selected: index }));
    host.append(this.#root);
  }

  remove() {
    this.#root.remove();
  }

  show(subject, ui, again) {
    const chosen = ui.selected === this.#index;
    if (chosen && !this.#root.classList.contains("chosen")) this.#root.scrollIntoView({ block: "nearest" });
    this.#root.classList.toggle("chosen", chosen);
    if (subject !== this.#shown || again) this.#build(subject);
    this.#diamonds.forEach((diamond, which) =>
      diamond.setAttribute("aria-pressed", String(chosen && ui.keyframe === which)));
  }

  #build(subject) {
    this.#shown = subject;
    this.#name.querySelector(".lane-text").textContent = subject.name;
    this.#name.title = subject.name;
    const [from, to] = visibleOf(subject);
    this.#bar.style.left = `${from * 100}%`;
    this.#bar.style.width = `${(to - from) * 100}%`;
    const frames = framesOf(store.scene, store.ui);
    this.#edges.forEach((edge, side) => {
      const moment = [from, to][side];
      edge.style.left = `${moment * 100}%`;
      edge.setAttribute("aria-label", `${subject.name}: ${side ? "seen until" : "seen from"} frame`);
      edge.setAttribute("aria-valuemax", frames);
      edge.setAttribute("aria-valuenow", Math.round(moment * (frames - 1)) + 1);
    });
    const { keyframes } = subject;
    this.#fill(this.#segments, keyframes.length - 1, () => element("span", { class: "segment" }));
    this.#fill(this.#diamonds, keyframes.length, (which) => this.#diamond(which));
    this.#segments.forEach((segment, which) => this.#placeSegment(segment, keyframes[which], keyframes[which + 1]));
    this.#diamonds.forEach((diamond, which) => {
      const { time } = keyframes[which];
      const frame = +(time * (frames - 1) + 1).toFixed(2);
      diamond.style.left = `${time * 100}%`;
      diamond.setAttribute("aria-label", `${subject.name}, keyframe ${which + 1} at frame ${frame}`);
    });
  }

  #fill(parts, count, make) {
    while (parts.length > Math.max(0, count)) parts.pop().remove();
    while (parts.length < count) {
      const part = make(parts.length);
      parts.push(part);
      this.#track.append(part);
    }
  }

  #placeSegment(segment, from, to) {
    const rests = from.box.every((edge, side) => edge === to.box[side]);
    const easing = rests ? "rests" : from.easing ?? "linear";
    segment.style.left = `${from.time * 100}%`;
    segment.style.width = `${(to.time - from.time) * 100}%`;
    segment.dataset.easing = easing;
  }

  #diamond(which) {
    const diamond = element("button", { type: "button", class: "diamond", "data-test": "keyframe" });
    const choose = () => {
      const keyframe = store.scene.subjects[this.#index]?.keyframes[which];
      if (!keyframe) return;
      store.setUi({ selected: this.#index });
      goTo(keyframe.time, which);
    };
    diamond.addEventListener("click", choose);
    drags(diamond, {
      label: "move keyframe",
      start: choose,
      move: (event) => goTo(retime(this.#index, which, this.#lane.momentAt(event)), which),
    });
    diamond.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Delete" || event.key === "Backspace") removeKeyframe(this.#index, which);
      else if (step) {
        const last = framesOf(store.scene, store.ui) - 1;
        const { time } = store.scene.subjects[this.#index].keyframes[which];
        goTo(retime(this.#index, which, frameTime(time + step / last)), which);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return diamond;
  }

  /** The handle of entering late (side 0) or leaving early (side 1). */
  #edge(side) {
    const edge = element("span", { class: `edge ${side ? "last" : "first"}`, role: "slider", tabindex: "0", "aria-valuemin": "1" });
    const place = (time) => changeSubject(side ? "leave early" : "enter late", this.#index, (subject) => {
      const seen = [...visibleOf(subject)];
      seen[side] = side ? Math.max(time, seen[0]) : Math.min(time, seen[1]);
      setField(subject, "visible", seen.map(tidyTime), [0, 1]);
    });
    drags(edge, {
      label: side ? "leave early" : "enter late",
      start: () => store.setUi({ selected: this.#index }),
      move: (event) => place(this.#lane.momentAt(event)),
    });
    edge.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const last = framesOf(store.scene, store.ui) - 1;
      place(frameTime(visibleOf(store.scene.subjects[this.#index])[side] + step / last));
    });
    return edge;
  }
}

/** Make an element draggable; all of a drag is one undo step. */
function drags(handle, { label, start, move }) {
  let from = null;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = event.clientX;
    handle.setPointerCapture(event.pointerId);
    start();
    store.begin(label);
    event.stopPropagation();
  });
  handle.addEventListener("pointermove", (event) => {
    if (from === null || Math.abs(event.clientX - from) < 3) return;
    from = -1e6; // from here on every position counts
    move(event);
  });
  for (const type of ["pointerup", "pointercancel"]) {
    handle.addEventListener(type, () => {
      if (from !== null) store.end();
      from = null;
    });
  }
}
