/** Work for the next animation frame: all that changes the page first, then all that draws, in one and the same frame. */

const HIDDEN = 100; // ms
const changes = new Set();
const drawings = new Set();
let asked = false;

/** Run a task in the next animation frame, once, however often it is asked for. */
export function inFrame(task) {
  ask(changes, task);
}

/** The same, but after all tasks of `inFrame`, also when one of them asks for it. */
export function drawInFrame(task) {
  ask(drawings, task);
}

function ask(tasks, task) {
  tasks.add(task);
  if (!asked) schedule();
}

function schedule() {
  asked = true;
  // A hidden page gets no animation frames, but a job may end there.
  if (document.hidden) setTimeout(run, HIDDEN);
  else requestAnimationFrame(run);
}

/** What is asked for too late for this frame, by a task of its own kind or by a drawing, comes in the next. */
function run() {
  for (const tasks of [changes, drawings]) {
    const now = [...tasks];
    tasks.clear();
    now.forEach(attempt);
  }
  asked = false;
  if (changes.size + drawings.size) schedule();
}

/** A task that fails does not keep the others from running; the browser reports it as any other error. */
function attempt(task) {
  try {
    task();
  } catch (error) {
    reportError(error);
  }
}
