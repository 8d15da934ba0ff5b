/** Tells screen readers what the canvas shows, after things have come to rest. */

import { byId } from "../dom/elements.js";
import { framesOf } from "../scene/model.js";
import { boxAt } from "../scene/motion.js";
import { frameOf, warningsOf } from "../scene/plan.js";

const REST = 500; // ms
let timer = null;
let said = "";

/** Describe the selected part and its box, if that is not what was said last. */
export function describe(scene, ui) {
  clearTimeout(timer);
  if (ui.playing) return;
  timer = setTimeout(() => {
    const text = sentence(scene, ui);
    if (text === said) return;
    said = text;
    byId("live").textContent = text;
  }, REST);
}

function sentence(scene, ui) {
  const anchor = scene.anchors?.[ui.anchor];
  if (anchor) return `Anchor ${anchor.name}: ${boxText(anchor.box)}.`;
  const subject = scene.subjects?.[ui.selected];
  const frame = `frame ${frameOf(scene, ui) + 1} of ${framesOf(scene, ui)}`;
  if (!subject) return `${(scene.subjects ?? []).length} subjects, none selected, ${frame}.`;
  const chosen = ui.keyframe === null ? "" : `, keyframe ${ui.keyframe + 1} of ${subject.keyframes.length}`;
  const warnings = warningsOf(scene, ui).filter((warning) => warning.subject === ui.selected).map(({ text }) => ` Warning: ${text}`);
  return `${subject.name}, ${frame}${chosen}: ${boxText(boxAt(subject, ui.time))}.${warnings.join("")}`;
}

function boxText([x0, y0, x1, y1]) {
  const part = (value) => `${Math.round(value * 100)}%`;
  return `left ${part(x0)}, top ${part(y0)}, width ${part(x1 - x0)}, height ${part(y1 - y0)}`;
}
