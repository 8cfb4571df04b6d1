// How much the service can take: the rate rises step by step, and every step has figures of its own. A step is carried
// if every request that was due was sent and answered, with p99 below 100 ms. FLOOR is the rate that has to be carried.
//
// k6 works on the same machine, and takes more of it than the service: what it finds is less than the service can do
// for a client elsewhere.

import { TREND, post, summary } from './asking.mjs';

const ALERTS = Number(__ENV.ALERTS || 1);
const FLOOR = Number(__ENV.FLOOR || 500);
const SECONDS = Number(__ENV.SECONDS_EACH || 8);
const RATES = (__ENV.RATES || '125,250,500,1000,1500,2000,3000,4000,6000').split(',').map(Number);

const scenarios = {};
const thresholds = {};
RATES.forEach((rate, step) => {
  const scenario = `at_${rate}`;
  scenarios[scenario] = {
    executor: 'constant-arrival-rate',
    rate,
    timeUnit: '1s',
    duration: `${SECONDS}s`,
    // A pause between the steps: what the one before has left behind is not this one's.
    startTime: `${step * (SECONDS + 3)}s`,
    gracefulStop: '3s',
    preAllocatedVUs: Math.min(200, 20 + Math.ceil(rate / 10)),
    maxVUs: 200,
  };
  const must = rate <= FLOOR;
  thresholds[`http_req_duration{scenario:${scenario}}`] = [must ? 'p(99)<100' : 'p(99)<1e9'];
  thresholds[`dropped_iterations{scenario:${scenario}}`] = [must ? 'count==0' : 'count<1e9'];
  thresholds[`http_req_failed{scenario:${scenario}}`] = [must ? 'rate==0' : 'rate<1e9'];
  thresholds[`http_reqs{scenario:${scenario}}`] = ['count<1e9'];
});

export const options = { summaryTrendStats: TREND, scenarios, thresholds };

export default function () {
  post(ALERTS);
}

export function handleSummary(data) {
  const value = (metric, scenario, name) => {
    const found = data.metrics[`${metric}{scenario:${scenario}}`];
    return (found && found.values[name]) || 0;
  };
  let carried = 0;
  let table = '\n| requests/s due | sent/s | p50 ms | p95 ms | p99 ms | left out | failed | carried |\n|---:|---:|---:|---:|---:|---:|---:|---|\n';
  for (const rate of RATES) {
    const scenario = `at_${rate}`;
    const left = value('dropped_iterations', scenario, 'count');
    const failed = value('http_req_failed', scenario, 'rate');
    const times = ['med', 'p(95)', 'p(99)'].map((name) => value('http_req_duration', scenario, name));
    const sent = value('http_reqs', scenario, 'count');
    const good = sent > 0 && left === 0 && failed === 0 && times[2] < 100;
    if (good) carried = rate;
    table += `| ${rate} | ${(sent / SECONDS).toFixed(0)} | ${times.map((time) => time.toFixed(1)).join(' | ')} | ${left} | ${(failed * 100).toFixed(1)} % | ${good ? 'yes' : 'no'} |\n`;
  }
  table += `\nhighest rate carried: ${carried} requests/s of ${ALERTS} alert(s), ${carried * ALERTS} alerts/s\n`;
  return { ...summary(data), stdout: table };
}
