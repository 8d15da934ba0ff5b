/** What lies under the pointer. Reaches are in CSS pixels and larger for fingers. */

import { selectedBox, selectedSubject } from "../scene/edits.js";
import { centerOf, contains, distance } from "../scene/geometry.js";
import { boxAt } from "../scene/motion.js";
import { lineOf } from "../scene/plan.js";
import { store } from "../scene/store.js";
import { cameraBoxes } from "./draw_camera.js";
import { HANDLES, handlePoint } from "./pen.js";

const near = ([ax, ay], [bx, by], reach) => Math.abs(ax - bx) <= reach && Math.abs(ay - by) <= reach;

/** How far from a handle a pointer of this type still has it. */
export function reachOf(type) {
  return type === "touch" ? 18 : 8;
}

/** The handle of the selected box under the pointer, or null. */
export function handleAt(view, screen, reach) {
  const box = selectedBox();
  if (!box) return null;
  const rectangle = view.rectangle(box);
  const corners = Math.min(rectangle[2], rectangle[3]) <= 36;
  const within = Math.min(reach, 3 + Math.min(rectangle[2], rectangle[3]) / 3);
  return HANDLES.find((handle) =>
    (handle.length === 2 || !corners) && near(handlePoint(rectangle, handle), screen, within)) ?? null;
}

/** The index of the selected subject's keyframe whose diamond lies under the pointer, or null. */
export function diamondAt(view, screen, reach) {
  const subject = selectedSubject();
  if (!subject || subject.keyframes.length < 2) return null;
  const found = subject.keyframes.findIndex((keyframe) => near(view.toScreen(centerOf(keyframe.box)), screen, reach));
  return found < 0 ? null : found;
}

/** The part whose box lies under the pointer: the selected one first, else the nearest to the viewer. */
export function partAt(point) {
  const { scene, ui } = store;
  const box = selectedBox();
  if (box && contains(box, point)) return { subject: ui.selected, anchor: ui.anchor };
  let best = null;
  (scene.subjects ?? []).forEach((subject, index) => {
    const depth = subject.depth ?? 0;
    if (contains(boxAt(subject, ui.time), point) && (!best || depth >= best.depth)) best = { index, depth };
  });
  if (best) return { subject: best.index, anchor: null };
  const anchor = (scene.anchors ?? []).findLastIndex((each) => contains(each.box, point));
  return anchor < 0 ? null : { subject: null, anchor };
}

/** "pan" or "zoom" where a handle of the camera lies under the pointer, else null. */
export function cameraHandleAt(view, screen, reach) {
  const { camera } = store.scene;
  if (!camera) return null;
  const { end } = cameraBoxes(camera);
  if (near(view.toScreen(centerOf(end)), screen, reach)) return "pan";
  return near(handlePoint(view.rectangle(end), "se"), screen, reach) ? "zoom" : null;
}

/** The moment at which the selected subject passes the pointer, or null where its line is far. */
export function momentNear(view, point, reach) {
  const subject = selectedSubject();
  if (!subject || subject.keyframes.length < 2) return null;
  const aspect = view.picture.height / view.picture.width;
  const within = view.fractions(reach)[0];
  if (!lineOf(subject).some((each) => distance(each, point, aspect) < within * 3)) return null;
  let best = { time: null, away: within };
  for (let step = 0; step <= 400; step += 1) {
    const away = distance(centerOf(boxAt(subject, step / 400)), point, aspect);
    if (away < best.away) best = { time: step / 400, away };
  }
  return best.time;
}
