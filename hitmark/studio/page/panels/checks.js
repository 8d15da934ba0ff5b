/** What is wrong with the scene, and what the model will hardly follow, said below the canvas. */

import { byId, element } from "../dom/elements.js";
import { framesOf } from "../scene/model.js";
import { warningsOf } from "../scene/plan.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";

const REST = 500; // ms
let timer = null;
let asked = null;

/** Ask the server after every change that has come to rest, and show what it says. */
export function mountChecks() {
  const host = byId("warnings");
  const list = element("ul");
  const more = element("button", { type: "button", class: "small quiet", "aria-expanded": "false" });
  host.append(list, more);
  more.addEventListener("click", () => {
    const open = host.classList.toggle("open");
    more.setAttribute("aria-expanded", String(open));
    show(store);
  });
  let shown = "";
  const show = ({ scene, ui }) => {
    const whole = (texts, kind) => texts.map((text) => ({ text, kind, subject: null }));
    const parts = warningsOf(scene, ui).map((warning) => ({ ...warning, kind: "warning" }));
    const lines = [...whole(ui.problems, "error"), ...parts, ...whole(ui.notes, "warning")];
    const key = JSON.stringify([lines, host.className]);
    if (key === shown) return;
    shown = key;
    host.hidden = lines.length === 0;
    const open = host.classList.contains("open");
    list.replaceChildren(...(open ? lines : lines.slice(0, 1)).map(lineOf));
    more.hidden = lines.length < 2;
    more.textContent = open ? "Less" : `${lines.length - 1} more`;
  };
  store.subscribe(({ scene, ui, changed }) => {
    show({ scene, ui });
    const key = scene;
    if (!changed.has("scene") || asked === key) return;
    asked = key;
    clearTimeout(timer);
    timer = setTimeout(check, REST);
  });
}

function lineOf({ text, kind, subject }) {
  const line = element("li", { class: `note ${kind}`, text, title: text });
  if (subject !== null && subject !== undefined) line.addEventListener("click", () => store.setUi({ selected: subject }));
  return line;
}

/** Of the parts the page knows by itself, while they change. */
function notesOf({ ok, warnings }) {
  return ok ? warnings.filter((warning) => warning.subject === null).map((warning) => warning.text) : [];
}

async function check() {
  const { scene, ui } = store;
  try {
    const answer = await api.post("/api/check", { scene, frames: framesOf(scene, ui) });
    if (scene === store.scene) store.setUi({ problems: answer.ok ? [] : answer.problems, notes: notesOf(answer) });
  } catch {
    // The server may be away; the page says so elsewhere.
  }
}
