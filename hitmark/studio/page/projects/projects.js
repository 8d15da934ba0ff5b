/** Named projects on disk: saving, opening, and what to do when somebody else saved meanwhile. */

import { ask, toast } from "../dom/dialogs.js";
import { byId } from "../dom/elements.js";
import { settled } from "../dom/pending.js";
import { EMPTY_SCENE, store } from "../scene/store.js";
import { api } from "../server/api.js";

const FORBIDDEN = /[/\\:*?"<>|]|\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}/u; // the server says more exactly what is no name
let opening = 0; // counts up: of two projects that are asked for, the later is the one that is wanted
let saving = Promise.resolve(); // saves come one after the other, so that none meets its own revision

/** Mount the header's project controls. */
export function mountProjects() {
  const name = byId("project-name");
  byId("save").addEventListener("click", saveProject);
  byId("new").addEventListener("click", newScene);
  name.addEventListener("keydown", (event) => event.key === "Enter" && saveProject());
  name.addEventListener("input", () => name.removeAttribute("aria-invalid"));
  for (const way of ["undo", "redo"]) byId(way).addEventListener("click", store[way]);

  let shown = null; // the scene that the name was shown of
  const show = ({ ui }) => {
    const now = `${store.document} ${ui.project ?? ""}`;
    if (now !== shown) name.value = ui.project ?? "";
    shown = now;
    const state = store.dirty ? "not saved" : ui.project ? "saved" : "";
    byId("save-state").textContent = state;
    document.title = `${store.dirty ? "• " : ""}${ui.project ? `${ui.project} - ` : ""}hitmark studio`;
    const { undo, redo } = store.history;
    label(byId("undo"), "Undo", undo, "Ctrl+Z");
    label(byId("redo"), "Redo", redo, "Ctrl+Shift+Z");
  };
  store.subscribe(show);
  show(store);
}

function label(button, verb, what, keys) {
  button.disabled = what === null;
  button.title = what === null ? `${verb} (${keys})` : `${verb}: ${what} (${keys})`;
  button.setAttribute("aria-label", what === null ? verb : `${verb}: ${what}`);
}

/** Start an empty scene, after asking when there is unsaved work. */
async function newScene() {
  opening += 1; // a project that is on its way is not wanted any more
  await store.load(structuredClone(EMPTY_SCENE));
}

/** Save under the name in the header: what is being typed is taken first. */
export async function saveProject() {
  const input = byId("project-name");
  const name = input.value.trim().normalize("NFC");
  const refusal = await settled();
  if (refusal) {
    toast(`Not saved. ${refusal}`, "warning");
    return;
  }
  if (name === "" || FORBIDDEN.test(name)) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    toast(name ? 'A project\'s name has none of / \\ : * ? " < > | in it.' : "Give the project a name, then save again.", "warning");
    return;
  }
  const { scene, document } = store;
  saving = saving.then(() => put(name, scene, document));
  await saving;
}

/** Save a scene that is or was open as `document`. */
async function put(name, scene, document, force = false) {
  const here = () => store.document === document;
  const revision = here() && name === store.ui.project ? store.ui.revision : null;
  try {
    const answer = await api.put(`/api/projects/${encodeURIComponent(name)}`, { scene, revision: force ? null : revision, force });
    if (here()) store.markSaved(scene, name, answer.revision);
    toast(here() ? `Saved as ${name}.` : `Saved as ${name}: the scene that was open before.`, "good");
  } catch (error) {
    if (error.status === 409) await resolve(name, error, scene, document);
    else toast(error.message, "error");
  }
}

/** Somebody else saved under this name: nothing is overwritten without a word. */
async function resolve(name, error, scene, document) {
  const answer = await ask({
    title: `“${name}” on disk is another version`,
    text: `${error.message}. Which one is to stay?`,
    choices: [
      { value: "theirs", label: "Open the one on disk" },
      { value: "mine", label: "Replace it with this one", kind: "danger" },
      { value: "none", label: "Neither yet", kind: "primary" },
    ],
  });
  if (answer === "mine") await put(name, scene, document, true);
  if (answer === "theirs") await openProject(name);
}

/** Open a project; of several that are asked for, the last. Returns whether it is open. */
export async function openProject(name) {
  opening += 1;
  const mine = opening;
  const { document } = store;
  try {
    const { scene, revision } = await api.get(`/api/projects/${encodeURIComponent(name)}`);
    if (mine !== opening || document !== store.document) return false; // something else was opened meanwhile
    return await store.load(scene, null, { project: name, revision });
  } catch (error) {
    toast(error.message, "error");
    return false;
  }
}
