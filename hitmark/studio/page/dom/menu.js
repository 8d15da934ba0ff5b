/** A menu below a button, moved through with arrow keys. */

import { make } from "./make.js";

let closeOpen = null;

/**
 * Open a menu at a button; it closes when something is chosen, Escape is pressed, or the pointer goes elsewhere.
 *
 * @param {HTMLElement} button
 * @param {{label: string, name: string, href: string, run: function(), danger: boolean}[]} items with `href`: a link.
 */
export function openMenu(button, items) {
  closeOpen?.();
  const menu = make("div", { class: "menu", role: "menu", "aria-label": button.getAttribute("aria-label") });
  const close = (focus) => {
    document.removeEventListener("pointerdown", outside, true);
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    if (closeOpen === close) closeOpen = null;
    if (focus) button.focus();
  };
  const outside = (event) => menu.contains(event.target) || close(false);
  menu.append(...items.map((item) => entry(item, close)));
  menu.addEventListener("keydown", (event) => onKey(event, menu, close));
  document.addEventListener("pointerdown", outside, true);
  (button.closest("dialog") ?? document.body).append(menu);
  button.setAttribute("aria-expanded", "true");
  place(menu, button.getBoundingClientRect());
  menu.firstElementChild.focus();
  closeOpen = close;
}

function entry({ label, name, href, run, danger }, close) {
  const attributes = { role: "menuitem", tabindex: -1, class: danger ? "danger" : "", test: name };
  const made = href
    ? make("a", { ...attributes, href, download: "" }, label)
    : make("button", { ...attributes, type: "button" }, label);
  made.addEventListener("click", () => {
    close(true);
    run?.();
  });
  return made;
}

function place(menu, at) {
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + 4 + height <= window.innerHeight;
  menu.style.left = `${Math.max(4, Math.min(at.right - width, window.innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, below ? at.bottom + 4 : at.top - 4 - height)}px`;
}

function onKey(event, menu, close) {
  const items = [...menu.children];
  const index = items.indexOf(document.activeElement);
  const goal = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: items.length - 1 }[event.key];
  event.stopPropagation();
  if (goal !== undefined) items.at(goal % items.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close(true);
  else return;
  event.preventDefault();
}
