/** Files to the person's own disk. */

import { element } from "./elements.js";

const KEPT = 10_000; // ms that the browser may take to begin

/** Save bytes under a name. */
export function saveAs(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}
