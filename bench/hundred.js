// A hundred at once, each sending its next alert as soon as the last one was answered: p99 below 100 ms.

import { NO_ERRORS, TREND, post, summary } from './asking.mjs';

export const options = {
  summaryTrendStats: TREND,
  thresholds: { ...NO_ERRORS, http_req_duration: ['p(99)<100'] },
  scenarios: {
    hundred: { executor: 'constant-vus', vus: 100, duration: __ENV.DURATION || '30s' },
  },
};
// Nothing is left out where nothing is due.
delete options.thresholds.dropped_iterations;

export default function () {
  post(1);
}

export { summary as handleSummary };
