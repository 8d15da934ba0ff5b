/** The player's controls: play, step, scrub, speed, loop, and what is drawn over the frames. */

import { drawn, make, say, symbolButton } from "../dom/make.js";
import { SPEEDS } from "./clock.js";

const LAYERS = [
  ["boxes", "Boxes", "b", "The boxes of the plan in this frame"],
  ["paths", "Paths", "p", "The paths of the plan, a dot for each frame"],
  ["found", "Found", "f", "Where the objects were found: crosses"],
  ["camera", "Background", "g", "Background boxes that the camera move stands for"],
  ["crisp", "Crisp", "x", "Show the clip's own pixels instead of smoothing them"],
];

/**
 * @param {Clock} clock
 * @param {function(string)} changed called with "paint" or "fit" when what is drawn changes.
 */
export function transport(clock, changed) {
  const options = { boxes: true, paths: true, found: true, camera: false, crisp: true };
  const play = symbolButton("play", "Play", () => clock.toggle(), { key: "Space", test: "player-play" });
  const back = symbolButton("left", "Frame back", () => clock.step(-1), { key: "ArrowLeft" });
  const on = symbolButton("right", "Frame on", () => clock.step(1), { key: "ArrowRight" });
  const scrub = make("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": "Frame", test: "scrub" });
  const label = make("output", { class: "frame-label" });
  const loop = symbolButton("loop", "Loop", () => toggleLoop(), { key: "l", test: "loop" });
  const speed = make(
    "select",
    { "aria-label": "Speed", test: "speed" },
    ...SPEEDS.map((value) => make("option", { value: String(value), text: `${value} x` })),
  );
  speed.value = "1";
  const layers = LAYERS.map(([name, text, key, help]) => {
    const words = { text, title: `${help} (${key})`, "aria-keyshortcuts": key };
    return make("button", { type: "button", class: "small", test: `layer-${name}`, ...words, on: { click: () => toggle(name) } });
  });
  const element = make(
    "footer",
    { class: "transport" },
    make("div", { class: "transport-play" }, back, play, on),
    scrub,
    label,
    make("div", { class: "transport-play" }, speed, loop),
    make("div", { class: "layers", role: "group", "aria-label": "Drawn over the clip" }, ...layers),
  );

  let chosen = false; // whether somebody has chosen between crisp and smooth
  function toggle(name) {
    chosen ||= name === "crisp";
    options[name] = !options[name];
    update();
    changed(name === "crisp" ? "fit" : "paint");
  }

  function toggleLoop() {
    clock.loop = !clock.loop;
    update();
  }

  function changeSpeed(step) {
    const index = Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(clock.speed) + step));
    clock.speed = SPEEDS[index];
    speed.value = String(clock.speed);
  }

  function jump(frame) {
    clock.pause();
    clock.seek(frame);
  }

  scrub.addEventListener("input", () => jump(Number(scrub.value)));
  speed.addEventListener("change", () => (clock.speed = Number(speed.value)));

  let playing = null;
  function update() {
    if (playing !== clock.playing) {
      playing = clock.playing;
      play.replaceChildren(drawn(playing ? "stop" : "play"));
      play.setAttribute("aria-label", playing ? "Pause" : "Play");
      play.title = `${playing ? "Pause" : "Play"} (Space)`;
    }
    scrub.max = clock.frames - 1;
    scrub.value = clock.frame;
    const moment = (clock.frame / clock.fps).toFixed(2);
    scrub.setAttribute("aria-valuetext", `frame ${clock.frame + 1} of ${clock.frames}, ${moment} s`);
    say(label, `${clock.frame + 1} / ${clock.frames}   ${moment} s`);
    loop.setAttribute("aria-pressed", String(clock.loop));
    layers.forEach((button, index) => button.setAttribute("aria-pressed", String(options[LAYERS[index][0]])));
  }

  /** Handle a key; whether it was one of ours. Inputs keep the keys that they need. */
  function key(event) {
    const inside = event.target;
    const slider = inside.type === "range" || inside.tagName === "SELECT";
    const layer = LAYERS.find(([, , each]) => each === event.key.toLowerCase());
    if (event.key === " " && inside.tagName === "BUTTON") return false; // it presses the button, as everywhere
    const always = { " ": () => clock.toggle(), "[": () => changeSpeed(-1), "]": () => changeSpeed(1), l: toggleLoop };
    const moves = {
      ArrowLeft: () => clock.step(-1),
      ArrowRight: () => clock.step(1),
      Home: () => jump(0),
      End: () => jump(clock.frames - 1),
    };
    const action = layer ? () => toggle(layer[0]) : always[event.key] ?? (slider ? null : moves[event.key]);
    action?.();
    return Boolean(action);
  }

  return {
    element,
    options,
    update,
    key,
    focus: () => play.focus(),
    /** What is shown crisp unless somebody has chosen. */
    setCrisp(value) {
      if (!chosen) options.crisp = value;
    },
  };
}
