/** The canvas: sizes itself, draws once a frame and only after a change, and hands pointers to the tools. */

import { byId } from "../dom/elements.js";
import { drawInFrame } from "../dom/frame.js";
import { sizeOf } from "../scene/model.js";
import { store } from "../scene/store.js";
import { drawPlan } from "./draw.js";
import { describe } from "./speech.js";
import { Tools } from "./tools.js";
import { frameUnder } from "./underlay.js";
import { View } from "./view.js";

const view = new View();
const extra = { guides: [], drawn: [], box: null }; // what a running gesture shows
let canvas = null;
let pen = null;
let colors = {};
let picture = { url: null, image: null };

/** Draw in the next animation frame; asked for by what changes the page in a frame: in that one. */
function redraw() {
  drawInFrame(paint);
}

/** The view, for zoom buttons and keys. */
export const viewer = {
  zoom: (factor) => {
    view.zoom(factor);
    redraw();
  },
  fit: () => {
    view.fit();
    redraw();
  },
  get scale() {
    return view.scale;
  },
  /** Where a point of the picture lies in the window. */
  inWindow(point) {
    const { left, top } = canvas.getBoundingClientRect();
    const [x, y] = view.toScreen(point);
    return [left + x, top + y];
  },
};

/** Mount the canvas and its tools. */
export function mountCanvas() {
  canvas = byId("canvas");
  pen = canvas.getContext("2d");
  const tools = new Tools({ canvas, view, extra, redraw });
  tools.mount();
  new ResizeObserver(resize).observe(byId("easel"));
  for (const query of ["(prefers-color-scheme: dark)", `(resolution: ${devicePixelRatio}dppx)`]) {
    matchMedia(query).addEventListener("change", () => {
      colors = {};
      resize();
      redraw();
    });
  }
  new MutationObserver(() => {
    colors = {};
    redraw();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  store.subscribe(follow);
  resize();
  follow(store);
}

function follow({ scene, ui }) {
  if (view.resize(view.width, view.height, sizeOf(scene, ui))) redraw();
  loadPicture(ui.picture?.url ?? null);
  describe(scene, ui);
  redraw();
}

function loadPicture(url) {
  if (picture.url === url) return;
  picture = { url, image: null };
  if (!url) return;
  const wanted = picture;
  const image = new Image();
  image.addEventListener("load", () => {
    wanted.image = image;
    redraw();
  });
  image.src = url;
}

function resize() {
  const { clientWidth, clientHeight } = byId("easel");
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  view.resize(clientWidth, clientHeight, sizeOf(store.scene, store.ui));
  if (canvas.width === width && canvas.height === height) return;
  canvas.width = width;
  canvas.height = height;
  paint(); // in the same frame: a resized canvas is blank
}

function themed() {
  const { theme } = document.documentElement.dataset;
  const night = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  return night
    ? { paper: "#26292e", frame: "#5a6069", cells: "rgb(255 255 255 / 18%)", guide: "#ff5fb4" }
    : { paper: "#fbfbfc", frame: "#9aa1ab", cells: "rgb(0 0 0 / 16%)", guide: "#e0107f" };
}

function paint() {
  if (!colors.paper) colors = themed();
  const ratio = devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const { scene, ui } = store;
  drawPlan(pen, view, { scene, ui, picture: picture.image, under: ui.under ? frameUnder(ui.time) : null, colors, extra });
}
