/** What can be done to a scene: each function is one step that can be undone. Used by canvas, timeline, lists and keys. */

import { toast } from "../dom/dialogs.js";
import { resized, shifted, sizeOfBox, tidyBox } from "./geometry.js";
import { framesOf, sizeOf } from "./model.js";
import { boxAt, keyframeAt, segmentAt } from "./motion.js";
import { HALVES } from "./redraw.js";
import { store } from "./store.js";

const AUTOMATIC = /^subject \d+$/;

/** A moment as files hold it: 10 digits, so that a frame's own moment is still met exactly. */
export function tidyTime(time) {
  return Math.round(Math.min(1, Math.max(0, time)) * 1e10) / 1e10;
}

/** The moment of the frame nearest to a moment. */
export function frameTime(time) {
  const last = framesOf(store.scene, store.ui) - 1;
  return tidyTime(Math.round(time * last) / last);
}

/** The selected subject, or null. */
export function selectedSubject() {
  return store.scene.subjects?.[store.ui.selected] ?? null;
}

/** Set a field, or leave it out of the file where it has the value that absent fields have. */
export function setField(part, name, value, normal) {
  if (JSON.stringify(value) === JSON.stringify(normal)) delete part[name];
  else part[name] = value;
}

function freeName(scene, stem) {
  const taken = new Set([...(scene.subjects ?? []), ...(scene.anchors ?? [])].map((part) => part.name));
  let number = 1;
  while (taken.has(`${stem} ${number}`)) number += 1;
  return `${stem} ${number}`;
}

/** `name`, or "name 2", "name 3" (after "thing 2" comes "thing 3") where it is taken by another part than `self`. */
export function uniqueName(scene, name, self = null) {
  const others = [...(scene.subjects ?? []), ...(scene.anchors ?? [])].filter((part) => part !== self);
  if (!others.some((part) => part.name === name)) return name;
  const [, stem, count] = /^(.*?)(?: (\d+))?$/s.exec(name);
  let number = Number(count ?? 1) + 1;
  while (others.some((part) => part.name === `${stem} ${number}`)) number += 1;
  return `${stem} ${number}`;
}

export function addSubject(box) {
  store.change("add subject", (draft) => {
    draft.subjects ??= [];
    draft.subjects.push({ name: freeName(draft, "subject"), keyframes: [{ time: 0, box: tidyBox(box) }] });
  });
  store.setUi({ selected: store.scene.subjects.length - 1, keyframe: null });
}

export function addAnchor(box) {
  store.change("add anchor", (draft) => {
    draft.anchors ??= [];
    draft.anchors.push({ name: freeName(draft, "anchor"), box: tidyBox(box) });
  });
  store.setUi({ anchor: store.scene.anchors.length - 1 });
}

/** Add a copy of a subject, a little aside. */
export function pasteSubject(subject) {
  store.change("paste subject", (draft) => {
    const copy = structuredClone(subject);
    copy.name = uniqueName(draft, copy.name);
    for (const keyframe of copy.keyframes) keyframe.box = tidyBox(shifted(keyframe.box, [0.04, 0.04]));
    draft.subjects ??= [];
    draft.subjects.push(copy);
  });
  store.setUi({ selected: store.scene.subjects.length - 1, keyframe: null });
}

export function removeSelected() {
  const { selected, anchor, keyframe } = store.ui;
  if (anchor !== null) {
    store.change("delete anchor", (draft) => {
      draft.anchors.splice(anchor, 1);
      if (!draft.anchors.length) delete draft.anchors;
    });
  } else if (keyframe !== null && selectedSubject()?.keyframes.length > 1) removeKeyframe(selected, keyframe);
  else if (selected !== null) removeSubject(selected);
}

export function removeSubject(index) {
  store.change("delete subject", (draft) => draft.subjects.splice(index, 1));
  store.setUi({ selected: null, keyframe: null });
}

export function changeSubject(label, index, recipe) {
  store.change(label, (draft) => recipe(draft.subjects[index], draft));
}

/** Give the words of the prompt that mean a subject; one that still has its first name takes them as its name. */
export function setPhrase(index, phrase) {
  changeSubject("choose words", index, (subject, draft) => {
    const automatic = AUTOMATIC.test(subject.name) || subject.name === subject.phrase;
    setField(subject, "phrase", phrase || null, null);
    if (automatic && phrase) subject.name = uniqueName(draft, phrase, subject);
  });
}

