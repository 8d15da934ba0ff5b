/** Strokes, outlines and labels that can be seen on any picture; where the handles of a box lie. */

export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
export const HALO = "rgb(0 0 0 / 55%)"; // under every line
const LABEL_FONT = "600 12px system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";

/** Position of a handle on a screen rectangle. */
export function handlePoint([left, top, width, height], handle) {
  const x = left + width * (handle.includes("w") ? 0 : handle.includes("e") ? 1 : 0.5);
  const y = top + height * (handle.includes("n") ? 0 : handle.includes("s") ? 1 : 0.5);
  return [x, y];
}

export function stroke(pen, points, color, width) {
  pen.beginPath();
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.stroke();
}

export function outline(pen, rectangle, color, width, dash = []) {
  pen.setLineDash(dash);
  pen.strokeStyle = HALO;
  pen.lineWidth = width + 2;
  pen.strokeRect(...rectangle);
  pen.setLineDash(dash);
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.strokeRect(...rectangle);
  pen.setLineDash([]);
}

export function drawLabel(pen, [left, top], text, color, view) {
  pen.font = LABEL_FONT;
  const shown = text.length > 28 ? `${text.slice(0, 27)}…` : text;
  const width = pen.measureText(shown).width + 10;
  const x = Math.max(2, Math.min(left - 1, view.width - width - 2));
  const y = Math.max(2, Math.min(top - 20, view.height - 20));
  pen.fillStyle = color;
  pen.fillRect(x, y, width, 18);
  pen.fillStyle = "#101214";
  pen.textBaseline = "middle";
  pen.fillText(shown, x + 5, y + 9.5);
}
