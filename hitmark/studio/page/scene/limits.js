/** The numbers that scenes and orders may have: the server's own, held equal by tests/studio/test_page_rules.py. */

export const LIMITS = {
  side: [1, 8192], // px
  frames: [2, 10000],
  fps: [0, 1000], // above 0
  seed: [0, 9223372036854775807n],
  depth: [-2147483648, 2147483647],
  pan: [-10, 10], // shares of the picture
  zoom: [0.05, 20],
  reach: 100, // how far an edge may lie from the picture's corner, in pictures
  name: 200, // characters
  project: 80,
  title: 200,
  steps: [1, 1000],
  variants: [1, 8],
  canvas: [1, 16384], // px of another tool's picture
};
export const FPS = 7; // frames a second where a scene says nothing

/** The least and the most as attributes of a number field. */
export function within([min, max]) {
  return { min: String(min), max: String(max) };
}
