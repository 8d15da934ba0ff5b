/** The player: one clip, or up to four in step, with the plan drawn over them. A dialog over the whole page. */

import { toast } from "../dom/dialogs.js";
import { make, say, symbolButton } from "../dom/make.js";
import { grouped, jobStore, twin } from "../jobs/jobs.js";
import { isFree, jobTitle } from "../jobs/words.js";
import { Clock } from "./clock.js";
import { companionList, fitScreens, scoreTable, wipeLine } from "./compare.js";
import { actionList, differenceTable, factList } from "./facts.js";
import { Screen } from "./screen.js";
import { transport } from "./transport.js";

const MOST_SCREENS = 4;
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");
const MODES = { side: "Side by side", wipe: "Wipe" };
const CRISP_BELOW = 256; // px: smaller clips are shown with crisp pixels

let viewer = null;

/**
 * Open the player.
 *
 * @param {string[]} ids one to four jobs; the first one leads.
 * @param {string} mode "side" or "wipe", for two clips.
 */
export function openPlayer(ids, mode = "side") {
  viewer ??= new Player();
  viewer.open(ids.slice(0, MOST_SCREENS), mode);
}

class Player {
  constructor() {
    this.ids = [];
    this.mode = "side";
    this.screens = new Map(); // id -> Screen
    this.clock = new Clock(
      () => this.#paint(),
      () => this.bar.update(),
    );
    this.bar = transport(this.clock, (change) => this.#changed(change));
    this.wipe = wipeLine();
    this.title = make("h2", {});
    this.stage = make("div", { class: "player-stage" });
    this.view = make("div", { class: "player-view" }, this.stage, this.wipe.element);
    this.scores = make("section", {});
    this.companions = companionList((id) => this.#toggle(id));
    this.facts = make("section", {});
    const about = [this.scores, this.companions.element, this.facts];
    this.side = make("aside", { class: "player-side", "aria-label": "About this result" }, ...about);
    this.dialog = make(
      "dialog",
      { class: "player", "aria-label": "Result", tabindex: -1, test: "player" },
      this.#header(),
      make("div", { class: "player-body" }, this.view, this.side),
      this.bar.element,
    );
    this.dialog.addEventListener("close", () => this.#closed());
    document.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#fit()).observe(this.view);
    jobStore.subscribe(() => this.dialog.open && this.#refresh());
  }

  open(ids, mode) {
    if (!this.dialog.open) {
      document.body.append(this.dialog);
      this.dialog.showModal();
    }
    this.playWhenReady = !STILL.matches;
    this.#show(ids, mode);
    if (this.bar.element.hidden) this.dialog.focus();
    else this.bar.focus();
  }

  #header() {
    this.before = symbolButton("left", "Previous result", () => this.#neighbor(-1), { key: "PageUp", test: "player-previous" });
    this.after = symbolButton("right", "Next result", () => this.#neighbor(1), { key: "PageDown", test: "player-next" });
    this.modes = make(
      "div",
      { class: "modes", role: "group", "aria-label": "Layout" },
      ...Object.entries(MODES).map(([mode, text]) => {
        const press = { click: () => this.#show(this.ids, mode) };
        return make("button", { type: "button", class: "small", "data-mode": mode, test: `mode-${mode}`, text, on: press });
      }),
    );
    const compare = { click: () => this.#compareTwin() };
    this.twin = make("button", { type: "button", class: "small", test: "compare-baseline", on: compare });
    return make(
      "header",
      { class: "player-head" },
      this.before,
      this.after,
      this.title,
      make("span", { class: "grow" }),
      this.twin,
      this.modes,
      symbolButton("close", "Close", () => this.dialog.close(), { key: "Escape", test: "player-close" }),
    );
  }

  /** Show these jobs from the beginning; screens of jobs that stay are kept. */
  #show(ids, mode = this.mode) {
    this.ids = ids;
    this.mode = ids.length === 2 ? mode : "side";
    for (const [id, screen] of this.screens) {
      if (ids.includes(id)) continue;
      screen.element.remove();
      this.screens.delete(id);
    }
    for (const id of ids) {
      if (!this.screens.has(id)) this.screens.set(id, new Screen());
      const screen = this.screens.get(id);
      screen.caption.hidden = false;
      this.stage.append(screen.element);
      void this.#load(id, screen);
    }
    this.stage.dataset.mode = this.mode;
    this.dialog.dataset.count = String(ids.length);
    const [width, height] = [jobStore.get(ids[0])?.width, jobStore.get(ids[0])?.height];
    this.bar.setCrisp(Math.max(width ?? 0, height ?? 0) < CRISP_BELOW);
    this.#refresh();
  }

  async #load(id, screen) {
    try {
      const job = await jobStore.whole(id);
      if (!this.ids.includes(id)) return;
      await screen.show(job);
    } catch (error) {
      toast(error.message, "error");
    }
    this.#fit();
    this.#ready();
  }

  /** Start the clock when every clip that can play has its frames. */
  #ready() {
    const shown = this.ids.map((id) => this.screens.get(id));
    const waiting = shown.some((screen, index) => jobStore.get(this.ids[index])?.state === "done" && !screen?.ready);
    const longest = shown.filter((screen) => screen?.ready).sort((one, other) => other.pictures.length - one.pictures.length)[0];
    this.dialog.dataset.state = longest && !waiting ? "ready" : "loading";
    if (!longest || waiting) return;
    const played = `${this.ids.join(" ")} ${longest.pictures.length}`;
    if (played !== this.played) {
      this.clock.start(longest.pictures.length, longest.job.fps);
      if (this.playWhenReady) this.clock.play();
    }
    this.played = played;
    this.bar.update();
    this.#paint();
  }

  #refresh() {
    const jobs = jobStore.all();
    const shown = this.ids.map((id) => jobStore.get(id)).filter(Boolean);
    if (!shown.length) return this.dialog.close();
    if (shown.length < this.ids.length) return this.#show(shown.map((job) => job.id));
    for (const job of shown) {
      const screen = this.screens.get(job.id);
      if (job.state !== "done") screen.showLive(job);
      else if (screen.job && screen.job.state !== "done") void this.#load(job.id, screen);
    }
    const [first] = shown;
    say(this.title, shown.length > 1 ? `${shown.length} clips in step` : `${jobTitle(first)}, ${first.method}, ${first.model}`);
    const other = shown.length === 1 ? twin(jobs, first) : null;
    this.twin.hidden = !other;
    if (other) say(this.twin, isFree(other) ? "Compare without control" : "Compare with control");
    this.before.disabled = !this.#beside(-1);
    this.after.disabled = !this.#beside(1);
    this.modes.hidden = shown.length !== 2;
    for (const button of this.modes.children) button.setAttribute("aria-pressed", String(button.dataset.mode === this.mode));
    this.bar.element.hidden = !shown.some((job) => job.state === "done");
    this.#aside(jobs, shown);
    this.#fit();
  }

  #aside(jobs, shown) {
    const free = shown.length === 1 && twin(jobs, shown[0])?.id;
    const key = JSON.stringify([free, shown.map(({ id, state, scores, error }) => [id, state, scores, error])]);
    if (key !== this.asideKey) {
      this.asideKey = key;
      this.side.scrollTop = 0;
      const done = shown.filter((job) => job.state === "done");
      this.scores.replaceChildren(...(done.length ? [make("h3", { text: "Scores" }), scoreTable(done)] : []));
      this.facts.replaceChildren(...(shown.length > 1 ? [differenceTable(shown)] : [factList(shown[0]), actionList(shown[0])]));
    }
    this.companions.element.hidden = shown[0].state !== "done";
    this.companions.update(jobs, this.ids);
  }

  #toggle(id) {
    if (this.ids.includes(id)) return this.#show(this.ids.filter((each) => each !== id));
    if (this.ids.length >= MOST_SCREENS) return toast(`At most ${MOST_SCREENS} clips can be compared at once.`, "warning");
    return this.#show([...this.ids, id]);
  }

  #compareTwin() {
    const other = twin(jobStore.all(), jobStore.get(this.ids[0]));
    if (other) this.#show([this.ids[0], other.id], "wipe");
  }

