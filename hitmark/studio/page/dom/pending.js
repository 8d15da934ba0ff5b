/** What is being typed and not taken yet. Before something is saved or made of the scene, it is taken. */

const settlers = new Set();

/**
 * Add a function that takes what a part still holds.
 * @param {() => Promise<string|null>|string|null} settler its answer says why that cannot be taken; null: it was
 */
export function beforeUse(settler) {
  settlers.add(settler);
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
    field.blur(); // fields are taken when they are left
    if (!field.closest("dialog")) field.focus({ preventScroll: true });
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
