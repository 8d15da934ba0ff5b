/** The left panel: subjects and anchors as lists of buttons, and the fields of the selected one. */

import { element, icon, iconButton } from "../dom/elements.js";
import { addAnchor, addSubject, pasteSubject, removeSelected, removeSubject } from "../scene/edits.js";
import { ANCHOR, subjectColor } from "../scene/palette.js";
import { warningsOf } from "../scene/plan.js";
import { store } from "../scene/store.js";
import { mountInspector } from "./inspector.js";

/** Mount the panel. */
export function mountSubjects(host) {
  const add = iconButton("plus", "Add a subject", { "data-test": "add-subject", class: "small" });
  const still = iconButton("plus", "Add an anchor", { "data-test": "add-anchor", class: "small" });
  const pin = element("input", { type: "checkbox", "data-test": "pin-camera" });
  const subjects = element("ul", { class: "parts", "aria-label": "Subjects" });
  const anchors = element("ul", { class: "parts", "aria-label": "Anchors" });
  const inspector = element("div", { class: "inspector" });
  const pinned = element("label", { class: "check", title: "Hold the camera still: an anchor in each corner that no subject covers" }, [
    pin, element("span", { text: "Pin the camera" }),
  ]);
  host.append(
    element("div", { class: "lists" }, [
      element("div", { class: "list-head" }, [element("h2", { text: "Subjects" }), add]), subjects,
      element("div", { class: "list-head" }, [element("h2", { text: "Anchors" }), still]), anchors, pinned,
    ]),
    inspector,
  );
  mountInspector(inspector);
  add.addEventListener("click", () => addSubject(usualPlace(store.scene.subjects?.length ?? 0)));
  still.addEventListener("click", () => addAnchor(usualPlace(store.scene.anchors?.length ?? 0)));
  pin.addEventListener("change", () => store.change("pin camera", (draft) => {
    if (pin.checked) draft.pin_camera = true;
    else delete draft.pin_camera;
  }));

  const show = ({ scene, ui }) => {
    pin.checked = scene.pin_camera ?? false;
    pin.disabled = Boolean(scene.camera) && !pin.checked;
    pinned.title = pin.disabled ? "A pinned camera cannot move: remove the camera move first" : "Hold the camera still: an anchor in each corner that no subject covers";
    const warned = new Set(warningsOf(scene, ui).map((warning) => warning.subject ?? `anchor ${warning.anchor}`));
    fill(subjects, scene.subjects ?? [], (_, index) => subjectRow(index), (row, subject, index) =>
      showRow(row, { ...subject, color: subjectColor(index), chosen: ui.selected === index, warned: warned.has(index) }));
    fill(anchors, scene.anchors ?? [], (_, index) => anchorRow(index), (row, anchor, index) =>
      showRow(row, { ...anchor, color: ANCHOR, chosen: ui.anchor === index, warned: warned.has(`anchor ${index}`) }));
  };
  store.subscribe(show);
  show(store);
}

/** A place for the next box, so that several do not hide each other. */
function usualPlace(count) {
  const step = (count % 5) * 0.06;
  return [0.38 + step, 0.36 + step, 0.62 + step, 0.64 + step].map((edge) => edge - 0.12);
}

function fill(list, parts, make, show) {
  while (list.children.length > parts.length) list.lastElementChild.remove();
  while (list.children.length < parts.length) list.append(make(parts[list.children.length], list.children.length));
  parts.forEach((part, index) => show(list.children[index], part, index));
}

function showRow(row, { name, phrase, color, chosen, warned }) {
  row.querySelector(".part-name").textContent = name;
  row.querySelector(".part-phrase").textContent = phrase && phrase !== name ? `“${phrase}”` : "";
  row.querySelector(".swatch").style.background = color;
  row.querySelector(".warned").hidden = !warned;
  const part = row.querySelector(".part");
  if (chosen && part.ariaPressed !== "true") row.scrollIntoView({ block: "nearest" });
  part.ariaPressed = String(chosen);
  for (const button of row.querySelectorAll(".row-action")) {
    button.setAttribute("aria-label", `${button.dataset.action} ${name}`);
    button.title = button.dataset.action;
  }
}

function partButton(test, choose) {
  const button = element("button", { type: "button", class: "part quiet", "data-test": test }, [
    element("span", { class: "swatch" }), element("span", { class: "part-name" }), element("span", { class: "part-phrase muted" }),
    element("span", { class: "warned", title: "See the warnings below the canvas", role: "img", "aria-label": "has a warning", text: "!" }),
  ]);
  button.addEventListener("click", choose);
  return button;
}

function action(name, label, run) {
  const button = element("button", { type: "button", class: "quiet small row-action", "data-action": label, "aria-label": label }, [icon(name)]);
  button.addEventListener("click", run);
  return button;
}

function subjectRow(index) {
  return element("li", {}, [
    partButton("subject", () => store.setUi({ selected: index })),
    action("copy", "Duplicate", () => pasteSubject(store.scene.subjects[index])),
    action("trash", "Delete", () => removeSubject(index)),
  ]);
}

function anchorRow(index) {
  return element("li", {}, [
    partButton("anchor", () => store.setUi({ anchor: index })),
    action("trash", "Delete", () => {
      store.setUi({ anchor: index });
      removeSelected();
    }),
  ]);
}
