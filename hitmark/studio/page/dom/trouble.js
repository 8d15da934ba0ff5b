/** A part of the page that fails takes no other with it; a bar says so and shows the ways out. */

import { element } from "./elements.js";

let ways = []; // {label, run}: what can be done about it
let bar = null;
let told = null; // the error that is being said

/** Run a part; what it throws is told, and the others go on. */
export function guarded(name, run) {
  try {
    return run();
  } catch (error) {
    trouble(name, error);
    return undefined;
  }
}

/** Say that a part failed. */
export function trouble(name, error) {
  told = error;
  reportError(error); // into the browser's console, with its place
  show(name, error);
}

/** Say what nobody caught as well: a part that is called by an event, a timer or a frame. */
export function watchTrouble() {
  addEventListener("error", ({ error }) => {
    if (error && error !== told) show("A part of the page", error);
  });
}

function show(name, error) {
  const text = `${name} failed: ${error?.message ?? error}. The rest of the page goes on; your scene is kept.`;
  if (bar) {
    bar.querySelector("p").textContent = text;
    return;
  }
  const buttons = ways.map(({ label, run }) => {
    const button = element("button", { type: "button", class: "small", text: label });
    button.addEventListener("click", () => {
      close();
      run();
    });
    return button;
  });
  const done = element("button", { type: "button", class: "quiet small", text: "×", "aria-label": "Dismiss" });
  done.addEventListener("click", close);
  bar = element("div", { id: "trouble", class: "note error", role: "alert", "data-test": "trouble" }, [element("p", { text }), ...buttons, done]);
  document.body.append(bar);
}

function close() {
  bar?.remove();
  bar = null;
}

/** Name the ways out, once they are there. */
export function offerWays(given) {
  ways = given;
}
