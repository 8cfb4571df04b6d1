// How often a proposition is answered from the cache, on three workloads that are replayed through
// POST /api/v1/alerts/process, one alert a request.
//
//   node bench/propositions.mjs [ci|mixed|scams …] [--alerts 2000] [--seed 1]
//   checks/serving node bench/propositions.mjs ci [--summary FILE]
//
// A rate counts from an empty cache, so each workload gets a service of its own: without WATCHFIRE_URL, this script runs
// itself once per workload below checks/serving, and prints a table. The rate is `hit_rate.propositions` of
// GET /api/v1/statistics; beside it stands what the answers themselves say (`propositions.from`).
//
// What the workloads are follows from their descriptions, and from nothing else:
//
//   ci      Build pipelines fail over and over for the same few reasons. Twelve alert types, Zipf with exponent 1.
//   mixed   What a company of some hundred machines sees in a day: its sensors know 700 alert types, Zipf with
//           exponent 1. Some 450 of them turn up.
//   scams   Scams are worded anew each time; a few kits come back for weeks. Most types are seen once or twice.
//   types   No two alerts of one type: the cache is filled, nothing is hit. For bench/memory; not in the table. With
//           --plain the same alerts are posted, and nothing is proposed for them.
//
// The share of alerts whose type came before is what a cache can reach at most ("possible"). It is the workload's
// alone, and moves with it: how often a kit comes back is not known to anybody, and 3 copies of each instead of 3 to 40
// would make 30 % of the scams possible. So a rate says as much of the workload as of the cache; how far it stays
// below what is possible is the cache's.
//
// An alert type is the vendor's rule. Every alert has a host, a source, a time and an id of its own, so that nothing
// but the type can be what is hit. Types come in the order of chance, not sorted.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Dice, Zipf } from './alerts.mjs';

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { alerts: { type: 'string' }, seed: { type: 'string' }, summary: { type: 'string' }, plain: { type: 'boolean' } },
});
const ALERTS = Number(given.alerts ?? 2000);
const SEED = Number(given.seed ?? 1);
const HERE = fileURLToPath(import.meta.url);

// Rules with an id of their own, as Wazuh lets its users write them (from 100000 on).
const FAILURES = [
  'Unit tests failed', 'Compilation failed', 'Linter found errors', 'Dependency could not be downloaded',
  'Job ran out of time', 'Runner lost', 'Container image could not be pulled', 'Integration tests failed',
  'Disk of runner full', 'Secret found in commit', 'Vulnerable dependency found', 'Deployment refused',
];

/// Which type each alert of a workload is of.
function types(name, dice) {
  if (name === 'ci') {
    const ranks = new Zipf(FAILURES.length, 1);
    return Array.from({ length: ALERTS }, () => ranks.draw(dice));
  }
  if (name === 'mixed') {
    const ranks = new Zipf(700, 1);
    return Array.from({ length: ALERTS }, () => ranks.draw(dice));
  }
  if (name === 'types') return Array.from({ length: ALERTS }, (_, type) => type);
  // Of the texts, 70 % are seen once and never again, 18 % twice, 12 % are kits of which 3 to 40 copies come.
  const drawn = [];
  for (let type = 0; drawn.length < ALERTS; type++) {
    const share = dice.share();
    let copies = 1;
    if (share >= 0.88) copies = Math.min(40, Math.floor(3 / Math.pow(1 - dice.share(), 1 / 1.2)));
    else if (share >= 0.7) copies = 2;
    for (let copy = 0; copy < copies && drawn.length < ALERTS; copy++) drawn.push(type);
  }
  return shuffled(drawn, dice);
}

