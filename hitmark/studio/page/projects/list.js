/** The sheet with the projects on disk: open, rename, duplicate, delete; and unsaved work of other tabs. */

import { ask, askText, sheet, toast } from "../dom/dialogs.js";
import { byId, element, icon } from "../dom/elements.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { openProject } from "./projects.js";
import { onWork, unsavedWork } from "./work.js";

/** Let the header's button open the sheet. */
export function mountProjectList() {
  byId("open").addEventListener("click", openSheet);
}

/** List the projects on disk. */
export async function openSheet() {
  const body = element("div", { class: "fields" });
  const kept = element("div", {});
  const place = element("div", {});
  body.append(kept, place);
  let projects;
  try {
    projects = await api.get("/api/projects");
  } catch (error) {
    toast(error.message, "error");
    return;
  }
  const close = sheet("Open a project", body, { narrow: true });
  onWork(() => kept.replaceChildren(...[unsavedWork(close)].filter(Boolean)));
  const show = (found) => {
    const list = element("ul", { class: "projects" }, found.map((project) => projectRow(project, close, again)));
    const nothing = element("p", { class: "muted", text: "No project is saved yet. Give this one a name and press Save." });
    place.replaceChildren(found.length ? list : nothing);
  };
  const again = async () => show(await api.get("/api/projects"));
  show(projects);
}

function projectRow({ name, changed, subjects, picture, problem }, close, again) {
  const facts = problem ?? `${subjects} ${subjects === 1 ? "subject" : "subjects"}, ${when(changed)}`;
  const open = element("button", { type: "button", class: "quiet project", "data-test": "project", disabled: Boolean(problem) }, [
    picture ? element("img", { src: `/api/pictures/${picture}`, alt: "", width: "40", height: "40" }) : element("span", { class: "no-picture", text: problem ? "!" : "Aa", "aria-hidden": "true" }),
    element("span", {}, [element("b", { text: name }), element("span", { class: "muted", text: facts })]),
  ]);
  open.addEventListener("click", async () => (await openProject(name)) && close());
  const act = (symbol, label, run) => {
    const button = element("button", { type: "button", class: "quiet", "aria-label": `${label} ${name}`, title: label }, [icon(symbol)]);
    button.addEventListener("click", async () => {
      try {
        if (await run()) await again();
      } catch (error) {
        toast(error.message, "error");
      }
    });
    return button;
  };
  const buttons = problem ? [] : [
    act("rename", "Rename", () => renamed(name)), act("copy", "Duplicate", () => duplicated(name)), act("trash", "Delete", () => removed(name)),
  ];
  return element("li", {}, [open, ...buttons]);
}

function when(changed) {
  const date = new Date(typeof changed === "number" ? changed * 1000 : changed);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

async function renamed(name) {
  const to = await askText({ title: `Rename “${name}”`, label: "New name", value: name, accept: "Rename" });
  if (to === null || to === name) return false;
  await api.post(`/api/projects/${encodeURIComponent(name)}/rename`, { to });
  if (store.ui.project === name) store.setUi({ project: to.normalize("NFC") });
  return true;
}

async function duplicated(name) {
  const to = await askText({ title: `Duplicate “${name}”`, label: "Name of the copy", value: `${name} copy`, accept: "Duplicate" });
  if (to === null) return false;
  await api.post(`/api/projects/${encodeURIComponent(name)}/duplicate`, { to });
  return true;
}

async function removed(name) {
  const choices = [{ value: "yes", label: "Delete it", kind: "danger" }, { value: "no", label: "Keep it", kind: "primary" }];
  if ((await ask({ title: `Delete “${name}”?`, text: "Its files on disk are removed. This cannot be undone.", choices })) !== "yes") return false;
  await api.delete(`/api/projects/${encodeURIComponent(name)}`);
  if (store.ui.project === name) store.forgetProject();
  return true;
}
