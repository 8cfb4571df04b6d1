//! Mapping files: how any other JSON or CSV is read.
//!
//! Products, scripts and data sets write alerts in shapes that nobody can list in advance. A mapping file says, in TOML,
//! which records it is for and which of their columns or paths fill which fields of an alert. It is a table, not a
//! language: whoever has to compute values does so before Watchfire.
//!
//! ```toml
//! name = "firewall-export"          # shown where records are set aside
//!
//! [match]                           # CSV: the header has all of these columns …
//! columns = ["when", "rule", "from", "to"]
//! # keys = ["alert.id"]             # … or JSON: all of these paths hold something,
//! # equals = { kind = ["alert"] }   #           and these hold one of these values
//!
//! [csv]                             # optional
//! delimiter = ";"
//!
//! [time]
//! from = "when"
//! format = "%d.%m.%Y %H:%M:%S"      # or unix, unix_ms, auto (the default); UTC unless it names an offset
//!
//! [severity]
//! from = "level"
//! words = { "5" = "high" }          # looked at first, then the words that vendors use
//! at_least = { medium = 40, high = 70 }   # for numbers
//! default = "low"                   # if nothing fits
//!
//! [fields]                          # field = where from
//! "rule.name" = "rule"
//! "source.ip" = ["client", "from"]  # the first that holds something
//! "rule.category" = { from = "rule", before = ":" }
//! "user.name" = { from = "text", after = "user=", before = " " }
//! "organization.id" = { value = "branch office" }
//! techniques = "mitre"              # three more, besides the names of fields: ATT&CK ids,
//! groups = ["tag", "zone"]          # the rule's groups,
//! count = "hits"                    # and how many occurrences the record stands for
//!
//! [aside]                           # records that are not alerts
//! kind = ["flow", "stats"]
//! ```
//!
//! Paths in JSON are dotted, and match nested objects and dotted keys alike; an array's elements have its own path. All
//! names are looked up once, when a mapping is loaded or a CSV header is seen, so that a record costs only its own cells.

mod csv;
mod file;
mod rules;

pub use csv::CsvPlan;
pub use file::MappingError;

use super::flatten::leaves;
use super::scalar::Scalar;
use super::{Claim, Item};
use rules::Rules;
use smallvec::SmallVec;
use std::sync::Arc;

/// How one other format is read, from a TOML file.
#[derive(Debug, Clone)]
pub struct Mapping {
    rules: Arc<Rules>,
}

impl Mapping {
    /// Reads a mapping from the text of a TOML file.
    pub fn from_toml(text: &str) -> Result<Self, MappingError> {
        Ok(Self { rules: Arc::new(file::load(text)?) })
    }

    /// The name that the file gives itself.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// Whether it reads JSON records (else CSV).
    pub fn is_json(&self) -> bool {
        self.rules.csv.is_none()
    }

    /// The plan for a CSV file with this header line, if the header has the columns that the mapping asks for.
    pub fn csv_plan(&self, header: &str) -> Option<CsvPlan> {
        CsvPlan::new(&self.rules, header)
    }

    pub(super) fn read_json<'a>(
        &self,
        record: &'a str,
        out: &mut Vec<Item<'a>>,
    ) -> Result<Claim, serde_json::Error> {
        let rules = &*self.rules;
        let mut present: SmallVec<[bool; 8]> = rules.keys.iter().map(|_| false).collect();
        let mut cells = rules.cells();
        leaves(record, &mut |path, value: Scalar<'a>| {
            for (present, key) in present.iter_mut().zip(&rules.keys) {
                *present |=
                    path.strip_prefix(&**key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            }
            if let Some(slot) = rules.slot(path)
                && let Some(text) = value.into_text()
            {
                cells.put(slot, text);
            }
        })?;
        if present.contains(&false) || !rules.accepts(&cells) {
            return Ok(Claim::NotMine);
        }
        out.push(rules.item(record, &cells));
        Ok(Claim::Mine)
    }
}

#[cfg(test)]
mod tests;
