//! Equality with the textbook, and what the gate promises.

use super::*;
use crate::settings::{MetricSettings, Noise};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

mod textbook;

use textbook::Textbook;

fn close(one: f64, another: f64) -> bool {
    (one - another).abs() <= 1e-9 * another.abs().max(1.0)
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

/// A random series: times in milliseconds with irregular steps, some of none, and values with jumps in them.
fn series(rng: &mut ChaCha8Rng) -> Vec<(i64, f64)> {
    let (mut time, mut level, mut slope) = (1_700_000_000_000, rng.random_range(-1e3..1e3), 0.0);
    let noise = rng.random_range(0.01..10.0);
    (0..rng.random_range(20..60))
        .map(|_| {
            let step = if rng.random_bool(0.1) { 0 } else { rng.random_range(1..600_000) };
            time += step;
            slope += 0.001 * normal(rng);
            level += slope * step as f64 / 1e3 + 0.1 * noise * normal(rng);
            let jump = if rng.random_bool(0.05) { 1e3 } else { 0.0 };
            (time, level + jump + noise * normal(rng))
        })
        .collect()
}

#[test]
fn ten_thousand_random_series_agree_with_the_textbook_to_1e_9() {
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_121);
    let (mut steps, mut rejected) = (0, 0);
    for number in 0..10_000 {
        let model = if number % 2 == 0 { Model::LocalLevel } else { Model::LocalLinearTrend };
        let noise = if number % 4 < 2 {
            Noise::Given {
                level: rng.random_range(1e-4..1.0),
                slope: rng.random_range(1e-9..1e-5),
                measurement: rng.random_range(0.01..100.0),
            }
        } else {
            Noise::Learned { least: 0.0 }
        };
        let settings = MetricSettings { model, noise, shift_after: 1_000_000, ..MetricSettings::default() };
        let series = series(&mut rng);
        let (mut filter, _) = Filter::begin(&settings, series[0].0, series[0].1);
        let mut textbook = Textbook::begin(model, series[0].1, filter.variances(&settings));
        let mut believed = true;
        for (place, pair) in series.windows(2).enumerate() {
            let [(before, _), (time, value)] = [pair[0], pair[1]];
            // What the noise is believed to be is given to both; how it is learned has tests of its own.
            let variances = filter.variances(&settings);
            let seconds = (time - before) as f64 / 1e3;
            let gate = filter.gate(&settings);
            let step = filter.judge(&settings, time, value);
            let [level, _, _, covariance, slope_variance] = textbook.numbers();
            let flat = model == Model::LocalLinearTrend && covariance == 0.0 && slope_variance == 0.0;
            let slope = if flat { 0.0 } else { variances.slope };
            textbook.predict(seconds, Variances { slope, ..variances });
            let squared = textbook.normalised_innovation_squared(value);
            assert!(
                (squared.sqrt() - gate).abs() < 1e-9
                    || place < 2
                    || step.accepted == (squared <= gate * gate)
            );
            if step.accepted {
                let two = flat && believed && seconds > 0.0;
                if two { textbook.of_two(level, value, seconds, variances) } else { textbook.update(value) }
            }
            let [level, slope, level_variance, covariance, slope_variance] = textbook.numbers();
            let found = filter.estimate;
            for (found, expected) in [
                (found.level, level),
                (found.slope, slope),
                (found.level_variance, level_variance),
                (found.covariance, covariance),
                (found.slope_variance, slope_variance),
            ] {
                assert!(close(found, expected), "series {number}, step {place}: {found} for {expected}");
            }
            believed = step.accepted;
            steps += 1;
            rejected += usize::from(!step.accepted);
        }
    }
    assert!(steps > 300_000 && rejected > 5_000, "{steps} steps, {rejected} rejected");
}

fn judged(settings: &MetricSettings, values: &[f64]) -> Vec<Step> {
    let (mut filter, first) = Filter::begin(settings, 0, values[0]);
    let rest =
        values[1..].iter().zip(1..).map(|(value, minute)| filter.judge(settings, minute * 60_000, *value));
    std::iter::once(first).chain(rest).collect()
}

fn noisy(seed: u64, count: usize, level: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| level + normal(&mut rng)).collect()
}

#[test]
fn a_spike_is_rejected_and_leaves_the_level_alone() {
    let mut values = noisy(1, 300, 50.0);
    values[200] = 90.0;
    let steps = judged(&MetricSettings::default(), &values);
    let rejected: Vec<usize> = (0..300).filter(|&place| !steps[place].accepted).collect();
    assert_eq!(rejected, [200]);
    assert!(steps[200].residual > 35.0);
}

#[test]
fn a_level_that_stays_is_taken_up_after_as_many_as_are_set_and_the_way_back_is_known() {
    let mut values = noisy(2, 300, 50.0);
    values[200..250].iter_mut().for_each(|value| *value += 40.0);
    let steps = judged(&MetricSettings::default(), &values);
    let rejected: Vec<usize> = (0..300).filter(|&place| !steps[place].accepted).collect();
    assert_eq!(rejected, [200, 201, 202]);
    assert!(steps[203].shift && steps[203].accepted);
    assert!(steps[250].shift && steps[250].accepted, "back to a level that is remembered");
}

#[test]
fn the_gate_lets_through_what_is_as_ordinary_as_is_set() {
    for (share, most) in [(1e-2, 0.02), (1e-3, 0.003)] {
        let settings = MetricSettings { false_rejections: share, ..MetricSettings::default() };
        let steps = judged(&settings, &noisy(3, 50_000, 10.0));
        let found = steps.iter().filter(|step| !step.accepted).count() as f64 / 50_000.0;
        assert!(found <= most, "{found} for {share}");
    }
}

proptest! {
    #[test]
    fn nothing_is_rejected_for_ever(
        seed: u64, jump in prop_oneof![Just(1e3), Just(-1e9), Just(1e-3), Just(1e14)], wild in 0.0_f64..1e6,
        after in 2_u32..10,
    ) {
        let settings = MetricSettings { shift_after: after, ..MetricSettings::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut values = noisy(seed, 100, 5.0);
        values.extend((0..200).map(|_| jump + wild * normal(&mut rng)));
        let steps = judged(&settings, &values);
        let longest = steps.split(|step| step.accepted).map(<[Step]>::len).max().unwrap();
        prop_assert!(longest < 4 * after as usize, "{longest} rejected in a row");
    }

    #[test]
    fn any_values_at_any_times_leave_finite_numbers(
        series in proptest::collection::vec((0_i64..7_258_118_400_000, -1e15_f64..1e15), 2..100), trend: bool,
    ) {
        let model = if trend { Model::LocalLinearTrend } else { Model::LocalLevel };
        let settings = MetricSettings { model, ..MetricSettings::default() };
        let mut series = series;
        series.sort_by_key(|(time, _)| *time);
        let (mut filter, _) = Filter::begin(&settings, series[0].0, series[0].1);
        for (time, value) in &series[1..] {
            let step = filter.judge(&settings, *time, *value);
            prop_assert!(filter.estimate.is_finite() && step.residual.is_finite() && step.half_width.is_finite());
            prop_assert!(filter.estimate.level_variance >= 0.0 && filter.estimate.slope_variance >= 0.0);
            prop_assert!(filter.tail.quantile.is_finite() && filter.learned.square.is_finite());
        }
    }
}
