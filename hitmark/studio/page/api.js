/** The server's JSON API and its events. Every failure is an `ApiError` whose message is the server's sentence. */

import { parseJson, stringifyJson } from "./scene_json.js";

const HEADERS = { "X-Hitmark": "1" }; // a foreign page cannot send it without asking first

/** A refused or failed request: `status` is the HTTP status (0: the server was not reached), `body` what it said. */
class ApiError extends Error {
  constructor(message, status = 0, body = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.body = body;
  }
}

/**
 * Send a request.
 * @param {string} path starts with /api
 * @returns {Promise<Response>} only answers with status 2xx
 * @throws {ApiError}
 */
export async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...HEADERS, ...options.headers } });
  } catch {
    throw new ApiError("The studio's server does not answer. Start `hitmark studio` again; nothing here is lost.");
  }
  if (response.ok) return response;
  const body = await read(response).catch(() => null);
  throw new ApiError(sentence(body) ?? `The server answered ${response.status} to ${path}.`, response.status, body);
}

function sentence(body) {
  if (typeof body?.error === "string") return body.error;
  if (typeof body?.detail === "string") return body.detail;
  return Array.isArray(body?.detail) ? body.detail.map((item) => item.msg ?? String(item)).join("; ") : null;
}

async function read(response) {
  const text = await response.text();
  return text === "" ? null : parseJson(text);
}

async function json(method, path, body) {
  const given = body === undefined ? {} : { body: stringifyJson(body), headers: { "Content-Type": "application/json" } };
  return read(await send(path, { method, ...given }));
}

let information = null;

export const api = {
  get: (path) => json("GET", path),
  post: (path, body = {}) => json("POST", path, body),
  put: (path, body) => json("PUT", path, body),
  delete: (path) => json("DELETE", path),

  /**
   * Store a picture on the server.
   * @param {Blob} file a picture file of any type that Pillow reads
   * @returns {Promise<{id: string, width: number, height: number, url: string}>}
   */
  upload: async (file) =>
    read(await send("/api/pictures", {
      method: "POST", body: file, headers: { "Content-Type": file.type || "image/png" },
    })),

  /** What this server has: models, methods, formats, limits. Asked for once; a failure is asked for again. */
  info: () => {
    information ??= json("GET", "/api/info").catch((error) => {
      information = null;
      throw error;
    });
    return information;
  },
};

/** Server-Sent Events; the browser reconnects by itself and says what it saw last. */
class Events {
  #source = null;
  #listeners = new Map();

  /**
   * Call `listener(data)` for every event of a type: job, preview, removed, hello; `open` and `error` tell of the line.
   * @returns {() => void} stops it
   */
  on(type, listener) {
    if (!this.#listeners.has(type)) {
      this.#listeners.set(type, new Set());
      if (this.#source) this.#attach(type);
    }
    this.#listeners.get(type).add(listener);
    if (!this.#source) this.#connect();
    return () => this.#listeners.get(type).delete(listener);
  }

  #connect() {
    this.#source = new EventSource("/api/events");
    for (const type of this.#listeners.keys()) this.#attach(type);
    // A refused stream (server restarted, too many) is closed for good by the browser: open a new one.
    this.#source.addEventListener("error", () => {
      if (this.#source.readyState !== EventSource.CLOSED) return;
      this.#source = null;
      setTimeout(() => this.#source ?? this.#connect(), 2000);
    });
  }

  #attach(type) {
    this.#source.addEventListener(type, (event) => {
      const data = typeof event.data === "string" ? parseJson(event.data) : null;
      for (const listener of this.#listeners.get(type)) listener(data);
    });
  }
}

export const events = new Events();
