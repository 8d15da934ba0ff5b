/**
 * JSON that loses nothing: whole numbers beyond 2**53 (seeds reach 2**63 - 1) become BigInt and come out as written,
 * so a scene survives the editor digit by digit, fields that it does not show included.
 */

const LINE_WIDTH = 110;
const TOKEN = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parse JSON text.
 * @returns {any} plain values; whole numbers that a double cannot hold are BigInt
 * @throws {SyntaxError} with the browser's sentence
 */
export function parseJson(text) {
  const mark = `big:${Math.random()}:`;
  let found = false;
  const marked = text.replace(TOKEN, (token) => {
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) return token;
    found = true;
    return `"${mark}${token}"`;
  });
  if (!found) return JSON.parse(text);
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value);
}

/**
 * Write JSON on one line.
 * @param {any} value plain values and BigInt
 */
export function stringifyJson(value) {
  const mark = `big:${Math.random()}:`;
  let found = false;
  const text = JSON.stringify(value, (_, item) => {
    if (typeof item !== "bigint") return item;
    found = true;
    return mark + item;
  });
  return found ? text.replaceAll(new RegExp(`"${mark.replaceAll(".", "\\.")}(-?\\d+)"`, "g"), "$1") : text;
}

/**
 * Write JSON for people, as hitmark writes scene files: what fits on a line of 110 columns stays on one line.
 * @param {number} indent columns that are already taken
 */
export function prettyJson(value, indent = 0) {
  const line = spaced(value);
  const simple = value === null || typeof value !== "object" || Object.keys(value).length === 0;
  if (simple || line.length + indent <= LINE_WIDTH) return line;
  const inner = " ".repeat(indent + 2);
  const list = Array.isArray(value);
  const parts = list
    ? value.map((item) => inner + prettyJson(item, indent + 2))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${prettyJson(item, indent + 2)}`);
  const [opening, closing] = list ? "[]" : "{}";
  return `${opening}\n${parts.join(",\n")}\n${" ".repeat(indent)}${closing}`;
}

function spaced(value) {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (value === null || typeof value !== "object") return stringifyJson(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`).join(", ")}}`;
}

/** Tell whether two JSON values are the same, whatever the order of their fields. */
export function sameJson(first, second) {
  if (first === second) return true;
  if (first === null || second === null || typeof first !== "object" || typeof second !== "object") return false;
  if (Array.isArray(first) !== Array.isArray(second)) return false;
  const names = Object.keys(first);
  if (names.length !== Object.keys(second).length) return false;
  return names.every((name) => Object.hasOwn(second, name) && sameJson(first[name], second[name]));
}
