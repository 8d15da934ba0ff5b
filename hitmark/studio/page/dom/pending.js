/** What is being typed and not taken yet. Before something is saved or made of the scene, it is taken. */

const settlers = new Set();
const holders = new Set();

/**
 * Add a function that takes what a part still holds.
 * @param {() => Promise<string|null>|string|null} settler its answer says why that cannot be taken; null: it was
 * @param {() => boolean} holds whether there is something that is not taken yet
 */
export function beforeUse(settler, holds) {
  settlers.add(settler);
  holders.add(holds);
}

/** Take the field that is being typed in, at once: for a page that is left. Returns whether something stays untaken. */
export function takeTyped() {
  const field = document.activeElement;
  const writes = field?.matches?.("input, select, textarea");
  const valid = !writes || field.checkValidity();
  if (writes && valid) leave(field);
  return !valid || [...holders].some((holds) => holds());
}

/** Fields are taken when they are left. */
function leave(field) {
  field.blur();
  if (!field.closest("dialog")) field.focus({ preventScroll: true });
}

/**
 * Take everything that is being typed.
 * @returns {Promise<string|null>} why something cannot be taken; null where all was
 */
export async function settled() {
  const field = document.activeElement;
  if (field?.matches?.("input, select, textarea")) {
    if (!field.checkValidity()) {
      field.reportValidity();
      return `${nameOf(field)}: ${field.validationMessage}`;
    }
    leave(field);
  }
  for (const settler of settlers) {
    const refusal = await settler();
    if (refusal) return refusal;
  }
  return null;
}

function nameOf(field) {
  return field.getAttribute("aria-label") ?? field.labels?.[0]?.textContent.trim() ?? "A field";
}
