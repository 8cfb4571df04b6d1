use super::{Findings, Kind, judge};
use crate::intake::Expected;
use crate::log::{AlertId, Dead, Decided, Place, Record, Verdict};
use crate::reading::Topped;
use crate::stored::Stored;

const DECIDED: Decided = Decided { verdict: 4, severity: 3, decider: 1 };

fn id(partition: i32, offset: i64, item: u64) -> AlertId {
    AlertId {
        tag: [u8::try_from(partition).unwrap(), 1, 2, 3, 4],
        ordinal: (offset.cast_unsigned() << 10) | item,
    }
}

/// Two partitions with four records each: an alert, two alerts with something broken between, none, a broken one.
struct Scene {
    fed: Vec<Expected>,
    topped: Topped,
    stored: Stored,
}

impl Scene {
    fn sound() -> Self {
        let mut scene = Self { fed: Vec::new(), topped: Topped::default(), stored: Stored::default() };
        for partition in 0..2 {
            let kinds: [(&[u64], u32, &[u64]); 4] =
                [(&[11], 0, &[0]), (&[21, 22], 1, &[0, 2]), (&[], 0, &[]), (&[], 1, &[])];
            for (offset, (texts, dead, items)) in kinds.into_iter().enumerate() {
                let place = Place { partition, offset: offset as i64 };
                scene.topped.intake.push(Record {
                    place,
                    key: key(partition),
                    number: Some(scene.fed.len() as u64),
                });
                scene.fed.push(Expected { alerts: texts.to_vec(), dead });
                for (text, item) in texts.iter().zip(items) {
                    scene.put_out(place, *item, *text);
                }
                for item in 0..dead {
                    let at = Place { partition: 0, offset: scene.topped.dead.len() as i64 };
                    scene.topped.dead.push(Dead { place: at, source: place, has_reason: true });
                    scene.stored.dead.push(id(partition, place.offset, 1 + u64::from(item)));
                }
            }
        }
        scene
    }

    fn put_out(&mut self, source: Place, item: u64, text: u64) {
        let id = id(source.partition, source.offset, item);
        let place = Place { partition: source.partition, offset: self.topped.verdicts.len() as i64 };
        let key = key(source.partition);
        self.topped.verdicts.push(Verdict { place, key, source, id, text, decided: DECIDED });
        self.stored.alerts.entry(id).or_insert_with(|| vec![Some(DECIDED)]);
    }

    fn judged(&self) -> Findings {
        let mut findings = Findings::default();
        judge(&self.fed, &self.topped, &self.stored, &mut findings);
        findings
    }

