/** Messages, questions and sheets, all made of <dialog> so that focus and Escape work as everywhere. */

import { element } from "./elements.js";

const SHOWN = { info: 4500, good: 3500, warning: 9000, error: 12000 }; // ms

/** Show a short message that goes by itself. */
export function toast(text, kind = "info") {
  const shelf = document.getElementById("toasts");
  const close = element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", text: "×" });
  const role = kind === "error" ? "alert" : "status";
  const message = element("div", { class: `toast ${kind}`, role, "data-test": "toast" }, [element("p", { text }), close]);
  const remove = () => message.remove();
  close.addEventListener("click", remove);
  let timer = setTimeout(remove, SHOWN[kind] ?? SHOWN.info);
  message.addEventListener("pointerenter", () => clearTimeout(timer));
  message.addEventListener("pointerleave", () => (timer = setTimeout(remove, 2000)));
  shelf.append(message);
  while (shelf.children.length > 4) shelf.firstElementChild.remove();
}

/**
 * Ask a question.
 * @param {{title: string, text: string, choices: {value: string, label: string, kind?: string}[]}} question
 * @returns {Promise<string|null>} the chosen value, null when it was closed
 */
export function ask({ title, text, choices }) {
  const buttons = choices.map(({ value, label, kind = "" }) =>
    element("button", { type: "button", class: kind, value, text: label, autofocus: kind === "primary" }));
  const body = element("div", {}, [element("p", { text }), element("div", { class: "choices" }, buttons)]);
  return new Promise((resolve) => {
    const close = sheet(title, body, { narrow: true, onClose: () => resolve(null) });
    for (const button of buttons) {
      button.addEventListener("click", () => {
        resolve(button.value);
        close();
      });
    }
  });
}

/**
 * Ask for a text.
 * @param {{title: string, label: string, value: string, accept: string}} question
 * @returns {Promise<string|null>} without blanks around it; null when it was closed, or left empty where it may not be
 */
export function askText({ title, label, value, accept, empty = false }) {
  const input = element("input", { type: "text", maxlength: "200", "data-test": "ask-text", autocomplete: "off" });
  input.value = value;
  const form = element("form", { class: "fields", method: "dialog" }, [
    element("label", { class: "field" }, [element("span", { text: label }), input]),
    element("div", { class: "choices" }, [element("button", { type: "submit", class: "primary", text: accept, "data-test": "ask-accept" })]),
  ]);
  return new Promise((resolve) => {
    let answer = null;
    const close = sheet(title, form, { narrow: true, onClose: () => resolve(answer) });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = input.value.trim() || (empty ? "" : null);
      close();
    });
    input.focus();
    input.select();
  });
}

/**
 * Show what takes long: a message with a bar that stays until it is closed.
 * @returns {{say: (text: string, share: number|null) => void, close: () => void}} `share`: 0 to 1, null: unknown
 */
export function progressToast(text) {
  const words = element("p", { text });
  const bar = element("progress", { max: "1", "aria-label": text });
  const message = element("div", { class: "toast info", role: "status", "data-test": "progress" }, [element("div", { class: "grow" }, [words, bar])]);
  document.getElementById("toasts").append(message);
  return {
    say(now, share = null) {
      words.textContent = now;
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
    },
    close: () => message.remove(),
  };
}

/**
 * Show an element in a sheet over the page.
 * @param {{narrow?: boolean, wide?: boolean, onClose?: () => void}} options
 * @returns {() => void} closes it
 */
export function sheet(title, content, { narrow = false, wide = false, onClose } = {}) {
  const close = element("button", { type: "button", class: "quiet close", "aria-label": "Close", text: "×" });
  const heading = element("h2", { text: title });
  const size = narrow ? "narrow" : wide ? "wide" : "";
  const dialog = element("dialog", { class: `sheet ${size}`, "aria-label": title }, [
    element("header", {}, [heading, close]),
    element("div", { class: "sheet-body" }, [content]),
  ]);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return () => dialog.close();
}
