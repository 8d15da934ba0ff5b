/** Opens the player, whose modules are loaded when somebody wants to see a clip for the first time. */

import { toast } from "../dom/dialogs.js";

/**
 * @param {string[]} ids one to four jobs; the first one leads.
 * @param {string} mode "side" or "wipe", for two clips.
 */
export async function openPlayer(ids, mode = "side") {
  try {
    const player = await import("../player/player.js");
    player.openPlayer(ids, mode);
  } catch (error) {
    toast(`The player did not load: ${error.message}. Is the studio still running?`, "error");
  }
}
