/** Starts the page: mounts every part of it, each apart, so that one that fails takes no other with it. */

import { api } from "./api.js";
import { mountCanvas } from "./canvas.js";
import { mountChecks } from "./checks.js";
import { toast } from "./dialogs.js";
import { byId } from "./elements.js";
import { mountEmpty } from "./empty.js";
import { mountExport } from "./exporting.js";
import { mountFiles } from "./files.js";
import { mountGenerate } from "./generate.js";
import { mountJson } from "./json_panel.js";
import { mountFitNote } from "./picture_fit.js";
import { mountPlayback } from "./playback.js";
import { mountProjectList } from "./project_list.js";
import { mountProjects } from "./projects.js";
import { mountResults } from "./results.js";
import { mountScenePanel } from "./scene_panel.js";
import { mountShortcuts } from "./shortcuts.js";
import { store } from "./store.js";
import { events } from "./stream.js";
import { mountSubjects } from "./subjects.js";
import { mountTabs } from "./tabs.js";
import { mountTheme } from "./theme_choice.js";
import { mountTimeline } from "./timeline.js";
import { guarded, offerWays, trouble } from "./trouble.js";
import { downloadScene, mountWork, setSceneAside } from "./work.js";

const PARTS = [
  ["The theme", mountTheme], ["The tabs", mountTabs], ["The header", mountProjects], ["The list of projects", mountProjectList],
  ["The canvas", mountCanvas], ["Playing", mountPlayback], ["The timeline", () => mountTimeline(byId("timeline"))],
  ["The list of subjects", () => mountSubjects(byId("left"))], ["The scene panel", () => mountScenePanel(byId("scene"))],
  ["The JSON tab", () => mountJson(byId("json"))], ["Import", mountFiles], ["Export", mountExport],
  ["The note on the picture", () => mountFitNote(byId("fit-note"))], ["The first steps", () => mountEmpty(byId("empty"))],
  ["Keys", mountShortcuts], ["The checks", mountChecks], ["The Generate tab", () => mountGenerate(byId("generate"))],
  ["The results", () => mountResults(byId("results"))],
];

offerWays([
  { label: "Download the scene", run: downloadScene },
  { label: "Put it aside, begin an empty one", run: setSceneAside },
]);
for (const [name, mount] of PARTS) guarded(name, mount);
mountWork().catch((error) => trouble("Unsaved work", error));

api.info().then((info) => store.setUi({ info }), (error) => toast(error.message, "error"));

let lost = false;
events.on("error", () => {
  if (!lost) toast("The studio's server does not answer. You can go on drawing; the page connects again by itself.", "warning");
  lost = true;
});
events.on("open", () => {
  if (lost) toast("Connected again.", "good");
  lost = false;
  if (!store.ui.info) api.info().then((info) => store.setUi({ info }), () => {});
});
