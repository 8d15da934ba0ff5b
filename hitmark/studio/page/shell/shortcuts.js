/** Keys, and the sheet that lists them. */

import { viewer } from "../canvas/canvas.js";
import { TOOLS } from "../canvas/toolbar.js";
import { putUnder } from "../canvas/underlay.js";
import { sheet } from "../dom/dialogs.js";
import { byId, element, iconButton } from "../dom/elements.js";
import { exportSheet } from "../files/exporting.js";
import { openSheet } from "../projects/list.js";
import { saveProject } from "../projects/projects.js";
import { addKeyframe, frameTime, goTo, nudge, pasteSubject, removeSelected, removeSubject, selectedSubject, stepFrames } from "../scene/edits.js";
import { addPause, evenSpeed } from "../scene/path_edits.js";
import { store } from "../scene/store.js";

const FAR = 8; // pixels that an arrow key moves a box with Shift

const HELP = [
  ["Draw", [...TOOLS.map(([, label, key]) => [key, label]), ["Enter", "end a clicked path"], ["Esc", "give up a drag; select nothing"]]],
  ["Boxes", [
    ["Arrows", "move by a pixel"], ["Shift+Arrows", `move by ${FAR} pixels`], ["Ctrl+Arrows", "change the size"],
    ["Shift+drag", "move the whole path; keep the aspect of a corner"], ["Alt+drag", "resize about the center"],
    ["Ctrl+drag", "without snapping"], ["Double click", "on the path: add a keyframe"], ["1 to 9", "select a subject"],
    ["Delete", "delete the keyframe, else the subject"], ["Ctrl+C, X, V", "copy, cut, paste a subject"], ["Ctrl+D", "duplicate a subject"],
  ]],
  ["Time", [
    ["Space", "play and stop"], [", and .", "a frame back and on"], ["Home, End", "first and last frame"],
    ["K", "add a keyframe"], ["R", "add a pause: it rests here"], ["E", "one speed along the path"], ["[ and ]", "keyframe before and after"],
  ]],
  ["View", [
    ["Wheel, pinch", "zoom"], ["Space+drag, middle button", "move the view"], ["+ and -", "zoom"], ["0", "fit the picture"],
    ["S", "snapping"], ["O", "onion skin: all boxes at once"], ["G", "latent cells"],
    ["M", "animatic: what the boxes show moves while it plays"], ["U", "take the result from under the boxes"],
  ]],
  ["Scene", [["Ctrl+Z", "undo"], ["Ctrl+Shift+Z, Ctrl+Y", "redo"], ["Ctrl+S", "save"], ["Ctrl+O", "open"], ["Ctrl+E", "export"], ["Ctrl+Enter", "generate"], ["Ctrl+V", "paste a picture"], ["?", "this sheet"]]],
];

/** Mount keys, help and the view's buttons. */
export function mountShortcuts() {
  byId("help").addEventListener("click", helpSheet);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && event.target.matches?.("#workplace input")) event.target.blur(); // takes the value; keys work again
    const command = event.ctrlKey || event.metaKey;
    const used = command ? commandKey(event) : !writes(event) && !event.altKey && plainKey(event);
    if (used) event.preventDefault();
  });
  viewButtons();
}

const writes = (event) => event.target instanceof Element && event.target.closest("input:not([type='checkbox'], [type='radio'], [type='range']), textarea, select");
const presses = (event) => event.target instanceof Element && event.target.closest("button, a, summary, input, video, [role='slider'], [role='tab']");

function commandKey(event) {
  const key = event.key.toLowerCase();
  const general = { s: saveProject, o: openSheet, e: exportSheet }[key];
  if (general && !event.shiftKey) return run(general);
  if (writes(event) && !event.target.matches("select")) return false; // text fields have their own undo, copy and arrows
  if (key === "z") return run(event.shiftKey ? store.redo : store.undo);
  if (key === "y") return run(store.redo);
  if (key === "d" && selectedSubject()) return run(() => pasteSubject(selectedSubject()));
  if (presses(event)) return false;
  return arrow(event, true);
}

function run(action) {
  action();
  return true;
}

function arrow(event, resize) {
  const step = event.shiftKey ? FAR : 1;
  const [right, down] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
  if (!right && !down) return false;
  nudge(right, down, { resize });
  return true;
}

