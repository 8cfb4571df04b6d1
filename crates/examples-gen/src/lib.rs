//! Example data for Watchfire, made from a seed.
//!
//! Real alerts can't be shipped: they are somebody's. So the examples are invented whole: a company that does not exist
//! ([`company`]), strangers from address ranges that nobody owns ([`outside`]), a normal day's noise ([`noise`]), and
//! five attacks and two pranks hidden in it ([`stories`]), written in eleven products' formats ([`formats`]).
//!
//! The same seed gives the same bytes, on every machine. That makes the files testable (the committed ones must come out
//! again), and load tests repeatable ([`write_load`] goes on for as many days as it takes, a day at a time in memory).

pub mod attack;
pub mod brute_force;
pub mod catalogue;
pub mod company;
mod day;
pub mod dice;
pub mod formats;
mod guide;
pub mod intel;
pub mod json;
pub mod moment;
pub mod noise;
pub mod outside;
pub mod record;
pub mod stories;

pub use day::{MOST_DAYS, day, write_load};

/// The seed of the committed examples.
pub const SEED: u64 = 20_260_317;

/// A file of the examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the folder of the examples, with `/` between the parts.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

/// Every file of the examples.
pub fn files(seed: u64) -> Vec<File> {
    let records = day(seed, moment::Day::EXAMPLE);
    let fifteen = brute_force::fifteen(seed);
    let three = brute_force::three(seed);
    let readme = guide::text(seed, &records);
    let mut files = vec![
        File { path: "README.md", text: readme },
        File { path: "day.ndjson", text: lines(&records) },
        File { path: "brute-force-15.ndjson", text: lines(&fifteen) },
        File { path: "eight-nine-ninethousand.ndjson", text: lines(&three) },
    ];
    files.extend(intel::files());
    files
}

fn lines(records: &[record::Record]) -> String {
    records.iter().flat_map(|record| [record.line.as_str(), "\n"]).collect()
}

#[cfg(test)]
mod tests;
