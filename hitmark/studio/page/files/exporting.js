/** The scene as a file: in hitmark's own format, whole with its picture, or in another tool's. */

import { sheet, toast } from "../dom/dialogs.js";
import { saveAs } from "../dom/downloads.js";
import { byId, element, field } from "../dom/elements.js";
import { settled } from "../dom/pending.js";
import { LIMITS, within } from "../scene/limits.js";
import { framesOf, sizeOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { api, send } from "../server/api.js";
import { stringifyJson } from "../server/json.js";

const OWN = ["hitmark", "project"]; // formats that hold what a scene leaves to the model, too

/** Let the header's button ask. */
export function mountExport() {
  byId("export").addEventListener("click", exportSheet);
}

/** Ask for a format, then save the file and say what it could not hold. */
export async function exportSheet() {
  const refusal = await settled();
  if (refusal) {
    toast(refusal, "warning");
    return;
  }
  const info = await api.info().catch((error) => toast(error.message, "error"));
  if (!info) return;
  const formats = info.formats.filter((format) => format.writes);
  const frames = element("input", { type: "number", ...within(LIMITS.frames), placeholder: framesOf(store.scene, store.ui) });
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
  const savePicture = async () => saveAs(await (await send(store.ui.picture.url)).blob(), "picture.png");
  picture.addEventListener("click", () => savePicture().catch((error) => toast(error.message, "error")));
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
  const whole = OWN.includes(format.name) ? scene : { ...scene, ...sizeOf(scene, ui), frames: framesOf(scene, ui) };
  const body = stringifyJson({ scene: whole, format: format.name, frames });
  const response = await send("/api/export", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const given = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  const stem = store.ui.project ?? "scene";
  const suffix = given ? given.slice(given.lastIndexOf(".")) : format.suffix ?? ".json";
  saveAs(await response.blob(), `${stem}${suffix}`);
  toast("The file is saved.", "good");
  return JSON.parse(response.headers.get("X-Notes") || "[]");
}
