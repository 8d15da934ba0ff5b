/** The small parts of the results side: elements with listeners, live texts, drawn symbols. */

import { element, icon } from "./elements.js";

/**
 * Make an element with its listeners.
 *
 * @param {string} tag
 * @param {Object} attributes as in `element`, and `on`: {event: handler}, `test`: data-test.
 * @param {...(Node|string|null)} children null is left out.
 * @returns {HTMLElement}
 */
export function make(tag, { on = {}, test = null, ...attributes } = {}, ...children) {
  const made = element(tag, { "data-test": test, ...attributes }, children.filter(Boolean));
  for (const [type, handler] of Object.entries(on)) made.addEventListener(type, handler);
  return made;
}

/** Set the text only where it differs, so that a live region is not read again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide, and set the text when there is some. */
export function sayOrHide(element, text) {
  element.hidden = !text;
  say(element, text || "");
}

/** A button with a symbol for the eyes and a name for everybody else; its tooltip is the name and its key. */
export function symbolButton(picture, name, run, { key = "", test = null } = {}) {
  return make(
    "button",
    {
      type: "button",
      class: "quiet symbol",
      "aria-label": name,
      title: key ? `${name} (${key})` : name,
      "aria-keyshortcuts": key || null,
      test,
      on: { click: run },
    },
    drawn(picture),
  );
}

const NAMESPACE = "http://www.w3.org/2000/svg";

/** A symbol by name: of the page's sprite, or one of the few that only results need. */
export function drawn(name) {
  const shape = SYMBOLS[name];
  if (!shape) return icon(name);
  const picture = document.createElementNS(NAMESPACE, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(NAMESPACE, "path");
  path.setAttribute("d", shape);
  picture.append(path);
  return picture;
}

const SYMBOLS = {
  star: "M8 2l1.800 3.900 4.200.500-3.100 2.900.800 4.200L8 11.400 4.300 13.500l.800-4.200L2 6.400l4.200-.500z",
  left: "M10 3.500 5.500 8l4.500 4.500",
  right: "M6 3.500 10.500 8 6 12.500",
  up: "M3.500 10 8 5.500l4.500 4.500",
  down: "M3.500 6 8 10.500l4.500-4.500",
  loop: "M12.500 6A5 5 0 1 0 13 9M13 2.500V6H9.500",
  close: "M4 4l8 8M12 4l-8 8",
  more: "M3 7.500h1v1H3zM7.500 7.500h1v1h-1zM12 7.500h1v1h-1z",
  reset: "M3.500 6A5 5 0 1 1 3 9M3 2.500V6h3.500",
  dice: "M2.500 2.500h11v11h-11zM5.500 5.400v.2M10.500 10.400v.2M10.500 5.400v.2M5.500 10.400v.2M8 7.900v.2",
};
