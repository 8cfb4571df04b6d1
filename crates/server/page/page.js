// The page: its head, its sections, and what goes on between them. A section is made when it is first shown, and stays as
// it was left.
import { el, put, button } from "./dom.js";
import { emit, on } from "./bus.js";
import { alertsSection } from "./alerts.js";
import { articlesSection } from "./articles.js";
import { watchConnection } from "./connection.js";
import { deadSection } from "./dead.js";
import { decisionsSection } from "./decisions.js";
import { undoLast } from "./decide.js";
import { brief } from "./figures.js";
import { healthSection } from "./health.js";
import { showKeys, startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { measurementsSection } from "./measurements.js";
import { notifyProblem } from "./notices.js";
import { queueSection } from "./queue.js";
import { startRecent } from "./recent.js";
import { followHere, go, view } from "./route.js";
import { session, signOut, startSession } from "./session.js";
import { strip } from "./strip.js";
import { tame } from "./text.js";
import { themeButton } from "./theme.js";

const SECTIONS = [
  ["queue", "Queue", queueSection], ["alerts", "Alerts", alertsSection], ["articles", "Articles", articlesSection],
  ["dead", "Dead letters", deadSection], ["decisions", "Decisions", decisionsSection], ["health", "Health & cost", healthSection],
  ["measurements", "Measurements", measurementsSection],
];
const made = new Map();
const badges = new Map();
const links = new Map();
const main = document.getElementById("main");
let openPatterns = 0;

function head() {
  const who = el("span.who");
  on("session", () => showWho(who));
  const list = el("ul", null, SECTIONS.map(([name, words], place) => {
    const badge = el("span.badge", { hidden: true });
    const link = el("a", { href: name === "queue" ? "/" : `/?view=${name}`, title: `${words} (key ${place + 1})` }, words, badge);
    badges.set(name, badge);
    links.set(name, link);
    return el("li", null, link);
  }));
  put(document.getElementById("top"),
    el("div.masthead", null,
      el("p.brand", null, el("img", { src: "/assets/icon.svg", alt: "", width: 20, height: 20 }), "Watchfire"),
      el("nav", { "aria-label": "Sections" }, list),
      el("div.tools", null, who, themeButton(), button("Keys", showKeys, { key: "?", kind: "quiet" }))),
    strip());
}

function showWho(place) {
  const who = session();
  if (!who || who.open) return void put(place);
  put(place, el("span", { title: `Scopes: ${who.scopes.map((scope) => tame(scope, 20)).join(", ")}` }, tame(who.name, 40)), who.scopes.includes("write") || who.scopes.includes("admin") ? null : el("small", null, "may read only"),
    button("Sign out", () => signOut().catch((problem) => notifyProblem(problem, "Not signed out")), { kind: "quiet" }));
}

function badge(name, value, words) {
  const node = badges.get(name);
  node.hidden = !value;
  put(node, brief(value), el("span.unseen", null, ` ${words}`));
}

function current() {
  return made.get(view());
}

function show() {
  const [name, , make] = SECTIONS.find(([name]) => name === view()) ?? SECTIONS[0];
  if (!made.has(name)) {
    made.set(name, make());
    main.append(made.get(name).element);
  }
  for (const [other, section] of made) section.element.hidden = other !== name;
  for (const [other, link] of links) {
    if (other === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  retitle();
}

function retitle() {
  const { title } = current() ?? { title: "" };
  document.title = `${openPatterns ? `(${brief(openPatterns)}) ` : ""}${title} – Watchfire`;
}

function handle(event) {
  const place = "1234567".indexOf(event.key);
  if (event.key.length === 1 && place >= 0 && SECTIONS[place]) return go(SECTIONS[place][0]), true;
  if (event.key === "/" && current()?.focusSearch) return current().focusSearch(), true;
  if (current()?.keys(event)) return true;
  return event.key === "u" ? undoLast() : false;
}

head();
watchConnection(document.getElementById("banners"));
startRecent();
startKeys(handle);
document.addEventListener("click", followHere);
on("open-patterns", (count) => { openPatterns = count; badge("queue", count, "open patterns"); retitle(); });
on("dead", ({ waiting }) => badge("dead", waiting, "waiting"));
on("statistics", (statistics) => badge("dead", statistics.store.dead, "waiting"));
let shownView = null;
on("route", () => { if (session() && shownView !== view()) { show(); shownView = view(); current()?.show(); } });
on("session", (who) => {
  if (!who) return;
  // Signed in again: what is shown is read anew, what was typed stays.
  if (made.size) return void emit("back");
  startLive();
  show();
  shownView = view();
  current().show();
});
await startSession();
