/** The tools by name, the buttons that choose one, and the line that says what the chosen one does. */

import { byId, iconButton } from "../dom/elements.js";
import { store } from "../scene/store.js";

export const TOOLS = [
  ["select", "Select and move", "V", "Drag a box to move it at this moment, with Shift its whole path."],
  ["box", "Draw a box", "B", "Drag to draw the box of a new subject."],
  ["path", "Drag a path", "P", "Drag a box to where it should be at the end."],
  ["points", "Click a path", "C", "Click the places it passes, one after the other. Enter ends it."],
  ["freehand", "Draw a path freehand", "F", "Draw the path. Hold Shift while letting go to keep the timing of your hand."],
  ["anchor", "Anchor: holds still", "A", "Drag over something of the background that must hold still."],
  ["hand", "Move the view", "H", "Drag to move the view. Wheel or pinch to zoom."],
];

/** Mount a button for each tool. */
export function mountToolbar(shelf) {
  const buttons = TOOLS.map(([name, label, key]) => {
    const button = iconButton(name, `${label} (${key})`, { "data-test": `tool-${name}`, "aria-keyshortcuts": key });
    button.addEventListener("click", () => store.setUi({ tool: name }));
    return button;
  });
  shelf.append(...buttons);
  const show = ({ ui }) => {
    TOOLS.forEach(([name], index) => buttons[index].setAttribute("aria-pressed", String(ui.tool === name)));
    byId("hint").textContent = TOOLS.find(([name]) => name === ui.tool)[3];
  };
  store.subscribe(show);
  show(store);
}
