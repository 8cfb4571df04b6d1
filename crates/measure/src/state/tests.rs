use super::{MOST_SERIES, StateError, UserState};
use crate::filter::{Outcome, Reason};
use crate::measurement::Measurement;
use crate::settings::{Conversion, MetricSettings};
use proptest::prelude::*;
use watchfire_signal::Timestamp;
use watchfire_store::measurements::MOST_VALUE_BYTES;

fn measurement(metric: &str, seconds: i64, value: f64) -> Measurement {
    Measurement {
        id: None,
        user: "anna".to_owned(),
        metric: metric.to_owned(),
        time: Timestamp::from_millis(seconds * 1_000).unwrap(),
        value,
        unit: None,
    }
}

/// A value that looks as if by chance, between 0 and 10.
fn value(index: i64) -> f64 {
    (index.wrapping_mul(2_654_435_761) % 10_007) as f64 / 1_000.7
}

fn long_state(metrics: usize, points: i64, settings: &MetricSettings) -> UserState {
    let mut state = UserState::default();
    for metric in 0..metrics {
        for second in 0..points {
            let name = format!("metric-{metric}-{}", "m".repeat(100));
            state.judge(settings, &measurement(&name, second, value(second + 7 * metric as i64))).unwrap();
        }
    }
    state
}

#[test]
fn what_has_no_place_is_refused_without_a_trace() {
    let mut settings =
        MetricSettings { range: [0.0, 100.0], unit: Some("C".to_owned()), ..MetricSettings::default() };
    settings.units.insert("F".to_owned(), Conversion { factor: 0.5, offset: -6.0 });
    let mut state = UserState::default();
    let mut judge = |value: f64, unit: Option<&str>| {
        let given = Measurement { unit: unit.map(str::to_owned), ..measurement("t", 1, value) };
        let (outcome, changed) = state.judge(&settings, &given).unwrap();
        (outcome.reason(), changed)
    };
    assert_eq!(judge(f64::NAN, None), (Some(Reason::NotFinite), false));
    assert_eq!(judge(f64::NEG_INFINITY, Some("F")), (Some(Reason::NotFinite), false));
    assert_eq!(judge(101.0, None), (Some(Reason::OutOfRange), false));
    assert_eq!(judge(20.0, Some("K")), (Some(Reason::UnknownUnit), false));
    assert_eq!(judge(212.0, Some("F")), (None, true), "100 °C");
    assert_eq!(judge(100.0, Some("C")), (None, false), "the same in another unit");
}

#[test]
fn the_same_measurement_twice_changes_nothing_and_is_answered_as_it_was() {
    let settings = MetricSettings::default();
    let mut state = UserState::default();
    let mut first = Vec::new();
    for second in 0..200 {
        let spike = if second == 150 { 1e6 } else { 0.0 };
        first.push(state.judge(&settings, &measurement("m", second, value(second) + spike)).unwrap().0);
    }
    let before = state.encode();
    for second in 0..200 {
        let spike = if second == 150 { 1e6 } else { 0.0 };
        let (again, changed) =
            state.judge(&settings, &measurement("m", second, value(second) + spike)).unwrap();
        assert!(!changed);
        // 128 points of history and 32 to 64 of the newest; what is older is stale.
        if second >= 200 - 160 {
            assert_eq!(again, Outcome { repeated: true, ..first[second as usize] }, "{second}");
        }
    }
    assert_eq!(state.judge(&settings, &measurement("m", 0, 7.0)).unwrap().0.reason(), Some(Reason::Stale));
    assert_eq!(state.encode(), before);
    assert_eq!(first[150].reason(), Some(Reason::Outlier));
}

#[test]
fn an_id_is_used_once() {
    let settings = MetricSettings::default();
    let mut state = UserState::default();
    let with_id = |second, value| Measurement { id: Some("a".to_owned()), ..measurement("m", second, value) };
    assert!(state.judge(&settings, &with_id(1, 1.0)).unwrap().1);
    assert!(state.judge(&settings, &with_id(1, 1.0)).unwrap().0.repeated);
    assert_eq!(state.judge(&settings, &with_id(2, 1.0)).unwrap().0.reason(), Some(Reason::Duplicate));
    // Another metric has ids of its own.
    let other = Measurement { metric: "n".to_owned(), ..with_id(2, 1.0) };
    assert!(state.judge(&settings, &other).unwrap().1);
}

