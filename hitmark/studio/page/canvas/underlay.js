/** A finished clip under the editor, as a tracing sheet: the frame of the present moment lies under the boxes. */

import { framesOf } from "../jobs/clip.js";
import { jobStore } from "../jobs/jobs.js";
import { store } from "../scene/store.js";

let pictures = []; // the frames of the clip that `store.ui.under` names
let asked = 0; // of two clips that are asked for, the later is the one that is wanted

/** Whether a clip lies under the editor. */
export function isUnder(id) {
  return store.ui.under === id;
}

/** Lay a clip under the scene that is open; the one that lies there already is taken away. */
export async function putUnder(id) {
  asked += 1;
  const mine = asked;
  const { document } = store;
  const taken = id === null || isUnder(id);
  const found = taken ? [] : await framesOf(await jobStore.whole(id));
  if (mine !== asked || document !== store.document) return;
  pictures = found;
  store.setUi({ under: taken ? null : id });
}

/** The frame of a moment, or null where no clip lies under the editor. */
export function frameUnder(time) {
  const picture = pictures[Math.round(time * (pictures.length - 1))];
  if (!picture || picture.width) return picture ?? null;
  const id = store.ui.under; // its frames were let go of for those of other clips: read them again
  pictures = [];
  store.setUi({ under: null });
  void putUnder(id).catch(() => {}); // it may be gone; then nothing lies there any more
  return null;
}
