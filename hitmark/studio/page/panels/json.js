/** The scene file, side by side with the canvas: it shows every change, and what is typed here counts at once. */

import { toast } from "../dom/dialogs.js";
import { element } from "../dom/elements.js";
import { beforeUse } from "../dom/pending.js";
import { store } from "../scene/store.js";
import { api } from "../server/api.js";
import { parseJson, prettyJson, sameJson } from "../server/json.js";

const REST = 400; // ms after the last key

/** Mount the panel. */
export function mountJson(host) {
  const text = element("textarea", { class: "json", "aria-label": "Scene file", spellcheck: "false", wrap: "off", "data-test": "json-text" });
  const say = element("p", { class: "small-text muted", role: "status" });
  const copy = element("button", { type: "button", class: "small", text: "Copy" });
  host.classList.add("json-panel");
  host.append(element("div", { class: "row" }, [element("p", { class: "grow muted small-text", text: "The scene file. Edit it here." }), copy]), text, say);
  let timer = null;
  let written = null; // the scene that the text was made from
  const tell = (message, bad) => {
    say.textContent = message;
    say.classList.toggle("bad", bad);
    text.setAttribute("aria-invalid", String(bad));
  };
  const show = () => {
    if (host.hidden || store.scene === written) return;
    if (document.activeElement === text && timer !== null) return; // do not write over what is being typed
    written = store.scene;
    const place = [text.scrollTop, text.selectionStart, text.selectionEnd];
    text.value = prettyJson(store.scene);
    if (document.activeElement === text) text.setSelectionRange(place[1], place[2]);
    text.scrollTop = place[0];
    tell("", false);
  };
  const take = async () => {
    const asked = text.value;
    const { document } = store;
    const result = await checked(asked);
    if (asked !== text.value || document !== store.document) return;
    timer = null;
    if (result.problem) {
      tell(result.problem, true);
      return;
    }
    tell("", false);
    store.change("edit JSON", (draft) => {
      for (const name of Object.keys(draft)) delete draft[name];
      Object.assign(draft, result.scene);
    });
    written = store.scene;
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(take, REST);
  });
  beforeUse(async () => {
    if (timer !== null) {
      clearTimeout(timer);
      await take();
    }
    const bad = !host.hidden && text.getAttribute("aria-invalid") === "true";
    return bad ? `The JSON tab holds text that is no scene yet. ${say.textContent}` : null;
  }, () => !host.hidden && (timer !== null || text.getAttribute("aria-invalid") === "true"));
  text.addEventListener("blur", () => {
    if (text.getAttribute("aria-invalid") !== "true") setTimeout(show, REST + 100);
  });
  copy.addEventListener("click", () => {
    text.select();
    navigator.clipboard?.writeText(text.value).then(() => toast("Copied."), () => toast("The browser did not let the page copy; press Ctrl+C."));
  });
  new MutationObserver(show).observe(host, { attributes: true, attributeFilter: ["hidden"] });
  store.subscribe(({ changed }) => changed.has("scene") && show());
}

/** Read the text and ask the server whether it is a scene. */
async function checked(text) {
  let scene;
  try {
    scene = parseJson(text);
  } catch (error) {
    return { problem: `Not JSON yet: ${error.message}` };
  }
  if (scene === null || typeof scene !== "object" || Array.isArray(scene)) return { problem: "A scene is one object in braces." };
  if (sameJson(scene, store.scene)) return { scene };
  try {
    const answer = await api.post("/api/check", { scene, frames: null });
    return answer.ok ? { scene } : { problem: answer.problems.join("\n") };
  } catch (error) {
    return { problem: error.message };
  }
}
