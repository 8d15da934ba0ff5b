/** Making page elements in one line each. */

/**
 * Make an element.
 * @param {string} name tag
 * @param {Record<string, any>} attributes `text` is the text, `class` and the others are attributes; false, null: left out
 */
export function element(name, attributes = {}, children = []) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * Make a picture of the sprite in index.html.
 * @param {string} name of the symbol, without "icon-"
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  picture.append(use);
  return picture;
}

/**
 * Make a button with a picture and an accessible name.
 * @param {string} name of the icon
 * @param {string} label accessible name and tooltip
 */
export function iconButton(name, label, attributes = {}) {
  return element("button", { type: "button", "aria-label": label, title: label, ...attributes }, [icon(name)]);
}

/**
 * Make a labeled field.
 * @param {string} hint shown when the pointer rests on it
 */
export function field(label, control, hint = "") {
  return element("label", { class: "field", title: hint || null }, [element("span", { text: label }), control]);
}

/** Set an input's value unless the user is writing in it. */
export function showValue(input, value) {
  const text = String(value);
  if (document.activeElement !== input && input.value !== text) input.value = text;
}

/** Find an element by its id; a missing one is a mistake in the page. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}
