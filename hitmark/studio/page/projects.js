/** Named projects on disk, and the draft that the browser keeps of what is not saved yet. */

import { api } from "./api.js";
import { ask, sheet, toast } from "./dialogs.js";
import { byId, element, icon } from "./elements.js";
import { parseJson, stringifyJson } from "./scene_json.js";
import { EMPTY_SCENE, store } from "./store.js";

const DRAFT = "hitmark-studio-draft";
const REST = 400; // ms
const NAME = /^[\p{L}\p{N} _-][\p{L}\p{N} ._-]{0,79}$/u;
let tooLarge = false;

/** Mount the header's project controls and bring back the draft. */
export function mountProjects() {
  restore();
  const name = byId("project-name");
  byId("save").addEventListener("click", saveProject);
  byId("open").addEventListener("click", openSheet);
  byId("new").addEventListener("click", newScene);
  name.addEventListener("keydown", (event) => event.key === "Enter" && saveProject());
  name.addEventListener("input", () => name.removeAttribute("aria-invalid"));
  for (const way of ["undo", "redo"]) byId(way).addEventListener("click", store[way]);

  let timer = null;
  let project = null;
  const show = ({ ui }) => {
    if (ui.project !== project || (document.activeElement !== name && name.value === "")) name.value = ui.project ?? name.value;
    if (ui.project !== project && ui.project === null) name.value = "";
    project = ui.project;
    const state = store.dirty ? "not saved" : project ? "saved" : "";
    byId("save-state").textContent = state;
    document.title = `${store.dirty ? "• " : ""}${project ? `${project} - ` : ""}hitmark studio`;
    const { undo, redo } = store.history;
    label(byId("undo"), "Undo", undo, "Ctrl+Z");
    label(byId("redo"), "Redo", redo, "Ctrl+Shift+Z");
    clearTimeout(timer);
    timer = setTimeout(keepDraft, REST);
  };
  store.subscribe(show);
  show(store);
  addEventListener("pagehide", keepDraft);
}

function label(button, verb, what, keys) {
  button.disabled = what === null;
  button.title = what === null ? `${verb} (${keys})` : `${verb}: ${what} (${keys})`;
  button.setAttribute("aria-label", what === null ? verb : `${verb}: ${what}`);
}

/** Keep the scene in the browser: a reload of this tab finds its own, a new tab the last one. */
function keepDraft() {
  const { project, revision, picture } = store.ui;
  const text = stringifyJson({ scene: store.scene, project, revision, picture, dirty: store.dirty });
  try {
    sessionStorage.setItem(DRAFT, text);
    localStorage.setItem(DRAFT, text);
    tooLarge = false;
  } catch {
    if (!tooLarge) toast("The browser cannot keep this scene by itself (storage is full or forbidden): save it to disk.", "warning");
    tooLarge = true;
  }
}

function restore() {
  try {
    const text = sessionStorage.getItem(DRAFT) ?? localStorage.getItem(DRAFT);
    const draft = text ? parseJson(text) : null;
    if (!draft?.scene) return;
    store.load(draft.scene, draft.picture, { project: draft.project, revision: draft.revision, force: true });
    if (draft.dirty) store.markUnsaved();
  } catch {
    // A damaged draft is no reason not to start.
  }
}

/** Start an empty scene, after asking when there is unsaved work. */
async function newScene() {
  await store.load(structuredClone(EMPTY_SCENE));
}

/** Save under the name in the header. */
export async function saveProject() {
  const input = byId("project-name");
  const name = input.value.trim();
  if (!NAME.test(name)) {
    input.setAttribute("aria-invalid", "true");
    input.focus();
    toast(name ? "A project's name is 1 to 80 letters, digits, spaces, - _ and . (not in front)." : "Give the project a name, then save again.", "warning");
    return;
  }
  await put(name, { revision: name === store.ui.project ? store.ui.revision : null });
}

async function put(name, options) {
  const { scene } = store;
  try {
    const { revision } = await api.put(`/api/projects/${encodeURIComponent(name)}`, { scene, ...options });
    store.markSaved(scene, name, revision);
    toast(`Saved as ${name}.`, "good");
  } catch (error) {
    if (error.status === 409) await resolve(name, error);
    else toast(error.message, "error");
  }
}

/** Somebody else saved under this name: nothing is overwritten without a word. */
async function resolve(name, error) {
  const answer = await ask({
    title: `“${name}” on disk is another version`,
    text: `${error.message}. Which one is to stay?`,
    choices: [
      { value: "theirs", label: "Open the one on disk" },
      { value: "mine", label: "Replace it with this one", kind: "danger" },
      { value: "none", label: "Neither yet", kind: "primary" },
    ],
  });
  if (answer === "mine") await put(name, { revision: null, force: true });
  if (answer === "theirs") await openProject(name);
}

async function openProject(name) {
  try {
    const { scene, revision } = await api.get(`/api/projects/${encodeURIComponent(name)}`);
    return await store.load(scene, null, { project: name, revision });
  } catch (error) {
    toast(error.message, "error");
    return false;
  }
}

/** List the projects on disk. */
export async function openSheet() {
  let projects;
  try {
    projects = await api.get("/api/projects");
  } catch (error) {
    toast(error.message, "error");
    return;
  }
  const list = element("ul", { class: "projects" });
  const nothing = element("p", { class: "muted", text: "No project is saved yet. Give this one a name and press Save." });
  const close = sheet("Open a project", element("div", {}, [projects.length ? list : nothing]), { narrow: true });
  for (const project of projects) list.append(projectRow(project, close));
}

function projectRow({ name, changed, subjects, picture }, close) {
  const facts = `${subjects} ${subjects === 1 ? "subject" : "subjects"}, ${when(changed)}`;
  const open = element("button", { type: "button", class: "quiet project", "data-test": "project" }, [
    picture ? element("img", { src: `/api/pictures/${picture}`, alt: "", width: "40", height: "40" }) : element("span", { class: "no-picture", text: "Aa", "aria-hidden": "true" }),
    element("span", {}, [element("b", { text: name }), element("span", { class: "muted", text: facts })]),
  ]);
  const remove = element("button", { type: "button", class: "quiet", "aria-label": `Delete ${name}`, title: "Delete" }, [icon("trash")]);
  const row = element("li", {}, [open, remove]);
  open.addEventListener("click", async () => (await openProject(name)) && close());
  remove.addEventListener("click", () => removeProject(name, row));
  return row;
}

function when(changed) {
  const date = new Date(typeof changed === "number" ? changed * 1000 : changed);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

async function removeProject(name, row) {
  const choices = [{ value: "yes", label: "Delete it", kind: "danger" }, { value: "no", label: "Keep it", kind: "primary" }];
  if ((await ask({ title: `Delete “${name}”?`, text: "Its files on disk are removed. This cannot be undone.", choices })) !== "yes") return;
  try {
    await api.delete(`/api/projects/${encodeURIComponent(name)}`);
    row.remove();
    if (store.ui.project === name) store.setUi({ project: null, revision: null });
  } catch (error) {
    toast(error.message, "error");
  }
}
