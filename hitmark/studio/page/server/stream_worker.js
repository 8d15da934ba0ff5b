/**
 * The browser's one line to the server's events, shared by all tabs: a browser gives a host six connections, and a
 * stream in every tab would leave none for saving. Every tab gets what comes as {type, text}.
 */

const TYPES = ["hello", "job", "preview", "removed"];
const AGAIN = 2000; // ms until a line that was refused is tried again
const ports = new Set();
let source = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function connect() {
  if (source || !ports.size) return;
  source = new EventSource("/api/events");
  for (const type of TYPES) source.addEventListener(type, (event) => tell({ type, text: event.data }));
  source.addEventListener("open", () => tell({ type: "open" }));
  source.addEventListener("error", () => {
    tell({ type: "error" });
    // A refused line (server restarted, too many) is closed for good by the browser: open a new one.
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    setTimeout(connect, AGAIN);
  });
}

function leave(port) {
  ports.delete(port);
  if (ports.size) return;
  source?.close();
  source = null;
}

self.addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.addEventListener("message", ({ data }) => data === "bye" && leave(port));
  port.start();
  connect();
  if (source?.readyState === EventSource.OPEN) port.postMessage({ type: "open" });
});
