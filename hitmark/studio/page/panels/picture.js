/** The first frame in the scene panel: choose, blank, remove, and what was done to it. */

import { element } from "../dom/elements.js";
import { choosePicture } from "../files/files.js";
import { blankPicture, fitOf, fitPicture, fitText, mismatch, removePicture, squeezeText } from "../picture/fit.js";
import { modelOf } from "../scene/model.js";
import { store } from "../scene/store.js";

/** Make the section. */
export function pictureSection() {
  const say = element("p", { class: "muted small-text" });
  const color = element("input", { type: "color", value: "#8a9a86", "aria-label": "Color of a blank picture", title: "Color of a blank picture" });
  const button = (label, test, run) => {
    const made = element("button", { type: "button", class: "small", text: label, "data-test": test });
    made.addEventListener("click", run);
    return made;
  };
  const choose = button("Choose…", "choose-picture", choosePicture);
  const blank = button("Blank", "blank-picture", () => blankPicture(color.value));
  const remove = button("Remove", "remove-picture", removePicture);
  const cut = button("Cut to fit", "cut", () => fitPicture("cut"));
  const pad = button("Pad to fit", "pad", () => fitPicture("pad"));
  const original = button("Original", "original", () => fitPicture("original"));
  const show = ({ scene, ui }) => {
    const fit = fitOf(scene);
    const squeezed = mismatch(scene, ui) !== 1;
    remove.disabled = !scene.image;
    cut.hidden = pad.hidden = !squeezed && !fit;
    original.hidden = !fit;
    say.textContent = pictureText(scene, ui, fit, squeezed);
    say.classList.toggle("bad", squeezed);
  };
  store.subscribe(show);
  show(store);
  return element("section", { class: "section" }, [
    element("h2", { text: "First picture" }),
    element("div", { class: "row wraps" }, [choose, blank, color, remove, cut, pad, original]), say,
  ]);
}

function pictureText(scene, ui, fit, squeezed) {
  if (!scene.image) return "None: drop one anywhere, paste it, or choose it. Models that read text need none.";
  if (!ui.picture) return `Looking for ${scene.image} …`;
  const model = modelOf(scene, ui.info);
  if (model && !model.takes_picture) return `${model.name} reads text only: remove the picture, or choose another model.`;
  if (squeezed) return squeezeText(scene, ui);
  return `${ui.picture.width} × ${ui.picture.height} px. ${fit ? fitText(fit) : ""}`;
}
