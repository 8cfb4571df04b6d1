// One article in the list: how bad, how much it matters to the reader, what, why, about whom, from where, when.
import { el } from "./dom.js";
import { share } from "./charts.js";
import { count } from "./figures.js";
import { entityWords, telling } from "./article-words.js";
import { foreign, tame } from "./text.js";
import { since } from "./time.js";
import { sentence, severityClass, severityMark } from "./words.js";

const CHIPS = 6, REASONS = 3;

/** Rows have two lines where there is room for the chips beside them, else three. */
export const rowHeight = (width) => (width >= 1000 ? 52 : 72);

export const look = (article) => `${severityClass(article.severity)}${article.state === "dismissed" ? " dismissed" : article.state === "opened" ? " opened" : ""}`;

// The option's name is its text, so all of it is there, and in an order that can be listened to.
export function row(article) {
  const scored = typeof article.score === "number";
  const reasons = scored ? (article.reasons ?? []).toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, REASONS) : [];
  return [
    el("span.score", null, severityMark(article.severity), scored ? [el("span.unseen", null, `${sentence(article.severity)}, score `), el("b", null, count(article.score)), " ", share(article.score / 1000)] : [el("small", null, sentence(article.severity === "informational" ? "info" : article.severity)), " "]),
    el("span.what", null, el("b", null, foreign(article.title || "without a title", 200)), " "),
    el("span.why", null, article.state === "dismissed" ? "dismissed" : reasons.length ? reasons.map(({ why }, place) => (place ? el("small", null, " · ", foreign(why, 120)) : foreign(why, 160))) : foreign(article.summary, 240), " "),
    el("span.about", null, telling(article.entities, CHIPS).map((entity) => el("span.chip", null, entityWords(entity, 40), " "))),
    el("span.from", null, tame(article.feed?.title || "a feed", 60), " "),
    el("span.when", null, since(article.published ?? article.fetched)),
  ];
}
