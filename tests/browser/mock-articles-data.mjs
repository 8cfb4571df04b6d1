// The articles that the mock begins with, and how it reads those that come: by short lists of names, where the program has
// catalogues and a gazetteer. Enough to work on the page; no part of the program.
import { chance, HOSTILE, instant } from "./mock-data.mjs";

/** Name, kind, country, latitude, longitude (GeoNames, CC BY 4.0). */
const PLACES = [
  ["Kyiv", "city", "UA", 50.45, 30.52], ["Kharkiv", "city", "UA", 49.98, 36.25], ["Lviv", "city", "UA", 49.84, 24.02], ["Moscow", "city", "RU", 55.75, 37.62], ["Beijing", "city", "CN", 39.91, 116.4], ["Shanghai", "city", "CN", 31.22, 121.46],
  ["Taipei", "city", "TW", 25.05, 121.53], ["Seoul", "city", "KR", 37.57, 126.98], ["Pyongyang", "city", "KP", 39.03, 125.75], ["Tokyo", "city", "JP", 35.69, 139.69], ["Singapore", "city", "SG", 1.29, 103.85], ["Sydney", "city", "AU", -33.87, 151.21], ["Canberra", "city", "AU", -35.28, 149.13],
  ["Mumbai", "city", "IN", 19.07, 72.88], ["Bengaluru", "city", "IN", 12.97, 77.59], ["Tehran", "city", "IR", 35.69, 51.42], ["Tel Aviv", "city", "IL", 32.08, 34.78], ["Riyadh", "city", "SA", 24.69, 46.72], ["Dubai", "city", "AE", 25.08, 55.31], ["Nairobi", "city", "KE", -1.28, 36.82], ["Lagos", "city", "NG", 6.45, 3.39], ["Johannesburg", "city", "ZA", -26.2, 28.04],
  ["London", "city", "GB", 51.51, -0.13], ["Paris", "city", "FR", 48.85, 2.35], ["Berlin", "city", "DE", 52.52, 13.41], ["Frankfurt", "city", "DE", 50.12, 8.68], ["Rotterdam", "city", "NL", 51.92, 4.48], ["Amsterdam", "city", "NL", 52.37, 4.89], ["Warsaw", "city", "PL", 52.23, 21.01], ["Tallinn", "city", "EE", 59.44, 24.75], ["Oslo", "city", "NO", 59.91, 10.75], ["Madrid", "city", "ES", 40.42, -3.7], ["Rome", "city", "IT", 41.89, 12.48], ["Bucharest", "city", "RO", 44.43, 26.11],
  ["Washington", "city", "US", 38.9, -77.04], ["New York", "city", "US", 40.71, -74.01], ["San Francisco", "city", "US", 37.77, -122.42], ["Houston", "city", "US", 29.76, -95.36], ["Chicago", "city", "US", 41.85, -87.65], ["Toronto", "city", "CA", 43.7, -79.42], ["Mexico City", "city", "MX", 19.43, -99.13], ["São Paulo", "city", "BR", -23.55, -46.64], ["Bogotá", "city", "CO", 4.61, -74.08], ["Buenos Aires", "city", "AR", -34.61, -58.38], ["Santiago", "city", "CL", -33.46, -70.65], ["Hanoi", "city", "VN", 21.02, 105.84], ["Jakarta", "city", "ID", -6.21, 106.85], ["Manila", "city", "PH", 14.6, 120.98],
];
const NAMES = {
  vendor: ["Fortinet", "Palo Alto Networks", "Cisco", "Ivanti", "Microsoft", "Citrix", "VMware", "Atlassian", "Progress", "SonicWall", "Veeam", "SAP"],
  product: ["FortiOS", "PAN-OS", "IOS XE", "Connect Secure", "Exchange Server", "NetScaler", "ESXi", "Confluence", "MOVEit", "SMA1000", "Backup & Replication", "NetWeaver"],
  actor: ["APT29", "APT41", "Sandworm", "Lazarus Group", "Volt Typhoon", "Scattered Spider", "MuddyWater", "FIN7"],
  malware: ["LockBit", "Akira", "Lumma", "Cobalt Strike", "PlugX", "Qilin", "SocGholish", "AsyncRAT"],
  sector: ["energy", "health care", "government", "finance", "telecommunications", "manufacturing", "education", "shipping"],
};
const WORDS = { critical: /exploited|zero-day|unauthenticated/i, high: /ransomware|wiper|breach|backdoor/i, medium: /phishing|malware|campaign|patch/i, low: /report|survey|guide/i };
export const MILDEST_FIRST = ["unknown", "informational", "low", "medium", "high", "critical", "fatal"];

