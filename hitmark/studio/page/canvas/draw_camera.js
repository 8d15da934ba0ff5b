/** The camera move on the canvas: where the middle half of the picture goes, and its handles. */

import { centerOf } from "../scene/geometry.js";
import { CAMERA } from "../scene/palette.js";
import { drawLabel, handlePoint, outline, stroke } from "./pen.js";

/** Where the middle half of the picture goes under the camera move, with a handle to pan and one to zoom. */
export function cameraBoxes(camera) {
  const [x, y] = camera.pan ?? [0, 0];
  const half = 0.25 * (camera.zoom ?? 1);
  return { start: [0.25, 0.25, 0.75, 0.75], end: [0.5 - half + x, 0.5 - half + y, 0.5 + half + x, 0.5 + half + y] };
}

/** Draw it. */
export function drawCamera(pen, view, camera) {
  const { start, end } = cameraBoxes(camera);
  const half = "rgb(120 235 225 / 60%)";
  outline(pen, view.rectangle(start), half, 1, [2, 4]);
  outline(pen, view.rectangle(end), CAMERA, 1.5, [6, 3]);
  for (const handle of ["nw", "ne", "se", "sw"]) {
    stroke(pen, [handlePoint(view.rectangle(start), handle), handlePoint(view.rectangle(end), handle)], half, 1);
  }
  const rectangle = view.rectangle(end);
  drawLabel(pen, rectangle, "camera", CAMERA, view);
  const [x, y] = view.toScreen(centerOf(end));
  for (const [px, py, round] of [[x, y, true], [...handlePoint(rectangle, "se"), false]]) {
    pen.beginPath();
    if (round) pen.arc(px, py, 7, 0, 7);
    else pen.rect(px - 6, py - 6, 12, 12);
    pen.fillStyle = CAMERA;
    pen.strokeStyle = "#16181c";
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
  }
}
