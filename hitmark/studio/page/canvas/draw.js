/** Draws the plan: picture, onion skin, paths, boxes, handles. Knows nothing of pointers. */

import { centerOf } from "../scene/geometry.js";
import { framesOf, modelOf } from "../scene/model.js";
import { boxAt, visibleOf } from "../scene/motion.js";
import { ANCHOR, CAMERA, subjectColor } from "../scene/palette.js";
import { frameOf, lineOf, tooFast, tracksOf } from "../scene/plan.js";
import { drawAnimatic } from "./animatic.js";
import { drawCamera } from "./draw_camera.js";
import { Layer } from "./layer.js";
import { drawLabel, HALO, HANDLES, handlePoint, outline, stroke } from "./pen.js";

const back = new Layer(); // what stays while the selected subject is dragged, and while the plan plays
const UNDER = 0.75; // of a finished clip that lies under the boxes
const MOST_SKINS = 121; // boxes that the onion skin draws of one subject

/**
 * Draw everything.
 * @param {CanvasRenderingContext2D} pen in CSS pixels
 * @param {{scene: object, ui: object, picture: CanvasImageSource|null, colors: object, extra: object}} what
 */
export function drawPlan(pen, view, { scene, ui, picture, under = null, colors, extra }) {
  pen.clearRect(0, 0, view.width, view.height);
  const moves = Boolean(picture) && ui.animatic && ui.playing && !under; // then what lies below is another in every frame
  const order = (scene.subjects ?? []).map((subject, index) => ({ subject, index }));
  order.sort((first, second) => (first.subject.depth ?? 0) - (second.subject.depth ?? 0));
  const others = order.filter(({ index }) => index !== ui.selected);
  const model = modelOf(scene, ui.info);
  const about = [
    picture, under, moves ? ui.time : null, colors, ui.grid, ui.onion, framesOf(scene, ui), model, view.picture, view.x, view.y, view.scale,
    ...others.flatMap(({ subject, index }) => [subject, index]),
  ];
  back.paste(pen, about, (still) => {
    drawPicture(still, view, picture, colors);
    if (moves) drawAnimatic(still, view, { scene, time: ui.time, picture });
    else if (under) drawUnder(still, view, under);
    if (ui.grid) drawCells(still, view, model?.cell, colors);
    for (const part of others) drawPath(still, view, part, { scene, ui, chosen: false });
  });
  drawStill(pen, view, { scene, ui });
  for (const part of others) drawSubject(pen, view, part, ui, false);
  const chosen = order.find((part) => part.index === ui.selected);
  if (chosen) {
    drawPath(pen, view, chosen, { scene, ui, chosen: true });
    drawSubject(pen, view, chosen, ui, true);
  }
  if (scene.camera) drawCamera(pen, view, scene.camera, ui);
  drawExtra(pen, view, extra, colors);
}

function drawPicture(pen, view, picture, colors) {
  const [left, top, width, height] = view.rectangle([0, 0, 1, 1]);
  pen.fillStyle = colors.paper;
  pen.fillRect(left, top, width, height);
  if (picture) {
    pen.imageSmoothingEnabled = width < 3 * (picture.naturalWidth ?? picture.width);
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(picture, left, top, width, height);
  }
  pen.strokeStyle = colors.frame;
  pen.lineWidth = 1;
  pen.strokeRect(Math.round(left) - 0.5, Math.round(top) - 0.5, Math.round(width) + 1, Math.round(height) + 1);
}

function drawUnder(pen, view, picture) {
  pen.globalAlpha = UNDER;
  pen.imageSmoothingEnabled = view.picture.width * view.scale < 3 * picture.width;
  pen.drawImage(picture, ...view.rectangle([0, 0, 1, 1]));
  pen.globalAlpha = 1;
}

function drawCells(pen, view, cell, colors) {
  if (!cell || cell * view.scale < 5) return;
  const [left, top, width, height] = view.rectangle([0, 0, 1, 1]);
  pen.beginPath();
  for (let x = cell; x < view.picture.width; x += cell) line(pen, left + x * view.scale, top, left + x * view.scale, top + height);
  for (let y = cell; y < view.picture.height; y += cell) line(pen, left, top + y * view.scale, left + width, top + y * view.scale);
  pen.strokeStyle = colors.cells;
  pen.lineWidth = 1;
  pen.stroke();
}

function line(pen, x0, y0, x1, y1) {
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
}

function drawPath(pen, view, { subject, index }, { scene, ui, chosen }) {
  const color = subjectColor(index);
  const track = tracksOf(scene, ui).find((each) => each.kind === "subject" && each.name === subject.name);
  if (ui.onion && track) drawOnion(pen, view, track, color, chosen);
  if (subject.keyframes.length < 2) return;
  const points = lineOf(subject).map((point) => view.toScreen(point));
  stroke(pen, points, HALO, chosen ? 4.5 : 3.5);
  stroke(pen, points, color, chosen ? 2.5 : 1.5);
  if (track) drawTooFast(pen, view, subject, track, { scene, ui });
  drawArrow(pen, points, color);
  if (!chosen) return;
  if (track && track.boxes.length <= MOST_SKINS) drawFrameDots(pen, view, track, color);
  subject.keyframes.forEach((keyframe, which) => drawKeyframe(pen, view, keyframe, color, which === ui.keyframe));
}

