// Gathers what changed, and reads it anew at a pace that leaves the server's quota to the person at the page. Nothing is
// read for a page that nobody sees; it is made good when somebody looks again.
export class Refresher {
  #ids = new Set();
  #everything = false;
  #timer = 0;
  #running = false;
  #last = 0;

  /** `run(ids, everything)` reads; `pace_ms()` is the least pause between two; `wanted()` whether anybody looks. */
  constructor({ run, pace_ms, wanted }) {
    Object.assign(this, { run, pace_ms, wanted });
    document.addEventListener("visibilitychange", () => this.wake());
  }

  /** These changed; `everything`: and others, nobody knows which. */
  note(ids, everything = false) {
    for (const id of ids) if (this.#ids.size < 1000) this.#ids.add(id);
    this.#everything ||= Boolean(everything);
    this.wake();
  }

  wake() {
    if (this.#timer || this.#running || !(this.#ids.size || this.#everything)) return;
    if (document.hidden || !this.wanted()) return;
    this.#timer = setTimeout(() => this.#go(), Math.max(300, this.#last + this.pace_ms() - Date.now()));
  }

  async #go() {
    this.#timer = 0;
    const ids = this.#ids, everything = this.#everything;
    this.#ids = new Set();
    this.#everything = false;
    this.#running = true;
    try {
      await this.run(ids, everything);
    } catch {
      // Nobody asked for this. If the server is gone, a banner says so, and everything is read when it is back.
      this.#everything = true;
    } finally {
      this.#running = false;
      this.#last = Date.now();
    }
    if (this.#everything && !this.#timer) this.#timer = setTimeout(() => { this.#timer = 0; this.wake(); }, 5000);
    else this.wake();
  }
}
