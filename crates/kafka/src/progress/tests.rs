use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

/// One step of a worker on one partition.
#[derive(Debug, Clone)]
enum Step {
    /// Reads the next record, after a gap of so many offsets.
    Read { gap: i64 },
    /// Gets one of those under way done: which one, as a share.
    Done(f64),
    /// Is killed; another one goes on from what was committed.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![Just(0_i64), 0..4_i64].prop_map(|gap| Step::Read { gap }),
        5 => (0.0..1.0).prop_map(Step::Done),
        1 => Just(Step::Restart),
    ]
}

/// What a topic holds, and what was put out of it, whoever did.
struct World {
    log: Vec<i64>,
    put_out: HashSet<i64>,
    committed: (i64, String),
    read: usize,
    progress: Progress,
}

impl World {
    fn new(start: i64) -> Self {
        Self {
            log: Vec::new(),
            put_out: HashSet::new(),
            committed: (start, String::new()),
            read: 0,
            progress: Progress::new(start, ""),
        }
    }

    fn read(&mut self, gap: i64) {
        if self.read == self.log.len() {
            let after = self.log.last().map_or(self.committed.0, |last| last + 1);
            self.log.push(after + gap);
        }
        let offset = self.log[self.read];
        if !self.progress.has_room_for(offset) {
            return;
        }
        self.read += 1;
        let fresh = self.progress.begin(offset);
        assert_eq!(fresh, !self.put_out.contains(&offset), "{offset}");
    }

    fn put_out(&mut self, share: f64) {
        let open: Vec<i64> = self.progress.open.iter().copied().collect();
        if open.is_empty() {
            return;
        }
        let offset = open[(share * open.len() as f64) as usize];
        self.progress.done(offset);
        assert!(self.put_out.insert(offset), "{offset} was put out twice");
        self.committed = self.progress.commit();
    }

    fn restart(&mut self) {
        let (watermark, metadata) = &self.committed;
        assert!(metadata.len() <= MOST_METADATA_BYTES);
        self.progress = Progress::new(*watermark, metadata);
        self.read = self.log.partition_point(|offset| offset < watermark);
        for offset in &self.log {
            assert_eq!(self.progress.is_done(*offset), self.put_out.contains(offset), "{offset}");
        }
    }
}

proptest! {
    #[test]
    fn every_record_is_put_out_once_whatever_the_order_and_the_restarts(
        start in prop_oneof![Just(0_i64), 0..1_000_000_i64, Just(i64::MAX / 2)],
        steps in prop::collection::vec(step(), 0..400),
    ) {
        let mut world = World::new(start);
        for step in steps {
            match step {
                Step::Read { gap } => world.read(gap),
                Step::Done(share) => world.put_out(share),
                Step::Restart => world.restart(),
            }
            let watermark = world.progress.watermark();
            for offset in world.log.iter().take(world.read).filter(|offset| **offset < watermark) {
                prop_assert!(world.put_out.contains(offset), "{offset} would never be read again");
            }
        }
        // Everything that is left gets done.
        world.restart();
        while world.read < world.log.len() {
            world.read(0);
            while world.progress.open() > 0 {
                world.put_out(0.0);
            }
        }
        prop_assert_eq!(world.put_out.len(), world.log.len());
        prop_assert!(world.log.last().is_none_or(|last| world.progress.watermark() > *last));
    }

    #[test]
    fn what_somebody_else_committed_says_that_nothing_is_done(metadata in ".{0,80}", start in 0..i64::MAX) {
        let progress = Progress::new(start, &metadata);
        prop_assert_eq!(progress.watermark(), start);
        prop_assert!(!progress.is_done(start));
    }

    #[test]
    fn whatever_is_behind_the_mark_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..80), start in 0..i64::MAX) {
        let metadata = format!("w1.{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes));
        let mut progress = Progress::new(start, &metadata);
        prop_assert!(progress.watermark() >= start);
        let _ = progress.begin(start);
        prop_assert!(progress.commit().1.len() <= MOST_METADATA_BYTES);
    }
}

#[test]
fn whatever_gets_done_first_of_twenty_thousand_under_way_is_recorded() {
    for keep in [2, 3, 7, 1_000] {
        let mut progress = Progress::new(5, "");
        let mut last = 5;
        while progress.has_room() && last < 100_000 {
            assert!(progress.begin(last));
            last += 1;
        }
        assert!(last > 20_000, "{last}");
        for offset in (5..last).filter(|offset| offset % keep != 0) {
            progress.done(offset);
        }
        let (watermark, metadata) = progress.commit();
        assert!(metadata.len() <= MOST_METADATA_BYTES, "{}", metadata.len());
        let restarted = Progress::new(watermark, &metadata);
        for offset in 5..last {
            assert_eq!(restarted.is_done(offset), offset % keep != 0, "{offset}");
        }
    }
}

#[test]
fn one_that_stays_open_does_not_hold_up_the_others() {
    let mut progress = Progress::new(0, "");
    for offset in 0..1_000_000 {
        assert!(progress.has_room(), "{offset}");
        assert!(progress.begin(offset));
        if offset != 17 {
            progress.done(offset);
        }
    }
    let (watermark, metadata) = progress.commit();
    assert_eq!(watermark, 17);
    assert!(metadata.len() < 30, "{metadata}");
    assert!(Progress::new(17, &metadata).is_done(999_999));
}

#[test]
fn more_under_way_than_fits_is_recorded_from_the_lowest_on() {
    let mut progress = Progress::new(0, "");
    for offset in 0..100_000 {
        assert!(progress.begin(offset));
    }
    for offset in (0..100_000).filter(|offset| offset % 3 == 1) {
        progress.done(offset);
    }
    let (watermark, metadata) = progress.commit();
    assert!(metadata.len() <= MOST_METADATA_BYTES);
    let restarted = Progress::new(watermark, &metadata);
    assert!(restarted.is_done(1) && !restarted.is_done(2) && !restarted.is_done(99_999));
}

#[test]
fn nothing_above_the_watermark_needs_no_text() {
    let mut progress = Progress::new(7, "");
    assert!(progress.begin(7));
    progress.done(7);
    assert_eq!(progress.commit(), (8, String::new()));
}