function drawOnion(pen, view, track, color, chosen) {
  const step = Math.ceil(track.boxes.length / MOST_SKINS);
  pen.beginPath();
  for (let frame = 0; frame < track.boxes.length; frame += step) {
    if (track.visible[frame]) pen.rect(...view.rectangle(track.boxes[frame]));
  }
  pen.globalAlpha = chosen ? 0.42 : 0.2;
  pen.strokeStyle = color;
  pen.lineWidth = 1;
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawTooFast(pen, view, subject, track, { scene, ui }) {
  const { frames } = tooFast(subject, scene, ui);
  if (!frames.length) return;
  for (const frame of frames) {
    const ends = [frame - 1, frame].map((each) => view.toScreen(centerOf(track.boxes[each])));
    stroke(pen, ends, "#fff", 4);
    pen.setLineDash([5, 4]);
    stroke(pen, ends, "#e00000", 4);
    pen.setLineDash([]);
  }
}

function drawArrow(pen, points, color) {
  const [x, y] = points.at(-1);
  const from = points.findLast(([px, py]) => Math.hypot(px - x, py - y) > 6);
  if (!from) return;
  const angle = Math.atan2(y - from[1], x - from[0]);
  pen.beginPath();
  pen.moveTo(x + 5 * Math.cos(angle), y + 5 * Math.sin(angle));
  for (const turn of [2.5, -2.5]) pen.lineTo(x + 9 * Math.cos(angle + turn), y + 9 * Math.sin(angle + turn));
  pen.closePath();
  pen.fillStyle = color;
  pen.strokeStyle = HALO;
  pen.lineWidth = 1;
  pen.fill();
  pen.stroke();
}

function drawFrameDots(pen, view, track, color) {
  pen.beginPath();
  for (const box of track.boxes) {
    const [x, y] = view.toScreen(centerOf(box));
    pen.moveTo(x + 2.5, y);
    pen.arc(x, y, 2.5, 0, 7);
  }
  pen.fillStyle = color;
  pen.strokeStyle = HALO;
  pen.lineWidth = 1;
  pen.stroke();
  pen.fill();
}

function drawKeyframe(pen, view, keyframe, color, chosen) {
  const [x, y] = view.toScreen(centerOf(keyframe.box));
  const size = chosen ? 7 : 5.5;
  pen.beginPath();
  pen.moveTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.lineTo(x - size, y);
  pen.closePath();
  pen.fillStyle = chosen ? "#fff" : color;
  pen.strokeStyle = "#16181c";
  pen.lineWidth = 1.5;
  pen.fill();
  pen.stroke();
}

function drawSubject(pen, view, { subject, index }, ui, chosen) {
  const color = subjectColor(index);
  const rectangle = view.rectangle(boxAt(subject, ui.time));
  const [from, to] = visibleOf(subject);
  const seen = ui.time >= from - 1e-9 && ui.time <= to + 1e-9;
  pen.globalAlpha = seen ? 1 : 0.5;
  if (chosen && seen) {
    pen.globalAlpha = 0.12;
    pen.fillStyle = color;
    pen.fillRect(...rectangle);
    pen.globalAlpha = 1;
  }
  outline(pen, rectangle, color, chosen ? 2.5 : 1.75, seen ? [] : [4, 4]);
  drawLabel(pen, rectangle, seen ? subject.name : `${subject.name} (not seen)`, color, view);
  pen.globalAlpha = 1;
  if (chosen) drawHandles(pen, rectangle, color);
}

function drawHandles(pen, rectangle, color) {
  const roomy = Math.min(rectangle[2], rectangle[3]) > 36;
  for (const handle of HANDLES) {
    if (!roomy && handle.length === 1) continue;
    const [x, y] = handlePoint(rectangle, handle);
    pen.fillStyle = "#fff";
    pen.strokeStyle = "#16181c";
    pen.lineWidth = 1;
    pen.fillRect(x - 4, y - 4, 8, 8);
    pen.strokeRect(x - 4, y - 4, 8, 8);
    pen.fillStyle = color;
    pen.fillRect(x - 2, y - 2, 4, 4);
  }
}

function drawStill(pen, view, { scene, ui }) {
  const frame = frameOf(scene, ui);
  const own = new Set((scene.anchors ?? []).map((anchor) => anchor.name));
  for (const track of tracksOf(scene, ui)) {
    if (track.kind === "subject" || own.has(track.name) || !track.visible[frame]) continue;
    pen.globalAlpha = 0.5;
    outline(pen, view.rectangle(track.boxes[frame]), track.kind === "camera" ? CAMERA : ANCHOR, 1, [3, 3]);
    pen.globalAlpha = 1;
  }
  (scene.anchors ?? []).forEach((anchor, index) => {
    const rectangle = view.rectangle(anchor.box);
    outline(pen, rectangle, ANCHOR, index === ui.anchor ? 2.5 : 1.5);
    const [x, y] = view.toScreen(centerOf(anchor.box));
    stroke(pen, [[x - 6, y], [x + 6, y]], ANCHOR, 1.5);
    stroke(pen, [[x, y - 6], [x, y + 6]], ANCHOR, 1.5);
    drawLabel(pen, rectangle, anchor.name, ANCHOR, view);
    if (index === ui.anchor) drawHandles(pen, rectangle, ANCHOR);
  });
}

function drawExtra(pen, view, { guides, drawn, box }, colors) {
  for (const { axis, at } of guides) {
    const [x, y] = view.toScreen([at, at]);
    stroke(pen, axis ? [[0, y], [view.width, y]] : [[x, 0], [x, view.height]], colors.guide, 1);
  }
  if (drawn.length > 1) stroke(pen, drawn.map((point) => view.toScreen(point)), colors.guide, 2);
  if (box) outline(pen, view.rectangle(box), colors.guide, 1.5, [5, 3]);
}
