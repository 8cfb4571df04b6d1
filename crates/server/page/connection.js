// Whether the server is there. Once it is not, a banner says so and counts down; it is looked for with growing pauses, and
// when it is back everybody hears `back`. What was typed meanwhile is where it was typed.
import { el, put, button } from "./dom.js";
import { emit, on } from "./bus.js";
import { announce } from "./announce.js";

const FIRST_MS = 1000, LONGEST_MS = 30_000;
let lost = false, pause = FIRST_MS, nextAt = 0, timer = 0;
const text = el("span");
const gone = el("p.banner.bad", { hidden: true }, text, " ", button("Try now", () => look()));
const waiting = el("p.banner", { hidden: true });
let waitsUntil = 0;

/** Puts the banners where they belong. */
export function watchConnection(place) {
  put(place, gone, waiting);
  on("connection", ({ lost: now }) => (now ? lose() : find()));
  on("waits", ({ until }) => { waitsUntil = Math.max(waitsUntil, until); tick(); });
  addEventListener("online", () => lost && look());
  setInterval(tick, 500);
}

/** Whether nobody answered last time. */
export function isLost() {
  return lost;
}

/** Something went quiet: looks whether the server is still there. */
export function suspect() {
  if (!lost) look();
}

function lose() {
  if (lost) return;
  lost = true;
  pause = FIRST_MS;
  plan();
  announce("Watchfire does not answer. It will be tried again.");
}

function find() {
  if (!lost) return;
  lost = false;
  clearTimeout(timer);
  tick();
  announce("Watchfire is back.");
  emit("back");
}

function plan() {
  // Chance keeps many pages from coming back in the same moment.
  const ms = pause * (0.8 + Math.random() * 0.4);
  nextAt = Date.now() + ms;
  pause = Math.min(pause * 2, LONGEST_MS);
  clearTimeout(timer);
  timer = setTimeout(look, ms);
  tick();
}

async function look() {
  clearTimeout(timer);
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (response.ok) return find();
  } catch {
    // Nobody, or still nobody.
  }
  if (lost) plan();
  else lose();
}

function tick() {
  gone.hidden = !lost;
  if (lost) text.textContent = `Watchfire does not answer. What you see is as it was; what you type is kept. Next try in ${Math.max(0, Math.ceil((nextAt - Date.now()) / 1000))} s.`;
  const left = Math.ceil((waitsUntil - Date.now()) / 1000);
  waiting.hidden = left <= 0;
  if (left > 0) waiting.textContent = `Too many requests at once: the server asks to wait ${left} s. It goes on by itself.`;
}
