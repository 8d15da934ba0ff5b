/** Keeps the work of this tab in the browser, brings it back, and asks before it is left. */

import { toast } from "../dom/dialogs.js";
import { saveAs } from "../dom/downloads.js";
import { element } from "../dom/elements.js";
import { takeTyped } from "../dom/pending.js";
import { flaw } from "../scene/shape.js";
import { EMPTY_SCENE, store } from "../scene/store.js";
import { api } from "../server/api.js";
import { stringifyJson } from "../server/json.js";
import { forget, keepDraft, openDrafts, putAside, setAside } from "./drafts.js";

const REST = 400; // ms
let told = false; // that the browser keeps nothing
let ready = false; // the draft is open: from here on it is written
let others = []; // unsaved work of tabs that are closed
let timer = null;
const listeners = new Set();

/** Bring back what this tab had, or what a tab that was killed had, and keep it from now on. */
export async function mountWork() {
  addEventListener("pagehide", () => {
    takeTyped();
    keep(true);
  });
  addEventListener("pageshow", ({ persisted }) => persisted && keep());
  addEventListener("beforeunload", (event) => {
    if (takeTyped() || store.dirty) event.preventDefault(); // the browser asks in its own words
  });
  const found = await openDrafts();
  others = found.others;
  if (found.mine) await bringBack(found.mine, found.mineLives);
  ready = true;
  store.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(keep, REST);
  });
  changed();
  document.documentElement.dataset.state = "ready"; // the page shows the work that it will show
}

/** Bring back a draft as this tab's work. */
async function bringBack(draft, lives) {
  const wrong = flaw(draft.scene);
  if (wrong) {
    if (setAside(draft.text, wrong)) forget(draft.key);
    toast(`The unsaved work of this page is damaged (${wrong}); it is put aside, below "Open".`, "warning");
    return false;
  }
  const at = store.document;
  const { project = null, revision = null } = draft;
  if (!(await store.load(draft.scene, draft.picture, { project, revision, force: !store.dirty }))) return false;
  if (store.document === at) return false;
  if (draft.dirty) store.markUnsaved();
  if (keepDraft(work()) && !lives) forget(draft.key); // a tab that lives keeps its own: this is a copy of it
  void compareWithDisk(draft);
  return true;
}

/** What was saved may be another version by now, or gone: then this is not what lies on disk. */
async function compareWithDisk({ project, revision }) {
  if (!project) return;
  const opened = store.document;
  const mine = () => store.document === opened && store.ui.project === project && store.ui.revision === revision;
  try {
    const there = await api.get(`/api/projects/${encodeURIComponent(project)}`);
    if (!mine() || there.revision === revision) return;
    toast(`“${project}” on disk was changed since. Saving asks which one is to stay.`, "warning");
  } catch (error) {
    if (!mine() || error.status !== 404) return;
    toast(`There is no project “${project}” on disk any more. Save this one to keep it.`, "warning");
  }
  if (mine()) store.markUnsaved();
}

function work() {
  const { project, revision, picture } = store.ui;
  return { scene: store.scene, project, revision, picture, dirty: store.dirty };
}

function keep(closed = false) {
  clearTimeout(timer);
  if (!ready || keepDraft(work(), closed === true)) {
    told = false;
    return;
  }
  if (!told) toast("The browser cannot keep this scene by itself (storage is full or forbidden): save it to disk.", "warning");
  told = true;
}

/** Put the scene of this tab aside and begin an empty one: the way out of a scene that the page cannot show. */
export async function setSceneAside() {
  setAside(stringifyJson(store.scene), "the page could not show it");
  await store.load(structuredClone(EMPTY_SCENE), null, { force: true });
  changed();
}

/** Save the scene of this tab as a file, as it is. */
export function downloadScene() {
  saveAs(new Blob([stringifyJson(store.scene)], { type: "application/json" }), "scene.json");
}

/** Call when the list of unsaved work is another. */
export function onWork(listener) {
  listeners.add(listener);
  listener();
}

function changed() {
  for (const listener of listeners) listener();
}

/** The unsaved work of closed tabs and what was put aside, as a list; null where there is none. */
export function unsavedWork(onDone = () => {}) {
  const rows = [
    ...others.map((draft) => row(draftText(draft), [
      ["Bring back", async () => {
        if (!(await bringBack(draft, false))) return;
        others = others.filter((each) => each !== draft);
        onDone();
      }],
      ["Throw away", () => {
        forget(draft.key);
        others = others.filter((each) => each !== draft);
      }],
    ])),
    ...putAside().map(({ key, text, reason, at }) => row(`Put aside ${moment(at)}: ${reason}`, [
      ["Download", () => saveAs(new Blob([text]), "damaged-scene.json")],
      ["Throw away", () => forget(key)],
    ])),
  ];
  if (!rows.length) return null;
  return element("section", { class: "unsaved", "data-test": "unsaved" }, [element("h3", { text: "Unsaved work" }), element("ul", {}, rows)]);
}

function row(text, actions) {
  const buttons = actions.map(([label, run]) => {
    const button = element("button", { type: "button", class: "small", text: label });
    button.addEventListener("click", async () => {
      try {
        await run();
      } catch (error) {
        toast(error.message, "error");
      }
      changed();
    });
    return button;
  });
  return element("li", {}, [element("span", { class: "grow", text }), ...buttons]);
}

function draftText({ scene, project, at }) {
  const count = Array.isArray(scene.subjects) ? scene.subjects.length : 0;
  return `${project ?? "Untitled"}, ${count} ${count === 1 ? "subject" : "subjects"}, ${moment(at)}`;
}

function moment(at) {
  return at ? new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "";
}