/// Fisher and Yates's.
function shuffled(list, dice) {
  for (let last = list.length - 1; last > 0; last--) {
    const other = dice.between(0, last);
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}

function text(name, type) {
  if (name === 'ci') return { description: `CI: ${FAILURES[type]}`, groups: ['ci', 'pipeline'], level: 5 };
  if (name === 'mixed') {
    const kinds = ['Web attack', 'Login failed', 'New file', 'Policy violated', 'Scan', 'Malware', 'Configuration changed'];
    return { description: `${kinds[type % kinds.length]}: detection ${type}`, groups: ['detection'], level: 3 + (type % 9) };
  }
  return { description: `Mail: suspected scam, wording ${type}`, groups: ['mail', 'phishing'], level: 7 };
}

function record(name, type, number, dice) {
  const { description, groups, level } = text(name, type);
  const now = new Date();
  const host = dice.between(1, 400);
  return {
    timestamp: now.toISOString().replace('Z', '+0000'),
    rule: { level, description, id: String(100000 + type), groups },
    agent: { id: String(host).padStart(3, '0'), name: `host${host}`, ip: `10.20.${host % 8}.${1 + (host >> 3)}` },
    manager: { name: 'siem01' },
    id: `${now.getTime()}.${SEED}${String(number).padStart(7, '0')}`,
    full_log: `${description} (${dice.hex(12)})`,
    decoder: { name: 'json' },
    data: { srcip: `198.18.${dice.between(0, 255)}.${dice.between(1, 254)}` },
    location: 'pipeline',
  };
}

async function ask(method, where, body) {
  const base = process.env.WATCHFIRE_URL ?? 'http://127.0.0.1:8750';
  const headers = { 'Content-Type': 'application/x-ndjson' };
  if (process.env.WATCHFIRE_TOKEN) headers.Authorization = `Bearer ${process.env.WATCHFIRE_TOKEN}`;
  const answer = await fetch(base + where, { method, headers, body });
  if (!answer.ok) throw new Error(`${method} ${where}: status ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/// Replays one workload, one alert after another: whether a type was seen before must not depend on chance.
async function replay(name) {
  const dice = new Dice(SEED);
  const drawn = types(name, dice);
  const copies = new Map();
  for (const type of drawn) copies.set(type, (copies.get(type) ?? 0) + 1);
  const before = (await ask('GET', '/api/v1/statistics')).store.alerts;
  if (before > 0 && name !== 'types') throw new Error('the service has seen alerts before; a rate is its cache\'s from the beginning');
  const from = {};
  const status = {};
  for (const [number, type] of drawn.entries()) {
    const body = JSON.stringify(record(name, type, number, dice));
    if (given.plain) {
      await ask('POST', '/api/v1/alerts', body);
      continue;
    }
    const { results } = await ask('POST', '/api/v1/alerts/process', body);
    if (results.length !== 1 || results[0].status !== 'judged') throw new Error(`not judged: ${JSON.stringify(results)}`);
    const { propositions } = results[0];
    from[propositions.from] = (from[propositions.from] ?? 0) + 1;
    status[propositions.status] = (status[propositions.status] ?? 0) + 1;
  }
  const after = await ask('GET', '/api/v1/statistics');
  return {
    workload: name,
    alerts: drawn.length,
    types: copies.size,
    once: [...copies.values()].filter((times) => times === 1).length,
    // What a cache that forgets nothing could reach at most: every type but its first alert.
    possible: 1 - copies.size / drawn.length,
    hit_rate: after.hit_rate.propositions,
    answered_from_cache: (from.cache ?? 0) / drawn.length,
    from,
    status,
    memory_bytes: after.memory_bytes,
  };
}

// SPEC O3.
const WANTED = { ci: [0.75, 1], mixed: [0.6, 0.7], scams: [0.4, 0.5] };
const percent = (share) => `${(share * 100).toFixed(1)} %`;

if (process.env.WATCHFIRE_URL) {
  for (const name of positionals) {
    if (!(name in WANTED) && name !== 'types') throw new Error(`there is no workload ${name}`);
  }
  if (positionals.length !== 1) throw new Error('one workload to a service: the cache is the service\'s');
  const result = await replay(positionals[0]);
  if (given.summary) fs.writeFileSync(given.summary, JSON.stringify(result));
  else console.log(JSON.stringify(result, null, 1));
} else {
  const folder = path.join(path.dirname(HERE), '..');
  const summary = path.join(folder, 'target', 'propositions.json');
  console.log('| workload | alerts | types | seen once | possible | hit rate | wanted |\n|---|---:|---:|---:|---:|---:|---|');
  let missed = false;
  for (const name of positionals.length > 0 ? positionals : Object.keys(WANTED)) {
    const common = ['--alerts', String(ALERTS), '--seed', String(SEED), '--summary', summary];
    execFileSync(path.join(folder, 'checks', 'serving'), [process.execPath, HERE, name, ...common], { stdio: 'inherit' });
    const result = JSON.parse(fs.readFileSync(summary, 'utf8'));
    const [least, most] = WANTED[name];
    // More than is wanted is no failure of the cache, and said.
    missed ||= result.hit_rate < least;
    const wanted = most === 1 ? `≥ ${percent(least)}` : `${percent(least)} to ${percent(most)}`;
    console.log(
      `| ${name} | ${result.alerts} | ${result.types} | ${result.once} | ${percent(result.possible)} | ${percent(result.hit_rate)} | ${wanted} |`,
    );
  }
  process.exitCode = missed ? 1 : 0;
}
