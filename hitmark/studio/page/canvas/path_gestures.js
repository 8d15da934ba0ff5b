/** Drags and clicks that lead a subject along a path. */

import { centerOf, rounded, shares, shifted, simplified } from "../scene/geometry.js";
import { boxAt } from "../scene/motion.js";
import { redrawPath, setPath, setPathEnd } from "../scene/path_edits.js";
import { store } from "../scene/store.js";
import { CLICK, gesture, minus, otherBoxes, pixels, snapped } from "./gestures.js";

const MOST_POINTS = 8; // keyframes made of a freehand line

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
  const offset = inside ? minus(centerOf(box), start.point) : [0, 0];
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

/** The points tool: every click leads the path on. Returns the function that takes the next click. */
export function clickPoints(index) {
  const start = store.scene.subjects[index].keyframes[0];
  const centers = [centerOf(start.box)];
  return (point) => {
    const [dx, dy] = minus(point, centers.at(-1));
    if (Math.hypot(dx, dy) < 0.01) return; // the second click of a double click
    centers.push(point.map(rounded));
    setPath("add point", index, centers);
    store.end(); // every click is an undo step of its own
    store.setUi({ keyframe: null });
  };
}