    /// The kinds that were found, with how often.
    fn found(&self) -> Vec<(Kind, u64)> {
        let findings = self.judged();
        Kind::ALL
            .into_iter()
            .map(|kind| (kind, findings.count(kind)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

fn key(partition: i32) -> Vec<u8> {
    format!("k{partition}").into_bytes()
}

#[test]
fn a_sound_run_is_sound_and_its_totals_balance() {
    let scene = Scene::sound();
    let mut findings = Findings::default();
    let totals = judge(&scene.fed, &scene.topped, &scene.stored, &mut findings);
    assert!(findings.is_sound(), "{findings:?}");
    assert_eq!((totals.records, totals.alerts, totals.set_aside, totals.dead), (8, 6, 2, 4));
    assert_eq!((totals.verdicts, totals.dead_letters, totals.keys), (6, 4, 2));
}

#[test]
fn a_verdict_that_is_missing_is_lost() {
    let mut scene = Scene::sound();
    scene.topped.verdicts.remove(1);
    let found = scene.found();
    assert!(found.contains(&(Kind::Lost, 1)), "{found:?}");
    let mut scene = Scene::sound();
    scene.topped.verdicts.pop();
    scene.topped.verdicts.pop();
    assert_eq!(scene.found(), [(Kind::Lost, 2)]);
}

#[test]
fn a_verdict_that_is_there_twice_is_doubled_and_nothing_else() {
    let mut scene = Scene::sound();
    scene.put_out(Place { partition: 1, offset: 1 }, 2, 22);
    assert_eq!(scene.found(), [(Kind::Doubled, 1)]);
}

#[test]
fn verdicts_that_changed_places_are_out_of_order() {
    let mut scene = Scene::sound();
    let (first, second) = (scene.topped.verdicts[0].place, scene.topped.verdicts[1].place);
    scene.topped.verdicts[0].place = second;
    scene.topped.verdicts[1].place = first;
    assert_eq!(scene.found(), [(Kind::OutOfOrder, 1)]);
    let mut scene = Scene::sound();
    scene.topped.verdicts[2].place.partition = 5;
    assert_eq!(scene.found(), [(Kind::OutOfOrder, 1)], "one key in two partitions");
}

#[test]
fn a_verdict_about_another_text_or_record_is_foreign() {
    let mut scene = Scene::sound();
    scene.topped.verdicts[0].text = 12;
    assert_eq!(scene.found(), [(Kind::Foreign, 1)]);
    let mut scene = Scene::sound();
    scene.put_out(Place { partition: 1, offset: 9 }, 0, 1);
    assert_eq!(scene.found(), [(Kind::Foreign, 1)]);
    let mut scene = Scene::sound();
    scene.put_out(Place { partition: 1, offset: 2 }, 0, 1);
    assert_eq!(scene.count(Kind::Foreign), 1, "a record that is no alert");
    let mut scene = Scene::sound();
    scene.topped.verdicts[0].key = b"other".to_vec();
    assert_eq!(scene.found(), [(Kind::OtherKey, 1)]);
}

impl Scene {
    fn count(&self, kind: Kind) -> u64 {
        self.judged().count(kind)
    }
}

#[test]
fn dead_letters_are_counted_as_alerts_are() {
    let mut scene = Scene::sound();
    scene.topped.dead.pop();
    assert_eq!(scene.found(), [(Kind::DeadLost, 1)]);
    let mut scene = Scene::sound();
    let again = scene.topped.dead[0].clone();
    scene.topped.dead.push(again);
    assert_eq!(scene.found(), [(Kind::DeadDoubled, 1)]);
    let mut scene = Scene::sound();
    scene.stored.dead.pop();
    assert_eq!(scene.found(), [(Kind::DeadNotStored, 1)]);
    let mut scene = Scene::sound();
    scene.topped.dead[0].has_reason = false;
    assert_eq!(scene.found(), [(Kind::Strange, 1)]);
}

#[test]
fn what_was_put_out_is_what_the_store_has() {
    let mut scene = Scene::sound();
    scene.stored.alerts.remove(&id(0, 0, 0));
    assert_eq!(scene.found(), [(Kind::NotStored, 1)]);
    let mut scene = Scene::sound();
    scene.stored.alerts.insert(id(0, 0, 0), vec![Some(Decided { decider: 4, ..DECIDED })]);
    assert_eq!(scene.found(), [(Kind::Differs, 1)]);
    scene.stored.alerts.insert(id(0, 0, 0), vec![None]);
    assert_eq!(scene.found(), [(Kind::Differs, 1)]);
    let mut scene = Scene::sound();
    scene.stored.alerts.insert(id(0, 0, 0), vec![Some(DECIDED); 2]);
    scene.stored.alerts.insert(id(0, 2, 0), vec![Some(DECIDED)]);
    assert_eq!(scene.found(), [(Kind::StoredOnly, 2)]);
}

#[test]
fn what_was_fed_has_to_be_there_once() {
    let mut scene = Scene::sound();
    scene.topped.intake[2].number = Some(0);
    assert_eq!(scene.count(Kind::NotFed), 2, "one twice, one never");
    let mut scene = Scene::sound();
    scene.topped.intake[2].number = None;
    assert_eq!(scene.count(Kind::NotFed), 2, "a stranger, and one never");
}

#[test]
fn of_many_the_first_ten_are_named() {
    let mut scene = Scene::sound();
    for _ in 0..30 {
        scene.put_out(Place { partition: 1, offset: 1 }, 2, 22);
    }
    let findings = scene.judged();
    assert_eq!(findings.count(Kind::Doubled), 30);
    assert_eq!(findings.examples(Kind::Doubled).len(), 10);
}
