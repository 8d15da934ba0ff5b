/** Drags of boxes and keyframes, of new ones, and of the camera's handles. */

import { toast } from "../dom/dialogs.js";
import { addAnchor, addSubject, changeSubject, movePath, selectedBox, setBox, setField } from "../scene/edits.js";
import { boxBetween, centerOf, centeredAt, dragHandle, shifted, tidyBox } from "../scene/geometry.js";
import { LIMITS } from "../scene/limits.js";
import { store } from "../scene/store.js";
import { cameraBoxes } from "./draw_camera.js";
import { CLICK, gesture, minus, otherBoxes, pixels, snapped, snappedPoint } from "./gestures.js";

const DEFAULT_SIDE = 0.22; // of a box made by a click, fraction of the picture

/** Move the selected box at the present moment; with Shift the whole path. */
export function moveBox(context, start) {
  const before = selectedBox();
  const others = otherBoxes();
  let whole = 0;
  let last = [0, 0];
  return gesture(context, start.shift && store.ui.selected !== null ? "move path" : "move box", {
    move(event) {
      if (!whole && pixels(event, start) < CLICK) return;
      whole = 1;
      const box = snapped(context, event, shifted(before, minus(event.point, start.point)), others);
      const step = minus(centerOf(box), centerOf(before));
      if (start.shift && store.ui.selected !== null) movePath(store.ui.selected, minus(step, last));
      else setBox("move box", box);
      last = step;
    },
  });
}

/** Resize the selected box at the present moment: Shift keeps the aspect, Alt the center. */
export function resizeBox(context, handle) {
  const before = selectedBox();
  const others = otherBoxes();
  const axes = [/[we]/.test(handle), /[ns]/.test(handle)];
  return gesture(context, "resize box", {
    move(event) {
      const point = snappedPoint(context, event, others, axes);
      setBox("resize box", dragHandle(before, handle, point, { keepAspect: event.shift, aboutCenter: event.alt }));
    },
  });
}

/** Move one keyframe of the selected subject. */
export function moveKeyframe(context, start, which) {
  const { selected } = store.ui;
  const { time, box } = store.scene.subjects[selected].keyframes[which];
  store.setUi({ time, keyframe: which, playing: false });
  const others = otherBoxes();
  return gesture(context, "move keyframe", {
    move(event) {
      if (pixels(event, start) < 2) return;
      const placed = snapped(context, event, shifted(box, minus(event.point, start.point)), others);
      changeSubject("move keyframe", selected, (subject) => (subject.keyframes[which].box = tidyBox(placed)));
    },
  });
}

/** Draw a box for a new subject or anchor; a click makes one of a usual size. */
export function drawBox(context, start, kind) {
  const others = otherBoxes();
  const first = snappedPoint(context, start, others);
  let box = null;
  return gesture(context, `add ${kind}`, {
    move(event) {
      const point = snappedPoint(context, event, others);
      box = boxBetween(first, event.shift ? squared(first, point, context.view) : point);
      context.extra.box = box;
    },
    up(event) {
      const made = box && pixels(event, start) > 2 * CLICK ? box : usualBox(start.point, context.view);
      if (!lies(made)) toast("Start the box inside the picture: a subject must be seen when it first appears.");
      else if (kind === "anchor") addAnchor(made);
      else addSubject(made);
      store.setUi({ tool: "select" });
    },
  });
}

function lies(box) {
  return box[0] < 1 && box[1] < 1 && box[2] > 0 && box[3] > 0;
}

function usualBox(point, view) {
  const side = DEFAULT_SIDE * Math.min(view.picture.width, view.picture.height);
  const [width, height] = [side / view.picture.width, side / view.picture.height];
  return centeredAt([0, 0, width, height], point);
}

function squared(first, point, view) {
  const { width, height } = view.picture;
  const [dx, dy] = minus(point, first);
  const side = Math.max(Math.abs(dx) * width, Math.abs(dy) * height);
  return [first[0] + (Math.sign(dx) * side) / width, first[1] + (Math.sign(dy) * side) / height];
}

const clamped = (value, [low, high]) => Math.min(high, Math.max(low, value));

/** Drag the camera's handles: where the content goes, and how large it is at the end. */
export function dragCamera(context, handle) {
  const { end } = cameraBoxes(store.scene.camera);
  const center = centerOf(end);
  return gesture(context, "move camera", {
    move({ point, free }) {
      store.change("move camera", ({ camera }) => {
        if (handle === "zoom") {
          const zoom = Math.max(point[0] - center[0], point[1] - center[1]) / 0.25;
          camera.zoom = clamped(Math.round(zoom * 100) / 100, LIMITS.zoom);
        } else {
          const settle = (value) => (!free && Math.abs(value) < 0.015 ? 0 : Math.round(value * 1000) / 1000);
          setField(camera, "pan", minus(point, [0.5, 0.5]).map((value) => clamped(settle(value), LIMITS.pan)), null);
        }
      });
    },
  });
}
