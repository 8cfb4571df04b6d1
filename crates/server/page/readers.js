// For whom articles are shown: one of the readers that have profiles. The choice stands in the address, and is remembered
// on this machine, so that the page begins with it.
import { el } from "./dom.js";
import { api } from "./api.js";
import { change, parameters, view } from "./route.js";
import { tame } from "./text.js";

const STORED = "watchfire-reader", NEW = "\u0000new";

function remembered() {
  try {
    return localStorage.getItem(STORED) ?? "";
  } catch {
    return "";
  }
}

function remember(name) {
  try {
    if (name) localStorage.setItem(STORED, name);
    else localStorage.removeItem(STORED);
  } catch {
    // Storage can be forbidden; the address still says who reads.
  }
}

export class Readers {
  #all = null;
  #drawn = null;

  /** `changed()` is called when others may read, or somebody else does; `wanted()` when somebody wants to make a profile. */
  constructor({ changed, wanted }) {
    Object.assign(this, { changed, wanted });
    this.select = el("select", { id: "reader", onchange: () => this.#chose() });
    this.element = el("p.reader", null, el("label", { for: "reader" }, "For"), this.select);
  }

  /** Reads who has a profile. */
  async load() {
    try {
      this.#all = (await api.get("/profiles")).items.map(({ user }) => user);
    } catch {
      // The list says what is wrong; without profiles it is in order of time.
      this.#all ??= [];
    }
    this.follow();
  }

  ready() {
    return this.#all !== null;
  }

  any() {
    return Boolean(this.#all?.length);
  }

  /** The name of who reads, or "". */
  chosen() {
    return parameters("articles").user ?? "";
  }

  /** Whether who reads has a profile. */
  known() {
    return Boolean(this.#all?.includes(this.chosen()));
  }

  names() {
    return this.#all ?? [];
  }

  /** Follows the address; puts who was remembered into one that names nobody. */
  follow() {
    if (!this.#all || view() !== "articles") return;
    const given = parameters("articles").user;
    const known = remembered();
    if (given === undefined && known && this.#all.includes(known)) return void change({ user: known });
    if (given && given !== known) remember(given);
    this.#draw();
    const now = JSON.stringify([given, this.#all]);
    if (this.#drawn !== now) {
      this.#drawn = now;
      this.changed();
    }
  }

  /** Somebody reads: remembered, and in the address. */
  choose(name) {
    remember(name);
    // Whoever made a profile goes on with it.
    change({ user: name, side: parameters("articles").side === "new" ? "profile" : parameters("articles").side });
  }

  #chose() {
    if (this.select.value !== NEW) return this.choose(this.select.value);
    this.#draw();
    this.wanted();
  }

  #draw() {
    const name = this.chosen(), names = name && !this.#all.includes(name) ? [...this.#all, name] : this.#all;
    this.select.replaceChildren(el("option", { value: "" }, "Everybody"), ...names.map((each) => el("option", { value: each }, tame(each, 40))), el("option", { value: NEW }, "New profile…"));
    this.select.value = name;
  }
}
