/** The tools at work: which gesture a pointer starts, and what the wheel and two fingers do. */

import { toast } from "../dom/dialogs.js";
import { byId } from "../dom/elements.js";
import { addKeyframe, frameTime } from "../scene/edits.js";
import { store } from "../scene/store.js";
import { dragCamera, drawBox, moveBox, moveKeyframe, resizeBox } from "./box_gestures.js";
import { panView } from "./gestures.js";
import { cameraHandleAt, diamondAt, handleAt, momentNear, partAt, reachOf } from "./hits.js";
import { clickPoints, dragPath, drawFreehand } from "./path_gestures.js";
import { mountToolbar } from "./toolbar.js";

const CURSORS = { select: "default", box: "crosshair", path: "grab", points: "crosshair", freehand: "crosshair", anchor: "crosshair", hand: "grab" };
const RESIZE = { n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize", nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize" };

export class Tools {
  #context;
  #gesture = null;
  #pointers = new Map(); // id -> screen position
  #pinch = null;
  #points = null; // {index, click} while a path is clicked
  spaceHeld = false;
  #spaceUsed = false;

  constructor(context) {
    this.#context = context;
  }

  mount() {
    const { canvas } = this.#context;
    const listen = (type, listener) => canvas.addEventListener(type, listener.bind(this));
    listen("pointerdown", this.#down);
    listen("pointermove", this.#move);
    listen("pointerup", this.#up);
    listen("pointercancel", this.#lost);
    listen("dblclick", this.#double);
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("keyup", (event) => event.code === "Space" && this.#hold(false));
    addEventListener("blur", () => {
      this.#spaceUsed = true;
      this.#hold(false);
    });
    mountToolbar(byId("tools"));
    store.subscribe(({ ui, changed }) => {
      if (changed.has("ui") && (ui.tool !== "points" || ui.selected !== this.#points?.index)) this.#points = null;
      canvas.style.cursor = CURSORS[ui.tool];
    });
  }

  #event(event) {
    const frame = this.#context.canvas.getBoundingClientRect();
    const screen = [event.clientX - frame.left, event.clientY - frame.top];
    return {
      screen, point: this.#context.view.toPicture(screen), type: event.pointerType,
      shift: event.shiftKey, alt: event.altKey, free: event.ctrlKey || event.metaKey,
    };
  }

  #down(event) {
    const { canvas } = this.#context;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const made = this.#event(event);
    this.#pointers.set(event.pointerId, made.screen);
    if (this.#pointers.size === 2) this.#startPinch();
    if (this.#pointers.size > 1 || event.button === 2) return;
    if (store.ui.playing) store.setUi({ playing: false });
    this.#spaceUsed = true;
    const panning = event.button === 1 || this.spaceHeld || store.ui.tool === "hand";
    this.#gesture = panning ? panView(this.#context, made) : this.#start(made);
  }

  #start(event) {
    const { tool } = store.ui;
    if (tool === "box") return drawBox(this.#context, event, "subject");
    if (tool === "anchor") return drawBox(this.#context, event, "anchor");
    if (tool === "select") return this.#select(event);
    if (tool === "points" && this.#points) {
      this.#points.click(event.point);
      return null;
    }
    return this.#drawPath(event);
  }

  #drawPath(event) {
    const part = partAt(event.point);
    if (part?.subject !== null && part) store.setUi({ selected: part.subject });
    const { selected, tool } = store.ui;
    if (selected === null) {
      toast("Choose the subject to lead first: press on its box.");
      return null;
    }
    if (tool === "path") return dragPath(this.#context, event);
    if (tool === "freehand") return drawFreehand(this.#context, event);
    this.#points = { index: selected, click: clickPoints(selected) };
    if (part?.subject !== selected) this.#points.click(event.point);
    return null;
  }

  #select(event) {
    const { view } = this.#context;
    const reach = reachOf(event.type);
    const camera = cameraHandleAt(view, event.screen, reach + 2);
    if (camera) return dragCamera(this.#context, camera);
    const handle = handleAt(view, event.screen, reach);
    if (handle) return resizeBox(this.#context, handle);
    const diamond = diamondAt(view, event.screen, reach);
    if (diamond !== null && !event.shift) return moveKeyframe(this.#context, event, diamond);
    const part = partAt(event.point);
    if (!part && momentNear(view, event.point, reach) !== null) return null; // on its line: stays selected
    if (!part) {
      store.setUi({ selected: null, anchor: null, keyframe: null });
      return panView(this.#context, event);
    }
    const same = part.subject === store.ui.selected;
    store.setUi(part.anchor !== null ? { anchor: part.anchor } : { selected: part.subject, ...(same ? {} : { keyframe: null }) });
    return moveBox(this.#context, event);
  }

  #move(event) {
    const made = this.#event(event);
    if (this.#pointers.has(event.pointerId)) this.#pointers.set(event.pointerId, made.screen);
    if (this.#pinch) this.#pinched();
    else if (this.#gesture) this.#follow(event, made);
    else this.#hover(made);
  }

  /** Pens and fast mice report several positions a frame; only a freehand line wants them all. */
  #follow(event, made) {
    const between = store.ui.tool === "freehand" ? event.getCoalescedEvents?.() ?? [] : [];
    for (const each of between.slice(0, -1)) this.#gesture.move(this.#event(each));
    this.#gesture.move(made);
  }

  #hover(event) {
    const { canvas, view } = this.#context;
    if (this.spaceHeld || store.ui.tool !== "select") {
      canvas.style.cursor = this.spaceHeld ? "grab" : CURSORS[store.ui.tool];
      return;
    }
    const handle = handleAt(view, event.screen, 8);
    const moves = diamondAt(view, event.screen, 8) !== null || cameraHandleAt(view, event.screen, 10) || partAt(event.point);
    canvas.style.cursor = handle ? RESIZE[handle] : moves ? "move" : "default";
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pinch) {
      if (this.#pointers.size === 0) this.#pinch = null;
      return;
    }
    const gesture = this.#gesture;
    this.#gesture = null;
    gesture?.up(this.#event(event));
  }

  #lost(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#pinch = null;
    this.cancel();
  }

  /** Give up the running drag and take back what it did. Returns whether there was one. */
  cancel() {
    const gesture = this.#gesture;
    this.#gesture = null;
    gesture?.cancel();
    return gesture !== null;
  }

  #startPinch() {
    this.cancel();
    this.#pinch = this.#fingers();
  }

  #fingers() {
    const [[ax, ay], [bx, by]] = [...this.#pointers.values()];
    return { middle: [(ax + bx) / 2, (ay + by) / 2], apart: Math.max(1, Math.hypot(ax - bx, ay - by)) };
  }

  #pinched() {
    if (this.#pointers.size < 2) return;
    const now = this.#fingers();
    const { view, redraw } = this.#context;
    view.pan(now.middle[0] - this.#pinch.middle[0], now.middle[1] - this.#pinch.middle[1]);
    view.zoom(now.apart / this.#pinch.apart, now.middle);
    this.#pinch = now;
    redraw();
  }

  #wheel(event) {
    event.preventDefault();
    const { view, redraw } = this.#context;
    const pixels = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey) view.pan(-event.deltaY * pixels, 0);
    else view.zoom(Math.exp(-event.deltaY * pixels * (event.ctrlKey ? 0.01 : 0.0016)), this.#event(event).screen);
    redraw();
  }

  #double(event) {
    if (store.ui.tool === "points") {
      this.#finishPoints();
      return;
    }
    const made = this.#event(event);
    const moment = store.ui.tool === "select" ? momentNear(this.#context.view, made.point, 10) : null;
    if (moment === null) return;
    store.setUi({ time: frameTime(moment) });
    addKeyframe(store.ui.selected);
  }

  #finishPoints() {
    this.#points = null;
    store.setUi({ tool: "select" });
  }

  #key(event) {
    if (event.key === "Escape" && this.cancel()) event.stopImmediatePropagation();
    else if ((event.key === "Escape" || event.key === "Enter") && this.#points) this.#finishPoints();
    else if (event.code === "Space" && event.target === this.#context.canvas) this.#hold(true);
  }

  #hold(held) {
    if (this.spaceHeld === held) return;
    this.spaceHeld = held;
    if (!held && !this.#spaceUsed) store.setUi({ playing: !store.ui.playing });
    this.#spaceUsed = false;
    this.#context.canvas.style.cursor = held ? "grab" : CURSORS[store.ui.tool];
  }
}
