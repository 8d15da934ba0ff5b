/**
 * What drags share. Each function that starts one returns {move, up, cancel}; a pointer event is
 * {point, screen, shift, alt, free, type}, `point` in fractions of the picture, `free` without snapping.
 */

import { shifted } from "../scene/geometry.js";
import { boxAt } from "../scene/motion.js";
import { store } from "../scene/store.js";
import { snapMove, snapPoint } from "./snapping.js";

export const CLICK = 4; // a press that moved less than this, in CSS px, was a click
const SNAP = 7; // CSS px

/** What all gestures share: one undo step, guides that go at the end. */
export function gesture(context, label, { move, up = () => {} }) {
  let moved = false;
  const { extra } = context;
  const clear = () => Object.assign(extra, { guides: [], drawn: [], box: null });
  store.begin(label);
  return {
    move(event) {
      moved = true;
      move(event);
      context.redraw();
    },
    up(event) {
      up(event, moved);
      store.end();
      clear();
      context.redraw();
    },
    cancel() {
      const changed = store.changing;
      store.end();
      if (changed) store.undo();
      clear();
      context.redraw();
    },
  };
}

/** Boxes of everything but the selected part, at the present moment. */
export function otherBoxes() {
  const { scene, ui } = store;
  const subjects = (scene.subjects ?? []).filter((_, index) => index !== ui.selected);
  const anchors = (scene.anchors ?? []).filter((_, index) => index !== ui.anchor);
  return [...subjects.map((subject) => boxAt(subject, ui.time)), ...anchors.map((anchor) => anchor.box)];
}

export function snapped(context, event, box, others) {
  if (event.free || !store.ui.snap) {
    context.extra.guides = [];
    return box;
  }
  const { step, guides } = snapMove(box, others, context.view.fractions(SNAP));
  context.extra.guides = guides;
  return shifted(box, step);
}

export function snappedPoint(context, event, others, axes) {
  if (event.free || !store.ui.snap) return event.point;
  const { point, guides } = snapPoint(event.point, others, context.view.fractions(SNAP), axes);
  context.extra.guides = guides;
  return point;
}

export const minus = ([ax, ay], [bx, by]) => [ax - bx, ay - by];
export const pixels = (first, second) => Math.hypot(...minus(first.screen, second.screen));

/** Move the view. */
export function panView(context, start) {
  let last = start.screen;
  const move = (event) => {
    context.view.pan(...minus(event.screen, last));
    last = event.screen;
    context.redraw();
  };
  return { move, up: () => {}, cancel: () => {} };
}