/** Put a box at a moment: into the keyframe that lies there, else into a new one. Works on a draft's subject. */
export function putBox(subject, time, box) {
  const { keyframes } = subject;
  const hit = keyframeAt(keyframes, time);
  if (hit !== null) {
    keyframes[hit].box = tidyBox(box);
    return hit;
  }
  const before = segmentAt(keyframes, time);
  const made = { time: tidyTime(time), box: tidyBox(box) };
  if (before >= 0 && before < keyframes.length - 1) {
    const [first, second] = HALVES[keyframes[before].easing ?? "linear"];
    setField(keyframes[before], "easing", first, "linear");
    setField(made, "easing", second, "linear");
  }
  keyframes.splice(before + 1, 0, made);
  return before + 1;
}

/** Move the selected subject's box at the present moment, or the selected anchor. */
export function setBox(label, box) {
  const { selected, anchor, time } = store.ui;
  if (anchor !== null) store.change(label, (draft) => (draft.anchors[anchor].box = tidyBox(box)));
  else if (selected !== null) changeSubject(label, selected, (subject) => putBox(subject, time, box));
}

/** The box that is being edited: the selected anchor's, or the selected subject's at the present moment. */
export function selectedBox() {
  const { anchor, time } = store.ui;
  if (anchor !== null) return store.scene.anchors?.[anchor]?.box ?? null;
  const subject = selectedSubject();
  return subject ? boxAt(subject, time) : null;
}

/** Move the selected box by whole pixels, or make it larger. */
export function nudge(right, down, { resize = false } = {}) {
  const box = selectedBox();
  if (!box) return;
  const { width, height } = sizeOf(store.scene, store.ui);
  const step = [right / width, down / height];
  setBox(resize ? "resize" : "nudge", resize ? [box[0], box[1], box[2] + step[0], box[3] + step[1]] : shifted(box, step));
}

export function movePath(index, step) {
  changeSubject("move path", index, (subject) => {
    for (const keyframe of subject.keyframes) keyframe.box = tidyBox(shifted(keyframe.box, step));
  });
}

/** Give all keyframes the size of the box at the present moment. */
export function sameSizes(index) {
  const size = sizeOfBox(boxAt(store.scene.subjects[index], store.ui.time));
  changeSubject("same size everywhere", index, (subject) => {
    for (const keyframe of subject.keyframes) keyframe.box = tidyBox(resized(keyframe.box, size));
  });
}

export function addKeyframe(index, time = store.ui.time) {
  const before = store.scene.subjects[index].keyframes.length;
  changeSubject("add keyframe", index, (subject) => putBox(subject, time, boxAt(subject, time)));
  const { keyframes } = store.scene.subjects[index];
  if (keyframes.length === before) toast("There is a keyframe at this moment already.");
  store.setUi({ selected: index, keyframe: keyframeAt(keyframes, time) });
}

export function removeKeyframe(index, which) {
  if (store.scene.subjects[index].keyframes.length < 2) {
    toast("A subject needs one keyframe; delete the subject instead.");
    return;
  }
  changeSubject("delete keyframe", index, (subject) => subject.keyframes.splice(which, 1));
  store.setUi({ keyframe: null });
}

/** Move a keyframe in time; it stays between its neighbors. Returns its time. */
export function retime(index, which, time) {
  const { keyframes } = store.scene.subjects[index];
  const room = Math.min(0.5 / (framesOf(store.scene, store.ui) - 1), 0.01);
  const low = which > 0 ? keyframes[which - 1].time + room : 0;
  const high = which < keyframes.length - 1 ? keyframes[which + 1].time - room : 1;
  const placed = low > high ? keyframes[which].time : tidyTime(Math.min(high, Math.max(low, time)));
  changeSubject("move keyframe", index, (subject) => (subject.keyframes[which].time = placed));
  return placed;
}

/** The keyframe whose easing rules the present moment: the chosen one, else the last one at or before it. */
export function currentKeyframe() {
  const subject = selectedSubject();
  if (!subject) return null;
  return store.ui.keyframe ?? Math.max(0, segmentAt(subject.keyframes, store.ui.time + 1e-9));
}

export function setEasing(index, which, easing) {
  changeSubject("set easing", index, (subject) => setField(subject.keyframes[which], "easing", easing, "linear"));
}

/** Step the present moment by whole frames. */
export function stepFrames(count) {
  const last = framesOf(store.scene, store.ui) - 1;
  const frame = Math.min(last, Math.max(0, Math.round(store.ui.time * last) + count));
  goTo(tidyTime(frame / last));
}

/** Show a moment; the keyframe that lies there, if any, becomes the chosen one only when it was asked for. */
export function goTo(time, keyframe = null) {
  store.setUi({ time, keyframe, playing: false });
}
