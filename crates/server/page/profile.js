// What matters to a reader: the stack they run, their sectors and regions, words and actors they follow, what they never
// want to see. Saved, the scores of all articles are calculated anew; how far that is shows as it goes.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { announce } from "./announce.js";
import { on } from "./bus.js";
import { count, seconds } from "./figures.js";
import { notify, notifyProblem } from "./notices.js";
import { whyNotWrite } from "./session.js";
import { loadProblem } from "./states.js";
import { tame } from "./text.js";

const LOOK_MS = 2000, MOST_LINES = 500;
const LISTS = [
  ["sectors", "Sectors", "such as energy, health care"], ["regions", "Regions", "countries or parts of the world"], ["actors", "Actors", "such as APT29"],
  ["malware", "Malware", "such as Lumma"], ["muted", "Muted", "never matters, whatever else is in it"],
];

const lines = (text) => [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))].slice(0, MOST_LINES);

export class ProfileEditor {
  #of = null;
  #job = null;
  #looks = 0;
  #waits = 0;
  #until = 0;

  /** `readers` are those there are; `scored()` is called when scores are new. */
  constructor({ readers, close, scored }) {
    Object.assign(this, { readers, close, scored });
    this.title = el("h2", null, "Profile");
    this.under = el("p.under");
    this.body = el("div.detail-body");
    this.bar = el("progress", { max: 1, value: 0, "aria-label": "Scores calculated" });
    this.how = el("span");
    this.progress = el("div.progress", { hidden: true }, this.bar, this.how);
    this.wait = el("p.problem", { role: "status" });
    this.element = el("div.profile", { hidden: true }, el("header.detail-head", null, el("div.title", null, this.title, this.under), el("div.buttons", null, button("Close", close, { key: "Esc", kind: "quiet" }))), this.body);
    on("relevance", (message) => { if (this.#job && String(message.job) === this.#job) this.#tell(message); });
  }

  /** The profile of who reads; an empty one if they have none, or for somebody new if it is to be `fresh`. What is typed stays until somebody else reads. */
  show({ fresh = false } = {}) {
    const name = fresh ? "" : this.readers.chosen();
    if (this.#of === name) return;
    this.#of = name;
    if (!fresh && this.readers.known()) this.#load(name);
    else this.#form({ user: name });
  }

  async #load(name) {
    put(this.body, el("p.loading", null, "Loading…"));
    try {
      const profile = await api.get(`/profiles/${part(name)}`);
      if (this.#of === name) this.#form(profile, true);
    } catch (problem) {
      if (this.#of !== name) return;
      if (problem.status === 404) this.#form({ user: name });
      else put(this.body, loadProblem(problem, () => this.#load(name)));
    }
  }

  #form(profile, known = false) {
    this.profile = profile;
    put(this.title, known ? ["What matters to ", el("bdi", null, tame(profile.user, 60))] : "A new profile");
    put(this.under, "A score counts what of this an article names. Each reason is shown with the score.");
    const why = whyNotWrite();
    this.name = el("input", { id: "profile-user", name: "user", required: true, maxlength: 64, autocomplete: "off", spellcheck: "false", value: profile.user ?? "", readonly: known });
    this.stack = el("ul.rows", { "aria-label": "Stack" });
    this.words = el("ul.rows", { "aria-label": "Keywords" });
    for (const one of profile.stack?.length ? profile.stack : [{}]) this.#stackRow(one);
    for (const one of profile.keywords?.length ? profile.keywords : [{}]) this.#wordRow(one);
    this.lists = LISTS.map(([name, label, hint]) => [name, label, hint, el("textarea", { id: `profile-${name}`, name, rows: 3, spellcheck: "false", "aria-describedby": `profile-${name}-hint` })]);
    for (const [name, , , area] of this.lists) area.value = (profile[name] ?? []).join("\n");
    this.least = el("input", { id: "profile-least", name: "min_score", type: "number", min: 0, max: 1000, step: 1, value: profile.min_score ?? 0 });
    this.save = el("button.primary", { type: "submit", disabled: Boolean(why), title: why || null }, "Save and calculate");
    this.again = known ? button("Calculate anew", () => this.calculate(profile.user), { disabled: Boolean(why), title: why || null }) : null;
    const remove = known ? button("Delete profile", () => {
      // Deleting is for good, so it takes two presses.
      if (remove.dataset.sure) return void this.#remove(profile.user);
      remove.dataset.sure = "yes";
      remove.textContent = "Delete for good?";
      remove.addEventListener("blur", () => { delete remove.dataset.sure; remove.textContent = "Delete profile"; }, { once: true });
    }, { kind: "quiet", disabled: Boolean(why), title: why || null }) : null;
    put(this.wait);
    put(this.body, el("form.editor", { onsubmit: (event) => { event.preventDefault(); this.#put(); } },
      el("p.field", null, el("label", { for: "profile-user" }, "Reader"), this.name),
      el("fieldset", null, el("legend", null, "Stack", el("small", null, " what runs here")), this.stack, button("One more", () => this.#stackRow({}).querySelector("input").focus(), { kind: "quiet" })),
      el("fieldset", null, el("legend", null, "Keywords", el("small", null, " with a weight, where one counts more or less")), this.words, button("One more", () => this.#wordRow({}).querySelector("input").focus(), { kind: "quiet" })),
      el("div.lists", null, this.lists.map(([name, label, hint, area]) => el("p", null, el("label", { for: area.id }, label), area, el("small", { id: `profile-${name}-hint` }, `${hint}; one a line`)))),
      el("p.field", null, el("label", { for: "profile-least" }, "Least score", el("small", null, "0 to 1,000; lower ones are not listed")), this.least),
      el("div.foot-line", null, this.progress, this.wait, el("p.buttons", null, this.save, this.again, remove), why ? el("p.note", null, why) : null)));
  }

  #row(list, ...inputs) {
    const node = el("li", null, inputs, button("×", () => { (node.nextElementSibling ?? node.previousElementSibling)?.querySelector("input").focus(); node.remove(); }, { kind: "quiet", "aria-label": "Take out", title: "Take out" }));
    list.append(node);
    return node;
  }

  #stackRow({ vendor = "", product = "", version = "" }) {
    const input = (name, label, value) => el("input", { name, "aria-label": label, placeholder: label.toLowerCase(), value: value ?? "", autocomplete: "off", spellcheck: "false", maxlength: 120 });
    return this.#row(this.stack, input("vendor", "Vendor", vendor), input("product", "Product", product), input("version", "Version", version));
  }

  #wordRow({ text = "", weight = "" }) {
    return this.#row(this.words, el("input", { name: "text", "aria-label": "Keyword", placeholder: "word or phrase", value: text, autocomplete: "off", spellcheck: "false", maxlength: 120 }),
      el("input", { name: "weight", type: "number", "aria-label": "Weight", placeholder: "0.7 to 5", value: weight ?? "", min: 0.7, max: 5, step: "any" }));
  }

  #given() {
    const rows = (list) => [...list.children].map((row) => Object.fromEntries([...row.querySelectorAll("input")].map((input) => [input.name, input.value.trim()])));
    const full = (one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== ""));
    return {
      user: this.name.value.trim(),
      stack: rows(this.stack).filter(({ vendor }) => vendor).map(full),
      keywords: rows(this.words).filter(({ text }) => text).map(({ text, weight }) => (weight === "" ? { text } : { text, weight: Number(weight) })),
      ...Object.fromEntries(this.lists.map(([name, , , area]) => [name, lines(area.value)])),
      min_score: Number(this.least.value) || 0,
    };
  }

  async #put() {
    const profile = this.#given();
    if (!profile.user) return void this.name.focus();
    this.save.disabled = true;
    put(this.wait);
    try {
      await api.put(`/profiles/${part(profile.user)}`, profile);
    } catch (problem) {
      this.save.disabled = false;
      return void put(this.wait, `Not saved: ${problem.message} ${problem.hint}`);
    }
    this.#of = profile.user;
    if (!this.profile.stack || this.profile.user !== profile.user) this.#form(profile, true);
    this.profile = profile;
    announce("The profile is saved.");
    await this.readers.load();
    this.readers.choose(profile.user);
    await this.calculate(profile.user);
  }

  /** Asks for new scores, and shows how far they are. */
  async calculate(user) {
    this.#busy(true);
    put(this.wait);
    try {
      const { job, ahead, wait_s: wait } = await api.post("/relevance/calculate", { user }, { patient: false });
      this.#job = String(job);
      this.#tell({ state: "waiting", done: 0, total: 0, ahead, wait });
      this.#look();
    } catch (problem) {
      this.#busy(false);
      if (problem.status === 429) this.#count(problem.wait_s ?? 60);
      else put(this.wait, `The scores are not calculated: ${problem.message} ${problem.hint}`);
    }
  }

  // Events tell how far it is; if they are lost, asking does.
  #look() {
    clearTimeout(this.#looks);
    const job = this.#job;
    this.#looks = setTimeout(async () => {
      const now = await api.get(`/relevance/${part(job)}`).catch((problem) => (problem.status === 404 ? { state: "failed", done: 0, total: 0 } : null));
      if (job !== this.#job) return;
      if (now) this.#tell(now);
      if (this.#job) this.#look();
    }, LOOK_MS);
  }

  #tell({ state, done, total, ahead, wait }) {
    const over = state === "done" || state === "failed";
    this.progress.hidden = false;
    this.bar.max = Math.max(1, total);
    this.bar.value = state === "done" ? this.bar.max : done;
    if (!total && !over) this.bar.removeAttribute("value");
    put(this.how, state === "failed" ? "The scores could not be calculated." : state === "done" ? `${count(total)} scores are new.` : total ? `${count(done)} of ${count(total)} scores` : ahead ? `${count(ahead)} before this one${wait ? `, about ${seconds(wait)}` : ""}` : "Waiting for its turn…");
    if (!over) return;
    this.#job = null;
    clearTimeout(this.#looks);
    this.#busy(false);
    if (state === "done") this.scored();
  }

  #busy(is) {
    for (const one of [this.save, this.again]) if (one) one.disabled = is || Boolean(whyNotWrite());
  }

  /** Too often: says how long to wait, and counts down. */
  #count(wait) {
    this.#until = Date.now() + wait * 1000;
    clearInterval(this.#waits);
    const tick = () => {
      const left = Math.ceil((this.#until - Date.now()) / 1000);
      if (left <= 0) clearInterval(this.#waits);
      put(this.wait, left > 0 ? `The profile is saved. Scores can be calculated 50 times in 5 minutes; again in ${seconds(left)}.` : "Scores can be calculated again.");
      this.#busy(left > 0);
    };
    this.#waits = setInterval(tick, 1000);
    tick();
  }

  async #remove(user) {
    try {
      await api.delete(`/profiles/${part(user)}`);
      this.#of = this.#job = null;
      clearTimeout(this.#looks);
      notify(`The profile of ${tame(user, 60)} is deleted.`);
      this.readers.choose("");
      await this.readers.load();
      this.show();
    } catch (problem) {
      notifyProblem(problem, "Not deleted");
    }
  }
}
