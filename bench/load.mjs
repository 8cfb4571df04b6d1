// Load without k6: a closed loop over kept connections, with nothing but Node. It is what `bench/load` falls back on,
// and what `bench/memory` uses, because k6 takes several times as much of the machine per request.
//
//   node bench/load.mjs [--connections 100] [--seconds 30 | --requests 1000000] [--alerts 1] [--rate 0]
//                       [--endpoint /api/v1/alerts] [--seed 1] [--bound-ms 100] [--summary FILE]
//                       [--hosts 240] [--progress FILE]
//
// With a rate, so many requests a second are due in all, and where a connection still waits for an answer when its next
// request is due, the time counts from then. Without one, each connection sends its next request as soon as the last
// one was answered. WATCHFIRE_URL says where.
//
// Exit status: 0 if every request was answered well, and p99 is below the bound where there is one; else 1.

import net from 'node:net';
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { performance } from 'node:perf_hooks';
import { Maker } from './alerts.mjs';

const { values: given } = parseArgs({
  options: Object.fromEntries(
    ['connections', 'seconds', 'requests', 'alerts', 'rate', 'endpoint', 'seed', 'bound-ms', 'summary', 'hosts', 'progress'].map((name) => [
      name,
      { type: 'string' },
    ]),
  ),
});
const number = (name, otherwise) => (given[name] === undefined ? otherwise : Number(given[name]));
const CONNECTIONS = number('connections', 100);
const REQUESTS = number('requests', Infinity);
const SECONDS = number('seconds', REQUESTS === Infinity ? 30 : Infinity);
const ALERTS = number('alerts', 1);
const RATE = number('rate', 0);
const BOUND_MS = number('bound-ms', Infinity);
const ENDPOINT = given.endpoint ?? '/api/v1/alerts';
const TARGET = new URL(process.env.WATCHFIRE_URL ?? 'http://127.0.0.1:8750');
const TOKEN = process.env.WATCHFIRE_TOKEN ? `Authorization: Bearer ${process.env.WATCHFIRE_TOKEN}\r\n` : '';

/// Times in microseconds, counted in buckets that are 2 % wide: a million of them take no more room than one.
class Times {
  constructor() {
    this.buckets = new Float64Array(1200);
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }

  add(us) {
    this.buckets[Math.min(this.buckets.length - 1, Math.max(0, Math.round(Math.log(us) / Math.log(1.02))))]++;
    this.count++;
    this.sum += us;
    if (us > this.max) this.max = us;
  }

  /// In milliseconds.
  quantile(share) {
    let left = Math.ceil(this.count * share);
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      left -= this.buckets[bucket];
      if (left <= 0) return Math.min(Math.pow(1.02, bucket), this.max) / 1000;
    }
    return 0;
  }
}

const times = new Times();
const failures = new Map();
let sent = 0;
let answered = 0;
let running = 0;
const started = performance.now();
const over = () => sent >= REQUESTS || performance.now() - started >= SECONDS * 1000;

function failed(why) {
  failures.set(why, (failures.get(why) ?? 0) + 1);
}

/// One connection: sends, reads the whole answer, sends again.
class Connection {
  constructor(stream) {
    this.maker = new Maker(number('seed', 1), stream, number('hosts', 240));
    this.stream = stream;
    this.turn = 0;
    this.socket = null;
    running++;
    this.open();
  }

  open() {
    this.waiting = false;
    this.text = '';
    this.socket = net.connect({ host: TARGET.hostname, port: Number(TARGET.port || 80), noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('connect', () => this.next());
    this.socket.on('data', (text) => this.take(text));
    this.socket.on('error', (error) => failed(error.code ?? error.message));
    this.socket.on('close', () => {
      if (this.waiting) failed('the connection ended before the answer');
      if (over()) running--;
      else setTimeout(() => this.open(), 20);
    });
  }

  next() {
    if (over()) {
      this.socket.end();
      return;
    }
    if (RATE > 0) {
      // The connections take turns: this one's n-th request is due at (n × connections + its number) / rate.
      const due = started + ((this.turn++ * CONNECTIONS + this.stream) / RATE) * 1000;
      const early = due - performance.now();
      // Timers come up to 2 ms late, which is this client's doing; that a connection was not free is the service's.
      if (early > 0) setTimeout(() => this.send(performance.now()), early);
      else this.send(due);
      return;
    }
    this.send(performance.now());
  }

  send(due) {
    if (over()) {
      this.socket.end();
      return;
    }
    sent++;
    const body = this.maker.lines(ALERTS);
    this.due = due;
    this.waiting = true;
    this.socket.write(
      `POST ${ENDPOINT} HTTP/1.1\r\nHost: ${TARGET.host}\r\nContent-Type: application/x-ndjson\r\n${TOKEN}` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  take(text) {
    this.text += text;
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.text.slice(0, end).toLowerCase();
    const length = /\r\ncontent-length: *(\d+)/.exec(head);
    if (length !== null ? this.text.length < end + 4 + Number(length[1]) : !this.text.endsWith('\r\n0\r\n\r\n')) return;
    times.add((performance.now() - this.due) * 1000);
    answered++;
    const status = this.text.slice(9, 12);
    if (status[0] !== '2') failed(`status ${status}`);
    else if (ENDPOINT === '/api/v1/alerts' && !this.text.includes(`"judged":${ALERTS},`)) failed('not every alert judged');
    this.text = '';
    this.waiting = false;
    if (head.includes('\r\nconnection: close')) this.socket.end();
    else this.next();
  }
}

for (let stream = 0; stream < CONNECTIONS; stream++) new Connection(stream);
// How many were answered so far, and how many patterns they are, for whoever watches meanwhile.
async function tell() {
  const headers = process.env.WATCHFIRE_TOKEN ? { Authorization: `Bearer ${process.env.WATCHFIRE_TOKEN}` } : {};
  const counted = answered;
  try {
    const { store } = await (await fetch(new URL('/api/v1/statistics', TARGET), { headers })).json();
    fs.writeFileSync(given.progress, `${counted} ${store.patterns}`);
  } catch {
    // Nobody answers at the very end; the last figures stand.
  }
}
if (given.progress) setInterval(tell, 1000).unref();
await new Promise((done) => {
  const timer = setInterval(() => {
    if (running > 0) return;
    clearInterval(timer);
    done();
  }, 50);
});

const seconds = (performance.now() - started) / 1000;
if (given.progress) await tell();
const summary = {
  requests: answered,
  alerts: answered * ALERTS,
  seconds,
  requests_per_s: answered / seconds,
  ms: { mean: times.sum / Math.max(1, times.count) / 1000, max: times.max / 1000 },
  failures: Object.fromEntries(failures),
};
for (const [name, share] of [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]]) summary.ms[name] = times.quantile(share);
if (given.summary) fs.writeFileSync(given.summary, JSON.stringify(summary, null, 1));
const ms = (name) => `${name} ${summary.ms[name].toFixed(2)} ms`;
console.log(
  `${answered} requests of ${ALERTS} alert(s) in ${seconds.toFixed(1)} s, ${summary.requests_per_s.toFixed(0)}/s: ` +
    ['p50', 'p95', 'p99', 'max'].map(ms).join('  '),
);
for (const [why, times] of failures) console.log(`FAILED ${times}×: ${why}`);
const slow = summary.ms.p99 >= BOUND_MS;
if (slow) console.log(`BROKEN: p99 is not below ${BOUND_MS} ms`);
process.exitCode = failures.size > 0 || slow || answered === 0 ? 1 : 0;
