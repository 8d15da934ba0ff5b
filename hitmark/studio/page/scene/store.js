/**
 * The one place that holds the scene and what the page shows of it. Scenes never change: `change` makes a new one,
 * so undo is going back to an older one, and a part that is the same object is the same part.
 */

import { ask } from "../dom/dialogs.js";
import { inFrame } from "../dom/frame.js";
import { trouble } from "../dom/trouble.js";
import { parseJson, sameJson, stringifyJson } from "../server/json.js";
import { History } from "./history.js";
import { flaw } from "./shape.js";
import { share } from "./share.js";

export const EMPTY_SCENE = Object.freeze({ version: 1, subjects: [] });

const first = structuredClone(EMPTY_SCENE);
const state = {
  scene: first,
  saved: first, // the scene as last saved, opened or imported
  document: 1, // counts up when another scene is opened: late answers to an earlier one are not for it
  ui: {
    selected: null, // index of a subject
    anchor: null, // index of an anchor; at most one of `selected` and `anchor` is set
    keyframe: null, // index of a keyframe of the selected subject
    time: 0, // 0 to 1
    playing: false,
    tool: "select",
    picture: null, // {id, width, height, url} of scene.image
    project: null, // name of the project on disk
    revision: null, // the revision that `saved` is on disk
    theme: "auto",
    info: null, // what GET /api/info answered
    problems: [], // the server's sentences on what is wrong with the scene
    notes: [], // and on what of the whole scene is allowed but probably not meant
    snap: true,
    onion: true,
    animatic: true, // while it plays, the pixels of the boxes move
    under: null, // id of the finished clip that lies under the boxes
    grid: false,
  },
  history: new History(),
};
const pictures = new Map(); // id -> picture
const listeners = new Set();
const changed = new Set();

function announce(what) {
  changed.add(what);
  inFrame(tell);
}

function tell() {
  const what = new Set(changed);
  changed.clear();
  for (const listener of [...listeners]) {
    try {
      listener({ scene: state.scene, ui: state.ui, changed: what });
    } catch (error) {
      trouble("A part of the page", error);
    }
  }
}

function clampSelection() {
  const { ui, scene } = state;
  const patch = {};
  const subject = scene.subjects?.[ui.selected];
  if (ui.selected !== null && !subject) Object.assign(patch, { selected: null, keyframe: null });
  else if (ui.keyframe !== null && !subject?.keyframes?.[ui.keyframe]) patch.keyframe = null;
  if (ui.anchor !== null && !scene.anchors?.[ui.anchor]) patch.anchor = null;
  state.ui = { ...ui, ...patch };
}

function put(scene) {
  const image = scene.image ?? null;
  const before = state.scene.image ?? null;
  state.scene = scene;
  clampSelection();
  if (image !== before || pictureName(state.ui.picture) !== image) findPicture(image);
  announce("scene");
  announce("ui");
}

function pictureName(picture) {
  return picture ? `pictures/${picture.id}.png` : null;
}

/** Show the picture that `scene.image` names; its size is read from the picture itself where it is not known. */
function findPicture(image) {
  const id = /^pictures\/([0-9a-f]+)\.png$/.exec(image ?? "")?.[1];
  const known = id ? pictures.get(id) : null;
  state.ui = { ...state.ui, picture: known ?? null };
  if (!id || known) return;
  const url = `/api/pictures/${id}`;
  const picture = new Image();
  picture.addEventListener("load", () => {
    pictures.set(id, { id, width: picture.naturalWidth, height: picture.naturalHeight, url });
    if (state.scene.image === image) store.setUi({ picture: pictures.get(id) });
  });
  picture.src = url;
}

/** What a step of the history is: the scene and what is selected in it. */
function present() {
  const { selected, keyframe, anchor } = state.ui;
  return { scene: state.scene, selected, keyframe, anchor };
}

function travel(way) {
  const step = state.history.travel(present(), way);
  if (!step) return null;
  const { label, scene, ...selection } = step;
  state.ui = { ...state.ui, ...selection };
  put(scene);
  return label;
}

