/** Undo and redo: the scenes that were, each with what was selected in it and what was done next. */

const MERGE_WITHIN = 800; // ms: changes of the same label closer than this are one step
const MOST_STEPS = 500;

export class History {
  #past = [];
  #future = [];
  #open = null; // {label, started}: the step that a drag builds
  #last = null; // {label, time}: the step that the next change may join

  /** The labels of the next undo and redo, null where there is none. */
  get labels() {
    return { undo: this.#past.at(-1)?.label ?? null, redo: this.#future.at(-1)?.label ?? null };
  }

  /** Whether a change was made since `begin`. */
  get changing() {
    return this.#open?.started ?? false;
  }

  /** All changes until `end` are one step. */
  begin(label) {
    this.#open = { label, started: false };
  }

  end() {
    this.#open = null;
    this.#last = null;
  }

  /** Remember what was there before a change: {scene, selected, keyframe, anchor}. */
  remember(label, before) {
    const now = performance.now();
    const joins = this.#open
      ? this.#open.started
      : this.#last !== null && this.#last.label === label && now - this.#last.time < MERGE_WITHIN;
    if (this.#open) this.#open.started = true;
    this.#last = { label, time: now };
    this.#future.length = 0;
    if (joins) return;
    this.#past.push({ label: this.#open?.label ?? label, ...before });
    if (this.#past.length > MOST_STEPS) this.#past.shift();
  }

  /** Go a step back (or on, with `forward`) from what is there now; the step that was gone to, null where there is none. */
  travel(now, { forward = false } = {}) {
    const [from, to] = forward ? [this.#future, this.#past] : [this.#past, this.#future];
    const step = from.pop();
    if (!step) return null;
    to.push({ label: step.label, ...now });
    this.end();
    return step;
  }
}
