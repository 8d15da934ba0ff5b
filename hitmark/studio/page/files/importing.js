/** A scene from a file of any format: what the file does not say itself is asked for. */

import { sheet, toast } from "../dom/dialogs.js";
import { element, field } from "../dom/elements.js";
import { LIMITS, within } from "../scene/limits.js";
import { sizeOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { send } from "../server/api.js";
import { parseJson } from "../server/json.js";

const LISTED = 200; // records that are listed at once

/** Read a file and open its scene. Returns whether it is open: not when a question was closed. */
export async function importScene(file) {
  const { document } = store;
  const found = await read(file, {});
  if (!found) return false;
  if (store.document !== document) {
    toast(`${file.name} was read after you opened another scene; it was left. Import it again to open it.`, "warning");
    return false;
  }
  if (!(await store.load(found.scene, found.picture))) return false;
  store.markUnsaved();
  const notes = found.notes?.length ? ` ${found.notes.join(". ")}.` : "";
  toast(`Read as ${found.format}.${notes}`, found.notes?.length ? "warning" : "good");
  return true;
}

/** Ask the server to read the file; ask the person for what it needs, and again. Null when they closed the question. */
async function read(file, known) {
  const suffix = /\.[A-Za-z0-9]{1,8}$/.exec(file.name)?.[0] ?? ".txt"; // the rest of the name is nobody's business
  const query = new URLSearchParams(known).toString();
  try {
    const response = await send(`/api/import${query ? `?${query}` : ""}`, {
      method: "POST", body: file, headers: { "X-Name": `file${suffix}`, "Content-Type": "application/octet-stream" },
    });
    return parseJson(await response.text());
  } catch (error) {
    if (!error.body?.needs) throw error;
    const answer = await askNeeds(file, error.body.needs, error.message);
    return answer === null ? null : read(file, { ...known, ...answer });
  }
}

/** Ask for what the file does not say: one question at a time. The answers together, null when one was closed. */
async function askNeeds(file, { canvas, records, choices = {} }, reason) {
  const questions = [
    ...(records ? [() => askRecord(file, records)] : []),
    ...Object.entries(choices).map(([name, values]) => () => askChoice(name, values, reason)),
    ...(canvas ? [() => askCanvas(file)] : []),
  ];
  const answers = {};
  for (const next of questions) {
    const answer = await next();
    if (answer === null) return null;
    Object.assign(answers, answer);
  }
  return answers;
}

const CHOICE_TITLES = { units: "What do the numbers count?", axes: "Which way does the array lie?" };
const CHOICE_WORDS = {
  fraction: "fractions of the picture, 0 to 1", pixel: "pixels", "frames,tracks": "frames first, then tracks", "tracks,frames": "tracks first, then frames",
};

function askChoice(name, values, reason) {
  const list = element("select", { size: String(Math.max(2, values.length)), required: true, "data-test": `choice-${name}`, "aria-label": CHOICE_TITLES[name] ?? name },
    values.map((value) => element("option", { value, text: CHOICE_WORDS[value] ?? value })));
  list.selectedIndex = 0;
  return question(CHOICE_TITLES[name] ?? name, [element("p", { class: "small-text", text: reason }), list], () => ({ [name]: list.value }));
}

function question(title, parts, answerOf) {
  const form = element("form", { class: "fields", method: "dialog", "data-test": "import-needs" }, [
    ...parts, element("div", { class: "choices" }, [element("button", { type: "submit", class: "primary", text: "Import", "data-test": "import-go" })]),
  ]);
  return new Promise((resolve) => {
    let answer = null;
    const close = sheet(title, form, { narrow: true, onClose: () => resolve(answer) });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = answerOf();
      if (answer) close();
    });
  });
}

/** Pixel coordinates say nothing without the size of the picture that they were drawn on. */
function askCanvas(file) {
  const now = sizeOf(store.scene, store.ui);
  const side = (name) => {
    const input = element("input", { type: "number", ...within(LIMITS.canvas), step: "1", required: true, "data-test": `canvas-${name}` });
    input.value = now[name];
    return input;
  };
  const [width, height] = [side("width"), side("height")];
  const text = `${file.name} holds pixels, and does not say of how large a picture. It is often the size that the other tool made its video in.`;
  return question("How large is its canvas?", [
    element("p", { text }), element("div", { class: "row" }, [field("Width, px", width), field("Height, px", height)]),
  ], () => ({ width: width.value, height: height.value }));
}

function askRecord(file, records) {
  const filter = element("input", { type: "search", placeholder: "Words of it, or its number", "aria-label": "Look for a scene" });
  const list = element("select", { size: "10", required: true, "aria-label": "Scenes of the file", "data-test": "records" });
  const say = element("p", { class: "muted small-text" });
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    const named = (id) => (/^\d+$/.test(id) ? id.startsWith(wanted) : id.toLowerCase().includes(wanted)); // numbers, and places in a zip
    const found = records.filter(({ id, label }) => label.toLowerCase().includes(wanted) || named(id));
    list.replaceChildren(...found.slice(0, LISTED).map(({ id, label }) => element("option", { value: id, text: label ? `${id}: ${label}` : id })));
    list.selectedIndex = found.length ? 0 : -1;
    say.textContent = found.length > LISTED ? `The first ${LISTED} of ${found.length}; look for words of the others.` : `${found.length} of ${records.length}.`;
  };
  filter.addEventListener("input", show);
  show();
  return question("Which scene of the file?", [element("p", { text: `${file.name} holds ${records.length} scenes.` }), filter, list, say],
    () => (list.value ? { record: list.value } : null));
}
