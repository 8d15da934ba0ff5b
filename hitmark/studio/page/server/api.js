/** The server's JSON API. Every failure is an `ApiError` whose message is the server's sentence. */

import { parseJson, stringifyJson } from "./json.js";

const AWAY = "The studio's server does not answer. Start `hitmark studio` again; nothing here is lost.";
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
    throw new ApiError(AWAY);
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

function parsed(text) {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
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
  patch: (path, body) => json("PATCH", path, body),
  delete: (path) => json("DELETE", path),

  /**
   * Store a picture on the server.
   * @param {Blob} file a picture file of any type that Pillow reads
   * @param {(share: number) => void} onProgress how much has traveled, 0 to 1
   * @returns {Promise<{id: string, width: number, height: number, url: string}>}
   */
  upload: (file, onProgress = () => {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch does not tell how far it is
      request.open("POST", "/api/pictures");
      for (const [name, value] of Object.entries({ ...HEADERS, "Content-Type": file.type || "image/png" })) request.setRequestHeader(name, value);
      request.upload.addEventListener("progress", ({ loaded, total }) => total && onProgress(loaded / total));
      request.addEventListener("error", () => reject(new ApiError(AWAY)));
      request.addEventListener("load", () => {
        const body = parsed(request.responseText);
        if (request.status >= 200 && request.status < 300 && body) resolve(body);
        else reject(new ApiError(sentence(body) ?? `The server answered ${request.status} to the picture.`, request.status, body));
      });
      request.send(file);
    }),

  /** What this server has: models, methods, formats, limits. Asked for once; a failure is asked for again. */
  info: () => {
    information ??= json("GET", "/api/info").catch((error) => {
      information = null;
      throw error;
    });
    return information;
  },
};
