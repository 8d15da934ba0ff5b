/** Work for the next animation frame: all that changes the page first, then all that draws, in one and the same frame. */

const HIDDEN = 100; // ms
const changes = new Set();
const drawings = new Set();
let asked = false;

/** Run a task in the next animation frame, once, however often it is asked for. */
export function inFrame(task) {
  ask(changes, task);
}

/** The same, but after all tasks of `inFrame`, also those that ask for it there. */
export function drawInFrame(task) {
  ask(drawings, task);
}

function ask(tasks, task) {
  tasks.add(task);
  if (asked) return;
  asked = true;
  // A hidden page gets no animation frames, but a job may end there.
  if (document.hidden) setTimeout(run, HIDDEN);
  else requestAnimationFrame(run);
}

function run() {
  try {
    for (const tasks of [changes, drawings]) {
      for (const task of tasks) {
        tasks.delete(task);
        task();
      }
    }
  } finally {
    asked = false;
    if (changes.size + drawings.size) ask(changes, () => {}); // a task failed: the others in a frame of their own
  }
}
