/** Starts the page: mounts every part of it. */

import { api, events } from "./api.js";
import { mountCanvas } from "./canvas.js";
import { mountChecks } from "./checks.js";
import { toast } from "./dialogs.js";
import { byId } from "./elements.js";
import { mountEmpty } from "./empty.js";
import { mountFiles } from "./files.js";
import { mountGenerate } from "./generate.js";
import { mountJson } from "./json_panel.js";
import { mountFitNote } from "./picture_fit.js";
import { mountPlayback } from "./playback.js";
import { mountProjects } from "./projects.js";
import { mountResults } from "./results.js";
import { mountScenePanel } from "./scene_panel.js";
import { mountShortcuts } from "./shortcuts.js";
import { store } from "./store.js";
import { mountSubjects } from "./subjects.js";
import { mountTabs } from "./tabs.js";
import { mountTheme } from "./theme_choice.js";
import { mountTimeline } from "./timeline.js";

mountTheme();
mountTabs();
mountProjects();
mountCanvas();
mountPlayback();
mountTimeline(byId("timeline"));
mountSubjects(byId("left"));
mountScenePanel(byId("scene"));
mountJson(byId("json"));
mountFiles();
mountFitNote(byId("fit-note"));
mountEmpty(byId("empty"));
mountShortcuts();
mountChecks();
mountGenerate(byId("generate"));
mountResults(byId("results"));

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
