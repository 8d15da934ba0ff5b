/** Of several pictures that are on their way to a scene, the one that was asked for last is taken, whenever it arrives. */

import { store } from "../scene/store.js";

let asked = 0;

/**
 * Ask for a picture for the scene that is open now.
 * @returns {() => string|null} why it is not wanted any more, as a part of a sentence; null while it is
 */
export function wantPicture() {
  asked += 1;
  const [mine, { document }] = [asked, store];
  return () => {
    if (store.document !== document) return "after you opened another scene";
    return mine === asked ? null : "after you chose another picture";
  };
}
