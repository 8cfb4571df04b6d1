// What happens, as it happens: the server's event stream, once for all tabs. Browsers open only six connections to a
// server; so one tab holds the stream, by a lock, and tells the others. Where there are no locks, each tab has its own.
import { emit, on } from "./bus.js";
import { session } from "./session.js";
import { isLost, suspect } from "./connection.js";

const NAMES = ["statistics", "patterns", "dead", "articles", "relevance"];
const SILENCE_MS = 10_000, FIRST_MS = 1000, LONGEST_MS = 30_000;
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("watchfire-events") : null;
let leads = false, source = null, heardAt = Date.now(), pause = FIRST_MS, timer = 0;

/** Begins to listen; the rest of the page hears them by their names, and `live` when it begins or ends. */
export function startLive() {
  channel?.addEventListener("message", ({ data }) => { if (NAMES.includes(data?.name)) hear(data.name, data.message); });
  on("back", () => { if (leads) open(); });
  on("session", (who) => { if (!who) close(); else if (leads) open(); });
  if (navigator.locks) navigator.locks.request("watchfire-events", () => { lead(); return new Promise(() => {}); });
  else lead();
  // A tab that holds the lock can be asleep; nobody should wait for it.
  setInterval(() => {
    if (leads || isLost() || !session() || Date.now() - heardAt < SILENCE_MS) return;
    emit("live", { on: false });
    lead();
  }, 2000);
}

function lead() {
  leads = true;
  open();
}

function close() {
  clearTimeout(timer);
  source?.close();
}

function hear(name, message) {
  heardAt = Date.now();
  if (name === "statistics") emit("live", { on: true });
  emit(name, message);
}

function open() {
  close();
  source = new EventSource("/api/v1/events");
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      pause = FIRST_MS;
      hear(name, message);
      channel?.postMessage({ name, message });
    });
  }
  source.addEventListener("error", () => {
    emit("live", { on: false });
    suspect();
    // The browser comes back by itself only if the stream broke, not if the answer was an error.
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(timer);
    timer = setTimeout(open, pause * (0.8 + Math.random() * 0.4));
    pause = Math.min(pause * 2, LONGEST_MS);
  });
}
