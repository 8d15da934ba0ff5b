/** The fields of the selected subject or anchor. All that the canvas does can be done here by typing. */

import { toast } from "../dom/dialogs.js";
import { element, field, icon, showValue } from "../dom/elements.js";
import { addKeyframe, changeSubject, frameTime, goTo, removeKeyframe, retime, sameSizes, selectedBox, selectedSubject, setBox, setEasing, setField, tidyTime, uniqueName } from "../scene/edits.js";
import { LIMITS, within } from "../scene/limits.js";
import { framesOf, sizeOf } from "../scene/model.js";
import { visibleOf } from "../scene/motion.js";
import { simplifyPath } from "../scene/path_edits.js";
import { store } from "../scene/store.js";
import { easingOptions } from "../timeline/bar.js";

const RESERVED = /^(pin:|camera:)/;

/** Mount the fields. */
export function mountInspector(host) {
  const name = element("input", { type: "text", maxlength: String(LIMITS.name), autocomplete: "off", spellcheck: "false", "data-test": "subject-name" });
  const sides = ["X", "Y", "Width", "Height"].map((label, side) => sideField(label, side));
  const depth = element("input", { type: "number", step: "1", ...within(LIMITS.depth), "data-test": "depth" });
  const seen = [0, 1].map((side) => seenField(side));
  const keyframes = element("ol", { class: "keyframes", "aria-label": "Keyframes" });
  const add = element("button", { type: "button", class: "small", text: "Add keyframe here" });
  const simple = element("button", { type: "button", class: "small", text: "Simplify", title: "Leave out keyframes that lie on the way between others", "data-test": "simplify" });
  const same = element("button", { type: "button", class: "small", text: "One size", title: "Give all keyframes the size of the present box" });
  const moving = element("div", { class: "fields" }, [
    element("div", { class: "row" }, [
      field("From", seen[0], "The first frame in which it is to be seen"),
      field("Until", seen[1], "The last frame in which it is to be seen"),
      field("Depth", depth, "Greater is nearer to the viewer and covers the others"),
    ]),
    element("h3", { text: "Keyframes" }), keyframes, element("div", { class: "row" }, [add, same, simple]),
  ]);
  const fields = element("div", { class: "fields" }, [
    field("Name", name), element("div", { class: "row four" }, sides.map(({ label, input }) => field(label, input))), moving,
  ]);
  const nothing = element("p", { class: "muted pad", text: "Draw a box on the canvas (B), or add a subject with the plus." });
  host.append(fields, nothing);

  name.addEventListener("change", () => rename(name));
  depth.addEventListener("change", () => depth.validity.valid && depth.value !== ""
    && changeSubject("set depth", store.ui.selected, (subject) => setField(subject, "depth", Number(depth.value), 0)));
  add.addEventListener("click", () => addKeyframe(store.ui.selected));
  simple.addEventListener("click", () => simplifyPath(store.ui.selected));
  same.addEventListener("click", () => sameSizes(store.ui.selected));

  const show = ({ scene, ui }) => {
    const subject = selectedSubject();
    const part = subject ?? scene.anchors?.[ui.anchor] ?? null;
    fields.hidden = !part;
    nothing.hidden = Boolean(part);
    moving.hidden = !subject;
    if (!part) return;
    showValue(name, part.name);
    for (const { show: showSide } of sides) showSide();
    if (!subject) return;
    showValue(depth, subject.depth ?? 0);
    seen.forEach((input, side) => {
      const last = framesOf(scene, ui) - 1;
      input.max = last + 1;
      showValue(input, +(visibleOf(subject)[side] * last + 1).toFixed(2));
    });
    simple.disabled = subject.keyframes.length < 3;
    same.disabled = subject.keyframes.length < 2;
    showKeyframes(keyframes, subject, ui);
  };
  store.subscribe(show);
  show(store);
}

function rename(input) {
  const { selected, anchor } = store.ui;
  const wanted = input.value.trim();
  if (wanted === "" || RESERVED.test(wanted)) {
    toast(`A name has to be some text that does not start with pin: or camera:, got “${input.value}”.`, "warning");
  } else {
    store.change("rename", (draft) => {
      const part = anchor === null ? draft.subjects[selected] : draft.anchors[anchor];
      part.name = uniqueName(draft, wanted, part);
    });
  }
  const part = selectedSubject() ?? store.scene.anchors?.[anchor];
  input.value = part?.name ?? "";
}

