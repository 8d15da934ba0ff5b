/** Pictures on their way to the studio: reduced first where they are far larger than any clip, with a sign of how far. */

import { progressToast, toast } from "../dom/dialogs.js";
import { element } from "../dom/elements.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { MOST_SIDE, setPicture } from "./fit.js";
import { wantPicture } from "./wanted.js";

/** Make a picture file the first frame of the scene that is open now, and of no other. */
export async function usePhoto(file) {
  const unwanted = wantPicture();
  const picture = await uploaded(file);
  const why = unwanted();
  if (why) toast(`${file.name} arrived ${why}; it was left. Drop it again to use it.`, "warning");
  else setPicture(picture);
}

/** Store a picture file on the server: {id, width, height, url}. */
async function uploaded(file) {
  const name = file.name ?? "The picture";
  const sign = progressToast(`${name}: reading…`);
  try {
    const sent = await reduced(file, name);
    const most = store.ui.info?.limits?.picture_bytes ?? Infinity;
    if (sent.size > most) throw new Error(`${name}: expected a picture of at most ${Math.round(most / 2 ** 20)} MB, got ${Math.round(sent.size / 2 ** 20)} MB; make it smaller.`);
    const picture = await api.upload(sent, (share) => sign.say(share < 1 ? `${name}: ${Math.round(100 * share)}%` : `${name}: the studio reads it…`, share < 1 ? share : null));
    return picture;
  } finally {
    sign.close();
  }
}

/** The file itself, or a smaller picture of it. What the browser cannot read the server may. */
async function reduced(file, name) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    return file;
  }
  const scale = MOST_SIDE / Math.max(image.width, image.height);
  if (scale >= 1) {
    image.close();
    return file;
  }
  const canvas = element("canvas");
  Object.assign(canvas, { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  toast(`${name} is ${image.width} × ${image.height}: it was reduced to ${canvas.width} × ${canvas.height}, still more than the models make.`);
  image.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(`${name}: the browser cannot make it smaller; make it smaller before.`))), "image/png");
  });
}
