// The alerts of a pattern, newest first, a page at a time.
import { el, put, button } from "./dom.js";
import { api } from "./api.js";
import { foreign, machine } from "./text.js";
import { stamp } from "./time.js";

const PAGE = 20;

export class PatternAlerts {
  #next = null;
  #started = false;
  #items = [];

  /** `open(id)` shows one of them. */
  constructor(pattern, open) {
    this.of = pattern.id;
    this.open = open;
    this.rows = el("tbody");
    this.foot = el("p.more");
    this.table = el("table.alerts", { hidden: true }, el("thead", null, el("tr", null, ["Time", "Source", "Destination", "User"].map((name) => el("th", { scope: "col" }, name)))), this.rows);
    this.element = el("div", null, this.table, this.foot);
    put(this.foot, button("Show them", () => this.start()), pattern.example ? button("Example", () => open(pattern.example), { key: "a", kind: "quiet" }) : null);
  }

  /** Reads the first page, once. */
  start() {
    if (this.#started) return;
    this.#started = true;
    this.#read();
  }

  async #read() {
    put(this.foot, "Loading…");
    try {
      const answer = await api.get("/alerts", { pattern: this.of, limit: PAGE, cursor: this.#next });
      this.#next = answer.next;
      this.#items.push(...answer.items);
      this.table.hidden = false;
      this.rows.append(...answer.items.map((alert) => this.#row(alert)));
      put(this.foot, this.#next ? button("More", () => this.#read()) : null);
    } catch (problem) {
      put(this.foot, problem.message, " ", button("Try again", () => this.#read()));
    }
  }

  #row(alert) {
    return el("tr", { onclick: (event) => { if (!event.target.closest("button")) this.open(alert.id); } },
      el("td", null, el("button.link", { type: "button", onclick: () => this.open(alert.id) }, stamp(alert.time))),
      [alert.source, alert.destination].map((value) => el("td", null, value ? machine(value, 60) : "–")),
      el("td", null, alert.user ? foreign(alert.user, 40) : "–"));
  }

  /** Opens the alert `by` places from `id`. */
  step(id, by) {
    const at = this.#items.findIndex((alert) => alert.id === id);
    const next = this.#items[at < 0 ? 0 : at + by];
    if (next) this.open(next.id);
    return Boolean(next);
  }
}
