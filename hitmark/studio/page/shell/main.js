/** Starts the page: mounts every part of it, each apart, so that one that fails takes no other with it. */

import { mountCanvas } from "../canvas/canvas.js";
import { toast } from "../dom/dialogs.js";
import { byId } from "../dom/elements.js";
import { mountTabs } from "../dom/tabs.js";
import { guarded, offerWays, trouble, watchTrouble } from "../dom/trouble.js";
import { mountExport } from "../files/exporting.js";
import { mountFiles } from "../files/files.js";
import { mountGenerate } from "../generate/generate.js";
import { mountChecks } from "../panels/checks.js";
import { mountJson } from "../panels/json.js";
import { mountScenePanel } from "../panels/scene.js";
import { mountSubjects } from "../panels/subjects.js";
import { mountFitNote } from "../picture/fit.js";
import { mountProjectList } from "../projects/list.js";
import { mountProjects } from "../projects/projects.js";
import { downloadScene, mountWork, setSceneAside } from "../projects/work.js";
import { mountResults } from "../results/results.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { events } from "../server/stream.js";
import { mountPlayback } from "../timeline/playback.js";
import { mountTimeline } from "../timeline/timeline.js";
import { mountEmpty } from "./empty.js";
import { openPlayer } from "./open_player.js";
import { mountShortcuts } from "./shortcuts.js";
import { mountTheme } from "./theme_choice.js";

const AGAIN = 5000; // ms
const PARTS = [
  ["The theme", mountTheme], ["The tabs", mountTabs], ["The header", mountProjects], ["The list of projects", mountProjectList],
  ["The canvas", mountCanvas], ["Playing", mountPlayback], ["The timeline", () => mountTimeline(byId("timeline"))],
  ["The list of subjects", () => mountSubjects(byId("left"))], ["The scene panel", () => mountScenePanel(byId("scene"))],
  ["The JSON tab", () => mountJson(byId("json"))], ["Import", mountFiles], ["Export", mountExport],
  ["The note on the picture", () => mountFitNote(byId("fit-note"))], ["The first steps", () => mountEmpty(byId("empty"))],
  ["Keys", mountShortcuts], ["The checks", mountChecks], ["The Generate tab", () => mountGenerate(byId("generate"), openPlayer)],
  ["The results", () => mountResults(byId("results"), openPlayer)],
];

offerWays([
  { label: "Download the scene", run: downloadScene },
  { label: "Put it aside, begin an empty one", run: setSceneAside },
]);
watchTrouble();
for (const [name, mount] of PARTS) guarded(name, mount);
mountWork().catch((error) => trouble("Unsaved work", error));

let silent = 0; // how often the server did not say what it has

async function learn() {
  try {
    store.setUi({ info: await api.info() });
  } catch (error) {
    if (!silent) toast(error.message, "error");
    silent += 1;
    setTimeout(learn, AGAIN);
  }
}

let lost = false;
events.on("error", () => {
  if (!lost) toast("The studio's server does not answer. You can go on drawing; the page connects again by itself.", "warning");
  lost = true;
});
events.on("open", () => {
  if (lost) toast("Connected again.", "good");
  lost = false;
});
void learn();
