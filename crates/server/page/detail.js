// The pane beside a list: a pattern, or one alert. It shows at once what the list knows, then the rest as it comes.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { on } from "./bus.js";
import { alertBody, alertHead } from "./alert-view.js";
import { Decider } from "./decide.js";
import { patternBody, patternHead } from "./pattern-view.js";
import { PatternAlerts } from "./pattern-alerts.js";
import { propositions } from "./propositions.js";
import { change } from "./route.js";
import { loadProblem } from "./states.js";
import { VERDICTS } from "./words.js";

const REMEMBERED = 40, DWELL_MS = 600;

export class Detail {
  #shown = null;
  #loading = null;
  #dwell = 0;
  #memory = new Map();
  #pattern = null;
  #alerts = null;
  #ahead = null;

  /** `step(by)` goes on in the list, `known(id)` is what it knows of a pattern, `close()` closes the pane. */
  constructor(of, { step, known = () => null, close }) {
    Object.assign(this, { step, known, close });
    this.head = el("header.detail-head");
    this.body = el("div.detail-body");
    this.decider = new Decider(of, { left: () => this.element.focus() });
    this.element = el("section.detail", { "aria-label": "Details", tabindex: "-1", hidden: true }, this.head, this.decider.element, this.body);
    this.keys = (event) => this.#key(event);
    on("patterns", ({ ids }) => { for (const id of ids) this.#memory.delete(`/patterns/${part(id)}`); });
    on("decided", ({ pattern }) => {
      this.#memory.clear();
      if (this.#pattern?.id === pattern.id && this.#shown) this.renew();
    });
    on("back", () => { if (this.#shown && this.element.offsetParent) this.renew(); });
  }

  /** Shows what the address says. */
  show({ pattern = null, alert = null }) {
    const wanted = pattern || alert ? JSON.stringify([pattern, alert]) : null;
    this.element.hidden = wanted === null;
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#pattern = null;
    this.#alerts = null;
    this.#ahead = null;
    if (wanted === null) return void this.#stop();
    this.body.scrollTop = 0;
    this.element.scrollTop = 0;
    if (alert) this.#load(`/alerts/${part(alert)}`, (answer) => this.#showAlert(answer, pattern));
    else {
      const known = this.known(pattern);
      if (known) this.#showHead(known);
      this.#load(`/patterns/${part(pattern)}`, (answer) => this.#showPattern(answer));
    }
  }

  /** Reads what is shown anew, and leaves what is typed. */
  renew() {
    if (!this.#shown) return;
    const [pattern, alert] = JSON.parse(this.#shown);
    if (alert) this.#load(`/alerts/${part(alert)}`, (answer) => this.#showAlert(answer, pattern), { quiet: true });
    else this.#load(`/patterns/${part(pattern)}`, (answer) => this.#showPattern(answer), { quiet: true });
  }

  #stop() {
    clearTimeout(this.#dwell);
    this.#loading?.abort();
  }

  async #load(path, show, { quiet = false } = {}) {
    this.#stop();
    const remembered = this.#memory.get(path);
    if (remembered && !quiet) return void show(remembered);
    this.#loading = new AbortController();
    if (!quiet) {
      put(this.body, el("p.loading", null, "Loading…"));
      if (!this.#pattern) put(this.head, this.#closeButton());
    }
    try {
      const answer = await api.get(path, null, { signal: this.#loading.signal });
      this.#memory.set(path, answer);
      if (this.#memory.size > REMEMBERED) this.#memory.delete(this.#memory.keys().next().value);
      show(answer);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (!quiet) put(this.body, loadProblem(problem, () => this.#load(path, show)));
    }
  }

  #closeButton() {
    return button("Close", () => this.close(), { key: "Esc", kind: "quiet" });
  }

  #showHead(pattern) {
    this.#pattern = pattern;
    put(this.head, patternHead(pattern), el("div.buttons", null, this.#closeButton()));
    this.decider.show(pattern);
    this.decider.element.hidden = false;
  }

  #showPattern(pattern) {
    this.#showHead(pattern);
    if (this.#alerts?.of !== pattern.id) this.#alerts = new PatternAlerts(pattern, (id) => change({ alert: id }, { push: true }));
    if (this.#ahead?.of !== pattern.id) this.#ahead = { of: pattern.id, element: el("div.ahead") };
    const ahead = this.#ahead.element, scrolled = this.element.scrollTop, focused = document.activeElement;
    put(this.body, patternBody(pattern, { ahead, alerts: this.#alerts.element }));
    // Read anew, it stays where it was read.
    this.element.scrollTop = scrolled;
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
    this.#dwell = setTimeout(() => {
      this.#alerts?.start();
      if (!ahead.hasChildNodes()) this.#showAhead(pattern, ahead);
    }, DWELL_MS);
  }

  // Propositions come with an alert. The example's are asked for once somebody stays with the pattern.
  async #showAhead(pattern, place) {
    const path = `/alerts/${part(pattern.example)}`;
    if (!pattern.example) return;
    try {
      const alert = this.#memory.get(path) ?? (await api.get(path, null, { signal: this.#loading?.signal }));
      this.#memory.set(path, alert);
      put(place, propositions(alert.propositions));
      this.decider.propose(alert.propositions?.actions ?? []);
    } catch (problem) {
      if (problem.name !== "AbortError") put(place, propositions({ status: "failed", why: problem.message, next: [], actions: [] }));
    }
  }

  #showAlert(alert, pattern) {
    this.#pattern = this.known(alert.pattern) ?? { id: alert.pattern };
    const back = pattern
      ? button("Back to the pattern", () => change({ alert: "" }), { key: "Esc", kind: "quiet" })
      : [button("Its pattern", () => change({ pattern: alert.pattern, alert: "" }, { push: true }), { kind: "quiet" }), this.#closeButton()];
    put(this.head, alertHead(alert), el("div.buttons", null, back));
    this.decider.show(this.#pattern);
    this.decider.element.hidden = false;
    this.decider.propose(alert.propositions?.actions ?? []);
    put(this.body, alertBody(alert));
  }

  #key(event) {
    if (!this.#shown) return false;
    const verdict = VERDICTS.find(({ key }) => key === event.key);
    if (verdict && this.#pattern) return this.decider.choose(verdict.name), true;
    const [pattern, alert] = JSON.parse(this.#shown);
    switch (event.key) {
      case "u": this.decider.undo(); return true;
      case "Escape":
        if (alert && pattern) change({ alert: "" });
        else this.close();
        return true;
      case "a":
        if (!alert && this.#pattern?.example) change({ alert: this.#pattern.example }, { push: true });
        return true;
      case "n": case "p": return this.#alerts?.step(alert, event.key === "n" ? 1 : -1) ?? false;
      default: return false;
    }
  }
}
