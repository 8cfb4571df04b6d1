// A list of which only what is in sight exists as nodes, so a hundred thousand rows scroll like fifty. To assistive
// technology it is a listbox: one stop for Tab, the active option named by aria-activedescendant.
import { el } from "./dom.js";

const AROUND = 8;

export class List {
  #rows = new Map();
  #place = new Map();
  #active = null;
  #asked = false;

  /**
   * `id` names it; `row(item)` makes an item's nodes, whose text names it; `look(item)` its classes;
   * `height(width)` of a row in pixels; `moved(item)`, `opened(item)`, `more()` hear what happens.
   */
  constructor({ id, label, row, look = () => "", height, moved = () => {}, opened = () => {}, more = () => {} }) {
    Object.assign(this, { id, row, look, height, moved, opened, more });
    this.items = [];
    this.total = null;
    this.box = el("div.options", { role: "listbox", id, tabindex: "0", "aria-label": label, hidden: true });
    this.foot = el("div.list-foot");
    this.element = el("div.list", { onscroll: () => this.#draw() }, this.box, this.foot);
    this.box.addEventListener("focus", () => { if (this.#active === null && this.items.length) this.activate(this.items[0].id); });
    new ResizeObserver(() => this.#measure()).observe(this.element);
    this.rowHeight = height(1000);
  }

  /** All items anew. What is active stays so if it is still there. */
  set(items) {
    this.items = items.slice();
    this.#index();
    for (const node of this.#rows.values()) node.remove();
    this.#rows.clear();
    this.#asked = false;
    if (!this.#place.has(this.#active)) this.#active = null;
    this.#draw();
  }

  /** More at the end; what is there already is not doubled. */
  append(items) {
    this.items.push(...items.filter((item) => !this.#place.has(item.id)));
    this.#index();
    this.#asked = false;
    this.#draw();
  }

  /** Takes one out; the next becomes active if it was. */
  remove(id) {
    const place = this.#place.get(id);
    if (place === undefined) return;
    this.items.splice(place, 1);
    this.#rows.get(id)?.remove();
    this.#rows.delete(id);
    this.#index();
    if (this.#active === id) this.#active = null;
    const next = this.items[Math.min(place, this.items.length - 1)];
    if (this.#active === null && next) this.activate(next.id);
    this.#draw();
  }

  /** An item's new state, where it stands. `flash`: it changed by itself. */
  update(item, { flash = false } = {}) {
    const place = this.#place.get(item.id);
    if (place === undefined) return;
    this.items[place] = item;
    const node = this.#rows.get(item.id);
    if (!node) return;
    this.#write(node, item);
    if (flash) {
      node.classList.remove("changed");
      void node.offsetWidth;
      node.classList.add("changed");
    }
  }

  has(id) {
    return this.#place.has(id);
  }

  item(id) {
    return this.items[this.#place.get(id)];
  }

  place(id) {
    return this.#place.get(id);
  }

  get active() {
    return this.item(this.#active) ?? null;
  }

  /** Makes a row the active one and brings it into sight. */
  activate(id, { quiet = false } = {}) {
    if (!this.#place.has(id)) return;
    this.#active = id;
    this.#reveal(this.#place.get(id));
    this.#draw();
    if (!quiet) this.moved(this.active);
  }

  move(by) {
    if (!this.items.length) return;
    const at = this.#place.get(this.#active);
    const to = at === undefined ? (by > 0 ? 0 : this.items.length - 1) : Math.max(0, Math.min(this.items.length - 1, at + by));
    this.activate(this.items[to].id);
  }

  /** Handles a key that moves; says whether it did. */
  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    const steps = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return false;
    this.move(steps[event.key]);
    return true;
  }

  top() {
    this.element.scrollTop = 0;
    this.#draw();
  }

  focus() {
    if (!this.box.hidden) this.box.focus({ preventScroll: true });
  }

  #index() {
    this.#place.clear();
    this.items.forEach((item, place) => this.#place.set(item.id, place));
    this.box.hidden = this.items.length === 0;
  }

  #measure() {
    const height = this.height(this.element.clientWidth);
    if (height !== this.rowHeight) {
      const first = this.element.scrollTop / this.rowHeight;
      this.rowHeight = height;
      this.#draw();
      this.element.scrollTop = first * height;
    }
    this.#draw();
  }

  #reveal(place) {
    this.box.style.height = `${this.items.length * this.rowHeight}px`;
    const top = place * this.rowHeight, { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.element.scrollTop = top + this.rowHeight - clientHeight;
  }

  #write(node, item) {
    const active = item.id === this.#active;
    node.className = `option ${this.look(item)}${active ? " active" : ""}`;
    node.setAttribute("aria-selected", String(active));
    node.replaceChildren(...this.row(item));
  }

  #draw() {
    const { scrollTop, clientHeight } = this.element, height = this.rowHeight;
    this.box.style.height = `${this.items.length * height}px`;
    const first = Math.max(0, Math.floor(scrollTop / height) - AROUND);
    const last = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / height) + AROUND);
    for (const [id, node] of this.#rows) {
      const place = this.#place.get(id);
      if (place === undefined || ((place < first || place >= last) && id !== this.#active)) {
        node.remove();
        this.#rows.delete(id);
      }
    }
    const shown = new Set();
    for (let place = first; place < last; place += 1) shown.add(place);
    // The active option exists even out of sight: aria-activedescendant must point to something.
    if (this.#place.has(this.#active)) shown.add(this.#place.get(this.#active));
    for (const place of shown) this.#drawOne(place, height);
    const active = this.#rows.get(this.#active);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
    if (this.items.length && last >= this.items.length - AROUND && !this.#asked) {
      this.#asked = true;
      this.more();
    }
  }

  #drawOne(place, height) {
    const item = this.items[place];
    let node = this.#rows.get(item.id);
    if (!node) {
      node = el("div", { role: "option", id: `${this.id}-${item.id}` });
      node.addEventListener("click", () => { this.activate(item.id); this.opened(this.item(item.id)); });
      this.#rows.set(item.id, node);
      this.#write(node, item);
      // In the order of the list, for those who read nodes rather than pixels.
      const after = this.#rows.get(this.items[place + 1]?.id);
      this.box.insertBefore(node, after ?? null);
    }
    const active = item.id === this.#active;
    node.classList.toggle("active", active);
    node.setAttribute("aria-selected", String(active));
    node.setAttribute("aria-posinset", String(place + 1));
    node.setAttribute("aria-setsize", String(this.total ?? this.items.length));
    node.style.transform = `translateY(${place * height}px)`;
    node.style.height = `${height}px`;
  }

  /** Lets `more` be called again, after it failed or had nothing. */
  askAgain() {
    this.#asked = false;
    this.#draw();
  }
}
