/**
 * A picture whose shape is not the clip's: hitmark resizes it, so the canvas shows it squeezed, says so, and offers to
 * cut or pad it. The new picture is a picture of its own; boxes are carried along, and the scene's notes keep where it
 * came from, so that every choice can be taken back.
 */

import { toast } from "../dom/dialogs.js";
import { element } from "../dom/elements.js";
import { rounded, tidyBox } from "../scene/geometry.js";
import { modelOf, sizeOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { sameJson } from "../server/json.js";
import { wantPicture } from "./wanted.js";

export const MOST_SIDE = 2560; // px of a picture that the page makes: twice the longest side that the models make
const SAME_SHAPE = 0.015; // pictures differ from the clip's shape by less than this are not worth a word
const WHOLE = [0, 0, 1, 1];
let fits = 0; // of two ways to fit that are asked for, the later is the one that is wanted
const left = new Set(); // pictures that the user chose to leave squeezed, with the size they were seen at

/** Width over height of the picture, divided by that of the clip; 1 where they agree. */
export function mismatch(scene, ui) {
  if (!ui.picture) return 1;
  const { width, height } = sizeOf(scene, ui);
  const ratio = ui.picture.width / ui.picture.height / (width / height);
  return Math.abs(Math.log(ratio)) < SAME_SHAPE ? 1 : ratio;
}

/**
 * What was done to the picture: {from, to, fit, map}, or null. `map` is where the original lies in the present one.
 * It counts only for the picture that it made: whatever came after it is a picture of its own.
 */
export function fitOf(scene) {
  const fit = scene.notes?.studio?.picture;
  const whole = Array.isArray(fit?.map) && fit.map.length === 4 && fit.map.every(Number.isFinite) && typeof fit.from === "string";
  return whole && scene.image === `pictures/${fit.to}.png` ? fit : null;
}

/** Make a picture the first frame; `also` changes what goes with it, in the same step. */
export function setPicture(picture, label = "set picture", also = () => {}) {
  store.setUi({ picture });
  store.change(label, (draft) => {
    draft.image = `pictures/${picture.id}.png`;
    keepFit(draft, null);
    also(draft);
  });
}

export function removePicture() {
  store.change("remove picture", (draft) => {
    delete draft.image;
    keepFit(draft, null);
  });
}

function keepFit(draft, fit) {
  if (fit) {
    draft.notes ??= {};
    draft.notes.studio = { ...draft.notes.studio, picture: fit };
  } else if (draft.notes?.studio?.picture) {
    delete draft.notes.studio.picture;
    if (!Object.keys(draft.notes.studio).length) delete draft.notes.studio;
    if (!Object.keys(draft.notes).length) delete draft.notes;
  }
}

/** Cut or pad the first frame to the clip's shape, from the original picture. */
export async function fitPicture(kind) {
  const { scene, ui, document } = store;
  const before = fitOf(scene);
  const id = before?.from ?? ui.picture?.id;
  if (!id) return;
  fits += 1;
  const mine = fits;
  try {
    const image = await loaded(`/api/pictures/${id}`);
    const map = kind === "original" ? WHOLE : mapOf(kind, image, sizeOf(scene, ui));
    const picture = kind === "original" ? about(id, image) : await api.upload(await drawn(image, map));
    if (mine !== fits || store.document !== document || store.scene.image !== scene.image) return; // another came meanwhile
    store.setUi({ picture });
    store.change(kind === "original" ? "take the original picture" : `${kind} to fit`, (draft) => {
      draft.image = `pictures/${picture.id}.png`;
      carry(draft, before?.map ?? WHOLE, map);
      keepFit(draft, kind === "original" ? null : { from: id, to: picture.id, fit: kind, map: map.map(rounded) });
    });
    toast(kind === "original" ? "The original picture is back." : `${fitText(fitOf(store.scene))} Boxes were carried along.`, "good");
  } catch (error) {
    toast(error.message, "error");
  }
}

function about(id, image) {
  return { id, width: image.naturalWidth, height: image.naturalHeight, url: `/api/pictures/${id}` };
}

async function loaded(url) {
  const image = new Image();
  image.src = url;
  await image.decode().catch(() => {
    throw new Error("The original picture is not in the studio any more; drop it again.");
  });
  return image;
}

/** Where the whole original lies in the new picture, as a box in fractions of the new one. */
function mapOf(kind, image, size) {
  const ratio = image.naturalWidth / image.naturalHeight / (size.width / size.height);
  const wide = ratio > 1;
  const grow = kind === "cut" ? (wide ? ratio : 1 / ratio) : wide ? 1 / ratio : ratio;
  // Cutting lengthens the side that is too long beyond the frame; padding shortens the other one within it.
  const across = (kind === "cut") === wide;
  const [low, high] = [0.5 - grow / 2, 0.5 + grow / 2];
  return across ? [low, 0, high, 1] : [0, low, 1, high];
}

/** Carry a part of the scene from one picture to another: out of the old map, into the new one. */
function carry(draft, from, to) {
  const along = (value, axis) => {
    const share = (value - from[axis]) / (from[axis + 2] - from[axis]);
    return to[axis] + share * (to[axis + 2] - to[axis]);
  };
  const moved = (box) => tidyBox(box.map((edge, side) => along(edge, side % 2)));
  for (const subject of draft.subjects ?? []) for (const keyframe of subject.keyframes) keyframe.box = moved(keyframe.box);
  for (const anchor of draft.anchors ?? []) anchor.box = moved(anchor.box);
  if (draft.camera?.pan) draft.camera.pan = draft.camera.pan.map((shift, axis) => rounded(along(shift, axis) - along(0, axis)));
}

/** The new picture as a PNG file: the original drawn where the map says. */
function drawn(image, map) {
  const canvas = element("canvas");
  const [across, down] = [map[2] - map[0], map[3] - map[1]];
  const [width, height] = [image.naturalWidth / across, image.naturalHeight / down];
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height)); // padding makes it larger, and a PNG larger still
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = edgeColor(image, map);
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const [wide, high] = [image.naturalWidth, image.naturalHeight].map((side) => Math.round(side * scale));
  pen.drawImage(image, Math.round(map[0] * canvas.width), Math.round(map[1] * canvas.height), wide, high);
  return asFile(canvas);
}

