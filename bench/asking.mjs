// What the k6 scripts share: where the service is, how it is asked, and what is written down at the end. Needs k6.

import http from 'k6/http';
import { check } from 'k6';
import { Maker } from './alerts.mjs';

const BASE = __ENV.WATCHFIRE_URL || 'http://127.0.0.1:8750';
// POST /api/v1/alerts judges; with ENDPOINT=process, /api/v1/alerts/process proposes what to do as well.
export const ENDPOINT = __ENV.ENDPOINT === 'process' ? '/api/v1/alerts/process' : '/api/v1/alerts';
const SEED = Number(__ENV.SEED || 1);
// With a token where the service wants one.
const HEADERS = __ENV.WATCHFIRE_TOKEN ? { Authorization: `Bearer ${__ENV.WATCHFIRE_TOKEN}` } : {};

/// Percentiles that BENCHMARKS.md tells of.
export const TREND = ['avg', 'med', 'p(95)', 'p(99)', 'max'];

/// Not one request may fail, and none may be left out for want of users.
export const NO_ERRORS = { http_req_failed: ['rate==0'], checks: ['rate==1'], dropped_iterations: ['count==0'] };

// Every virtual user runs this file by itself, before the clock starts, and has a maker and chance of its own.
const maker = new Maker(SEED, __VU);
export const dice = maker.dice;

/// Sends so many alerts in one request.
export function post(alerts, endpoint = ENDPOINT) {
  const processing = endpoint.endsWith('/process');
  const answer = http.post(`${BASE}${endpoint}`, maker.lines(alerts), {
    headers: { 'Content-Type': 'application/x-ndjson', ...HEADERS },
    tags: { name: endpoint },
  });
  check(answer, {
    'every alert is judged': (answer) => {
      if (processing) {
        if (answer.status !== 200) return false;
        const results = answer.json('results');
        return results.length === alerts && results.every((result) => result.status === 'judged');
      }
      return answer.status === 202 && answer.json('judged') === alerts && answer.json('alerts').length === alerts;
    },
  });
  return answer;
}

/// Asks for something; `name` stands for the path in the figures, without ids.
export function get(path, name) {
  const answer = http.get(`${BASE}${path}`, { headers: HEADERS, tags: { name } });
  check(answer, { 'what is asked for is there': (answer) => answer.status === 200 });
  return answer;
}

/// k6's report, and the figures as JSON where SUMMARY names a file.
export function summary(data) {
  const lines = [''];
  for (const name of Object.keys(data.metrics).sort()) {
    const metric = data.metrics[name];
    if ((name.startsWith('http_req_duration') && !name.includes('expected_response')) || name === 'http_reqs') lines.push(`  ${name}  ${row(metric)}`);
    for (const [rule, held] of Object.entries(metric.thresholds || {})) {
      // Those of the kind p(99)<1e9 are there to have the figure, not to keep anything.
      if (!rule.endsWith('<1e9')) lines.push(`  ${held.ok ? 'kept  ' : 'BROKEN'}  ${name}: ${rule}`);
    }
  }
  const written = { stdout: lines.join('\n') + '\n' };
  if (__ENV.SUMMARY) written[__ENV.SUMMARY] = JSON.stringify(data, null, 1);
  return written;
}

function row({ type, values }) {
  if (type !== 'trend') return `${values.count} requests, ${values.rate.toFixed(1)}/s`;
  return TREND.filter((name) => name in values)
    .map((name) => `${name} ${values[name].toFixed(2)} ms`)
    .join('  ');
}