  #neighbor(step) {
    const next = this.#beside(step);
    if (next) this.#show([next.id]);
  }

  /** The job before or after the first one shown, in the order of the strip. */
  #beside(step) {
    const all = grouped(jobStore.all()).flatMap(([, jobs]) => jobs);
    return all[all.findIndex((job) => job.id === this.ids[0]) + step];
  }

  #changed(change) {
    if (change === "fit") this.#fit();
    else this.#paint();
  }

  #fit() {
    const shown = this.ids.map((id) => this.screens.get(id)).filter(Boolean);
    fitScreens(this.view, this.stage, shown, this.mode, this.bar.options.crisp);
    this.wipe.apply(shown, this.mode === "wipe" && shown.length === 2);
    this.#paint();
  }

  #paint() {
    const moment = this.clock.frames > 1 ? this.clock.frame / (this.clock.frames - 1) : 0;
    for (const screen of this.screens.values()) screen.paint(moment, this.bar.options);
    this.bar.update();
    this.dialog.dataset.frame = String(this.clock.frame);
  }

  #key(event) {
    const above = [...document.querySelectorAll("dialog[open]")].at(-1); // a question may lie over the player
    if (above !== this.dialog || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "PageUp" || event.key === "PageDown") this.#neighbor(event.key === "PageUp" ? -1 : 1);
    else if (event.key === "w" && this.ids.length === 2) this.#show(this.ids, this.mode === "wipe" ? "side" : "wipe");
    else if (!this.bar.key(event)) return;
    event.preventDefault();
  }

  #closed() {
    this.clock.pause();
    this.played = null;
    this.ids = [];
    for (const screen of this.screens.values()) screen.element.remove();
    this.screens.clear();
    this.dialog.remove();
  }
}
