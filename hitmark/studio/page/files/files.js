/** Files that come in: choosing, dropping and pasting pictures and scenes. */

import { toast } from "../dom/dialogs.js";
import { byId } from "../dom/elements.js";
import { usePhoto } from "../picture/photos.js";
import { pasteSubject, removeSubject } from "../scene/edits.js";
import { flaw } from "../scene/shape.js";
import { store } from "../scene/store.js";
import { parseJson, stringifyJson } from "../server/json.js";
import { importScene } from "./importing.js";

const CLIP = /\.(mp4|webm|mov|m4v|mkv|avi)$/i;
const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|hei[cf])$/i;

/** Mount import, drop and paste. */
export function mountFiles() {
  const chooser = byId("file-chooser");
  chooser.addEventListener("change", async () => {
    const files = [...chooser.files];
    chooser.value = "";
    await take(files);
  });
  byId("import").addEventListener("click", () => choose(""));
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
  choose("image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff,image/avif,image/heic,image/heif");
}

const isPicture = (file) => (file.type.startsWith("image/") && !file.type.includes("svg")) || PICTURE.test(file.name);

const isClip = (file) => file.type.startsWith("video/") || CLIP.test(file.name);

/** Take in files: scenes first, then the picture, which may be the one that the scene names. */
async function take(files) {
  try {
    const [scene, ...others] = files.filter((each) => !isPicture(each) && !isClip(each));
    const clip = files.find(isClip);
    if (clip && !scene) throw new Error(`${clip.name} is a clip, and the studio opens scenes: drop the file beside it that ends in .json, its run record or its scene.`);
    if (scene && !(await importScene(scene))) return;
    for (const file of files.filter(isPicture).slice(0, 1)) await usePhoto(file);
    if (others.length || files.filter(isPicture).length > 1) toast("One scene and one picture are taken at a time; the other files were left.", "warning");
  } catch (error) {
    toast(error.message, "error");
  }
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
    const whole = typeof value.name === "string" && flaw({ subjects: [value] }) === null;
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
