//! What came of a copy and of comparing: counts for each table, and the first records that differ.

use crate::terminal::grouped;
use serde_json::{Value as Json, json};
use std::time::Duration;
use watchfire_judge::tame;
use watchfire_store::records::compare::{Compared, Difference, Differing};
use watchfire_store::records::tables::{Table, Value};

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// What is told beside the comparison.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// For each table, how many records were copied now, if any were to be.
    pub(super) copied: Option<Vec<u64>>,
    pub(super) copying: Duration,
    pub(super) comparing: Duration,
}

impl Told {
    pub(super) fn text(&self, compared: &[Compared]) -> String {
        let mut text = String::new();
        let width = compared.iter().map(|table| table.table.name.len()).max().unwrap_or(0);
        for table in compared {
            if table.first == 0 && table.second == 0 {
                continue;
            }
            let name = table.table.name;
            text.push_str(&format!("{name:width$}  {:>13}  ", grouped(table.first)));
            if table.is_same() {
                text.push_str("the same\n");
            } else {
                let there = grouped(table.second);
                text.push_str(&format!("{there} there, {} differ\n", grouped(table.differing)));
            }
        }
        for table in compared.iter().filter(|table| !table.is_same()) {
            for difference in &table.shown {
                text.push_str(&line(table.table, difference));
            }
            let more = table.differing - table.shown.len() as u64;
            if more > 0 {
                text.push_str(&format!("  … and {} more in {}\n", grouped(more), table.table.name));
            }
        }
        if let Some(copied) = &self.copied {
            let records = copied.iter().sum();
            let seconds = self.copying.as_secs_f64();
            text.push_str(&format!("Copied {} records in {seconds:.1} s.\n", grouped(records)));
        }
        let records: u64 = compared.iter().map(|table| table.first.max(table.second)).sum();
        let differing: u64 = compared.iter().map(|table| table.differing).sum();
        let seconds = self.comparing.as_secs_f64();
        text.push_str(&format!("Compared {} records in {seconds:.1} s: ", grouped(records)));
        text.push_str(&match differing {
            0 => "both stores are the same.\n".to_owned(),
            1 => "1 differs.\n".to_owned(),
            count => format!("{} differ.\n", grouped(count)),
        });
        text
    }

    pub(super) fn json(&self, compared: &[Compared]) -> Json {
        let tables: Vec<Json> = compared
            .iter()
            .enumerate()
            .map(|(place, table)| {
                let shown: Vec<Json> = table
                    .shown
                    .iter()
                    .map(|difference| {
                        let key: Vec<String> = difference.key.iter().map(shown).collect();
                        json!({ "key": key, "difference": how(table.table, &difference.how) })
                    })
                    .collect();
                json!({
                    "table": table.table.name,
                    "copied": self.copied.as_ref().and_then(|copied| copied.get(place)),
                    "from": table.first,
                    "to": table.second,
                    "differing": table.differing,
                    "first_differences": shown,
                })
            })
            .collect();
        json!({
            "same": compared.iter().all(Compared::is_same),
            "copy_s": self.copied.as_ref().map(|_| self.copying.as_secs_f64()),
            "compare_s": self.comparing.as_secs_f64(),
            "tables": tables,
        })
    }
}

fn line(table: &Table, difference: &Difference) -> String {
    let key: Vec<String> = table
        .key_columns()
        .iter()
        .zip(&difference.key)
        .map(|(column, value)| format!("{} {}", column.name, shown(value)))
        .collect();
    format!("  {} {}: {}\n", table.name, key.join(", "), how(table, &difference.how))
}

fn how(table: &Table, how: &Differing) -> String {
    match how {
        Differing::Missing => "is missing".to_owned(),
        Differing::Extra => "is only there".to_owned(),
        Differing::Columns(columns) => {
            let columns: Vec<String> = columns
                .iter()
                .filter_map(|(place, first, second)| {
                    let column = table.columns.get(*place)?;
                    if column.is_secret {
                        return Some(format!("{} differs, and is not shown", column.name));
                    }
                    Some(format!("{} is {}, there {}", column.name, shown(first), shown(second)))
                })
                .collect();
            columns.join("; ")
        }
    }
}

/// Values come from alerts: nothing in them is obeyed by a terminal.
fn shown(value: &Value) -> String {
    tame(&value.shown(SHOWN), SHOWN * 2)
}

#[cfg(test)]
mod tests {
    use super::Told;
    use std::time::Duration;
    use watchfire_store::records::compare::{Compared, Difference, Differing};
    use watchfire_store::records::tables::{TABLES, Value};

    fn compared() -> Vec<Compared> {
        let of = |name: &str, shown: Vec<Difference>| {
            let table = TABLES.iter().find(|table| table.name == name).unwrap();
            let differing = shown.len() as u64;
            Compared { table, first: 1_234_567, second: 1_234_568, differing, shown }
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let differs = |place, one, two| Differing::Columns(vec![(place, one, two)]);
        vec![
            of(
                "secrets",
                vec![Difference {
                    key: vec![text("key")],
                    how: differs(1, Value::Blob(vec![1; 32]), Value::Blob(vec![2; 32])),
                }],
            ),
            of("decisions", Vec::new()),
            of(
                "alerts",
                vec![
                    Difference {
                        key: vec![Value::Integer(1), Value::Integer(2)],
                        how: differs(9, Value::Null, text("\u{1b}[31mroot\u{202e}")),
                    },
                    Difference { key: vec![Value::Integer(1), Value::Integer(3)], how: Differing::Missing },
                ],
            ),
        ]
    }

    #[test]
    fn what_differs_reads_well_and_shows_no_secret() {
        let told = Told {
            copied: Some(vec![1, 2, 3]),
            copying: Duration::from_millis(61_234),
            comparing: Duration::from_millis(12_345),
        };
        let text = told.text(&compared());
        assert_eq!(
            text,
            "secrets        1,234,567  1,234,568 there, 1 differ\n\
             decisions      1,234,567  the same\n\
             alerts         1,234,567  1,234,568 there, 2 differ\n  \
             secrets name \"key\": value differs, and is not shown\n  \
             alerts source 1, ordinal 2: user is nothing, there \"·[31mroot·\"\n  \
             alerts source 1, ordinal 3: is missing\n\
             Copied 6 records in 61.2 s.\n\
             Compared 3,703,704 records in 12.3 s: 3 differ.\n"
        );
        let json = told.json(&compared()).to_string();
        assert!(!json.contains("0101") && json.contains("\"same\":false"), "{json}");
    }
}