#[test]
fn many_values_of_one_time_are_never_applied_twice() {
    let settings = MetricSettings { history: 0, ..MetricSettings::default() };
    let mut state = UserState::default();
    for index in 0..200 {
        state.judge(&settings, &measurement("m", 1, value(index))).unwrap();
    }
    for index in 0..200 {
        assert!(!state.judge(&settings, &measurement("m", 1, value(index))).unwrap().1, "{index}");
    }
}

#[test]
fn the_largest_state_fits_into_every_store_and_reads_back_equal() {
    let settings = MetricSettings { history: 512, ..MetricSettings::default() };
    let mut state = long_state(MOST_SERIES, 800, &settings);
    let bytes = state.encode();
    assert!(bytes.len() <= MOST_VALUE_BYTES / 2, "{}", bytes.len());
    assert_eq!(UserState::decode(&bytes).as_ref(), Ok(&state));
    let points = state.series(state.metrics().next().unwrap()).unwrap().points().unwrap();
    assert!(points.len() >= 512 + 32 && points.is_sorted_by_key(|point| point.time_ms));
    assert!(state.judge(&settings, &measurement("one more", 1, 1.0)).is_err());
}

#[test]
fn a_usual_state_is_small() {
    let state = long_state(1, 1_000, &MetricSettings::default());
    let bytes = state.encode().len();
    assert!(bytes < 5_000, "{bytes}");
    assert!(long_state(1, 5, &MetricSettings::default()).encode().len() < 500);
}

#[test]
fn damage_is_told() {
    let bytes = long_state(2, 100, &MetricSettings::default()).encode();
    assert_eq!(UserState::decode(&[]), Err(StateError::Short));
    for place in 4..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert_eq!(UserState::decode(&damaged), Err(StateError::Damaged));
    }
    let mut later = bytes;
    later[3] = 2;
    assert_eq!(UserState::decode(&later), Err(StateError::Version(2)));
}

/// Bytes with the right beginning and hash, and anything between.
fn dressed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"WFM\x01".to_vec();
    bytes.extend_from_slice(body);
    let hash = twox_hash::XxHash3_64::oneshot(&bytes);
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes
}

proptest! {
    #[test]
    fn no_bytes_panic_and_what_is_read_is_written_again(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = UserState::decode(&body);
        if let Ok(state) = UserState::decode(&dressed(&body)) {
            prop_assert_eq!(UserState::decode(&state.encode()), Ok(state));
        }
    }

    #[test]
    fn a_wrong_part_with_a_right_hash_does_not_panic(
        place in 0_usize..4_000, byte: u8, seconds in 0_i64..4_000,
    ) {
        let bytes = long_state(2, 100, &MetricSettings::default()).encode();
        let mut body = bytes[4..bytes.len() - 8].to_vec();
        let place = place % body.len();
        body[place] = byte;
        if let Ok(mut state) = UserState::decode(&dressed(&body)) {
            let metric = state.metrics().next().unwrap().to_owned();
            let _ = state.judge(&MetricSettings::default(), &measurement(&metric, seconds, 3.0));
            let _ = state.series(&metric).unwrap().points();
        }
    }

    #[test]
    fn a_state_goes_on_after_reading_as_if_it_had_never_been_written(
        values in proptest::collection::vec((0_i64..50, -1e3_f64..1e3), 1..150), cut in 0_usize..150,
    ) {
        let settings = MetricSettings::default();
        let (mut whole, mut parted) = (UserState::default(), UserState::default());
        for (index, (second, value)) in values.iter().enumerate() {
            if index == cut {
                parted = UserState::decode(&parted.encode()).unwrap();
            }
            let given = measurement("m", *second + index as i64, *value);
            prop_assert_eq!(whole.judge(&settings, &given), parted.judge(&settings, &given));
        }
        prop_assert_eq!(whole.encode(), parted.encode());
    }
}
