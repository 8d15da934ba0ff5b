/** A finished clip under the editor, as a tracing sheet: the frame of the present moment lies under the boxes. */

import { framesOf } from "../jobs/clip.js";
import { jobStore } from "../jobs/jobs.js";
import { store } from "../scene/store.js";

let under = { id: null, pictures: [] };

/** Whether a clip lies under the editor. */
export function isUnder(id) {
  return under.id === id;
}

/** Lay a clip under the editor; the one that lies there already is taken away. */
export async function putUnder(id) {
  if (id === null || isUnder(id)) {
    under = { id: null, pictures: [] };
    store.setUi({ under: null });
    return;
  }
  const job = await jobStore.whole(id);
  const pictures = await framesOf(job);
  under = { id, pictures };
  store.setUi({ under: id });
}

/** The frame of a moment, or null where no clip lies under the editor. */
export function frameUnder(time) {
  const { pictures } = under;
  const picture = pictures[Math.round(time * (pictures.length - 1))];
  return picture?.width ? picture : null; // a clip that was let go of has none
}
