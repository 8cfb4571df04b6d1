// All of one article: where to read it, why it matters, whom and where it is about, and what it says.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { countryName, entityWords, grouped, isTyped } from "./article-words.js";
import { share } from "./charts.js";
import { count } from "./figures.js";
import { block } from "./pattern-view.js";
import { loadProblem } from "./states.js";
import { foreign, machine, tame } from "./text.js";
import { since, stamp } from "./time.js";
import { sentence, severityLabel } from "./words.js";

const PARAGRAPHS = 300, LONGEST = 6000, GROUP = 24;

/** A link to elsewhere, if it is one that leads nowhere but to a page. */
export function outside(link) {
  return /^https?:\/\//i.test(link ?? "") ? link : null;
}

export class ArticleDetail {
  #shown = null;
  #loading = null;

  /** `user()` reads; `filter({ entity | country })` narrows the list; `dismiss`, `takeBack`, `close`; `read(article)` is told what was opened. */
  constructor({ user, filter, dismiss, takeBack, close, read }) {
    Object.assign(this, { user, filter, dismiss, takeBack, close, read });
    this.head = el("header.detail-head");
    this.body = el("div.detail-body");
    this.element = el("div.article", { hidden: true }, this.head, this.body);
    this.article = null;
  }

  /** Shows an article; what the list knows of it at once. */
  show(id, known = null) {
    this.element.hidden = !id;
    const wanted = id ? JSON.stringify([id, this.user()]) : null;
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#loading?.abort();
    this.article = null;
    if (!id) return;
    if (known) this.#showHead(known);
    else put(this.head, button("Close", () => this.close(), { key: "Esc", kind: "quiet" }));
    put(this.body, el("p.loading", null, "Loading…"));
    this.#load(id);
  }

  /** The article's state changed, here or in the list. */
  mark(state) {
    if (!this.article) return;
    this.article = { ...this.article, state };
    this.#showHead(this.article);
  }

  async #load(id) {
    this.#loading = new AbortController();
    try {
      const article = await api.get(`/articles/${part(id)}`, { user: this.user() }, { signal: this.#loading.signal });
      this.article = article;
      this.#showHead(article);
      put(this.body, this.#contents(article));
      this.read(article);
    } catch (problem) {
      if (problem.name !== "AbortError") put(this.body, loadProblem(problem, () => this.#load(id)));
    }
  }

  #showHead(article) {
    const link = outside(article.link), gone = article.state === "dismissed", focused = this.head.contains(document.activeElement);
    put(this.head,
      el("div.title", null,
        el("p.over", null, severityLabel(article.severity), typeof article.score === "number" ? el("span", null, "score ", el("b", null, count(article.score)), " of 1,000") : null, el("span", null, foreign(article.feed?.title || "a feed", 80)), gone ? el("span.verdict.closed", null, "dismissed") : null),
        el("h2", null, link ? el("a", { href: link, target: "_blank", rel: "noreferrer noopener" }, foreign(article.title || "without a title", 300), el("span.unseen", null, " (elsewhere, in a new tab)")) : foreign(article.title || "without a title", 300)),
        el("p.under", null, article.author && [foreign(article.author, 80), " · "], article.published ? [stamp(article.published), ", ", since(article.published)] : ["no date; fetched ", stamp(article.fetched)],
          link ? [" · ", machine(new URL(link).host, 80)] : article.link ? [" · not a link to a page: ", machine(article.link, 120)] : null)),
      el("div.buttons", null,
        this.user() ? (gone ? button("Take back", () => this.takeBack(article.id), { key: "u", kind: "quiet" }) : button("Dismiss", () => this.dismiss(article.id), { key: "x", kind: "quiet" })) : null,
        button("Close", () => this.close(), { key: "Esc", kind: "quiet" })));
    if (focused) this.head.querySelector("button")?.focus();
  }

  #contents(article) {
    const text = String(article.text || article.summary || "");
    const lines = text.split(/\n+/).map((line) => line.trim()).filter(Boolean);
    return [
      article.reasons?.length ? block("Why it matters to you", this.#reasons(article)) : typeof article.score === "number" ? block("Why it matters to you", el("p.nothing", null, "Nothing of the profile is in it.")) : null,
      article.severity_reasons?.length ? block("Why it is this severe", el("ul.grounds", null, article.severity_reasons.map(({ what, why }) => el("li", null, el("b", null, sentence(tame(what, 40))), " ", foreign(why, 240))))) : null,
      article.entities?.length ? block("What it names", grouped(article.entities).map((group) => this.#group(group))) : null,
      article.places?.length ? block("Where", el("ul.chips", { "aria-label": "Places" }, article.places.map((place) => el("li.press", null, button([foreign(place.name, 80), place.country ? el("small", null, place.name === countryName(place.country) ? "" : countryName(place.country)) : null], () => this.filter({ country: place.country }), { kind: "link", title: "Only articles about this country", disabled: !place.country }))))) : null,
      block("What it says", lines.length ? el("div.prose", null, lines.slice(0, PARAGRAPHS).map((line) => el("p", null, foreign(line, LONGEST))), lines.length > PARAGRAPHS ? el("p.note", null, `${count(lines.length - PARAGRAPHS)} more paragraphs.`) : null) : el("p.nothing", null, "The feed gave no text.")),
      el("p.note.ids", null, "Article ", machine(article.id, 24), " · fetched ", stamp(article.fetched)),
    ];
  }

  #reasons({ reasons }) {
    const most = Math.max(...reasons.map(({ weight }) => Math.abs(weight)), 1);
    return el("ul.weights", null, reasons.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).map(({ what, why, weight }) => el("li", null,
      el("b.n", null, `${weight < 0 ? "−" : "+"}${count(Math.abs(weight))}`), share(Math.abs(weight) / most, weight < 0 ? "bad" : "plain"), el("span", null, foreign(why, 240), " ", el("small", null, sentence(tame(what, 40)))))));
  }

  #group([heading, kind, entities]) {
    const list = el("ul.chips", null, entities.slice(0, GROUP).map((entity) => this.#chip(entity)));
    if (entities.length > GROUP) list.append(el("li.press", null, button(`${count(entities.length - GROUP)} more`, (event) => event.target.closest("li").replaceWith(...entities.slice(GROUP).map((entity) => this.#chip(entity))), { kind: "link" })));
    return el("div.group", null, el("h4", null, heading), list);
  }

  #chip(entity) {
    const words = entityWords(entity, 160);
    return el("li.press", null, button(isTyped(entity.kind) ? el("code", null, words) : el("bdi", null, words), () => this.filter({ entity: `${entity.kind}:${entity.value}` }), { kind: "link", title: "Only articles that name this" }));
  }
}
