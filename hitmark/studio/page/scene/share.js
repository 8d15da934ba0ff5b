/** Old and new versions of a scene share what is the same, so that a part that is the same object is the same part. */

/** The new value with every part that stayed as it was taken from the old one: what is the same is the same object. */
export function share(before, after) {
  if (before === null || after === null || typeof before !== "object" || typeof after !== "object") {
    return Object.is(before, after) ? before : after;
  }
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  const names = Object.keys(after);
  let same = names.length === Object.keys(before).length;
  for (const name of names) {
    if (!Object.hasOwn(before, name)) same = false;
    else {
      after[name] = share(before[name], after[name]);
      same &&= after[name] === before[name] || Number.isNaN(after[name]);
    }
  }
  return same ? before : after;
}
