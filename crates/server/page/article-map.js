// Where articles are about: marks on a map of dots, and the same as a list for keyboards and screen readers. The map is our
// own: land is a raster in the page (map-land.js), so no other server learns what somebody looks at.
import { el, put, svg, button } from "./dom.js";
import { api } from "./api.js";
import { countryName } from "./article-words.js";
import { count, counted } from "./figures.js";
import { eachCell } from "./map-land.js";
import { loadProblem } from "./states.js";
import { foreign, tame } from "./text.js";
import { sentence, severityClass, severityMark, severityShape } from "./words.js";

/** Units of the drawing for a radian on the equator. */
const SCALE = 100, WIDTH = 552, TOP = 137, HEIGHT = 243, CLOSEST = 8, LISTED = 40, DRAGGED = 4;

/** Natural Earth I (Šavrič, Patterson, Jenny 2011, a polynomial of Patterson's projection): degrees → units, y downwards. */
export function project(latitude, longitude) {
  const up = (latitude * Math.PI) / 180, along = (longitude * Math.PI) / 180, two = up * up, four = two * two;
  return [
    WIDTH / 2 + SCALE * along * (0.8707 - 0.131979 * two + four * (-0.013791 + four * (0.003971 * two - 0.001529 * four))),
    TOP - SCALE * up * (1.007226 + two * (0.015085 + four * (-0.044475 + 0.028874 * two - 0.005916 * four))),
  ];
}

let dots = "";

/** All land as one path: a dot is a line of no length with round ends. */
function land() {
  if (!dots) eachCell((latitude, longitude) => { const [x, y] = project(latitude, longitude); dots += `M${x.toFixed(1)} ${y.toFixed(1)}h0`; });
  return svg("path", { class: "land", d: dots });
}

export class ArticleMap {
  #loading = null;
  #asked = null;
  #places = [];
  #country = "";
  #whole = false;
  #at = { x: 0, y: 0, zoom: 1, own: false };