function tidy(patch) {
  if (patch.selected !== undefined && patch.selected !== null) patch.anchor ??= null;
  if (patch.anchor !== undefined && patch.anchor !== null) Object.assign(patch, { selected: null, keyframe: null });
  if (patch.selected !== undefined && patch.selected !== state.ui.selected) patch.keyframe ??= null;
  return patch;
}

export const store = {
  /** The scene, as in its file. Never mutate it. */
  get scene() {
    return state.scene;
  },

  /** The scene that is open, as a number: another one has another. What was asked for one is not put into another. */
  get document() {
    return state.document;
  },

  /** What the page shows: selection, time, tool, picture, project. Never mutate it. */
  get ui() {
    return state.ui;
  },

  /** Whether the scene differs from what was last saved, opened or imported. */
  get dirty() {
    return state.scene !== state.saved && !sameJson(state.scene, state.saved);
  },

  /** The labels of the next undo and redo, null where there is none. */
  get history() {
    return state.history.labels;
  },

  /**
   * Change the scene: one undo step, joined with the one before when that has the same label and is under 0.8 s old.
   * @param {string} label what was done, for the undo button
   * @param {(draft: object) => void} recipe gets a deep copy to write into
   */
  change(label, recipe) {
    const draft = structuredClone(state.scene);
    recipe(draft);
    const next = share(state.scene, draft);
    if (next === state.scene) return;
    state.history.remember(label, present());
    put(next);
  },

  /** All changes until `end` are one undo step. */
  begin: (label) => state.history.begin(label),

  /** Whether a change was made since `begin`. */
  get changing() {
    return state.history.changing;
  },

  end: () => state.history.end(),

  /** Change what the page shows; no undo step. */
  setUi(patch) {
    const tidied = tidy({ ...patch });
    if (Object.entries(tidied).every(([name, value]) => Object.is(state.ui[name], value))) return;
    if (tidied.picture) pictures.set(tidied.picture.id, tidied.picture);
    state.ui = { ...state.ui, ...tidied };
    announce("ui");
  },

  undo: () => travel({}),
  redo: () => travel({ forward: true }),

  /**
   * Open another scene and forget the history; asks first when there is unsaved work.
   * @param {object} scene plain scene
   * @param {object|null} picture the picture of `scene.image`, when it is known
   * @param {{project?: string|null, revision?: number|null, force?: boolean}} where `force` does not ask
   * @returns {Promise<boolean>} false when the user chose to keep what is there
   * @throws {Error} the page could not show such a scene; nothing is changed then
   */
  async load(scene, picture = null, { project = null, revision = null, force = false } = {}) {
    const wrong = flaw(scene);
    if (wrong) throw new Error(`This is no scene that can be opened. ${wrong}.`);
    if (!force && this.dirty && !(await leaveUnsaved())) return false;
    const opened = parseJson(stringifyJson(scene));
    opened.subjects ??= [];
    if (picture) pictures.set(picture.id, picture);
    Object.assign(state, { history: new History(), saved: opened, document: state.document + 1 });
    const selected = opened.subjects.length ? 0 : null;
    const fresh = { selected, keyframe: null, anchor: null, time: 0, playing: false, tool: "select", under: null, problems: [], notes: [] };
    state.ui = { ...state.ui, ...fresh, project, revision };
    put(opened);
    return true;
  },

  /** Remember that this scene is now what lies on disk. */
  markSaved(scene, project, revision) {
    state.saved = scene;
    this.setUi({ project, revision });
    announce("ui");
  },

  /** The project of this scene is not on disk any more: the scene is unsaved work again. */
  forgetProject() {
    state.saved = EMPTY_SCENE;
    this.setUi({ project: null, revision: null });
  },

  /** Say that the scene is not what lies on disk: a draft was brought back. */
  markUnsaved() {
    state.saved = EMPTY_SCENE;
    announce("ui");
  },

  /**
   * Call `listener({scene, ui, changed})` after changes, at most once an animation frame.
   * @returns {() => void} stops it
   */
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

async function leaveUnsaved() {
  const answer = await ask({
    title: "Leave the unsaved scene?",
    text: "The scene has changes that are not in a project yet. Opening another one replaces it.",
    choices: [
      { value: "leave", label: "Replace it", kind: "danger" },
      { value: "stay", label: "Keep editing", kind: "primary" },
    ],
  });
  return answer === "leave";
}
