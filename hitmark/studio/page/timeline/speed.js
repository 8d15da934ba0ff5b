/** How fast the selected subject moves: a line over the frames, and the fastest that its model was tried on. */

import { element } from "../dom/elements.js";
import { framesOf, modelOf, sizeOf } from "../scene/model.js";
import { subjectColor } from "../scene/palette.js";
import { speedsOf } from "../scene/plan.js";

const SPACE = "http://www.w3.org/2000/svg";
const HIGH = 100; // units of the drawing
const LEAST = 0.02; // of the width a frame: the height of a graph in which everything is slow

function drawing(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Make the row: {element, show}. */
export function speedRow() {
  const line = drawing("polyline", { class: "speed-line", "vector-effect": "non-scaling-stroke" });
  const limit = drawing("line", { class: "speed-limit", "vector-effect": "non-scaling-stroke", x1: 0, x2: 1 });
  const picture = drawing("svg", { class: "speed-graph", viewBox: `0 0 1 ${HIGH}`, preserveAspectRatio: "none", role: "img" });
  picture.append(limit, line);
  const lane = element("div", { class: "lane", "data-test": "speed" }, [picture]);
  const most = element("span", { class: "lane-text speed-most" });
  const row = element("div", { class: "lane-row speed-row" }, [element("span", { class: "lane-name muted", title: "How fast: the share of the width that it moves in a frame" }, [most]), lane]);
  let shown = [];
  const show = (scene, ui) => {
    const subject = scene.subjects?.[ui.selected];
    const moves = subject?.keyframes.length > 1;
    row.hidden = !moves;
    const now = [subject, framesOf(scene, ui), modelOf(scene, ui.info), ui.selected];
    if (!moves || now.every((each, index) => each === shown[index])) return;
    shown = now;
    const { width, height } = sizeOf(scene, ui);
    draw({ line, limit, picture, most }, speedsOf(subject, framesOf(scene, ui), height / width), modelOf(scene, ui.info)?.most_speed ?? null);
    row.style.setProperty("--color", subjectColor(ui.selected));
  };
  return { element: row, show };
}

function draw({ line, limit, picture, most }, speeds, allowed) {
  const fastest = Math.max(...speeds);
  const top = Math.max(LEAST, 1.1 * fastest, fastest > 0.5 * (allowed ?? Infinity) ? 1.1 * allowed : 0);
  const high = (speed) => (HIGH * (1 - speed / top)).toFixed(2);
  const count = speeds.length;
  const points = speeds.flatMap((speed, step) => [step / count, (step + 1) / count].map((x) => `${x.toFixed(5)},${high(speed)}`));
  line.setAttribute("points", points.join(" "));
  const seen = allowed !== null && allowed < top;
  limit.setAttribute("visibility", seen ? "visible" : "hidden");
  if (seen) for (const end of ["y1", "y2"]) limit.setAttribute(end, high(allowed));
  most.textContent = `speed ≤ ${(100 * fastest).toFixed(1)}%`;
  picture.setAttribute("aria-label", `Fastest: ${(100 * fastest).toFixed(1)}% of the width in a frame${seen && fastest > allowed ? ", more than the model was tried on" : ""}`);
}
