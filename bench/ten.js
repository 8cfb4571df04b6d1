// Ten alerts a request, at a rate that leaves the service time: p99 below 20 ms.
//
// The rate is fixed, and a request is sent when it is due whether or not the one before it was answered, so that a
// pause of the service is seen by all requests that fall into it.

import { NO_ERRORS, TREND, post, summary } from './asking.mjs';

export const options = {
  summaryTrendStats: TREND,
  thresholds: { ...NO_ERRORS, http_req_duration: ['p(99)<20'] },
  scenarios: {
    ten: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE || 50),
      timeUnit: '1s',
      duration: __ENV.DURATION || '30s',
      preAllocatedVUs: 20,
      maxVUs: 100,
    },
  },
};

export default function () {
  post(10);
}

export { summary as handleSummary };
