//! The attacks hidden in the day, a module each.
//!
//! Each is told by few records in several formats, hours apart, and each leaves out steps that no product saw. Every
//! record says what it tells ([`Record::telling`]), and the guide's spoilers are made from that, so that they can't
//! get out of step with the records.

mod lateral;
mod mischief;
mod ransom;
mod spraying;
mod tunnel;
mod web_shell;

use crate::dice::Dice;
use crate::moment::Day;
use crate::record::Record;

/// All the attacks of a day, not in order.
pub fn records(seed: u64, day: Day) -> Vec<Record> {
    let mut records = spraying::records(&mut Dice::new(seed, 1), day);
    records.extend(web_shell::records(&mut Dice::new(seed, 2), day));
    records.extend(lateral::records(&mut Dice::new(seed, 3), day));
    records.extend(tunnel::records(&mut Dice::new(seed, 4), day));
    records.extend(ransom::records(&mut Dice::new(seed, 5), day));
    records.extend(mischief::records(&mut Dice::new(seed, 6), day));
    records
}