/** A field for the left, top, width or height of the present box, in pixels of the clip. */
function sideField(label, side) {
  const input = element("input", { type: "number", step: "1", "data-test": `box-${label.toLowerCase()}` });
  const scale = () => {
    const { width, height } = sizeOf(store.scene, store.ui);
    return side % 2 ? height : width;
  };
  input.addEventListener("change", () => {
    const box = selectedBox();
    const value = Number(input.value) / scale();
    if (!box || input.value === "" || !Number.isFinite(value) || (side > 1 && value <= 0)) return;
    const [x0, y0, x1, y1] = box;
    const made = [
      [value, y0, value + x1 - x0, y1], [x0, value, x1, value + y1 - y0], [x0, y0, x0 + value, y1], [x0, y0, x1, y0 + value],
    ][side];
    setBox("set box", made);
  });
  const show = () => {
    const box = selectedBox();
    const value = side < 2 ? box[side] : box[side] - box[side - 2];
    showValue(input, +(value * scale()).toFixed(1));
  };
  return { label, input, show };
}

function seenField(side) {
  const input = element("input", { type: "number", min: "1", step: "1", "data-test": side ? "visible-last" : "visible-first" });
  input.addEventListener("change", () => {
    const last = framesOf(store.scene, store.ui) - 1;
    if (input.value === "") return;
    const time = tidyTime(Math.min(1, Math.max(0, (Number(input.value) - 1) / last)));
    changeSubject(side ? "leave early" : "enter late", store.ui.selected, (subject) => {
      const seen = [...visibleOf(subject)];
      seen[side] = side ? Math.max(time, seen[0]) : Math.min(time, seen[1]);
      setField(subject, "visible", seen, [0, 1]);
    });
  });
  return input;
}

function showKeyframes(list, subject, ui) {
  while (list.children.length > subject.keyframes.length) list.lastElementChild.remove();
  while (list.children.length < subject.keyframes.length) list.append(keyframeRow(list.children.length));
  const last = framesOf(store.scene, ui) - 1;
  subject.keyframes.forEach((keyframe, which) => {
    const row = list.children[which];
    const [go, easing, remove] = row.querySelectorAll(".go, select, .remove");
    const time = row.querySelector("input");
    showValue(time, +(keyframe.time * last + 1).toFixed(2));
    time.max = last + 1;
    easing.value = keyframe.easing ?? "linear";
    easing.disabled = which === subject.keyframes.length - 1;
    remove.disabled = subject.keyframes.length < 2;
    go.setAttribute("aria-pressed", String(ui.keyframe === which || (ui.keyframe === null && Math.abs(ui.time - keyframe.time) < 1e-9)));
  });
}

function keyframeRow(which) {
  const number = which + 1;
  const go = element("button", { type: "button", class: "go small quiet", "aria-label": `Go to keyframe ${number}`, text: String(number) });
  const time = element("input", { type: "number", class: "small", min: "1", step: "1", "aria-label": `Frame of keyframe ${number}`, title: "Frame" });
  const easing = element("select", { class: "small", "aria-label": `Easing after keyframe ${number}` }, easingOptions());
  const remove = element("button", { type: "button", class: "remove small quiet", "aria-label": `Delete keyframe ${number}`, title: "Delete" }, [icon("trash")]);
  const choose = () => goTo(store.scene.subjects[store.ui.selected].keyframes[which].time, which);
  go.addEventListener("click", choose);
  time.addEventListener("change", () => {
    const last = framesOf(store.scene, store.ui) - 1;
    const asked = (Number(time.value) - 1) / last;
    if (time.value === "") return;
    goTo(retime(store.ui.selected, which, Number.isInteger(Number(time.value)) ? frameTime(asked) : asked), which);
    time.value = +(store.ui.time * last + 1).toFixed(2);
  });
  easing.addEventListener("change", () => setEasing(store.ui.selected, which, easing.value));
  remove.addEventListener("click", () => removeKeyframe(store.ui.selected, which));
  return element("li", {}, [go, time, easing, remove]);
}
