/** What was wanted and what was found, drawn over a frame: boxes, paths with a dot for each frame, crosses. */

import { trackColor } from "../scene/palette.js";

const DARK = "rgb(0 0 0 / 60%)"; // under every line, so that it can be seen on any picture
const FOUND = "#ffffff";

/**
 * The overlay of a job.
 *
 * @param {Object} job with `tracks`, and `found` where positions are known (pixels of the clip).
 * @returns {{tracks: Object[], draw: function(CanvasRenderingContext2D, number, number, number, Object)}}
 *   `draw(context, width, height, frame, show)`; `show` has `boxes`, `paths`, `found`, `camera`: what to draw.
 */
export function overlayFor(job) {
  let subjects = 0;
  const tracks = (job.tracks || []).map((track) => {
    const color = trackColor(track, track.kind === "subject" ? subjects++ : 0);
    return { ...track, color, found: job.found?.[track.name] ?? null };
  });
  const draw = (context, width, height, frame, show) => {
    const place = { context, width, height, frame, clip: job };
    context.lineJoin = "round";
    context.lineCap = "round";
    const shown = tracks.filter((track) => track.kind !== "camera" || show.camera);
    if (show.paths) shown.filter((track) => track.kind === "subject").forEach((track) => drawPath(place, track));
    if (show.boxes) shown.forEach((track) => drawBox(place, track));
    if (show.found) shown.forEach((track) => drawFound(place, track));
  };
  return { tracks, draw };
}

function drawPath({ context, width, height, frame }, track) {
  const centers = track.boxes.map(([left, top, right, bottom], index) =>
    track.visible[index] ? [((left + right) / 2) * width, ((top + bottom) / 2) * height] : null,
  );
  stroke(context, track.color, 1.5, () => line(context, centers));
  centers.forEach((center, index) => {
    if (center) dot(context, center, index === frame ? 4 : 2, track.color);
  });
}

function line(context, points) {
  let drawing = false;
  for (const point of points) {
    if (point && drawing) context.lineTo(...point);
    else if (point) context.moveTo(...point);
    drawing = Boolean(point);
  }
}

function dot(context, [x, y], radius, color) {
  context.beginPath();
  context.arc(x, y, radius + 1, 0, 2 * Math.PI);
  context.fillStyle = DARK;
  context.fill();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
}

function drawBox({ context, width, height, frame }, track) {
  const box = track.boxes[frame];
  if (!box || !track.visible[frame]) return;
  const [left, top, right, bottom] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
  context.setLineDash(track.kind === "subject" ? [] : [4, 4]);
  stroke(context, track.color, 2, () => context.rect(left, top, right - left, bottom - top));
  context.setLineDash([]);
  if (track.kind === "subject") label(context, track, left, top, width);
}

function label(context, track, left, top, width) {
  context.font = "600 12px system-ui, sans-serif";
  context.textBaseline = "middle";
  const room = context.measureText(track.name).width + 8;
  const x = Math.max(0, Math.min(left - 1, width - room));
  const y = top >= 18 ? top - 18 : Math.max(0, top);
  context.fillStyle = track.color;
  context.fillRect(x, y, room, 17);
  context.fillStyle = "#111111";
  context.fillText(track.name, x + 4, y + 9);
}

/** Crosses where the subject was found up to this frame, joined by a thin line, and how far the last one is off. */
function drawFound({ context, width, height, frame, clip }, track) {
  if (!track.found) return;
  const scaled = (point) => point && [(point[0] / clip.width) * width, (point[1] / clip.height) * height];
  const points = track.found.slice(0, frame + 1).map(scaled);
  stroke(context, FOUND, 1, () => line(context, points));
  const here = points[frame];
  if (!here) return;
  const box = track.visible[frame] ? track.boxes[frame] : null;
  if (box) {
    context.setLineDash([2, 3]);
    const center = [((box[0] + box[2]) / 2) * width, ((box[1] + box[3]) / 2) * height];
    stroke(context, FOUND, 1.5, () => line(context, [center, here]));
    context.setLineDash([]);
  }
  const [x, y] = here;
  const cross = [[x - 6, y - 6], [x + 6, y + 6], null, [x - 6, y + 6], [x + 6, y - 6]];
  stroke(context, track.color, 2.5, () => line(context, cross));
}

function stroke(context, color, width, shape) {
  context.beginPath();
  shape();
  context.lineWidth = width + 2;
  context.strokeStyle = DARK;
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = color;
  context.stroke();
}
