/** Server-Sent Events in this tab: through the browser's one line where it can be shared, else a line while it is seen. */

import { parseJson } from "./json.js";

const TYPES = ["hello", "job", "preview", "removed"];
const VERSION = document.querySelector("meta[name='hitmark-page']")?.content ?? "";
const AGAIN = 2000; // ms

class Events {
  #listeners = new Map();
  #started = false;

  /**
   * Call `listener(data)` for every event of a type: job, preview, removed, hello; `open` and `error` tell of the line.
   * @returns {() => void} stops it
   */
  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    if (!this.#started) this.#start();
    return () => this.#listeners.get(type).delete(listener);
  }

  #start() {
    this.#started = true;
    const heard = ({ type, text }) => this.#tell(type, typeof text === "string" ? parseJson(text) : null);
    if (typeof SharedWorker === "function") shared(heard);
    else whileSeen(heard);
  }

  #tell(type, data) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(data);
      } catch (error) {
        reportError(error); // the other listeners hear it all the same
      }
    }
  }
}

/** Through the worker that all tabs of this version of the page share. */
function shared(heard) {
  let port = null;
  const join = () => {
    ({ port } = new SharedWorker("/assets/server/stream_worker.js", { name: `hitmark-${VERSION}` }));
    port.addEventListener("message", ({ data }) => heard(data));
    port.start();
  };
  join();
  addEventListener("pagehide", () => port.postMessage("bye"));
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return; // out of the browser's memory of pages: what came meanwhile was not heard
    join();
    heard({ type: "hello", text: "{}" });
  });
}

/** A line of this tab's own, but only while it is seen, so that tabs behind others keep no connection. */
function whileSeen(heard) {
  let source = null;
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) connect();
  };
  const connect = () => {
    source = new EventSource("/api/events");
    for (const type of TYPES) source.addEventListener(type, (event) => heard({ type, text: event.data }));
    source.addEventListener("open", () => heard({ type: "open" }));
    source.addEventListener("error", () => {
      heard({ type: "error" });
      if (source?.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(follow, AGAIN);
    });
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

export const events = new Events();
