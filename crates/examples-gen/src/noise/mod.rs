//! The noise of a normal day: what a security team sees when nothing is wrong.
//!
//! Nine tenths of the records come from here, and all of them are harmless: strangers knock at the edge all day, people
//! mistype passwords after lunch, packages are updated at night, and sensors complain of packets. Each module is one
//! kind of noise with a rhythm of its own.

mod availability;
mod cloud;
mod containers;
mod edge;
mod housekeeping;
mod logins;
mod lookalikes;
mod oddities;
mod policy;
mod rhythm;
mod scanner;
mod telemetry;

use crate::dice::Dice;
use crate::moment::Day;
use crate::record::Record;

/// A kind of noise.
type Source = fn(&mut Dice, Day) -> Vec<Record>;

/// Every kind, with the stream of chance that it draws from. A number once given stays, or the day would change.
const SOURCES: [(u64, Source); 11] = [
    (100, edge::records),
    (101, oddities::records),
    (102, logins::records),
    (103, housekeeping::records),
    (104, policy::records),
    (105, cloud::records),
    (106, containers::records),
    (107, availability::records),
    (108, scanner::records),
    (109, telemetry::records),
    (110, lookalikes::records),
];

/// All the noise of a day, not yet in order.
pub fn records(seed: u64, day: Day) -> Vec<Record> {
    SOURCES.iter().flat_map(|(stream, source)| source(&mut Dice::new(seed, *stream), day)).collect()
}
