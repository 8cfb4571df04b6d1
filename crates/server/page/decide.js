// Deciding on a pattern: a verdict, why, and perhaps what was done about it. What is typed is kept until it is saved, also
// over a reload or while the server is away. Every decision can be taken back.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { announce } from "./announce.js";
import { emit, on } from "./bus.js";
import { counted } from "./figures.js";
import { notify, notifyProblem } from "./notices.js";
import { whyNotWrite } from "./session.js";
import { foreign, tame } from "./text.js";
import { since } from "./time.js";
import { VERDICTS, verdictLabel, verdictWords } from "./words.js";

const LONGEST_REASON = 500, REASONS_KEPT = 12;
/** Patterns that were decided here, the latest last: what `u` takes back. */
const done = [];

// Drafts and earlier reasons, for this tab only: another person at this machine should not find them.
function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage can be forbidden or full; what is typed is still in its field.
  }
}

/** Takes a decision back. */
export async function undo(id) {
  const blocked = whyNotWrite();
  if (blocked) return void notify(blocked);
  try {
    const { pattern, alerts } = await api.delete(`/patterns/${part(id)}/decision`);
    const at = done.lastIndexOf(id);
    if (at >= 0) done.splice(at, 1);
    emit("decided", { pattern, undone: true });
    notify(`Taken back. ${counted(alerts, "alert is", "alerts are")} ${verdictWords(pattern.verdict).toLowerCase()} again.`);
  } catch (problem) {
    if (problem.status === 409) notify("There is no decision to take back.");
    else notifyProblem(problem, "Not taken back");
  }
}

export class Decider {
  #of = null;
  #busy = false;

