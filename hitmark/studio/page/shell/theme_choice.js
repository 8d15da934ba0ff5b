/** Light, dark, or as the system. */

import { byId } from "../dom/elements.js";
import { store } from "../scene/store.js";

const KEY = "hitmark-studio-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const NAMES = { auto: "as the system", light: "light", dark: "dark" };

/** Let the button go through the themes. */
export function mountTheme() {
  apply(document.documentElement.dataset.theme ?? "auto");
  byId("theme").addEventListener("click", () => apply(NEXT[store.ui.theme]));
}

function apply(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
  const button = byId("theme");
  button.setAttribute("aria-label", `Theme: ${NAMES[theme]}`);
  button.title = `Theme: ${NAMES[theme]}`;
  store.setUi({ theme });
}