function asFile(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser cannot make so large a picture."))), "image/png");
  });
}

/** The mean color of the two edges that are padded. */
function edgeColor(image, map) {
  const small = element("canvas");
  small.width = small.height = 16;
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0, 16, 16);
  const strips = map[0] > 0 ? [[0, 0, 1, 16], [15, 0, 1, 16]] : [[0, 0, 16, 1], [0, 15, 16, 1]];
  const total = [0, 0, 0];
  for (const strip of strips) pen.getImageData(...strip).data.forEach((value, at) => at % 4 < 3 && (total[at % 4] += value / 32));
  return `rgb(${total.map(Math.round).join(" ")})`;
}

/** Make a picture of one color in the clip's size and use it as the first frame. */
export async function blankPicture(color) {
  const unwanted = wantPicture();
  const canvas = element("canvas");
  Object.assign(canvas, sizeOf(store.scene, store.ui));
  const pen = canvas.getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  try {
    const picture = await api.upload(await asFile(canvas));
    if (!unwanted()) setPicture(picture);
  } catch (error) {
    toast(error.message, "error");
  }
}

/** Width and height of a clip as large as the model's own, as near to the picture's shape as the model makes them. */
function shapeOf(scene, ui) {
  const model = modelOf(scene, ui.info);
  const unit = model?.size_unit ?? 8;
  const area = (model?.width ?? 512) * (model?.height ?? 512);
  const width = Math.sqrt((area * ui.picture.width) / ui.picture.height);
  const [wide, high] = [width, area / width].map((side) => Math.max(unit, Math.round(side / unit) * unit));
  return { width: wide, height: high };
}

function takeShape() {
  const shape = shapeOf(store.scene, store.ui);
  store.change("take the picture's shape", (draft) => Object.assign(draft, shape));
}

/** A sentence on what was done to the picture. */
export function fitText(fit) {
  const [across, down] = [fit.map[2] - fit.map[0], fit.map[3] - fit.map[1]];
  const wide = Math.abs(across - 1) > Math.abs(down - 1);
  const size = wide ? across : down;
  const side = wide ? "width" : "height";
  const percent = Math.round(Math.abs(1 - 1 / size) * 100);
  if (fit.fit === "cut") return `Cut to fit: ${percent}% of the picture's ${side} removed.`;
  return `Padded to fit: the picture's ${side} is ${Math.round(size * 100)}% of the frame.`;
}

/** What resizing does to the picture, as a sentence. */
export function squeezeText(scene, ui) {
  const ratio = mismatch(scene, ui);
  const { width, height } = sizeOf(scene, ui);
  const percent = Math.round((ratio > 1 ? 1 / ratio : ratio) * 100);
  return `The picture is ${ui.picture.width} × ${ui.picture.height}, the clip ${width} × ${height}: `
    + `it is squeezed to ${percent}% of its ${ratio > 1 ? "width" : "height"}, as shown.`;
}

/** Mount the note above the canvas. */
export function mountFitNote(host) {
  const text = element("p");
  const button = (label, test, run) => {
    const made = element("button", { type: "button", class: "small", text: label, "data-test": test });
    made.addEventListener("click", run);
    return made;
  };
  const reshape = button("Change the clip's shape", "fit-shape", takeShape);
  const key = () => JSON.stringify([store.scene.image, sizeOf(store.scene, store.ui)]);
  host.className = "note warning";
  host.setAttribute("role", "status");
  host.append(text, element("div", { class: "row" }, [
    button("Cut to fit", "fit-cut", () => fitPicture("cut")),
    button("Pad to fit", "fit-pad", () => fitPicture("pad")),
    reshape,
    button("Leave it", "fit-leave", () => {
      left.add(key());
      host.hidden = true;
    }),
  ]));
  store.subscribe(({ scene, ui }) => {
    host.hidden = mismatch(scene, ui) === 1 || left.has(key());
    if (host.hidden) return;
    text.textContent = squeezeText(scene, ui);
    reshape.hidden = sameJson(shapeOf(scene, ui), sizeOf(scene, ui)); // the model makes none that is nearer
  });
}
