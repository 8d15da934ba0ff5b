/** The prompt, and the words of it that mean the selected subject: click them. */

import { element, field, showValue } from "../dom/elements.js";
import { selectedSubject, setField, setPhrase } from "../scene/edits.js";
import { modelOf } from "../scene/model.js";
import { subjectColor } from "../scene/palette.js";
import { store } from "../scene/store.js";

/** Letters of scripts without spaces between words, as the server has them: each can be clicked by itself. */
const UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff";
const SPACED = `(?:(?![${UNSPACED}])[\\p{L}\\p{N}])+`;
const WORD = new RegExp(`[${UNSPACED}]|${SPACED}(?:['’-]${SPACED})*`, "gu");

/** The words of a text and where they stand. */
function wordsOf(text) {
  return [...text.matchAll(WORD)].map((match) => ({ text: match[0], start: match.index, stop: match.index + match[0].length }));
}

/** First and last word that a phrase covers in a prompt, or null. */
function rangeOf(prompt, phrase) {
  if (!phrase) return null;
  const words = wordsOf(prompt);
  const wanted = wordsOf(phrase).map((word) => word.text.toLowerCase());
  const at = words.findIndex((_, first) =>
    wanted.length > 0 && wanted.every((word, offset) => words[first + offset]?.text.toLowerCase() === word));
  return at < 0 ? null : [at, at + wanted.length - 1];
}

/** The range after a click on a word: it grows to the word, shrinks at its ends, or starts anew far away. */
function clickedRange(range, index) {
  if (!range) return [index, index];
  const [first, last] = range;
  if (first === last && index === first) return null;
  if (index === first) return [first + 1, last];
  if (index === last) return [first, last - 1];
  if (index > first && index < last) return [index, index];
  return index < first ? [index, last] : [first, index];
}

/** Make the section of the scene panel. */
export function textSection() {
  const prompt = element("textarea", { rows: "3", "data-test": "prompt", placeholder: "What the video shows" });
  const negative = element("input", { type: "text", "data-test": "negative-prompt", placeholder: "What it should not show" });
  const words = element("div", { class: "words", role: "group" });
  const say = element("p", { class: "muted small-text" });
  prompt.addEventListener("input", () => store.change("type prompt", (draft) => setField(draft, "prompt", prompt.value, "")));
  negative.addEventListener("input", () =>
    store.change("type negative prompt", (draft) => setField(draft, "negative_prompt", negative.value, "")));

  let shown = null;
  const show = ({ scene, ui }) => {
    const text = scene.prompt ?? "";
    if (prompt.value !== text) prompt.value = text;
    showValue(negative, scene.negative_prompt ?? "");
    const subject = selectedSubject();
    const phrases = (scene.subjects ?? []).map((each) => each.phrase ?? "");
    const key = JSON.stringify([text, phrases, ui.selected]);
    if (key !== shown) drawWords(words, { text, phrases, selected: ui.selected });
    shown = key;
    words.setAttribute("aria-label", subject ? `Words that mean ${subject.name}` : "Words of the prompt");
    say.textContent = advice({ text, subject, model: modelOf(scene, ui.info) });
  };
  store.subscribe(show);
  show(store);
  return element("section", { class: "section" }, [field("Prompt", prompt), words, say, field("Negative prompt", negative)]);
}

function drawWords(host, { text, phrases, selected }) {
  const ranges = phrases.map((phrase) => rangeOf(text, phrase));
  const focused = [...host.children].indexOf(document.activeElement);
  host.replaceChildren(...wordsOf(text).map((word, index) => {
    const covers = (range) => range && index >= range[0] && index <= range[1];
    const owner = selected !== null && covers(ranges[selected]) ? selected : ranges.findIndex(covers);
    const button = element("button", {
      type: "button", class: "word quiet", "data-test": "word", text: word.text, disabled: selected === null,
      "aria-pressed": String(owner >= 0 && owner === selected),
    });
    if (owner >= 0) button.style.setProperty("--color", subjectColor(owner));
    button.classList.toggle("owned", owner >= 0);
    button.addEventListener("click", () => pick(text, ranges[selected], index));
    return button;
  }));
  host.children[focused]?.focus();
}

function pick(text, range, index) {
  const chosen = clickedRange(range, index);
  const words = wordsOf(text);
  setPhrase(store.ui.selected, chosen ? text.slice(words[chosen[0]].start, words[chosen[1]].stop) : "");
}

function advice({ text, subject, model }) {
  if (model && !model.reads_prompt) return `${model.name} reads no prompt; words matter to models that do.`;
  if (!text.trim()) return "Type what the video shows, then click the words that mean each subject.";
  if (!subject) return "Select a subject, then click the words that mean it.";
  if (!subject.phrase) return `Click the words that mean ${subject.name}.`;
  if (!rangeOf(text, subject.phrase)) return `“${subject.phrase}” is not in the prompt any more: click the words again.`;
  return `“${subject.phrase}” means ${subject.name}.`;
}