export const FEEDS = [
  ["Northwatch Research", "https://research.northwatch.example/feed.xml", "Research"], ["Harbour CERT advisories", "https://cert.harbour.example/advisories.atom", "Authorities"], ["The Breach Desk", "https://breachdesk.example/rss", "News"],
  ["Vendor notices", "https://notices.example/feed.json", "Vendors"], ["Old Signals", "https://old-signals.example/rss.xml", "News"],
];

const has = (text, name) => text.toLowerCase().includes(name.toLowerCase());

/** What a text names, where, and how bad that sounds. */
export function readText(title, text) {
  const all = `${title}\n${text}`, entities = [];
  for (const value of new Set(all.match(/CVE-\d{4}-\d{4,7}/gi) ?? [])) entities.push({ kind: "cve", value: value.toUpperCase() });
  for (const [kind, names] of Object.entries(NAMES)) for (const name of names) if (has(all, name)) entities.push({ kind, value: name.toLowerCase() });
  for (const value of new Set(all.match(/\bT1\d{3}(\.\d{3})?\b/g) ?? [])) entities.push({ kind: "attack", value });
  for (const value of new Set(all.match(/\b\d{1,3}(\[?\.\]?\d{1,3}){3}\b/g) ?? [])) entities.push({ kind: "ip", value: value.replace(/[[\]]/g, "") });
  for (const value of new Set(all.match(/\b[a-z-]+\[\.\](example|test)\b/g) ?? [])) entities.push({ kind: "domain", value: value.replace("[.]", ".") });
  for (const value of new Set(all.match(/\b[a-f\d]{64}\b/g) ?? [])) entities.push({ kind: "hash", value });
  const places = PLACES.filter(([name]) => has(all, name)).map(([name, kind, country, latitude, longitude]) => ({ name, kind, country, latitude, longitude }));
  for (const code of new Set(places.map(({ country }) => country))) entities.push({ kind: "country", value: code.toLowerCase() });
  const severity = Object.keys(WORDS).find((name) => WORDS[name].test(all)) ?? "informational", word = WORDS[severity]?.exec(all)?.[0];
  return { entities, places, severity, severity_reasons: word ? [{ what: "wording", why: `says “${word.toLowerCase()}”` }, ...(entities.some(({ kind }) => kind === "cve") && severity === "critical" ? [{ what: "kev", why: "a vulnerability it names is known to be exploited" }] : [])] : [] };
}

/** A score of 0 to 1,000 with its reasons, the strongest first. */
export function score(article, profile) {
  const reasons = [], text = `${article.title}\n${article.text}`, named = (kind, value) => article.entities.some((one) => one.kind === kind && one.value === value.toLowerCase());
  for (const { vendor, product } of profile.stack ?? []) {
    if (vendor && named("vendor", vendor)) reasons.push({ what: "vendor", why: `${vendor} is in your stack`, weight: 320 });
    if (product && named("product", product)) reasons.push({ what: "product", why: `${product} runs here`, weight: 240 });
  }
  for (const name of profile.actors ?? []) if (named("actor", name)) reasons.push({ what: "actor", why: `You follow ${name}`, weight: 260 });
  for (const name of profile.malware ?? []) if (named("malware", name)) reasons.push({ what: "malware", why: `You follow ${name}`, weight: 190 });
  for (const name of profile.sectors ?? []) if (named("sector", name)) reasons.push({ what: "sector", why: `Your sector: ${name}`, weight: 170 });
  for (const name of profile.regions ?? []) if (article.places.some(({ country, name: place }) => [country.toLowerCase(), place.toLowerCase()].includes(name.toLowerCase()))) reasons.push({ what: "region", why: `In your region: ${name}`, weight: 140 });
  for (const { text: word, weight } of profile.keywords ?? []) if (has(text, word)) reasons.push({ what: "keyword", why: `Says “${word}”`, weight: weight ?? 120 });
  if (reasons.length) reasons.push({ what: "severity", why: `It is ${article.severity}`, weight: MILDEST_FIRST.indexOf(article.severity) * 24 });
  for (const word of profile.muted ?? []) if (has(text, word)) reasons.push({ what: "muted", why: `“${word}” is muted`, weight: -600 });
  reasons.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return { score: Math.max(0, Math.min(1000, reasons.reduce((sum, { weight }) => sum + weight, 0))), reasons };
}

