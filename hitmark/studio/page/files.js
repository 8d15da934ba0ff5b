/** Files in and out: choosing, dropping and pasting pictures and scenes; exporting every format. */

import { api, send } from "./api.js";
import { sheet, toast } from "./dialogs.js";
import { byId, element, field } from "./elements.js";
import { framesOf, sizeOf } from "./model.js";
import { setPicture } from "./picture_fit.js";
import { parseJson, stringifyJson } from "./scene_json.js";
import { store } from "./store.js";
import { pasteSubject, removeSubject } from "./edits.js";

const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?)$/i;

/** Mount import, export, drop and paste. */
export function mountFiles() {
  const chooser = byId("file-chooser");
  chooser.addEventListener("change", async () => {
    const files = [...chooser.files];
    chooser.value = "";
    await take(files);
  });
  byId("import").addEventListener("click", () => choose(""));
  byId("export").addEventListener("click", exportSheet);
  dropping();
  addEventListener("paste", paste);
  addEventListener("copy", copy);
  addEventListener("cut", (event) => copy(event) && removeSubject(store.ui.selected));
}

function choose(accept) {
  const chooser = byId("file-chooser");
  chooser.accept = accept;
  chooser.click();
}

/** Let the user choose a picture. */
export function choosePicture() {
  choose("image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff");
}

const isPicture = (file) => (file.type.startsWith("image/") && !file.type.includes("svg")) || PICTURE.test(file.name);

/** Take in files: scenes first, then the picture, which may be the one that the scene names. */
async function take(files) {
  try {
    for (const file of files.filter((each) => !isPicture(each)).slice(0, 1)) await importScene(file);
    for (const file of files.filter(isPicture).slice(0, 1)) setPicture(await uploaded(file));
    if (files.length > 2) toast("One scene and one picture are taken at a time; the other files were left.", "warning");
  } catch (error) {
    toast(error.message, "error");
  }
}

async function uploaded(file) {
  const most = store.ui.info?.limits?.picture_bytes ?? Infinity;
  if (file.size > most) throw new Error(`${file.name}: expected a picture of at most ${Math.round(most / 2 ** 20)} MB, got ${Math.round(file.size / 2 ** 20)} MB; make it smaller.`);
  return api.upload(file);
}

async function importScene(file) {
  const suffix = /\.[A-Za-z0-9]{1,8}$/.exec(file.name)?.[0] ?? ".txt"; // the rest of the name is nobody's business
  const response = await send("/api/import", {
    method: "POST", body: file, headers: { "X-Name": `file${suffix}`, "Content-Type": "application/octet-stream" },
  });
  const found = parseJson(await response.text());
  if (!(await store.load(found.scene, found.picture))) return;
  store.markUnsaved();
  const notes = found.notes?.length ? ` ${found.notes.join(". ")}.` : "";
  toast(`Read as ${found.format}.${notes}`, found.notes?.length ? "warning" : "good");
}

function dropping() {
  const note = byId("drop-note");
  let inside = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    inside += 1;
    note.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!carries(event)) return;
    inside -= 1;
    note.hidden = inside <= 0;
  });
  addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    inside = 0;
    note.hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

const writes = (event) => event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");

function paste(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) {
    event.preventDefault();
    take(files);
    return;
  }
  if (writes(event)) return;
  const subject = pasted(event.clipboardData?.getData("text/plain") ?? "");
  if (!subject) return;
  event.preventDefault();
  pasteSubject(subject);
}

/** The subject that a text holds, or null. */
function pasted(text) {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const value = parseJson(text);
    const whole = typeof value.name === "string" && Array.isArray(value.keyframes) && value.keyframes.length > 0
      && value.keyframes.every((each) => Number.isFinite(each?.time) && each.box?.length === 4 && each.box.every(Number.isFinite));
    return whole ? value : null;
  } catch {
    return null;
  }
}

function copy(event) {
  const subject = store.scene.subjects?.[store.ui.selected];
  if (!subject || writes(event) || !getSelection().isCollapsed) return false;
  event.clipboardData.setData("text/plain", stringifyJson(subject));
  event.preventDefault();
  toast(`${subject.name} ${event.type === "cut" ? "cut" : "copied"}.`);
  return true;
}

/** Give the user bytes as a file. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = element("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Ask for a format, then save the file and say what it could not hold. */
export async function exportSheet() {
  const info = await api.info().catch((error) => toast(error.message, "error"));
  if (!info) return;
  const formats = info.formats.filter((format) => format.writes);
  const frames = element("input", { type: "number", min: "2", max: "10000", placeholder: framesOf(store.scene, store.ui) });
  const choices = formats.map((format, index) => element("label", { class: "choice" }, [
    element("input", { type: "radio", name: "format", value: format.name, checked: index === 0, "data-test": `format-${format.name}` }),
    element("span", {}, [element("b", { text: format.name }), element("span", { class: "muted", text: format.label ?? "" })]),
  ]));
  const notes = element("ul", { class: "small-text bad", role: "status" });
  const save = element("button", { type: "submit", class: "primary", text: "Save the file", "data-test": "export-save" });
  const picture = element("button", { type: "button", text: "Save the picture", disabled: !store.ui.picture });
  const form = element("form", { class: "fields", method: "dialog" }, [
    element("div", { class: "choice-list", role: "radiogroup", "aria-label": "Format" }, choices),
    field("Boxes for how many frames", frames, "Formats that hold a box for every frame need to know"), notes,
    element("div", { class: "choices" }, [picture, save]),
  ]);
  const close = sheet("Export the scene", form);
  picture.addEventListener("click", async () => download(await (await send(store.ui.picture.url)).blob(), "picture.png"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const format = formats.find((each) => each.name === new FormData(form).get("format"));
    try {
      const lost = await exported(format, frames.value === "" ? null : Number(frames.value));
      if (!lost.length) close();
      notes.replaceChildren(...["The file is saved. It does not hold everything:", ...lost].map((text) => element("li", { text })));
    } catch (error) {
      notes.replaceChildren(element("li", { text: error.message }));
    }
  });
}

/** Save the scene in a format. Returns sentences on what the format could not hold. */
async function exported(format, frames) {
  // Other tools' files have pixels and frames: those that the page shows, where the scene leaves them to the model.
  const { scene, ui } = store;
  const whole = format.name === "hitmark" ? scene : { ...scene, ...sizeOf(scene, ui), frames: framesOf(scene, ui) };
  const body = stringifyJson({ scene: whole, format: format.name, frames });
  const response = await send("/api/export", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const given = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  const stem = store.ui.project ?? "scene";
  const suffix = given ? given.slice(given.lastIndexOf(".")) : format.suffix ?? ".json";
  download(await response.blob(), `${stem}${suffix}`);
  toast("The file is saved.", "good");
  return JSON.parse(response.headers.get("X-Notes") || "[]");
}
