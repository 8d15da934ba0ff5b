/** Plays the plan at the clip's own frame rate. */

import { tidyTime } from "../scene/edits.js";
import { fpsOf, framesOf } from "../scene/model.js";
import { frameOf } from "../scene/plan.js";
import { store } from "../scene/store.js";

let started = null; // {at: ms, frame} where play-back began

/** Start and stop with `ui.playing`. */
export function mountPlayback() {
  store.subscribe(({ ui, changed }) => {
    if (!changed.has("ui") || ui.playing === (started !== null)) return;
    started = ui.playing ? begin() : null;
    if (started) requestAnimationFrame(step);
  });
}

function begin() {
  const frame = frameOf(store.scene, store.ui);
  const last = framesOf(store.scene, store.ui) - 1;
  return { at: performance.now(), frame: frame >= last ? 0 : frame };
}

function step(now) {
  if (!started || !store.ui.playing) return;
  const frames = framesOf(store.scene, store.ui);
  const passed = Math.max(0, Math.floor(((now - started.at) / 1000) * fpsOf(store.scene)));
  const frame = (started.frame + passed) % frames;
  store.setUi({ time: tidyTime(frame / (frames - 1)), keyframe: null });
  requestAnimationFrame(step);
}
