/** The row of buttons above the timeline. */

import { element, icon, iconButton } from "../dom/elements.js";
import { addKeyframe, changeSubject, currentKeyframe, selectedSubject, setEasing, setField, stepFrames } from "../scene/edits.js";
import { framesOf } from "../scene/model.js";
import { EASINGS } from "../scene/motion.js";
import { addPause, evenSpeed } from "../scene/path_edits.js";
import { frameOf, secondsText } from "../scene/plan.js";
import { store } from "../scene/store.js";

const EASING_NAMES = { linear: "even", in: "ease in", out: "ease out", "in-out": "ease both", hold: "hold, jump" };

/** Choices of a select for easings. */
export function easingOptions() {
  return EASINGS.map((easing) => element("option", { value: easing, text: EASING_NAMES[easing] ?? easing }));
}

/** Make the bar. */
export function timelineBar(zoom) {
  const play = iconButton("play", "Play (Space)", { "data-test": "play", class: "play" });
  const previous = iconButton("previous", "Frame before (,)", { "data-test": "previous-frame" });
  const next = iconButton("next", "Next frame (.)", { "data-test": "next-frame" });
  const readout = element("output", { class: "readout", "aria-label": "Moment" });
  const add = iconButton("keyframe", "Add a keyframe here (K)", { "data-test": "add-keyframe" });
  const rest = iconButton("rest", "Add a pause here", { "data-test": "pause" });
  const even = iconButton("even", "One speed along the whole path", { "data-test": "even" });
  const easing = element("select", { "aria-label": "Easing towards the next keyframe", "data-test": "easing", title: "Easing towards the next keyframe" }, easingOptions());
  const kind = element("select", { "aria-label": "Shape of the path", "data-test": "path-kind", title: "Shape of the path" }, [
    element("option", { value: "straight", text: "straight" }), element("option", { value: "smooth", text: "smooth" }),
  ]);
  const wider = iconButton("plus", "Zoom into time (Ctrl+wheel)", { "data-test": "time-in", class: "small" });
  const narrower = iconButton("minus", "Zoom out of time", { "data-test": "time-out", class: "small" });
  wider.addEventListener("click", () => zoom(1.6));
  narrower.addEventListener("click", () => zoom(1 / 1.6));
  play.addEventListener("click", () => store.setUi({ playing: !store.ui.playing }));
  previous.addEventListener("click", () => stepFrames(-1));
  next.addEventListener("click", () => stepFrames(1));
  add.addEventListener("click", () => addKeyframe(store.ui.selected));
  rest.addEventListener("click", () => addPause(store.ui.selected));
  even.addEventListener("click", () => evenSpeed(store.ui.selected));
  easing.addEventListener("change", () => setEasing(store.ui.selected, currentKeyframe(), easing.value));
  kind.addEventListener("change", () =>
    changeSubject("set path", store.ui.selected, (subject) => setField(subject, "path", kind.value, "straight")));

  let shown = null;
  const show = ({ scene, ui }) => {
    readout.textContent = `${frameOf(scene, ui) + 1} / ${framesOf(scene, ui)} · ${secondsText(scene, ui)}`;
    if (shown !== ui.playing) {
      play.replaceChildren(icon(ui.playing ? "stop" : "play"));
      play.setAttribute("aria-label", ui.playing ? "Stop (Space)" : "Play (Space)");
      shown = ui.playing;
    }
    const subject = selectedSubject();
    for (const control of [add, rest, easing, kind]) control.disabled = !subject;
    even.disabled = !subject || subject.keyframes.length < 3;
    easing.value = subject?.keyframes[currentKeyframe()]?.easing ?? "linear";
    kind.value = subject?.path ?? "straight";
  };
  store.subscribe(show);
  show(store);
  return element("div", { class: "timeline-bar", role: "toolbar", "aria-label": "Time" }, [
    previous, play, next, readout, narrower, wider, element("span", { class: "grow" }), add, rest, even, element("span", { class: "rule" }), easing, kind,
  ]);
}