  /** `left()` is called when somebody leaves the form without deciding. */
  constructor(of, { left }) {
    this.left = left;
    this.verdict = null;
    const id = (name) => `decide-${of}-${name}`;
    this.buttons = VERDICTS.map((verdict) => el("button.choice", {
      type: "button", "aria-pressed": "false", "aria-keyshortcuts": verdict.key, title: verdict.means, onclick: () => this.choose(verdict.name),
    }, verdict.words, el("kbd", { "aria-hidden": "true" }, verdict.key)));
    this.standing = el("div.standing");
    this.reason = el("input", { id: id("reason"), name: "reason", maxlength: LONGEST_REASON, autocomplete: "off", list: id("reasons"), required: true, oninput: () => this.#keepDraft() });
    this.reasons = el("datalist", { id: id("reasons") });
    this.action = el("input", { id: id("action"), name: "action", maxlength: LONGEST_REASON, autocomplete: "off", list: id("actions"), oninput: () => this.#keepDraft() });
    this.actions = el("datalist", { id: id("actions") });
    this.problem = el("p.problem", { role: "alert" });
    this.scope = el("p.scope", { id: id("scope") });
    this.submit = el("button.primary", { type: "submit", "aria-describedby": id("scope") }, "Decide");
    this.form = el("form.deciding", {
      hidden: true, novalidate: true,
      onsubmit: (event) => { event.preventDefault(); this.#decide(); },
      onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); this.#leave(); this.left(); } },
    },
    el("p.field", null, el("label", { for: id("reason") }, "Because"), this.reason), this.reasons,
    el("p.field", null, el("label", { for: id("action") }, "Action taken ", el("small", null, "optional")), this.action), this.actions,
    this.problem,
    el("div.foot", null, this.scope, button("Cancel", () => { this.cancel(); this.left(); }, { kind: "quiet" }), this.submit));
    this.blocked = el("p.note", { id: id("blocked"), hidden: true });
    this.element = el("div.decider", { role: "group", "aria-label": "Decide" }, this.standing, el("div.choices", null, this.buttons), this.blocked, this.form);
    on("session", () => this.#allow());
    this.#allow();
  }

  #allow() {
    const why = whyNotWrite();
    for (const each of this.buttons) {
      each.disabled = Boolean(why);
      if (why) each.setAttribute("aria-describedby", this.blocked.id);
      else each.removeAttribute("aria-describedby");
    }
    this.blocked.hidden = !why;
    this.blocked.textContent = why;
  }

  /** What is to be decided on: a pattern, or for an alert its pattern's id only. What is typed for it comes back. */
  show({ id, alerts = null, decided = null, verdict = null }) {
    const other = this.#of?.id !== id;
    if (!other && this.verdict && decided && decided.at !== this.#of.decided?.at) put(this.problem, `${decided.by} decided meanwhile: ${verdictWords(decided.verdict).toLowerCase()}.`);
    this.#of = { id, alerts, decided, verdict };
    put(this.standing, decided && el("p", null, verdictLabel(decided.verdict), " ", el("span", null, el("b", null, tame(decided.by, 40)), " decided ", since(decided.at), decided.reason ? [": ", foreign(decided.reason)] : null), button("Undo", () => undo(id), { key: "u", disabled: Boolean(whyNotWrite()) })));
    put(this.scope, alerts === null ? "Holds for all alerts of this pattern and all later ones." : `Holds for ${counted(alerts, "alert")} and all later ones.`);
    if (!other) return;
    put(this.problem);
    put(this.actions);
    const draft = kept(`draft-${id}`);
    this.reason.value = draft?.reason ?? "";
    this.action.value = draft?.action ?? "";
    this.#mark(draft?.verdict ?? null);
  }

  /** Actions that others took, to choose from. */
  propose(actions) {
    put(this.actions, actions.slice(0, 20).map(({ action }) => el("option", { value: tame(action, LONGEST_REASON) })));
  }

  #mark(verdict) {
    this.verdict = verdict;
    for (const [place, each] of this.buttons.entries()) each.setAttribute("aria-pressed", String(VERDICTS[place].name === verdict));
    this.form.hidden = verdict === null;
    if (verdict) put(this.submit, `Decide: ${verdictWords(verdict).toLowerCase()}`, el("kbd", { "aria-hidden": "true" }, "Enter"));
  }

  /** Begins to decide, with the place to type the reason at hand. */
  choose(verdict) {
    const why = whyNotWrite();
    if (why) return void announce(why);
    this.#mark(verdict);
    put(this.reasons, (kept("reasons") ?? []).map((value) => el("option", { value })));
    this.#keepDraft();
    this.reason.focus();
  }

  // Escape only closes the form: what was typed is there when it opens again.
  #leave() {
    this.#mark(null);
    this.#keepDraft();
  }

  /** Forgets what was typed. */
  cancel() {
    if (this.#of) keep(`draft-${this.#of.id}`, null);
    this.reason.value = "";
    this.action.value = "";
    put(this.problem);
    this.#mark(null);
  }

  get deciding() {
    return this.verdict !== null;
  }

  /** Takes back what stands here, else the last decision that was made here. */
  undo() {
    const id = this.#of?.decided ? this.#of.id : done.at(-1);
    if (id) undo(id);
    else notify("There is no decision to take back.");
  }

  #keepDraft() {
    if (this.#of) keep(`draft-${this.#of.id}`, { verdict: this.verdict, reason: this.reason.value, action: this.action.value });
  }

  async #decide() {
    if (this.#busy) return;
    const { id } = this.#of, reason = this.reason.value.trim(), action = this.action.value.trim(), { verdict } = this;
    if (!reason) {
      put(this.problem, "Say why: the next analyst, and the predictor, go by it.");
      return void this.reason.focus();
    }
    this.#busy = true;
    this.submit.disabled = true;
    put(this.problem);
    try {
      const { pattern, alerts } = await api.post(`/patterns/${part(id)}/decision`, action ? { verdict, reason, action } : { verdict, reason });
      keep("reasons", [reason, ...(kept("reasons") ?? []).filter((other) => other !== reason)].slice(0, REASONS_KEPT));
      keep(`draft-${id}`, null);
      done.push(id);
      if (this.#of.id === id) this.cancel();
      emit("decided", { pattern });
      notify(`${verdictWords(verdict)}: holds for ${counted(alerts, "alert")} and all later ones.`, { action: { label: "Undo", key: "u", run: () => undo(id) } });
    } catch (problem) {
      put(this.problem, `Not saved. ${problem.message} ${problem.passing ? "What you typed is kept; Enter tries again." : problem.hint}`);
    } finally {
      this.#busy = false;
      this.submit.disabled = false;
    }
  }
}

/** Takes back the last decision that was made here, from wherever somebody is. */
export function undoLast() {
  if (!done.length) return false;
  undo(done.at(-1));
  return true;
}
