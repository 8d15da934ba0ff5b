/**
 * The animatic: what each box shows in the first picture goes along its path, before anything is made. The hole that it
 * leaves is filled with what lies around it, blurred.
 */

import { element } from "../dom/elements.js";
import { sizeOfBox } from "../scene/geometry.js";
import { boxAt, ease, visibleOf } from "../scene/motion.js";

const AROUND = 0.15; // of a box, on each side: what its hole is filled from
const COARSE = 24; // px a side of that filling
const kept = new WeakMap(); // picture -> {key, plate}: the picture without its subjects

/**
 * Draw the picture with every subject where it is at a moment.
 * @param {CanvasRenderingContext2D} pen
 * @param {{rectangle: (box: number[]) => number[]}} view
 * @param {{scene: object, time: number, picture: CanvasImageSource}} what
 */
export function drawAnimatic(pen, view, { scene, time, picture }) {
  const moving = (scene.subjects ?? []).filter((subject) => subject.keyframes.length > 1 && visibleOf(subject)[0] < 1e-9);
  const camera = cameraAt(scene.camera, time);
  const whole = view.rectangle([0, 0, 1, 1]);
  pen.save();
  pen.beginPath();
  pen.rect(...whole);
  pen.clip();
  pen.drawImage(plateOf(picture, moving), ...view.rectangle(camera([0, 0, 1, 1])));
  const order = [...moving].sort((first, second) => (first.depth ?? 0) - (second.depth ?? 0));
  for (const subject of order) {
    const [from, to] = visibleOf(subject);
    if (time < from - 1e-9 || time > to + 1e-9) continue;
    pen.drawImage(picture, ...pixelsOf(picture, subject.keyframes[0].box), ...view.rectangle(boxAt(subject, time)));
  }
  pen.restore();
}

/** Where the camera move puts a box of the background at a moment: zoomed about the middle, then shifted. */
function cameraAt(camera, time) {
  if (!camera) return (box) => box;
  const progress = ease(camera.easing, time);
  const scale = (camera.zoom ?? 1) ** progress;
  const pan = camera.pan ?? [0, 0];
  return (box) => box.map((corner, side) => 0.5 + (corner - 0.5) * scale + progress * pan[side % 2]);
}

function sizeOf(picture) {
  return [picture.naturalWidth ?? picture.width, picture.naturalHeight ?? picture.height];
}

/** Left, top, width, height of a box in the picture's own pixels. */
function pixelsOf(picture, box) {
  const [wide, high] = sizeOf(picture);
  const [width, height] = sizeOfBox(box);
  return [box[0] * wide, box[1] * high, width * wide, height * high];
}

function plateOf(picture, moving) {
  const key = JSON.stringify(moving.map((subject) => subject.keyframes[0].box));
  if (kept.get(picture)?.key !== key) kept.set(picture, { key, plate: drawnPlate(picture, moving) });
  return kept.get(picture).plate;
}

function drawnPlate(picture, moving) {
  const plate = element("canvas");
  [plate.width, plate.height] = sizeOf(picture);
  const pen = plate.getContext("2d");
  pen.drawImage(picture, 0, 0);
  for (const subject of moving) fillHole(pen, picture, subject.keyframes[0].box);
  return plate;
}

/** Cover a box with a coarse picture of what lies above, below and beside it. */
function fillHole(pen, picture, box) {
  const [width, height] = sizeOfBox(box);
  const wide = [box[0] - AROUND * width, box[1] - AROUND * height, box[2] + AROUND * width, box[3] + AROUND * height];
  const coarse = element("canvas");
  coarse.width = coarse.height = COARSE;
  const rough = coarse.getContext("2d", { willReadFrequently: true });
  rough.drawImage(picture, ...pixelsOf(picture, wide), 0, 0, COARSE, COARSE);
  spread(rough);
  const edge = AROUND / (1 + 2 * AROUND);
  const inner = [edge * COARSE, edge * COARSE, (1 - 2 * edge) * COARSE, (1 - 2 * edge) * COARSE];
  pen.imageSmoothingEnabled = true;
  pen.drawImage(coarse, ...inner, ...pixelsOf(picture, box));
}

/** Replace the inner pixels by the mean of the ring around them, the nearer the more. */
function spread(pen) {
  const image = pen.getImageData(0, 0, COARSE, COARSE);
  const border = Math.max(1, Math.round((AROUND / (1 + 2 * AROUND)) * COARSE));
  const ring = [];
  const inside = (value) => value >= border && value < COARSE - border;
  for (let y = 0; y < COARSE; y += 1) for (let x = 0; x < COARSE; x += 1) if (!(inside(x) && inside(y)) && image.data[4 * (y * COARSE + x) + 3]) ring.push([x, y]);
  const source = image.data.slice();
  for (let y = border; y < COARSE - border; y += 1) {
    for (let x = border; x < COARSE - border; x += 1) {
      const sum = [0, 0, 0, 0];
      for (const [px, py] of ring) {
        const weight = 1 / ((x - px) ** 2 + (y - py) ** 2) ** 2;
        sum[3] += weight;
        for (let channel = 0; channel < 3; channel += 1) sum[channel] += weight * source[4 * (py * COARSE + px) + channel];
      }
      for (let channel = 0; channel < 3; channel += 1) image.data[4 * (y * COARSE + x) + channel] = sum[3] ? sum[channel] / sum[3] : 128;
      image.data[4 * (y * COARSE + x) + 3] = 255;
    }
  }
  pen.putImageData(image, 0, 0);
}
