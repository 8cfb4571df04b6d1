// Words for what articles name: the kinds of entities in the order an analyst asks for them, and countries.
import { tame } from "./text.js";

/** Kind, its heading, whether machines typed it, whether it leads in a row's chips. */
const KINDS = [
  ["cve", "Vulnerabilities", true, true], ["actor", "Actors", false, true], ["malware", "Malware", false, true], ["vendor", "Vendors", false, true], ["product", "Products", false, true],
  ["attack", "ATT&CK", true, true], ["sector", "Sectors", false, true], ["country", "Countries", false, false], ["ip", "Addresses", true, false], ["network", "Networks", true, false], ["domain", "Domains", true, false],
  ["url", "Web addresses", true, false], ["email", "Mail addresses", true, false], ["hash", "Hashes", true, false], ["asn", "Autonomous systems", true, false],
];
const rank = new Map(KINDS.map(([kind], place) => [kind, place]));
const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** "UA" → "Ukraine"; a code that is none stays one. */
export function countryName(code) {
  try {
    return names.of(String(code).toUpperCase()) ?? tame(code, 20);
  } catch {
    return tame(code, 20);
  }
}

/** An entity as it is read. Catalogues write in lower case; vulnerabilities and countries have spellings of their own. */
export function entityWords({ kind, value }, most = 120) {
  const text = tame(value, most);
  if (kind === "country") return countryName(text);
  return ["cve", "attack", "asn"].includes(kind) ? text.toUpperCase() : text;
}

/** Whether an entity is what a machine would type. */
export function isTyped(kind) {
  return Boolean(KINDS[rank.get(kind)]?.[2]);
}

/** The entities of a row's chips: what says most, first. */
export function telling(entities, most) {
  return entities.filter(({ kind }) => KINDS[rank.get(kind)]?.[3]).toSorted((a, b) => rank.get(a.kind) - rank.get(b.kind)).slice(0, most);
}

/** `[heading, kind, entities]` for each kind there is; kinds nobody here knows come last under their own name. */
export function grouped(entities) {
  const groups = Map.groupBy?.(entities, ({ kind }) => kind) ?? entities.reduce((all, one) => all.set(one.kind, [...(all.get(one.kind) ?? []), one]), new Map());
  return [...groups].sort(([a], [b]) => (rank.get(a) ?? 99) - (rank.get(b) ?? 99)).map(([kind, all]) => [KINDS[rank.get(kind)]?.[1] ?? tame(kind, 40), kind, all]);
}

/** What somebody typed into the filter, as the API wants it: a kind is added where the value tells it. */
export function entityGiven(text) {
  const value = text.trim();
  if (!value || /^[a-z_]+:(?!\/\/)/.test(value)) return value;
  if (/^cve-\d{4}-\d+$/i.test(value)) return `cve:${value.toUpperCase()}`;
  if (/^(t\d{4}(\.\d{3})?|[sgc]\d{4})$/i.test(value)) return `attack:${value.toUpperCase()}`;
  if (/^[a-f\d]{32,128}$/i.test(value)) return `hash:${value.toLowerCase()}`;
  if (/^\d+(\.\d+){3}$/.test(value)) return `ip:${value}`;
  if (/^https?:\/\//i.test(value)) return `url:${value}`;
  if (/^[a-z\d-]+(\.[a-z\d-]+)+$/i.test(value)) return `domain:${value.toLowerCase()}`;
  return `vendor:${value.toLowerCase()}`;
}