function plainKey(event) {
  const tool = TOOLS.find(([, , key]) => key.toLowerCase() === event.key.toLowerCase());
  if (tool && !event.shiftKey) return run(() => store.setUi({ tool: tool[0] }));
  const action = actions()[event.key] ?? actions()[event.key.toLowerCase()];
  if (action) return run(action);
  if (/^[1-9]$/.test(event.key)) return run(() => chooseSubject(Number(event.key) - 1));
  if (event.key === "Delete" || event.key === "Backspace") return run(() => removing(event.shiftKey));
  if (presses(event)) return false;
  if (event.key === " " && event.target !== byId("canvas")) return run(() => store.setUi({ playing: !store.ui.playing }));
  if (event.key === "Escape") return run(() => store.setUi({ selected: null, anchor: null, keyframe: null, tool: "select" }));
  return event.key === " " || arrow(event, false);
}

function actions() {
  const withSubject = (action) => () => store.ui.selected !== null && action(store.ui.selected);
  return {
    ",": () => stepFrames(-1), ".": () => stepFrames(1), home: () => goTo(0), end: () => goTo(1),
    k: withSubject((index) => addKeyframe(index)), r: withSubject((index) => addPause(index)),
    e: withSubject((index) => selectedSubject().keyframes.length > 2 && evenSpeed(index)),
    "[": () => jump(-1), "]": () => jump(1), "+": () => viewer.zoom(1.25), "=": () => viewer.zoom(1.25), "-": () => viewer.zoom(0.8), 0: viewer.fit,
    s: () => store.setUi({ snap: !store.ui.snap }), o: () => store.setUi({ onion: !store.ui.onion }), g: () => store.setUi({ grid: !store.ui.grid }),
    m: () => store.setUi({ animatic: !store.ui.animatic }), u: () => store.ui.under && putUnder(null),
    "?": helpSheet,
  };
}

function chooseSubject(index) {
  if (store.scene.subjects?.[index]) store.setUi({ selected: index });
}

function removing(whole) {
  if (whole && store.ui.selected !== null) removeSubject(store.ui.selected);
  else removeSelected();
}

/** Go to the keyframe before or after the present moment. */
function jump(way) {
  const keyframes = selectedSubject()?.keyframes ?? [];
  const { time } = store.ui;
  const found = way > 0 ? keyframes.findIndex((each) => each.time > time + 1e-9) : keyframes.findLastIndex((each) => each.time < time - 1e-9);
  if (found >= 0) goTo(keyframes[found].time, found);
  else goTo(frameTime(time));
}

/** Show all keys. */
function helpSheet() {
  const groups = HELP.map(([title, keys]) => element("section", {}, [
    element("h3", { text: title }),
    element("dl", {}, keys.flatMap(([key, text]) => [element("dt", {}, [element("kbd", { text: key })]), element("dd", { text })])),
  ]));
  sheet("Help and shortcuts", element("div", { class: "help" }, [
    element("p", { text: "A box is where a subject is at one moment; a path is several boxes in time, its keyframes. Go to a moment on the timeline and move or resize the box: that makes a keyframe there. Easing says how it moves towards the next one." }),
    element("div", { class: "help-columns" }, groups),
  ]), { wide: true });
}

function viewButtons() {
  const toggle = (name, symbol, label, key) => {
    const button = iconButton(symbol, `${label} (${key})`, { "data-test": name, "aria-keyshortcuts": key });
    button.addEventListener("click", () => store.setUi({ [name]: !store.ui[name] }));
    const show = ({ ui }) => button.setAttribute("aria-pressed", String(ui[name]));
    store.subscribe(show);
    show(store);
    return button;
  };
  const plain = (symbol, label, action, test) => {
    const button = iconButton(symbol, label, { "data-test": test });
    button.addEventListener("click", action);
    return button;
  };
  const under = plain("picture", "A result lies under the boxes: take it away (U)", () => putUnder(null), "under");
  under.setAttribute("aria-pressed", "true");
  const showUnder = ({ ui }) => (under.hidden = ui.under === null);
  store.subscribe(showUnder);
  showUnder(store);
  byId("view-buttons").append(
    toggle("snap", "magnet", "Snapping", "S"), toggle("onion", "onion", "Onion skin", "O"), toggle("animatic", "film", "Animatic: the pixels move when it plays", "M"), toggle("grid", "grid", "Latent cells", "G"), under,
    element("span", { class: "rule" }),
    plain("minus", "Zoom out (-)", () => viewer.zoom(0.8), "zoom-out"), plain("plus", "Zoom in (+)", () => viewer.zoom(1.25), "zoom-in"),
    plain("fit", "Fit the picture (0)", viewer.fit, "zoom-fit"),
  );
}
