/**
 * Drags. Each function starts one and returns {move, up, cancel}; a pointer event is
 * {point, screen, shift, alt, free, type}, `point` in fractions of the picture, `free` without snapping.
 */

import { toast } from "./dialogs.js";
import { cameraBoxes } from "./draw_camera.js";
import { addAnchor, addSubject, changeSubject, movePath, putBox, setBox, setField, selectedBox } from "./edits.js";
import { redrawPath, setPath, setPathEnd } from "./path_edits.js";
import { boxBetween, centreOf, centredAt, dragHandle, rounded, shares, shifted, simplified, sizeOfBox, tidyBox } from "./geometry.js";
import { boxAt } from "./motion.js";
import { snapMove, snapPoint } from "./snapping.js";
import { store } from "./store.js";

const SNAP = 7; // CSS px
const CLICK = 4; // a press that moved less than this, in CSS px, was a click
const MOST_POINTS = 8; // keyframes made of a freehand line
const DEFAULT_SIDE = 0.22; // of a box made by a click, fraction of the picture

/** What all gestures share: one undo step, guides that go at the end. */
function gesture(context, label, { move, up = () => {} }) {
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
function otherBoxes() {
  const { scene, ui } = store;
  const subjects = (scene.subjects ?? []).filter((_, index) => index !== ui.selected);
  const anchors = (scene.anchors ?? []).filter((_, index) => index !== ui.anchor);
  return [...subjects.map((subject) => boxAt(subject, ui.time)), ...anchors.map((anchor) => anchor.box)];
}

function snapped(context, event, box, others) {
  if (event.free || !store.ui.snap) {
    context.extra.guides = [];
    return box;
  }
  const { step, guides } = snapMove(box, others, context.view.fractions(SNAP));
  context.extra.guides = guides;
  return shifted(box, step);
}

function snappedPoint(context, event, others, axes) {
  if (event.free || !store.ui.snap) return event.point;
  const { point, guides } = snapPoint(event.point, others, context.view.fractions(SNAP), axes);
  context.extra.guides = guides;
  return point;
}

const minus = ([ax, ay], [bx, by]) => [ax - bx, ay - by];
const pixels = (first, second) => Math.hypot(...minus(first.screen, second.screen));

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
      const step = minus(centreOf(box), centreOf(before));
      if (start.shift && store.ui.selected !== null) movePath(store.ui.selected, minus(step, last));
      else setBox("move box", box);
      last = step;
    },
  });
}

/** Resize the selected box at the present moment: Shift keeps the aspect, Alt the centre. */
export function resizeBox(context, handle) {
  const before = selectedBox();
  const others = otherBoxes();
  const axes = [/[we]/.test(handle), /[ns]/.test(handle)];
  return gesture(context, "resize box", {
    move(event) {
      const point = snappedPoint(context, event, others, axes);
      setBox("resize box", dragHandle(before, handle, point, { keepAspect: event.shift, aboutCentre: event.alt }));
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
  return centredAt([0, 0, width, height], point);
}

function squared(first, point, view) {
  const { width, height } = view.picture;
  const [dx, dy] = minus(point, first);
  const side = Math.max(Math.abs(dx) * width, Math.abs(dy) * height);
  return [first[0] + (Math.sign(dx) * side) / width, first[1] + (Math.sign(dy) * side) / height];
}

/** Drag the box to where its path ends. */
export function dragPath(context, start) {
  const { selected } = store.ui;
  const before = boxAt(store.scene.subjects[selected], store.ui.time);
  const others = otherBoxes();
  return gesture(context, "draw path", {
    move(event) {
      if (pixels(event, start) < CLICK) return;
      setPathEnd(selected, snapped(context, event, shifted(before, minus(event.point, start.point)), others));
    },
    up: () => store.setUi({ keyframe: null }),
  });
}

/** Draw the path with the hand; it becomes a curve of a few keyframes. With Shift it keeps the timing of the hand. */
export function drawFreehand(context, start) {
  const { selected } = store.ui;
  const { box } = store.scene.subjects[selected].keyframes[0];
  const aspect = context.view.picture.height / context.view.picture.width;
  const inside = start.point[0] >= box[0] && start.point[0] <= box[2] && start.point[1] >= box[1] && start.point[1] <= box[3];
  const offset = inside ? minus(centreOf(box), start.point) : [0, 0];
  const placed = ({ point }) => [rounded(point[0] + offset[0]), rounded(point[1] + offset[1])];
  const points = [placed(start)];
  const times = [performance.now()];
  return gesture(context, "draw freehand", {
    move(event) {
      points.push(placed(event));
      times.push(performance.now());
      context.extra.drawn = points;
    },
    up(event) {
      if (points.length < 2 || pixels(event, start) + Math.max(...shareLengths(points)) < 0.01) return;
      const kept = fewPoints(points, aspect);
      const along = shares(points, aspect);
      if (!event.shift && store.scene.subjects[selected].keyframes.length > 1) {
        redrawPath(selected, points, kept);
        store.setUi({ keyframe: null, tool: "select" });
        return;
      }
      const hand = times.map((time) => (time - times[0]) / Math.max(1, times.at(-1) - times[0]));
      const progress = kept.map((index) => (event.shift ? hand : along)[index]);
      setPath("draw freehand", selected, kept.map((index) => points[index]), { progress, smooth: true });
      store.setUi({ keyframe: null, tool: "select" });
    },
  });
}

function shareLengths(points) {
  return points.map((point) => Math.hypot(...minus(point, points[0])));
}

function fewPoints(points, aspect) {
  for (let tolerance = 0.015; ; tolerance *= 1.4) {
    const kept = simplified(points, tolerance, aspect);
    if (kept.length <= MOST_POINTS) return kept;
  }
}

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

/** Drag the camera's handles: where the content goes, and how large it is at the end. */
export function dragCamera(context, handle) {
  const { end } = cameraBoxes(store.scene.camera);
  const centre = centreOf(end);
  return gesture(context, "move camera", {
    move({ point, free }) {
      store.change("move camera", ({ camera }) => {
        if (handle === "zoom") {
          const zoom = Math.max(point[0] - centre[0], point[1] - centre[1]) / 0.25;
          camera.zoom = Math.min(20, Math.max(0.05, Math.round(zoom * 100) / 100));
        } else {
          const settle = (value) => (!free && Math.abs(value) < 0.015 ? 0 : Math.round(value * 1000) / 1000);
          setField(camera, "pan", minus(point, [0.5, 0.5]).map((value) => Math.min(10, Math.max(-10, settle(value)))), null);
        }
      });
    },
  });
}

/** The points tool: every click leads the path on. Returns the function that takes the next click. */
export function clickPoints(index) {
  const start = store.scene.subjects[index].keyframes[0];
  const centres = [centreOf(start.box)];
  return (point) => {
    const [dx, dy] = minus(point, centres.at(-1));
    if (Math.hypot(dx, dy) < 0.01) return; // the second click of a double click
    centres.push(point.map(rounded));
    setPath("add point", index, centres);
    store.end(); // every click is an undo step of its own
    store.setUi({ keyframe: null });
  };
}