const TITLES = [
  (o) => [`${o.vendor} fixes ${o.cve} in ${o.product}, exploited before the patch was out`, `The hole in ${o.product} lets an unauthenticated attacker run commands. Intrusions were seen in ${o.place} and ${o.other}.`],
  (o) => [`${o.actor} turns to ${o.sector} in ${o.place}`, `A campaign of ${o.actor} against ${o.sector} in ${o.place} begins with phishing and ends with ${o.malware}.`],
  (o) => [`${o.malware} ransomware stops operators in ${o.sector} in ${o.place}`, `Systems were restored after four days. Entry was by a ${o.vendor} device that nobody had patched.`],
  (o) => [`Inside ${o.malware}: loader, persistence, and a new way out`, `The report follows ${o.malware} from a lure to command and control in ${o.other}.`],
  (o) => [`Authorities in ${o.place} warn of ${o.actor}`, `The notice names techniques T1190 and T1078 and asks ${o.sector} to look for them.`],
  (o) => [`${o.cve}: what to look for in ${o.product} logs`, `A guide with queries, for ${o.vendor} customers that could not patch at once.`],
  (o) => [`Survey: how ${o.sector} in ${o.place} pays for old ${o.product}`, `The report counts devices that are reachable from anywhere, ${o.other} first.`],
];
const BODY = (o) => [
  `The intrusions that investigators describe began in the week before. Where ${o.product} stood open to the internet, a request to its management interface was enough; ${o.vendor} has a fixed version, and mends what can be done without it.`,
  `After the first foothold the attackers waited between two and nine days. They then used ${o.malware} to keep access, and moved with accounts that were valid. Traffic went to 203.0.113.${o.number % 250} and cdn-update[.]example; the loader has the hash ${o.hash}.`,
  `In ${o.place} the computer emergency team asks operators in ${o.sector} to look for sign-ins at hours when nobody works, and for services that were made within the last month. A colleague in ${o.other} saw the same tool under another name.`,
];

/** The `number`th article of the mock, counted from the newest. */
export function makeArticle(number, feeds, now) {
  const random = chance(number * 104_729 + 11), pick = (from) => from[Math.floor(random() * from.length)], which = Math.floor(random() * NAMES.vendor.length);
  const o = { number, vendor: NAMES.vendor[which], product: NAMES.product[which], actor: pick(NAMES.actor), malware: pick(NAMES.malware), sector: pick(NAMES.sector), place: PLACES[Math.floor(random() ** 1.8 * PLACES.length)][0], other: PLACES[Math.floor(random() ** 1.6 * PLACES.length)][0], cve: `CVE-2026-${1000 + Math.floor(random() * 40_000)}`, hash: Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("") };
  const [heading, summary] = TITLES[Math.floor(random() ** 0.6 * TITLES.length)](o), title = number % 83 === 12 ? HOSTILE[Math.floor(number / 83) % HOSTILE.length] : heading[0].toUpperCase() + heading.slice(1);
  const text = [summary, ...BODY(o)].join("\n\n"), feed = pick(feeds.slice(0, 4)), published = now - number * 1_900_000 - Math.floor(random() * 1_800_000);
  return { id: String(100_000 - number), feed: { id: feed.id, title: feed.title }, title, link: number % 83 === 12 ? "javascript:alert(1)" : `https://articles.example/${number}`, author: random() < 0.6 ? pick(["R. Okafor", "J. Lindqvist", "M. Haddad"]) : null, published: instant(published), fetched: instant(published + 240_000), summary, text, ...readText(`${title} ${heading}`, text), state: "new" };
}

/** The profile that the mock begins with. */
export const ANA = { user: "ana", stack: [{ vendor: "Fortinet", product: "FortiOS", version: "7.2" }, { vendor: "Citrix", product: "NetScaler" }, { vendor: "Veeam" }], sectors: ["energy", "shipping"], regions: ["NL", "DE"], keywords: [{ text: "phishing", weight: 60 }], actors: ["Sandworm"], malware: ["Akira"], muted: ["survey"], min_score: 0 };
