//! Measurements of users, judged by filters: what to accept, what to reject, and why.
