/** One clip on a canvas: the frame and what is drawn over it are painted together, so they can not get out of step. */

import { make, say, sayOrHide } from "../dom/make.js";
import { framesOf } from "../jobs/clip.js";
import { isFree, jobTitle, stateText } from "../jobs/words.js";
import { overlayFor } from "./overlay.js";

/** A figure with a canvas and a caption. `show` takes a job, `paint` a moment of it, `fit` the room it has. */
export class Screen {
  constructor() {
    this.canvas = make("canvas", { role: "img", "aria-label": "Clip, being read", width: 1, height: 1, test: "screen" });
    this.note = make("p", { class: "screen-note" });
    this.caption = make("figcaption", {});
    this.frame = make("div", { class: "screen-frame" }, this.canvas, this.note);
    this.element = make("figure", { class: "screen" }, this.frame, this.caption);
    this.job = null;
    this.pictures = [];
    this.picture = null; // the preview of a job that is not done
    this.last = null;
  }

  /** Show another job; resolves when its frames are there, or the reason why they are not is written. */
  async show(job) {
    if (this.job?.id === job.id && this.job.state === job.state) return;
    this.picture?.remove();
    Object.assign(this, { job, pictures: [], picture: null, covering: null, overlay: overlayFor(job) });
    say(this.caption, isFree(job) ? jobTitle(job) : `${jobTitle(job)}, ${job.method}`);
    this.canvas.width = 1;
    if (job.state !== "done") return;
    this.#cover(job.files["first.png"]); // until all frames are there
    try {
      const pictures = await framesOf(job, (done, all) => this.job === job && this.#say(`reading frame ${done} of ${all}`));
      if (this.job !== job) return;
      this.pictures = pictures;
      this.picture?.remove();
      this.#say("");
    } catch (error) {
      if (this.job === job) this.#say(error.message);
    }
  }

  /** What a job that is not done shows: its preview as it comes, and how far it is. */
  showLive(job) {
    this.job = { ...this.job, ...job };
    this.#say(stateText(job)); // why it failed stands beside it
    if (job.preview) this.#cover(job.preview, "preview");
  }

  /** Whether there are frames to play. */
  get ready() {
    return this.pictures.length > 0;
  }

  /** Width and height of the clip in its own pixels. */
  get size() {
    return [this.job?.width || 64, this.job?.height || 64];
  }

  /** Give the screen room, in CSS pixels; small clips are enlarged by whole numbers when their pixels stay crisp. */
  fit(width, height, crisp) {
    const [own, tall] = this.size;
    const ratio = window.devicePixelRatio || 1;
    let scale = Math.max(0.01, Math.min(width / own, height / tall));
    if (crisp && scale * ratio > 1) scale = Math.floor(scale * ratio) / ratio;
    const [wide, high] = [Math.round(own * scale), Math.round(tall * scale)];
    this.frame.style.width = `${wide}px`;
    this.frame.style.height = `${high}px`;
    this.box = { width: wide, height: high, ratio };
    if (this.last) this.paint(this.last.moment, this.last.options);
  }

  /**
   * Paint a moment of the clip, 0 to 1.
   *
   * @param {number} moment clips of another length show the frame of the same moment.
   * @param {Object} options `crisp`, and what the overlay is to show.
   */
  paint(moment, options) {
    this.last = { moment, options };
    if (!this.ready || !this.box) return;
    const { width, height, ratio } = this.box;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across || this.canvas.height !== down) Object.assign(this.canvas, { width: across, height: down });
    const index = Math.round(moment * (this.pictures.length - 1));
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingEnabled = !options.crisp;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.pictures[index], 0, 0, across, down);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.overlay.draw(context, width, height, index, options);
    this.canvas.dataset.frame = index;
    this.canvas.setAttribute("aria-label", `${this.caption.textContent}: frame ${index + 1} of ${this.pictures.length}`);
  }

  /** Show a picture in place of frames, once it is loaded; the one before stays until then. */
  #cover(source, test = null) {
    if (!source || this.covering === source) return;
    this.covering = source;
    const picture = make("img", { src: source, alt: "", class: "screen-preview", test });
    picture.addEventListener("load", () => {
      if (this.covering !== source || this.ready) return;
      this.picture?.remove();
      this.picture = picture;
      this.frame.prepend(picture);
    });
  }

  #say(text) {
    sayOrHide(this.note, text);
  }
}
