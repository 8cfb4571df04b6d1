// A hundred users for a minute, without one error: sensors that send, scripts that ask what to do, and analysts who
// read the queue and open a pattern. Between two requests a user pauses for PAUSE seconds on average (0.25).

import { sleep } from 'k6';
import { NO_ERRORS, TREND, dice, get, post, summary } from './asking.mjs';

const PAUSE = Number(__ENV.PAUSE || 0.25);
const PATHS = ['/api/v1/alerts', '/api/v1/alerts/process', '/api/v1/patterns', '/api/v1/patterns/{id}', '/api/v1/alerts/{id}'];

const thresholds = { ...NO_ERRORS, http_req_duration: ['p(99)<100'] };
delete thresholds.dropped_iterations;
// A figure of its own for each path.
for (const path of PATHS) thresholds[`http_req_duration{name:${path}}`] = ['p(99)<1e9'];

export const options = {
  summaryTrendStats: TREND,
  thresholds,
  scenarios: {
    users: { executor: 'constant-vus', vus: Number(__ENV.USERS || 100), duration: __ENV.DURATION || '60s' },
  },
};

// What this user's last look at the queue and last delivery brought.
let patterns = [];
let alerts = [];

export default function () {
  const chance = dice.share() * 100;
  if (chance < 40) {
    const answer = post(dice.percent(70) ? 1 : dice.between(2, 10), '/api/v1/alerts');
    if (answer.status === 202) alerts = answer.json('alerts');
  } else if (chance < 55) {
    post(1, '/api/v1/alerts/process');
  } else if (chance < 75 || patterns.length === 0) {
    const sort = dice.pick(['priority', 'newest', 'alerts']);
    const answer = get(`/api/v1/patterns?sort=${sort}&limit=50`, '/api/v1/patterns');
    if (answer.status === 200) patterns = answer.json('items').map((pattern) => pattern.id);
  } else if (chance < 90 || alerts.length === 0) {
    get(`/api/v1/patterns/${dice.pick(patterns)}`, '/api/v1/patterns/{id}');
  } else {
    get(`/api/v1/alerts/${dice.pick(alerts)}`, '/api/v1/alerts/{id}');
  }
  sleep(PAUSE * 2 * dice.share());
}

export { summary as handleSummary };
