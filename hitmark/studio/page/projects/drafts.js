/**
 * What the browser keeps of work that is not on disk: one draft for each open tab and studio folder, each under a key
 * of its own, so that no tab ever writes over another's. A reload finds its own again, a tab that was killed is brought
 * back, one that was closed is offered; what cannot be read is put aside, never thrown away.
 */

import { parseJson, stringifyJson } from "../server/json.js";

const FOLDER = document.querySelector("meta[name='hitmark-folder']")?.content ?? "none";
const DRAFT = `hitmark-draft/${FOLDER}/`;
const ASIDE = `hitmark-aside/${FOLDER}/`;
const TAB = `hitmark-tab/${FOLDER}`; // in the tab's own storage: which draft is its
const EARLIER = "hitmark-studio-draft"; // one for all tabs and folders, until 0.1
const MOST = 40; // drafts of one folder
const FRESH = 150_000; // ms: a tab that wrote since lives, where the browser has no locks

const own = `${DRAFT}${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

/** Begin this tab's draft, and say which of the others' are to be brought back (`mine`) and offered (`others`). */
export async function openDrafts() {
  holdLock();
  takeEarlier();
  const before = read(sessionStorage, TAB);
  write(sessionStorage, TAB, own);
  const alive = await livingTabs();
  const all = stored().filter(({ key }) => key !== own);
  const lives = (draft) => !draft.closed && (alive ? alive.has(draft.key) : Date.now() - draft.at < FRESH);
  const left = all.filter((draft) => draft.key !== before && draft.dirty && !lives(draft));
  const killed = left.filter((draft) => !draft.closed);
  const mine = all.find(({ key }) => key === before) ?? (before ? null : killed.at(-1)) ?? null;
  for (const draft of all) if (!draft.dirty && draft.closed && draft !== mine) forget(draft.key);
  return { mine, mineLives: mine !== null && lives(mine), others: left.filter((draft) => draft !== mine) };
}

/** Keep this tab's work. Returns false where the browser keeps nothing. */
export function keepDraft(work, closed = false) {
  const text = stringifyJson({ ...work, at: Date.now(), closed });
  if (write(localStorage, own, text)) return true;
  for (const draft of stored()) if (!draft.dirty && draft.key !== own) forget(draft.key); // room for what is not saved
  return write(localStorage, own, text);
}

/** Forget a draft whose work is in another one now, or that nobody wants. */
export function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage may be forbidden; then there is nothing to forget.
  }
}

/** Put a text aside that is no scene, with the reason; it stays until somebody throws it away. */
export function setAside(text, reason) {
  return write(localStorage, `${ASIDE}${Date.now().toString(36)}`, JSON.stringify({ text, reason, at: Date.now() }));
}

/** What was put aside: {key, text, reason, at}. */
export function putAside() {
  return keys(ASIDE).flatMap((key) => {
    try {
      return [{ key, ...JSON.parse(read(localStorage, key)) }];
    } catch {
      return [{ key, text: read(localStorage, key), reason: "it is damaged", at: 0 }];
    }
  });
}

/** The drafts of this folder, the oldest first; one that cannot be read is put aside. */
function stored() {
  const found = [];
  for (const key of keys(DRAFT)) {
    const text = read(localStorage, key);
    try {
      const draft = parseJson(text);
      if (typeof draft?.scene !== "object" || draft.scene === null) throw new Error("it holds no scene");
      found.push({ ...draft, key, text });
    } catch (error) {
      if (setAside(text, error.message)) forget(key);
    }
  }
  found.sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
  for (const old of found.filter((draft) => !draft.dirty).slice(0, Math.max(0, found.length - MOST))) forget(old.key);
  return found;
}

/** The draft that all tabs shared becomes one of its own. */
function takeEarlier() {
  for (const storage of [sessionStorage, localStorage]) {
    const text = read(storage, EARLIER);
    if (text === null) continue;
    try {
      const draft = parseJson(text);
      if (draft.dirty) write(localStorage, `${DRAFT}earlier`, stringifyJson({ ...draft, at: Date.now(), closed: true }));
    } catch (error) {
      setAside(text, error.message);
    }
    try {
      storage.removeItem(EARLIER);
    } catch {
      // It is offered again then.
    }
  }
}

/** A lock is held as long as the tab lives, however it ends. */
function holdLock() {
  navigator.locks?.request(own, () => new Promise(() => {})).catch(() => {});
}

/** Keys of the tabs that live; null where the browser cannot tell (pages of other machines without https). */
async function livingTabs() {
  try {
    const { held } = await navigator.locks.query();
    return new Set(held.map((lock) => lock.name));
  } catch {
    return null;
  }
}

function keys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix)).sort();
  } catch {
    return [];
  }
}

function read(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

function write(storage, key, text) {
  try {
    storage.setItem(key, text);
    return true;
  } catch {
    return false; // full or forbidden
  }
}
