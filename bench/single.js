// One alert a request, at a rate that leaves the service time: p99 below 10 ms.
//
// The rate is fixed, and a request is sent when it is due whether or not the one before it was answered, so that a
// pause of the service is seen by all requests that fall into it.

import { NO_ERRORS, TREND, post, summary } from './asking.mjs';

export const options = {
  summaryTrendStats: TREND,
  thresholds: { ...NO_ERRORS, http_req_duration: ['p(99)<10'] },
  scenarios: {
    single: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 100),
      timeUnit: '1s',
      duration: __ENV.DURATION || '30s',
      preAllocatedVUs: 20,
      maxVUs: 100,
    },
  },
};

export default function () {
  post(1);
}

export { summary as handleSummary };
