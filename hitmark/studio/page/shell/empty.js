/** What an empty canvas teaches, and the built-in examples. */

import { toast } from "../dom/dialogs.js";
import { byId, element } from "../dom/elements.js";
import { openTab } from "../dom/tabs.js";
import { choosePicture } from "../files/files.js";
import { onWork, unsavedWork } from "../projects/work.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";

/** Mount the card that an empty scene shows. */
export function mountEmpty(host) {
  const unsaved = element("div", {});
  const examples = element("div", { class: "examples" });
  const button = (label, run, attributes = {}) => {
    const made = element("button", { type: "button", text: label, ...attributes });
    made.addEventListener("click", run);
    return made;
  };
  host.append(
    element("h2", { text: "Draw where things go" }),
    element("ol", {}, [
      element("li", { text: "Drop a picture, paste it, or type a prompt." }),
      element("li", { text: "Draw a box around what should move, and drag it to where it should end." }),
      element("li", { text: "Shape the timing below, then press Generate." }),
    ]),
    element("div", { class: "row wraps" }, [
      button("Choose a picture…", choosePicture),
      button("Type a prompt", () => {
        openTab("scene");
        document.querySelector("[data-test='prompt']").focus();
      }),
      button("Draw a box", () => {
        store.setUi({ tool: "box" });
        byId("canvas").focus();
        host.hidden = true;
      }),
    ]),
    unsaved, element("h3", { text: "Or begin with an example" }), examples,
  );
  onWork(() => unsaved.replaceChildren(...[unsavedWork()].filter(Boolean)));
  const show = ({ scene, ui }) => {
    const empty = !scene.subjects?.length && !scene.anchors?.length && !scene.image && !scene.prompt && !scene.camera;
    host.hidden = !empty || ui.tool !== "select";
  };
  store.subscribe(show);
  show(store);
  api.get("/api/examples").then((list) => examples.replaceChildren(...list.map(exampleButton)), (error) => toast(error.message, "error"));
}

function exampleButton({ name, label, scene, picture, seconds }) {
  const children = [
    picture ? element("img", { src: `/api/pictures/${picture}`, alt: "", width: "40", height: "40" }) : element("span", { class: "no-picture", text: "Aa", "aria-hidden": "true" }),
    element("span", {}, [element("b", { text: label }), element("span", { class: "muted", text: seconds ? `about ${Math.round(seconds)} s to generate` : "" })]),
  ];
  const made = element("button", { type: "button", class: "example", "data-test": "example", "data-name": name }, children);
  made.addEventListener("click", () => store.load(scene).catch((error) => toast(error.message, "error")));
  return made;
}