  /** `choose(country)` narrows the list of articles, "" widens it again. */
  constructor({ choose, close }) {
    this.choose = choose;
    this.marks = svg("g");
    this.drawing = svg("svg", { class: "world", "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" }, land(), this.marks);
    this.list = el("ul.places", { "aria-label": "Places, those with most articles first" });
    this.state = el("div");
    this.heading = el("h3", { hidden: true }, "Places");
    this.tally = el("p.under");
    this.element = el("div.map", { hidden: true },
      el("header.detail-head", null, el("div.title", null, el("h2", null, "Where"), this.tally), el("div.buttons", null, button("Close", close, { key: "m", kind: "quiet" }))),
      el("div.detail-body", null,
        el("figure.plate", null, this.drawing,
          el("div.zoom", { role: "group", "aria-label": "Map" }, button("+", () => this.#zoom(1.6), { "aria-label": "Closer", title: "Closer" }), button("−", () => this.#zoom(1 / 1.6), { "aria-label": "Farther", title: "Farther" }), button("Whole", () => { this.#at = { x: 0, y: 0, zoom: 1, own: false }; this.#place(); })),
          el("figcaption", null, el("span.legend", null, ["critical", "high", "medium", "low"].map((name) => el("span", null, severityMark(name), " ", sentence(name)))), el("span", null, "Places and land: ", el("a", { href: "https://www.geonames.org/", target: "_blank", rel: "noreferrer noopener" }, "GeoNames"), ", CC BY 4.0"))),
        this.state, this.heading, this.list));
    this.#drag();
    this.#place();
  }

  /** The country the list is narrowed to, "" for none: shown at once, so that a second press never means the one before. */
  chosen(country) {
    if (country === this.#country) return;
    this.#country = country;
    this.#draw();
  }

  /** Asks for the places of what `query` finds, whatever their country. */
  async show(query) {
    const asked = JSON.stringify(query);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#loading?.abort();
    this.#loading = new AbortController();
    try {
      const { places, more } = await api.get("/articles/map", query, { signal: this.#loading.signal });
      this.#places = places.filter(({ latitude, longitude }) => Number.isFinite(latitude) && Number.isFinite(longitude)).toSorted((a, b) => b.articles - a.articles);
      put(this.tally, places.length ? [counted(places.length, "place"), more ? ", those with most articles" : null] : null);
      put(this.state, places.length ? null : el("p.nothing", null, "No place is named by the articles of this list. New ones are read for places in batches, so theirs can come a few minutes later."));
      this.heading.hidden = !places.length;
      this.#draw();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.#asked = null;
      put(this.state, loadProblem(problem, () => this.show(query)));
    }
  }

  /** What is there is out of date; the next `show` asks again. */
  forget() {
    this.#asked = null;
  }

  /** The codes of the countries that have marks. */
  countries() {
    return [...new Set(this.#places.map(({ country }) => country).filter(Boolean))];
  }

  #press(place) {
    this.choose(place.country && place.country === this.#country ? "" : place.country);
  }

  #draw() {
    const most = Math.max(...this.#places.map(({ articles }) => articles), 1);
    // Large ones below, so that small ones can be pointed at.
    put(this.marks, this.#places.map((place) => {
      const [x, y] = project(place.latitude, place.longitude);
      const faded = this.#country && place.country !== this.#country;
      const mark = svg("path", { class: `spot ${severityClass(place.severity)}${faded ? " faded" : ""}`, d: severityShape(place.severity), "fill-rule": "evenodd", "vector-effect": "non-scaling-stroke", onclick: () => { if (!this.dragged) this.#press(place); } }, svg("title", null, this.#words(place)));
      Object.assign(mark, { spot: { x, y, size: 0.42 + 1.4 * Math.sqrt(place.articles / most) } });
      return mark;
    }));
    this.#place();
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    const listed = this.#whole ? this.#places : this.#places.slice(0, LISTED);
    put(this.list, listed.map((place, at) => {
      const light = (on) => () => this.marks.children[at]?.classList.toggle("lit", on);
      return el("li", null, el(`button.place.${severityClass(place.severity)}`, { type: "button", "data-place": `${place.name} ${place.country}`, "aria-pressed": String(Boolean(this.#country) && place.country === this.#country), disabled: !place.country, onclick: () => this.#press(place), onpointerenter: light(true), onpointerleave: light(false), onfocus: light(true), onblur: light(false) },
        severityMark(place.severity), el("span.unseen", null, `${sentence(place.severity)}: `), el("span.name", null, foreign(place.name, 60), place.country && countryName(place.country) !== place.name ? el("small", null, " ", countryName(place.country)) : null), " ", el("b", null, count(place.articles)), el("span.unseen", null, place.articles === 1 ? " article" : " articles")));
    }), this.#places.length > listed.length ? el("li", null, button(`All ${count(this.#places.length)}`, () => { this.#whole = true; this.#draw(); }, { kind: "quiet" })) : null);
    if (focused) [...this.list.querySelectorAll("button")].find((one) => one.dataset.place === focused)?.focus({ preventScroll: true });
  }

  #words(place) {
    return `${tame(place.name, 60)}${place.country ? `, ${countryName(place.country)}` : ""}: ${counted(place.articles, "article")}, ${sentence(place.severity).toLowerCase()}`;
  }

  // --- looking closer -----------------------------------------------------------------------------------------------

  #place() {
    const at = this.#at, width = WIDTH / at.zoom, height = HEIGHT / at.zoom;
    at.x = Math.max(0, Math.min(WIDTH - width, at.x));
    at.y = Math.max(0, Math.min(HEIGHT - height, at.y));
    this.drawing.setAttribute("viewBox", `${at.x.toFixed(2)} ${at.y.toFixed(2)} ${width.toFixed(2)} ${height.toFixed(2)}`);
    for (const mark of this.marks.children) {
      const { x, y, size } = mark.spot, scale = size / at.zoom ** 0.85;
      mark.setAttribute("transform", `translate(${(x - 7 * scale).toFixed(2)} ${(y - 7 * scale).toFixed(2)}) scale(${scale.toFixed(3)})`);
    }
  }

  #zoom(by) {
    const at = this.#at, zoom = Math.max(1, Math.min(CLOSEST, at.zoom * by));
    // The way leads to where most articles are, of the chosen country if there is one; once it was dragged, the middle stays.
    const most = this.#places.findIndex(({ country }) => !this.#country || country === this.#country);
    const middle = (!at.own && this.marks.children[most]?.spot) || { x: at.x + WIDTH / at.zoom / 2, y: at.y + HEIGHT / at.zoom / 2 };
    this.#at = { zoom, own: at.own, x: middle.x - WIDTH / zoom / 2, y: middle.y - HEIGHT / zoom / 2 };
    this.#place();
  }

  #drag() {
    let from = null;
    this.drawing.addEventListener("pointerdown", (event) => { from = { x: event.clientX, y: event.clientY, at: { ...this.#at } }; this.dragged = false; });
    this.drawing.addEventListener("pointermove", (event) => {
      if (!from) return;
      if (!(event.buttons & 1)) return void (from = null);
      const [x, y] = [event.clientX - from.x, event.clientY - from.y], unit = WIDTH / this.#at.zoom / Math.max(1, this.drawing.clientWidth);
      if (Math.hypot(x, y) < DRAGGED && !this.dragged) return;
      this.dragged = true;
      this.#at = { ...this.#at, own: true, x: from.at.x - x * unit, y: from.at.y - y * unit };
      this.#place();
    });
  }
}
