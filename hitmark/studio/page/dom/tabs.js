/** The tabs of the right panel. */

import { byId } from "./elements.js";

const NAMES = ["scene", "generate", "json"];

/** Show a tab: "scene", "generate" or "json". */
export function openTab(name) {
  for (const each of NAMES) {
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(each).hidden = each !== name;
  }
  try {
    sessionStorage.setItem("hitmark-studio-tab", name);
  } catch {
    // Only a convenience.
  }
}

/** Let clicks and arrow keys open tabs; after a reload the same one is open. */
export function mountTabs() {
  NAMES.forEach((name, index) => {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => openTab(name));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = NAMES[(index + step + NAMES.length) % NAMES.length];
      openTab(next);
      byId(`tab-${next}`).focus();
      event.preventDefault();
      event.stopPropagation();
    });
  });
  let last = null;
  try {
    last = sessionStorage.getItem("hitmark-studio-tab");
  } catch {
    // Storage may be forbidden.
  }
  openTab(NAMES.includes(last) ? last : "scene");
}
