/** The "Scene" tab: picture, prompt, size and length, camera. */

import { element, field, showValue } from "../dom/elements.js";
import { setField } from "../scene/edits.js";
import { FPS, LIMITS, within } from "../scene/limits.js";
import { framesOn, modelOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { easingOptions } from "../timeline/bar.js";
import { pictureSection } from "./picture.js";
import { textSection } from "./text.js";

const SHAPES = [[16, 9], [3, 2], [4, 3], [1, 1], [3, 4], [2, 3], [9, 16]];

/** Mount the tab. */
export function mountScenePanel(host) {
  host.append(textSection(), pictureSection(), sizeSection(), cameraSection());
}

/** A number field of the scene that may be left empty: the model's own value then. */
function sceneNumber(name, attributes, { whole = true } = {}) {
  const input = element("input", { type: "number", "data-test": `scene-${name}`, ...attributes });
  input.addEventListener("change", () => {
    if (!input.validity.valid) {
      input.reportValidity();
      return;
    }
    store.change(`set ${name}`, (draft) => {
      if (input.value === "") delete draft[name];
      else draft[name] = whole ? Math.round(Number(input.value)) : Number(input.value);
    });
  });
  return input;
}

function sizeSection() {
  const width = sceneNumber("width", within(LIMITS.side));
  const height = sceneNumber("height", within(LIMITS.side));
  const frames = sceneNumber("frames", within(LIMITS.frames));
  const fps = sceneNumber("fps", { min: "0.1", max: String(LIMITS.fps[1]), step: "any" }, { whole: false });
  const shape = element("select", { "data-test": "shape" });
  const say = element("p", { class: "muted small-text" });
  shape.addEventListener("change", () => setShape(shape.value));
  const show = ({ scene, ui }) => {
    const model = modelOf(scene, ui.info);
    for (const [input, name] of [[width, "width"], [height, "height"], [frames, "frames"]]) {
      showValue(input, scene[name] ?? "");
      input.placeholder = model?.[name] ?? "model's own";
    }
    width.step = height.step = 1;
    showValue(fps, scene.fps ?? "");
    fps.placeholder = String(FPS);
    showShapes(shape, scene, model);
    say.textContent = model ? sizeText(scene, model) : "";
    say.classList.toggle("bad", misfits(scene, model));
  };
  store.subscribe(show);
  show(store);
  return element("section", { class: "section" }, [
    element("h2", { text: "Size and length" }),
    field("Shape", shape),
    element("div", { class: "row four" }, [field("Width, px", width), field("Height, px", height), field("Frames", frames), field("Frames/s", fps)]),
    say,
  ]);
}

function misfits(scene, model) {
  const unit = model?.size_unit ?? 1;
  return [scene.width, scene.height].some((side) => side !== undefined && side !== null && side % unit !== 0);
}

function sizeText(scene, model) {
  const unit = model.size_unit ?? 1;
  if (misfits(scene, model)) return `${model.name} makes sides that are multiples of ${unit} px; choose others.`;
  const made = framesOn(scene, model);
  const frames = made < (scene.frames ?? made) ? ` It makes ${model.frame_unit} frames times a whole number and one more: ${made}, not ${scene.frames}.` : "";
  return `${model.name} is at its best at ${model.width} × ${model.height} and ${model.frames} frames. Sides in steps of ${unit} px.${frames}`;
}

/** Width and height of about the model's own area in a shape, on its grid. */
function sizeInShape([across, down], model) {
  const area = (model?.width ?? 512) * (model?.height ?? 512);
  const unit = model?.size_unit ?? 8;
  const width = Math.sqrt((area * across) / down);
  return [width, (width * down) / across].map((side) => Math.max(unit, Math.round(side / unit) * unit));
}

function showShapes(select, scene, model) {
  const key = JSON.stringify([model?.name, model?.width, model?.height]);
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    const own = model ? `the model's own, ${model.width} × ${model.height}` : "the model's own";
    const shapes = SHAPES.map((shape) => {
      const [width, height] = sizeInShape(shape, model);
      return element("option", { value: `${width}x${height}`, text: `${shape.join(":")}, ${width} × ${height}` });
    });
    select.replaceChildren(element("option", { value: "", text: own }), ...shapes, element("option", { value: "other", text: "as typed below", hidden: true }));
  }
  const value = scene.width || scene.height ? `${scene.width ?? ""}x${scene.height ?? ""}` : "";
  select.value = [...select.options].some((option) => option.value === value) ? value : "other";
}

function setShape(value) {
  store.change("set shape", (draft) => {
    const [width, height] = value ? value.split("x").map(Number) : [undefined, undefined];
    setField(draft, "width", width, undefined);
    setField(draft, "height", height, undefined);
  });
}

function cameraSection() {
  const on = element("input", { type: "checkbox", "data-test": "camera" });
  const number = (test, attributes) => element("input", { type: "number", step: "0.05", "data-test": test, ...attributes });
  const right = number("camera-right", within(LIMITS.pan));
  const down = number("camera-down", within(LIMITS.pan));
  const zoom = number("camera-zoom", within(LIMITS.zoom));
  const easing = element("select", { "data-test": "camera-easing" }, easingOptions().slice(0, 4));
  const fields = element("div", { class: "row four" }, [
    field("Right", right, "Shift of the picture's content, as a share of the width"),
    field("Down", down, "Shift of the picture's content, as a share of the height"),
    field("Zoom", zoom, "Size of the content at the end; above 1 is closer"), field("Easing", easing),
  ]);
  on.addEventListener("change", () => store.change("camera move", (draft) => {
    if (on.checked) draft.camera = {};
    else delete draft.camera;
    if (on.checked) delete draft.pin_camera; // a pinned camera cannot move
  }));
  for (const input of [right, down, zoom, easing]) {
    input.addEventListener("change", () => {
      if (!input.validity.valid || input.value === "") return;
      store.change("set camera", ({ camera }) => {
        setField(camera, "pan", [Number(right.value), Number(down.value)], [0, 0]);
        setField(camera, "zoom", Number(zoom.value), 1);
        setField(camera, "easing", easing.value, "linear");
      });
    });
  }
  const show = ({ scene }) => {
    const { camera } = scene;
    on.checked = Boolean(camera);
    fields.hidden = !camera;
    if (!camera) return;
    showValue(right, (camera.pan ?? [0, 0])[0]);
    showValue(down, (camera.pan ?? [0, 0])[1]);
    showValue(zoom, camera.zoom ?? 1);
    easing.value = camera.easing ?? "linear";
  };
  store.subscribe(show);
  show(store);
  return element("section", { class: "section" }, [
    element("label", { class: "check" }, [on, element("h2", { text: "Camera move" })]), fields,
  ]);
}
