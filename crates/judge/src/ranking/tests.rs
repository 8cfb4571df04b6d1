//! What goes first, and what need not be opened any more.

use super::{Candidate, Trace, rank};

const HOUR: i64 = 3_600_000;

fn trace(times: impl IntoIterator<Item = i64>) -> Trace {
    let mut trace = Trace::default();
    for time in times {
        trace.add(time, 0);
    }
    trace
}

fn candidate(trace: &Trace, rule: u64, host: u64) -> Candidate<'_> {
    Candidate { trace, rule, host, sensor: rule % 3, weight: 1.0 }
}

#[test]
fn what_breaks_a_long_silence_in_company_goes_before_what_is_merely_rare() {
    // Three rules on one machine within minutes on the fourth day; one that comes every hour; one that is rarer than all.
    let burst: Vec<Trace> =
        (0..3).map(|n| trace([96 * HOUR + n * 60_000, 96 * HOUR + n * 60_000 + 500])).collect();
    let hourly = trace((0..100).map(|hour| hour * HOUR));
    let rare = trace([5 * HOUR]);
    let mut candidates = vec![candidate(&rare, 20, 7), candidate(&hourly, 21, 8)];
    candidates.extend(burst.iter().zip(0..).map(|(trace, rule)| candidate(trace, rule, 9)));
    let order = rank(&candidates);
    assert!(order[0] >= 2, "{order:?}");
    assert_eq!(order.last(), Some(&1), "{order:?}");
    let mut all = order.clone();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

#[test]
fn what_was_shown_in_the_same_seconds_waits() {
    // Twenty rules fire together on one machine; something else happens on another machine later.
    let together: Vec<Trace> = (0..20).map(|_| trace([50 * HOUR, 50 * HOUR + 1000])).collect();
    let elsewhere = trace([70 * HOUR]);
    let mut candidates: Vec<Candidate<'_>> =
        together.iter().zip(0..).map(|(trace, rule)| candidate(trace, rule, 1)).collect();
    candidates.push(candidate(&elsewhere, 100, 2));
    let order = rank(&candidates);
    let place = order.iter().position(|&place| place == 20).unwrap_or(usize::MAX);
    assert!(place <= 2, "{order:?}");
}

#[test]
fn the_order_is_the_same_each_time_and_survives_disorder_and_extremes() {
    let odd: Vec<Trace> = [
        vec![5 * HOUR, HOUR, i64::MAX, i64::MIN, 0],
        vec![i64::MIN],
        vec![i64::MAX, i64::MAX],
        (0..10_000).map(|n| n * 7_919_000 % 1_000_003).collect(),
    ]
    .into_iter()
    .map(trace)
    .collect();
    let candidates: Vec<Candidate<'_>> =
        odd.iter().zip(0..).map(|(trace, rule)| candidate(trace, rule, 1)).collect();
    let order = rank(&candidates);
    assert_eq!(order.len(), 4);
    assert_eq!(order, rank(&candidates));
    assert!(rank(&[]).is_empty());
}

#[test]
fn a_trace_stays_small_and_keeps_its_most_surprising_episodes() {
    let mut times: Vec<i64> = (0..5000).map(|n| n * 400_000).collect();
    let silence = 5000 * 400_000 + 200 * HOUR;
    times.push(silence);
    times.extend((1..3000).map(|n| silence + n * 400_000));
    let trace = trace(times);
    let episodes = trace.episodes();
    assert_eq!((episodes.len(), trace.alerts()), (3, 8000));
    assert_eq!(episodes[0].start, silence);
    assert!(episodes.windows(2).all(|pair| pair[0].surprise >= pair[1].surprise));
    assert!(trace.was_seen(silence, silence) && !trace.was_seen(silence - 100 * HOUR, silence - 50 * HOUR));
}
