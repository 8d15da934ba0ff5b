/** Colors of subjects and other boxes: those of hitmark's plan pictures, told apart with color-blind eyes too. */

const SUBJECTS = [
  "#ff5430", "#40beff", "#ffdd33", "#de6eff", "#5adc78", "#ff698c", "#9aa5ff", "#00c2b2", "#e0a366", "#c3e05a",
];
export const ANCHOR = "#e1e1e1";
export const CAMERA = "#78ebe1";

/**
 * The color of a subject.
 * @param {number} index position in the scene
 */
export function subjectColor(index) {
  return SUBJECTS[index % SUBJECTS.length];
}

/** The color of a track of `motion.tracks`: `index` counts the subjects. */
export function trackColor(track, index) {
  return { anchor: ANCHOR, camera: CAMERA }[track.kind] ?? subjectColor(index);
}
