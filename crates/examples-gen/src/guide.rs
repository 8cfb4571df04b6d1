//! The README of the examples, with figures and spoilers taken from the records themselves.

use crate::SEED;
use crate::record::{Product, Record, Story};
use std::fmt::Write;

/// The README for a day.
pub fn text(seed: u64, records: &[Record]) -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str("| format | records |\n|---|---:|\n");
    for product in Product::ALL {
        let count = records.iter().filter(|record| record.product == product).count();
        row(&mut text, &[product.name().to_owned(), count.to_string()]);
    }
    row(&mut text, &["**all**".to_owned(), format!("**{}**", records.len())]);
    text.push_str(FILES);
    if seed == SEED {
        text.push_str("```\ncargo run -p watchfire-examples -- examples\n```\n");
    } else {
        // Writing to a string can't fail.
        let _ = writeln!(text, "```\ncargo run -p watchfire-examples -- examples --seed {seed}\n```");
    }
    text.push_str(LOAD);
    text.push_str("<details>\n<summary>Spoilers: what is hidden in the day</summary>\n");
    for story in Story::ALL {
        spoiler(&mut text, story, records);
    }
    text.push_str("\n</details>\n");
    text
}

fn spoiler(text: &mut String, story: Story, records: &[Record]) {
    let _ = write!(
        text,
        "\n### {}\n\n| time (UTC) | where | format | what |\n|---|---|---|---|\n",
        story.title()
    );
    for record in records {
        if let Some(told) = record.told.filter(|told| told.story == story) {
            let cells = [
                record.at.text("%H:%M:%S"),
                told.host.to_owned(),
                record.product.name().to_owned(),
                told.what.to_owned(),
            ];
            row(text, &cells);
        }
    }
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

const INTRODUCTION: &str = "\
# Examples

Invented alerts of an invented company, to try Watchfire on. All of it was made for this folder: *Halden Instruments*
does not exist, the addresses outside are from the ranges kept for documentation (RFC 5737, RFC 3849), the names end in
`.example`. Rule names, ids and levels follow what the products print.

## `day.ndjson`

One day, 2026-03-17 in UTC, of a company with forty hosts, as a log collector would have put it into one file: one record
a line, in order of time, formats mixed. Nine tenths are the noise of a normal day; some records are no alerts at all
(flows, name queries, counters) and should be set aside, not judged. Five attacks are hidden in it, each told by few
records in several formats, hours apart, among single alerts that look as bad and are not. Two more records try to talk
to whoever reads them: treat the file as hostile, and don't `cat` it to a terminal.

";

const FILES: &str = "
## The other files

| file | what for |
|---|---|
| `brute-force-15.ndjson` | Fifteen alerts of one firewall about password guessing, from ten addresses. Asked whether *the same alert* was judged before (without times, ids and ports), 5 of 15 are known: 33 %. By pattern, at least 10 of 15. |
| `eight-nine-ninethousand.ndjson` | Three such alerts from one address: 8, 9 and 9,000 failures. The first two should share a verdict, the third should not. |
| `intel/bad-addresses.txt` | Addresses with the number of lists that each is on, divided by a tab. |
| `intel/bad-domains.txt` | Domains, one a line. |
| `intel/known-good.json` | The company's own scanner and its content-delivery network, as a MISP warning list. |
| `mappings/` | Mapping files for formats that Watchfire does not know by itself. Written by hand, not by the generator. |
| `feeds/halden.xml` | A feed of eight invented articles about threats, in RSS: one without a date, one that talks to whoever reads it. By hand. Products, CVEs and actors in it are real; what they are said to have done is not. |
| `measurements.csv` | Eleven hours of heart rates and temperatures of six invented users: outliers, a level that shifts and stays, two values sent twice, an id used again, a value that is late, a wrong unit, a value out of range, one that is no number. |
| `watchfire-measurements.toml` | Settings for it: units, ranges, which rejected values become alerts. By hand. |
| `profile.toml` | What matters to an invented reader of that feed. By hand. |

The authorised vulnerability scan from 10.20.9.10, from two to four in the morning, looks worse than every attack of the
day and is none.

## Making them again

";

const LOAD: &str = "
The same seed gives the same bytes; a test compares the files here with what the generator makes. `--seed N` makes
another day of the same company. `--alerts N` writes `load.ndjson` with N records instead, for load tests: as many days as
that takes, ending with this one.

";
