/** One clock for everything that plays: which frame is shown, at which speed, in a loop or once. */

export const SPEEDS = [0.25, 0.5, 1, 2];

/** Plays `frames` frames at `fps`, and calls `show(frame)` whenever another frame is due. */
export class Clock {
  #position = 0; // in frames, with a fraction
  #asked = null;
  #before = 0;

  /** @param {function(number)} show @param {function()} changed called when it starts or stops */
  constructor(show, changed) {
    Object.assign(this, { show, changed, frames: 1, fps: 7, speed: 1, loop: true, playing: false });
  }

  /** The frame that is shown, from 0. */
  get frame() {
    return Math.min(this.frames - 1, Math.floor(this.#position));
  }

  /** Play another clip from its beginning. */
  start(frames, fps) {
    Object.assign(this, { frames: Math.max(1, frames), fps: fps || 7 });
    this.seek(0);
  }

  play() {
    if (this.playing || this.frames < 2) return;
    if (this.frame === this.frames - 1) this.seek(0);
    this.playing = true;
    this.#before = performance.now();
    this.#asked = requestAnimationFrame((now) => this.#tick(now));
    this.changed();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.#asked);
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Show a frame; numbers outside the clip go to its ends. */
  seek(frame) {
    this.#position = Math.max(0, Math.min(this.frames - 1, frame));
    this.show(this.frame);
  }

  /** Stop, and go some frames on or back; in a loop the last frame is followed by the first. */
  step(count) {
    this.pause();
    const next = this.frame + count;
    this.seek(this.loop ? (next + this.frames) % this.frames : next);
  }

  #tick(now) {
    const shown = this.frame;
    this.#position += (Math.max(0, now - this.#before) / 1000) * this.fps * this.speed;
    this.#before = now;
    if (this.#position >= this.frames) {
      if (!this.loop) {
        this.seek(this.frames - 1);
        this.pause();
        return;
      }
      this.#position %= this.frames;
    }
    if (this.frame !== shown) this.show(this.frame);
    this.#asked = requestAnimationFrame((next) => this.#tick(next));
  }
}
